/*
 * operator.c - operators in signs and words, and what a denial in front of them makes of them: 不应低于 is ≥, 不宜大于
 * is ≤. See grammar.h.
 */
#include "core/grammar.h"

typedef struct {
    zp_str word;
    zp_op op;
} operator_word;

/* Longer words first. */
static const operator_word operators[] = {
    {ZP_STR_ROW("≥"), ZP_OP_GE},          {ZP_STR_ROW("≤"), ZP_OP_LE},          {ZP_STR_ROW("大于等于"), ZP_OP_GE},
    {ZP_STR_ROW("大于或等于"), ZP_OP_GE}, {ZP_STR_ROW("小于等于"), ZP_OP_LE},   {ZP_STR_ROW("小于或等于"), ZP_OP_LE},
    {ZP_STR_ROW("高于等于"), ZP_OP_GE},   {ZP_STR_ROW("高于或等于"), ZP_OP_GE}, {ZP_STR_ROW("低于等于"), ZP_OP_LE},
    {ZP_STR_ROW("低于或等于"), ZP_OP_LE}, {ZP_STR_ROW("至少"), ZP_OP_GE},       {ZP_STR_ROW("大于"), ZP_OP_GT},
    {ZP_STR_ROW("高于"), ZP_OP_GT},       {ZP_STR_ROW("超过"), ZP_OP_GT},       {ZP_STR_ROW("多于"), ZP_OP_GT},
    {ZP_STR_ROW("小于"), ZP_OP_LT},       {ZP_STR_ROW("低于"), ZP_OP_LT},       {ZP_STR_ROW("少于"), ZP_OP_LT},
    {ZP_STR_ROW("等于"), ZP_OP_EQ},
};

/* What a denial in front of a word makes of it. */
static const operator_word negated[] = {
    {ZP_STR_ROW("大于"), ZP_OP_LE}, {ZP_STR_ROW("高于"), ZP_OP_LE}, {ZP_STR_ROW("超过"), ZP_OP_LE},
    {ZP_STR_ROW("多于"), ZP_OP_LE}, {ZP_STR_ROW("小于"), ZP_OP_GE}, {ZP_STR_ROW("低于"), ZP_OP_GE},
    {ZP_STR_ROW("少于"), ZP_OP_GE},
};

const char *zp_op_sign(zp_op op)
{
    static const char *const signs[] = {"=", "≥", ">", "≤", "<", "=", "∈"};
    return signs[op];
}

/* Whether an operator in words begins with this character; asked at every character of a label. */
static bool begins_operator(uint32_t wide)
{
    switch (wide) {
    case U'≥':
    case U'≤':
    case U'大':
    case U'小':
    case U'不':
    case U'未':
    case U'没':
    case U'严':
    case U'禁':
    case U'避':
    case U'防':
    case U'杜':
    case U'至':
    case U'高':
    case U'低':
    case U'超':
    case U'多':
    case U'少':
    case U'等':
        return true;
    default:
        return false;
    }
}

/* < <= =< = => >= > */
static bool take_ascii_operator(zp_cursor *c, zp_op *op)
{
    char first = *c->p, second = c->end - c->p > 1 ? c->p[1] : '\0';
    if (first != '<' && first != '=' && first != '>')
        return false;
    char side = first == '=' ? second : first;
    bool two = first == '=' ? second == '<' || second == '>' : second == '=';
    c->p += 1 + two;
    *op = side == '<' ? two ? ZP_OP_LE : ZP_OP_LT : side == '>' ? two ? ZP_OP_GE : ZP_OP_GT : ZP_OP_EQ;
    return true;
}

static bool take_word(zp_cursor *c, const operator_word *words, size_t count, zp_op *op)
{
    for (size_t i = 0; i < count; i++)
        if (zp_take_str(c, words[i].word)) {
            *op = words[i].op;
            return true;
        }
    return false;
}

/* A denial, with the modal word that belongs to it. Of those that begin alike the longer ones first. What is not in the
 * list denies nothing here, and no label may end with it (target.c). `demands`: it says what must not be, not what is.
 */
static bool take_denial(zp_cursor *c, bool *demands)
{
    static const struct {
        bool demands;
        zp_str word;
    } denials[] = {{true, ZP_STR_ROW("不应该")}, {true, ZP_STR_ROW("不应当")}, {true, ZP_STR_ROW("不可以")},
                   {true, ZP_STR_ROW("不允许")}, {true, ZP_STR_ROW("不得")},   {true, ZP_STR_ROW("不能")},
                   {true, ZP_STR_ROW("不应")},   {true, ZP_STR_ROW("不宜")},   {true, ZP_STR_ROW("不可")},
                   {true, ZP_STR_ROW("不会")},   {true, ZP_STR_ROW("不要")},   {true, ZP_STR_ROW("不准")},
                   {true, ZP_STR_ROW("不许")},   {false, ZP_STR_ROW("不再")},  {false, ZP_STR_ROW("不")},
                   {false, ZP_STR_ROW("没有")},  {false, ZP_STR_ROW("没")},    {false, ZP_STR_ROW("未曾")},
                   {false, ZP_STR_ROW("未")},    {true, ZP_STR_ROW("严禁")},   {true, ZP_STR_ROW("禁止")},
                   {true, ZP_STR_ROW("避免")},   {true, ZP_STR_ROW("防止")},   {true, ZP_STR_ROW("杜绝")}};
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++)
        if (zp_take_str(c, denials[i].word)) {
            *demands = denials[i].demands;
            return true;
        }
    return false;
}

bool zp_take_operator(zp_cursor *c, zp_op *op, bool *demands)
{
    *demands = false;
    if (c->p == c->end)
        return false;
    if (take_ascii_operator(c, op))
        return true;
    if (!begins_operator(zp_text_wide(c->p, (size_t)(c->end - c->p))))
        return false;
    zp_cursor at = *c;
    if (!take_denial(&at, demands))
        return take_word(c, operators, sizeof operators / sizeof *operators, op);
    if (!take_word(&at, negated, sizeof negated / sizeof *negated, op))
        return false;
    *c = at;
    return true;
}
