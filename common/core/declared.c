/*
 * declared.c - see declared.h.
 */
#include "core/declared.h"

#include "base/digits.h"
#include "core/typed.h"

static const zp_str row_names[] = {
#define X(name, row) [row] = ZP_STR_ROW(name),
    ZP_FUNDS_ROW_NAMES(X)
#undef X
};
static const char *const budget_cells[] = {"initial_budget", "annual_budget", "executed"};
static const zp_str amounts = ZP_STR_ROW("0-999999999999999.999999"), points = ZP_STR_ROW("0-100");
static const int64_t most_weight = 100 * (int64_t)ZP_POINT, most_points = INT64_C(1000000000000000);

zp_str zp_indicator_pointer(zp_arena *arena, size_t index, const char *cell)
{
    char digits[ZP_UINT_DIGITS], *end = digits + sizeof digits, *p = zp_put_digits(end, index);
    return ZP_ARENA_JOIN(arena, ZP_STR("/indicators/"), {p, (size_t)(end - p)}, ZP_STR("/"), zp_str_of(cell));
}

zp_str zp_funds_pointer(zp_arena *arena, zp_funds_row_name row, const char *cell)
{
    return ZP_ARENA_JOIN(arena, ZP_STR("/funds/"), row_names[row], ZP_STR("/"), zp_str_of(cell));
}

/* Where a number stands, spelled out only when there is something to say about it. */
typedef struct {
    zp_arena *arena;
    zp_flags *flags;
    bool in_funds;
    zp_funds_row_name row;
    size_t index;
    const char *cell;
    const char *total; /* "/declared_total", "/total_weight": in no row; else NULL */
} place;

static zp_str pointer_of(const place *at)
{
    if (at->total)
        return zp_str_of(at->total);
    return at->in_funds ? zp_funds_pointer(at->arena, at->row, at->cell)
                        : zp_indicator_pointer(at->arena, at->index, at->cell);
}

static void read_number(zp_str text, const place *at, zp_str allowed, zp_number *out)
{
    *out = (zp_number){0};
    if (!zp_str_filled(text))
        return;
    if (zp_dec_parse(text, &out->value)) {
        if (!zp_cell_is_unfilled(text))
            zp_flags_add(at->flags, ZP_FLAG_NUMBER_INVALID, pointer_of(at), text, allowed);
    } else if (out->value.m < 0) {
        zp_flags_add(at->flags, ZP_FLAG_NEGATIVE, pointer_of(at), text, ZP_ABSENT);
    } else {
        out->present = true;
        if (!zp_dec_millionths(out->value, &out->points))
            out->points = most_points;
    }
}

/* A weight is a number of at most 100 points. */
static bool read_weight(zp_str text, const place *at, int64_t *weight)
{
    zp_number number;
    *weight = 0;
    read_number(text, at, points, &number);
    if (!number.present)
        return false;
    if (number.points <= most_weight) {
        *weight = number.points;
        return true;
    }
    zp_flags_add(at->flags, ZP_FLAG_NUMBER_INVALID, pointer_of(at), text, points);
    return false;
}

/* weight_text: as declared, or absent where a default counts. */
static void check_score(const zp_number *score, zp_str text, zp_str weight_text, int64_t weight, const place *at)
{
    if (score->present && score->points > weight)
        zp_flags_add(at->flags, ZP_FLAG_SCORE_OVER_WEIGHT, pointer_of(at), text,
                     zp_str_present(weight_text) ? weight_text : zp_millionths_text(weight, at->arena));
}

static void read_funds(const zp_form *form, place *at, zp_declared *out)
{
    at->in_funds = true;
    for (at->row = 0; at->row < ZP_FUNDS_ROWS; at->row++) {
        const zp_funds_row *row = &form->funds[at->row];
        const zp_str texts[] = {row->initial_budget, row->annual_budget, row->executed};
        for (int column = 0; column < 3; column++) {
            at->cell = budget_cells[column];
            read_number(texts[column], at, amounts, &out->budget[at->row][column]);
        }
    }
    const zp_funds_row *total = &form->funds[ZP_FUNDS_TOTAL];
    at->row = ZP_FUNDS_TOTAL;
    at->cell = "weight";
    int64_t weight;
    out->has_execution_weight = read_weight(total->weight, at, &weight);
    if (out->has_execution_weight)
        out->execution_weight = weight;
    at->cell = "score";
    read_number(total->score, at, points, &out->execution_score);
    check_score(&out->execution_score, total->score, out->has_execution_weight ? total->weight : ZP_ABSENT,
                out->execution_weight, at);
    at->in_funds = false;
}

static void read_line(const zp_indicator *indicator, place *at, zp_declared_line *out)
{
    at->cell = "weight";
    out->weighted = read_weight(indicator->weight, at, &out->weight) && out->weight > 0;
    at->cell = "score";
    read_number(indicator->score, at, points, &out->score);
    if (out->weighted)
        check_score(&out->score, indicator->score, indicator->weight, out->weight, at);
}

zp_rc zp_declared_read(const zp_form *form, int64_t default_execution_weight, zp_arena *arena, zp_flags *flags,
                       zp_declared *out)
{
    *out = (zp_declared){.execution_weight = default_execution_weight};
    out->lines = zp_arena_calloc(arena, form->indicator_count + 1, sizeof *out->lines);
    if (!out->lines)
        return ZP_NOMEM;
    place at = {.arena = arena, .flags = flags};
    read_funds(form, &at, out);
    out->any_score = out->execution_score.present;
    for (at.index = 0; at.index < form->indicator_count; at.index++) {
        zp_declared_line *line = &out->lines[at.index];
        read_line(&form->indicators[at.index], &at, line);
        out->any_score |= line->score.present && line->weighted;
    }
    at.total = "/total_weight";
    read_number(form->total_weight, &at, points, &out->total_weight);
    at.total = "/declared_total";
    read_number(form->declared_total, &at, points, &out->total);
    check_score(&out->total, form->declared_total, ZP_STR("100"), most_weight, &at);
    out->total.present &= out->total.points <= most_weight;
    return flags->failed ? ZP_NOMEM : ZP_OK;
}
