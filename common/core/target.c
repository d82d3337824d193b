/*
 * target.c - see target.h. Recursive descent over a normalised text, one function a rule; a rule that does not fit
 * leaves the cursor where it was.
 */
#include "core/target.h"

#include "core/text.h"

enum { MAX_UNIT_CHARACTERS = 8 };

typedef struct {
    const char *p, *end;
} cursor;

static zp_str rest(const cursor *c)
{
    return (zp_str){c->p, (size_t)(c->end - c->p)};
}

static inline bool take_str(cursor *c, zp_str word)
{
    if (!zp_text_begins(rest(c), word))
        return false;
    c->p += word.n;
    return true;
}

#define take(c, literal) take_str((c), ZP_STR(literal))

/* Longer words first: 不大于 must not be read as 大于. */
static const struct {
    zp_str word;
    zp_op op;
} operators[] = {
    {ZP_STR_ROW("≥"), ZP_OP_GE},          {ZP_STR_ROW("≤"), ZP_OP_LE},      {ZP_STR_ROW("大于等于"), ZP_OP_GE},
    {ZP_STR_ROW("大于或等于"), ZP_OP_GE}, {ZP_STR_ROW("不少于"), ZP_OP_GE}, {ZP_STR_ROW("不低于"), ZP_OP_GE},
    {ZP_STR_ROW("不小于"), ZP_OP_GE},     {ZP_STR_ROW("至少"), ZP_OP_GE},   {ZP_STR_ROW("小于等于"), ZP_OP_LE},
    {ZP_STR_ROW("小于或等于"), ZP_OP_LE}, {ZP_STR_ROW("不超过"), ZP_OP_LE}, {ZP_STR_ROW("不高于"), ZP_OP_LE},
    {ZP_STR_ROW("不大于"), ZP_OP_LE},     {ZP_STR_ROW("不多于"), ZP_OP_LE}, {ZP_STR_ROW("大于"), ZP_OP_GT},
    {ZP_STR_ROW("高于"), ZP_OP_GT},       {ZP_STR_ROW("超过"), ZP_OP_GT},   {ZP_STR_ROW("多于"), ZP_OP_GT},
    {ZP_STR_ROW("小于"), ZP_OP_LT},       {ZP_STR_ROW("低于"), ZP_OP_LT},   {ZP_STR_ROW("少于"), ZP_OP_LT},
    {ZP_STR_ROW("等于"), ZP_OP_EQ},
};

const char *zp_op_sign(zp_op op)
{
    static const char *const signs[] = {"=", "≥", ">", "≤", "<", "=", "∈"};
    return signs[op];
}

/* Whether a row of `operators` begins with this character; asked at every character of a label. */
static bool begins_operator(uint32_t wide)
{
    switch (wide) {
    case U'≥':
    case U'≤':
    case U'大':
    case U'小':
    case U'不':
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
static bool take_ascii_operator(cursor *c, zp_op *op)
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

static bool take_operator(cursor *c, zp_op *op)
{
    if (c->p == c->end)
        return false;
    if (take_ascii_operator(c, op))
        return true;
    if (!begins_operator(zp_text_wide(c->p, (size_t)(c->end - c->p))))
        return false;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (take_str(c, operators[i].word)) {
            *op = operators[i].op;
            return true;
        }
    return false;
}

static bool take_chinese_digit(cursor *c, int *out)
{
    static const zp_str digits[] = {ZP_STR_ROW("一"), ZP_STR_ROW("二"), ZP_STR_ROW("三"), ZP_STR_ROW("四"),
                                    ZP_STR_ROW("五"), ZP_STR_ROW("六"), ZP_STR_ROW("七"), ZP_STR_ROW("八"),
                                    ZP_STR_ROW("九"), ZP_STR_ROW("十")};
    for (int i = 0; i < 10; i++)
        if (take_str(c, digits[i])) {
            *out = i + 1;
            return true;
        }
    return false;
}

static bool take_plain_number(cursor *c, zp_quantity *q)
{
    const char *p = c->p;
    if (p < c->end && (*p == '+' || *p == '-'))
        p++;
    const char *digits = p;
    while (p < c->end && zp_is_digit(*p))
        p++;
    if (p == digits)
        return false;
    if (c->end - p > 1 && *p == '.' && zp_is_digit(p[1]))
        for (p++; p < c->end && zp_is_digit(*p); p++)
            ;
    q->number = (zp_str){c->p, (size_t)(p - c->p)};
    if (zp_dec_parse(q->number, &q->value))
        return false;
    c->p = p;
    return true;
}

/* 万分之一, 千分之5, 百分之九: shares, as percent. */
static bool take_share(cursor *c, zp_quantity *q)
{
    static const struct {
        zp_str word;
        int e;
    } shares[] = {{ZP_STR_ROW("百分之"), 0}, {ZP_STR_ROW("千分之"), -1}, {ZP_STR_ROW("万分之"), -2}};
    cursor at = *c;
    size_t i = 0;
    while (i < 3 && !take_str(&at, shares[i].word))
        i++;
    if (i == 3)
        return false;
    int digit;
    if (take_chinese_digit(&at, &digit))
        q->value = (zp_dec){digit, 0};
    else if (!take_plain_number(&at, q))
        return false;
    q->number = (zp_str){c->p, (size_t)(at.p - c->p)};
    q->value.e += shares[i].e;
    q->dimension = ZP_DIM_PERCENT;
    q->unit = ZP_STR("%");
    *c = at;
    return true;
}

static zp_op take_suffix(zp_str *tail)
{
    static const struct {
        zp_str word;
        zp_op op;
    } suffixes[] = {{ZP_STR_ROW("及以上"), ZP_OP_GE},
                    {ZP_STR_ROW("以上"), ZP_OP_GE},
                    {ZP_STR_ROW("及以下"), ZP_OP_LE},
                    {ZP_STR_ROW("以下"), ZP_OP_LE},
                    {ZP_STR_ROW("以内"), ZP_OP_LE}};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (zp_text_ends(*tail, suffixes[i].word)) {
            tail->n -= suffixes[i].word.n;
            return suffixes[i].op;
        }
    return ZP_OP_BARE;
}

static bool cut(zp_str *text, zp_str prefix)
{
    if (!zp_text_begins(*text, prefix))
        return false;
    text->p += prefix.n;
    text->n -= prefix.n;
    return true;
}

static unsigned seconds_of(zp_str unit)
{
    static const struct {
        zp_str name;
        unsigned seconds;
    } times[] = {{ZP_STR_ROW("秒"), 1},     {ZP_STR_ROW("秒钟"), 1},    {ZP_STR_ROW("分"), 60},
                 {ZP_STR_ROW("分钟"), 60},  {ZP_STR_ROW("小时"), 3600}, {ZP_STR_ROW("个小时"), 3600},
                 {ZP_STR_ROW("天"), 86400}, {ZP_STR_ROW("日"), 86400}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (zp_str_eq(unit, times[i].name))
            return times[i].seconds;
    return 0;
}

/* Punctuation and operators don't stand in a unit, but 次/天, 元/人·月, 元/人*月 do: between words, not at an end. */
static bool may_stand_in_unit(zp_str text)
{
    static const zp_str signs = ZP_STR_ROW("<>=!?;,+'[]{}|&~%():\"0123456789");
    if ((unsigned char)*text.p < 0x80)
        return !memchr(signs.p, *text.p, signs.n);
    switch (zp_text_wide(text.p, text.n)) {
    case U'。':
    case U'≥':
    case U'≤':
    case U'≠':
    case U'“':
    case U'”':
        return false;
    default:
        return !zp_text_begins(text, ZP_STR("±"));
    }
}

static bool is_joint(char c)
{
    return c == '-' || c == '.' || c == '/' || c == '*';
}

static bool is_unit(zp_str text)
{
    if (text.n && (is_joint(text.p[0]) || is_joint(text.p[text.n - 1])))
        return false;
    if (zp_text_characters(text) > MAX_UNIT_CHARACTERS)
        return false;
    zp_str plain = text;
    if (zp_text_ends(text, ZP_STR("m2")) || zp_text_ends(text, ZP_STR("m3")))
        plain.n--;
    for (; plain.n; plain.p++, plain.n--)
        if (!may_stand_in_unit(plain))
            return false;
    return true;
}

static bool read_unit(zp_str text, zp_quantity *q)
{
    if (q->dimension == ZP_DIM_PERCENT)
        return text.n == 0;
    q->said = text;
    if (zp_str_eq(text, ZP_STR("%")) || zp_str_eq(text, ZP_STR("百分比")) || zp_str_eq(text, ZP_STR("百分点")) ||
        zp_str_eq(text, ZP_STR("个百分点"))) {
        q->dimension = ZP_DIM_PERCENT;
        q->unit = ZP_STR("%");
        return true;
    }
    if (zp_str_eq(text, ZP_STR("‰"))) {
        q->dimension = ZP_DIM_PERCENT;
        q->unit = ZP_STR("%");
        q->scale = -1;
        q->value.e += q->scale;
        return true;
    }
    if (!is_unit(text))
        return false;
    if (cut(&text, ZP_STR("万亿")))
        q->scale = 12;
    else if (cut(&text, ZP_STR("万")))
        q->scale = 4;
    else if (cut(&text, ZP_STR("亿")))
        q->scale = 8;
    q->value.e += q->scale;
    if (!text.n)
        return true;
    q->unit = text;
    q->seconds = seconds_of(text);
    q->dimension = q->seconds ? ZP_DIM_TIME : ZP_DIM_OTHER;
    return true;
}

static bool take_number(cursor *c, zp_quantity *q)
{
    return take_share(c, q) || take_plain_number(c, q);
}

static bool is_sign(const cursor *c)
{
    return *c->p == '<' || *c->p == '=' || *c->p == '>' || zp_text_begins(rest(c), ZP_STR("≥")) ||
           zp_text_begins(rest(c), ZP_STR("≤"));
}

/* Skips a label such as 一级故障: no digit, and only when an operator and a number follow. A word such as 高于 may be
 * part of a label, a sign may not: whoever writes <>5 does not mean >5. */
static void skip_label(cursor *c)
{
    cursor ahead = *c;
    zp_op op;
    zp_quantity number;
    while (ahead.p < ahead.end && !zp_is_digit(*ahead.p)) {
        cursor here = ahead;
        if (take_operator(&here, &op)) {
            cursor behind = here;
            if ((here.p < here.end && zp_is_digit(*here.p)) || take_number(&behind, &number)) {
                c->p = ahead.p;
                return;
            }
            if (is_sign(&ahead))
                return;
            ahead = here;
            continue;
        }
        do
            ahead.p++;
        while (ahead.p < ahead.end && ((unsigned char)*ahead.p & 0xc0) == 0x80);
    }
}

/* What stands behind the lower end of a range. */
static bool read_upper_end(cursor c, zp_clause *clause)
{
    bool percent = take(&c, "%");
    if (!take(&c, "-") && !take(&c, "~") && !take(&c, "至") && !take(&c, "到"))
        return false;
    zp_quantity *low = &clause->low, high = {0};
    if (!take_plain_number(&c, &high) || !read_unit(rest(&c), &high))
        return false;
    if (percent && high.dimension != ZP_DIM_PERCENT)
        return false;
    /* The lower end is counted in what stands behind the upper one: 5-10‰, 5-10万元. */
    zp_dec value = low->value;
    value.e += high.value.e + (int)zp_decimals_shown(high.number);
    if (zp_dec_cmp(value, high.value) > 0)
        return false;
    *low = (zp_quantity){.value = value,
                         .number = low->number,
                         .dimension = high.dimension,
                         .unit = high.unit,
                         .said = high.said,
                         .seconds = high.seconds,
                         .scale = high.scale};
    clause->high = high;
    clause->op = ZP_OP_RANGE;
    return true;
}

static bool read_clause(cursor c, zp_clause *clause)
{
    clause->op = ZP_OP_BARE;
    clause->low = (zp_quantity){0}; /* `high` is of a range only */
    skip_label(&c);
    clause->has_operator = take_operator(&c, &clause->op);
    if (!take_number(&c, &clause->low))
        return false;
    if (!clause->has_operator && clause->low.dimension == ZP_DIM_NONE && read_upper_end(c, clause))
        return true;
    zp_str tail = rest(&c);
    if (!tail.n)
        return true;
    if (zp_text_characters(tail) > MAX_UNIT_CHARACTERS)
        return false;
    zp_op suffix = take_suffix(&tail);
    if (!clause->has_operator)
        clause->op = suffix;
    return read_unit(tail, &clause->low);
}

/* The end of the clause that begins at p: the next separator, or the end of the text. */
static const char *clause_end(const char *p, const char *end, size_t *separator)
{
    *separator = 0;
    for (; p < end; p++) {
        if (*p == ',' || *p == ';')
            *separator = 1;
        else if (end - p >= 3 && !memcmp(p, "、", 3))
            *separator = 3;
        if (*separator)
            return p;
    }
    return end;
}

static bool read_clauses(zp_str text, zp_cell *out)
{
    const char *p = text.p, *end = text.p + text.n;
    size_t separator;
    out->count = 0;
    do {
        const char *stop = clause_end(p, end, &separator);
        if (out->count == ZP_MAX_CLAUSES || !read_clause((cursor){p, stop}, &out->clauses[out->count]))
            return false;
        bool alone = out->count == 0 && !separator;
        if (out->clauses[out->count].op == ZP_OP_RANGE && !alone) /* a range is a target of its own */
            return false;
        out->count++;
        p = stop + separator;
    } while (separator);
    return true;
}

static bool take_int(cursor *c, int digits, int *out)
{
    int n = 0, value = 0;
    while (n < digits && c->p < c->end && zp_is_digit(*c->p)) {
        value = value * 10 + (*c->p++ - '0');
        n++;
    }
    *out = value;
    return n > 0;
}

static bool read_date(zp_str text, zp_date *out)
{
    cursor c = {text.p, text.p + text.n};
    *out = (zp_date){0};
    cursor at = c;
    if (take_int(&at, 4, &out->year) && take(&at, "年") && out->year >= 1900)
        c = at;
    else
        out->year = 0;
    if (!take_int(&c, 2, &out->month) || !take(&c, "月") || out->month < 1 || out->month > 12)
        return false;
    bool end_of_month = take(&c, "底") || take(&c, "末");
    if (!end_of_month && take_int(&c, 2, &out->day) && (!take(&c, "日") || out->day < 1 || out->day > 31))
        return false;
    bool before = take(&c, "之前") || take(&c, "以前") || take(&c, "前");
    if (!take(&c, "完成"))
        take(&c, "内完成");
    out->before = before && !end_of_month && !out->day;
    return c.p == c.end;
}

int zp_date_ordinal(const zp_date *date, int default_year)
{
    int months = (date->year ? date->year : default_year) * 12 + date->month - 1 - date->before;
    return months * 32 + (date->day ? date->day : 31);
}

static bool is_none(zp_str text)
{
    static const zp_str none[] = {ZP_STR_ROW("-"), ZP_STR_ROW("—"),  ZP_STR_ROW("--"),
                                  ZP_STR_ROW("/"), ZP_STR_ROW("无"), ZP_STR_ROW("暂无")};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (zp_str_eq(text, none[i]))
            return true;
    return text.n == 0;
}

/* Without a digit and without a share (万分之一) there is neither value nor date. */
static bool may_hold_number(zp_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (zp_is_digit(text.p[i]))
            return true;
    return zp_text_contains(text, ZP_STR("分之"));
}

zp_rc zp_cell_read(zp_str text, zp_arena *arena, zp_cell *out)
{
    out->count = 0;
    out->kind = ZP_CELL_NONE;
    out->text = zp_text_normalise(text, arena);
    if (text.p && !out->text.p)
        return ZP_NOMEM;
    if (is_none(out->text))
        return ZP_OK;
    if (!may_hold_number(out->text))
        out->kind = ZP_CELL_WORDS;
    else if (read_date(out->text, &out->date))
        out->kind = ZP_CELL_DATE;
    else
        out->kind = read_clauses(out->text, out) ? ZP_CELL_VALUES : ZP_CELL_WORDS;
    return ZP_OK;
}
