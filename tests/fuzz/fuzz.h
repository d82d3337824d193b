/*
 * fuzz.h - what the fuzz targets share: bytes as the readers want them, and what must hold for every form that was
 * read.
 */
#ifndef ZP_TESTS_FUZZ_H
#define ZP_TESTS_FUZZ_H

#include "codec/form_json.h"
#include "codec/form_reader.h"
#include "codec/profile_yaml.h"
#include "codec/status.h"
#include "codec/submission.h"
#include "core/score.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with a reader's padding behind it; the caller frees. */
static inline char *padded(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + ZP_JSON_PADDING);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    memset(copy + size, 0, ZP_JSON_PADDING);
    return copy;
}

static inline const zp_profile *usual_profile(void)
{
    static zp_profile profile;
    char message[256];
    if (!profile.name[0])
        MUST(zp_profile_load(ZP_SOURCE_DIR "/conf/profiles/strict.yaml", &profile, message, sizeof message) == ZP_OK);
    return &profile;
}

/* Whatever was read can be packed, comes back the same, and can be scored. */
static inline void follow(const zp_form *form, zp_arena *arena)
{
    zp_buf packed = ZP_BUF_INIT, before = ZP_BUF_INIT, after = ZP_BUF_INIT;
    zp_form again;
    zp_result result;
    zp_flags faults = {.arena = arena};
    zp_form_write_json(form, &before);
    zp_form_pack(form, &packed);
    MUST(zp_form_unpack(zp_buf_view(&packed), arena, &again) == ZP_OK);
    zp_form_write_json(&again, &after);
    MUST(zp_str_eq(zp_buf_view(&before), zp_buf_view(&after)));
    MUST(zp_check(form, usual_profile(), &faults) == ZP_OK);
    MUST(zp_score(form, usual_profile(), arena, &result) == ZP_OK);
    zp_buf_clear(&after);
    zp_result_write_json(&result, arena, &after);
    MUST(!after.failed);
    zp_buf_free(&packed);
    zp_buf_free(&before);
    zp_buf_free(&after);
}

#endif
