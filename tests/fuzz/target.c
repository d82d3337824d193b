/* Any text as a target and as its actual value, with a line feed between them. */
#include "core/target.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zp_arena *arena = zp_arena_new(64 * 1024);
    char *copy = padded(data, size), *end = memchr(copy, '\n', size);
    size_t n = end ? (size_t)(end - copy) : size;
    zp_indicator line = {.level1 = ZP_STR("产出"),
                         .level3 = ZP_STR("x"),
                         .target = {copy, n},
                         .actual = {copy + n, size - n},
                         .weight = ZP_STR("90"),
                         .score = ZP_STR("80")};
    const zp_form form = {.year = ZP_STR("2022"), .indicators = &line, .indicator_count = 1};
    zp_cell cell;
    zp_result result;
    MUST(zp_cell_read(line.target, arena, &cell) == ZP_OK);
    MUST(zp_score(&form, usual_profile(), arena, &result) == ZP_OK);
    int64_t computed = result.lines[0].computed;
    MUST(computed == ZP_NO_CENTS || (computed >= 0 && computed <= 9000));
    free(copy);
    zp_arena_destroy(&arena);
    return 0;
}
