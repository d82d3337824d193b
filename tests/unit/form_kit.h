/*
 * form_kit.h - a form in which nothing is wrong, to be written over cell by cell, and a profile to score it by.
 */
#ifndef ZP_TESTS_FORM_KIT_H
#define ZP_TESTS_FORM_KIT_H

#include "codec/profile_yaml.h"
#include "codec_kit.h"
#include "core/score.h"

#define SHIPPED(name) ZP_SOURCE_DIR "/conf/profiles/" name ".yaml"

enum { MOST_CHANGES = 10, SLOTS = 4 };

typedef struct {
    const char *pointer, *text; /* NULL: the cell is absent */
} change;

typedef struct {
    zp_arena *arena;
    zp_profile profile;
    zp_indicator indicators[SLOTS];
    zp_form form;
    zp_flags faults;
    zp_result result;
} world;

#define S(literal)                                                                                                     \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static const zp_indicator sound_indicators[SLOTS] = {
    {S("产出指标"), S("数量指标"), S("培训场次"), S("≥10场"), S("10场"), S("50"), S("50"), {0}},
    {S("效益指标"), S("社会效益指标"), S("岗位覆盖"), S("≥80%"), S("76%"), S("30"), S("28.50"), S("名额未用完")},
    {S("满意度指标"), S("服务对象满意度指标"), S("学员评价"), S("≥90%"), S("95%"), S("10"), S("10"), {0}},
};

static const zp_form sound_form = {
    .year = S("2022"),
    .project_name = S("培训"),
    .unit = S("中心"),
    .money_unit = S("元"),
    .funds = {{S("1000"), S("1000"), S("900"), S("10"), S("90.00%"), S("9.00")},
              {S("1000"), S("1000"), S("900"), {0}, {0}, {0}},
              {S("0"), S("0"), S("0"), {0}, {0}, {0}},
              {S("0"), S("0"), S("0"), {0}, {0}, {0}}},
    .goal_expected = S("办十场培训"),
    .goal_actual = S("办了十场培训"),
    .indicator_count = 3,
    .total_weight = S("100"),
    .declared_total = S("97.50"),
};

static inline int make_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    char message[256];
    if (!w || !(w->arena = zp_arena_new(64 * 1024)))
        return -1;
    *state = w;
    return zp_profile_load(SHIPPED("mof-2020"), &w->profile, message, sizeof message) ? -1 : 0;
}

static inline int end_world(void **state)
{
    world *w = *state;
    zp_arena_destroy(&w->arena);
    free(w);
    return 0;
}

static inline zp_str *indicator_cell(world *w, size_t index, const char *name)
{
    assert_true(index < SLOTS);
    if (index >= w->form.indicator_count)
        w->form.indicator_count = index + 1;
#define X(json, member)                                                                                                \
    if (!strcmp(name, json))                                                                                           \
        return &w->indicators[index].member;
    ZP_INDICATOR_CELLS(X)
#undef X
    return NULL;
}

static inline zp_str *funds_cell(world *w, const char *row_name, const char *name)
{
    zp_funds_row *funds = NULL;
#define X(json, index)                                                                                                 \
    if (!strcmp(row_name, json))                                                                                       \
        funds = &w->form.funds[index];
    ZP_FUNDS_ROW_NAMES(X)
#undef X
    assert_non_null(funds);
#define X(json, member)                                                                                                \
    if (!strcmp(name, json))                                                                                           \
        return &funds->member;
    ZP_FUNDS_CELLS(X)
#undef X
    return NULL;
}

static inline zp_str *header_cell(world *w, const char *pointer)
{
    zp_form *form = &w->form;
    if (!strcmp(pointer, "/year"))
        return &form->year;
#define X(json, member)                                                                                                \
    if (!strcmp(pointer, "/" json))                                                                                    \
        return &form->member;
    ZP_FORM_HEADER(X)
    ZP_FORM_TRAILER(X)
#undef X
#define X(json, member)                                                                                                \
    if (!strcmp(pointer, "/goals/" json))                                                                              \
        return &form->member;
    ZP_GOAL_CELLS(X)
#undef X
    return NULL;
}

static inline void write_over(world *w, const char *pointer, const char *text)
{
    char first[64], second[64];
    size_t index;
    zp_str *cell;
    if (sscanf(pointer, "/indicators/%zu/%63s", &index, first) == 2)
        cell = indicator_cell(w, index, first);
    else if (sscanf(pointer, "/funds/%63[^/]/%63s", first, second) == 2)
        cell = funds_cell(w, first, second);
    else
        cell = header_cell(w, pointer);
    if (!cell)
        fail_msg("%s is no cell", pointer);
    *cell = text ? zp_str_of(text) : ZP_ABSENT;
}

static inline void make_form(world *w, const change *changes)
{
    zp_arena_reset(w->arena);
    w->form = sound_form;
    memcpy(w->indicators, sound_indicators, sizeof w->indicators);
    w->form.indicators = w->indicators;
    for (size_t i = 0; i < MOST_CHANGES && changes[i].pointer; i++)
        write_over(w, changes[i].pointer, changes[i].text);
    w->faults = (zp_flags){.arena = w->arena};
}

#endif
