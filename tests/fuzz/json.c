/* Any bytes as a JSON form; what is read is written canonically, and that reads back as itself. */
#include "fuzz.h"

static void read_back(zp_json_reader *reader, const zp_form *form, zp_arena *arena)
{
    zp_buf first = ZP_BUF_INIT, second = ZP_BUF_INIT;
    zp_form again;
    zp_flags faults = {.arena = arena};
    zp_form_write_json(form, &first);
    char *copy = padded((const uint8_t *)first.p, first.n);
    MUST(zp_form_read_json(reader, (zp_str){copy, first.n}, arena, &again, &faults) == ZP_OK);
    zp_form_write_json(&again, &second);
    MUST(zp_str_eq(zp_buf_view(&first), zp_buf_view(&second)));
    free(copy);
    zp_buf_free(&first);
    zp_buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zp_arena *arena = zp_arena_new(64 * 1024);
    zp_json_reader *reader = zp_json_reader_new();
    char *body = padded(data, size);
    zp_form form;
    zp_flags faults = {.arena = arena};
    zp_rc rc = zp_form_read_json(reader, (zp_str){body, size}, arena, &form, &faults);
    MUST(rc == ZP_OK ? faults.count == 0 : faults.count > 0);
    if (rc == ZP_OK) {
        follow(&form, arena);
        read_back(reader, &form, arena);
    }
    free(body);
    zp_json_reader_destroy(&reader);
    zp_arena_destroy(&arena);
    return 0;
}
