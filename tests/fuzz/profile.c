/* Any bytes as a rule profile: refused with a message, or one that can be used. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], message[512] = "";
    zp_profile profile;
    int file = memfd_create("profile", 0);
    MUST(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    zp_rc rc = zp_profile_load(path, &profile, message, sizeof message);
    MUST(rc == ZP_OK ? profile.name[0] && profile.year_first <= profile.year_last : message[0]);
    close(file);
    return 0;
}
