/* Any bytes as an urlencoded form. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zp_arena *arena = zp_arena_new(64 * 1024);
    char *body = padded(data, size);
    zp_form form;
    zp_flags faults = {.arena = arena};
    zp_rc rc = zp_form_read_urlencoded((zp_str){body, size}, arena, &form, &faults);
    MUST(rc == ZP_OK ? faults.count == 0 : faults.count > 0);
    if (rc == ZP_OK)
        follow(&form, arena);
    free(body);
    zp_arena_destroy(&arena);
    return 0;
}
