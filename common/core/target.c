/*
 * target.c - see target.h. Recursive descent over a normalised text, one function a rule; a rule that does not fit
 * leaves the zp_cursor where it was.
 */
#include "core/grammar.h"

static bool take_chinese_digit(zp_cursor *c, int *out)
{
    static const zp_str digits[] = {ZP_STR_ROW("一"), ZP_STR_ROW("二"), ZP_STR_ROW("三"), ZP_STR_ROW("四"),
                                    ZP_STR_ROW("五"), ZP_STR_ROW("六"), ZP_STR_ROW("七"), ZP_STR_ROW("八"),
                                    ZP_STR_ROW("九"), ZP_STR_ROW("十")};
    for (int i = 0; i < 10; i++)
        if (zp_take_str(c, digits[i])) {
            *out = i + 1;
            return true;
        }
    return false;
}

static bool take_plain_number(zp_cursor *c, zp_quantity *q)
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
static bool take_share(zp_cursor *c, zp_quantity *q)
{
    static const struct {
        zp_str word;
        int e;
    } shares[] = {{ZP_STR_ROW("百分之"), 0}, {ZP_STR_ROW("千分之"), -1}, {ZP_STR_ROW("万分之"), -2}};
    zp_cursor at = *c;
    size_t i = 0;
    while (i < 3 && !zp_take_str(&at, shares[i].word))
        i++;
    if (i == 3)
        return false;
    int digit;
    if (take_chinese_digit(&at, &digit))
        q->value = (zp_dec){digit, 0};
    else if (at.p == at.end || !zp_is_digit(*at.p) || !take_plain_number(&at, q))
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
    } suffixes[] = {{ZP_STR_ROW("及以上"), ZP_OP_GE}, {ZP_STR_ROW("以上"), ZP_OP_GE}, {ZP_STR_ROW("及以下"), ZP_OP_LE},
                    {ZP_STR_ROW("以下"), ZP_OP_LE},   {ZP_STR_ROW("以内"), ZP_OP_LE}, {ZP_STR_ROW("之内"), ZP_OP_LE},
                    {ZP_STR_ROW("内"), ZP_OP_LE}};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (zp_text_ends(*tail, suffixes[i].word)) {
            tail->n -= suffixes[i].word.n;
            return suffixes[i].op;
        }
    return ZP_OP_BARE;
}

static bool take_number(zp_cursor *c, zp_quantity *q)
{
    return take_share(c, q) || take_plain_number(c, q);
}

static bool is_sign(const zp_cursor *c)
{
    return *c->p == '<' || *c->p == '=' || *c->p == '>' || zp_text_begins(zp_rest(c), ZP_STR("≥")) ||
           zp_text_begins(zp_rest(c), ZP_STR("≤"));
}

/* Whether a label ends with what can be counted or measured: then what it holds in front is part of a name. */
static bool names_a_measure(zp_str label)
{
    static const zp_str endings[] = {ZP_STR_ROW("率"), ZP_STR_ROW("数"),   ZP_STR_ROW("量"),   ZP_STR_ROW("度"),
                                     ZP_STR_ROW("额"), ZP_STR_ROW("值"),   ZP_STR_ROW("例"),   ZP_STR_ROW("占比"),
                                     ZP_STR_ROW("间"), ZP_STR_ROW("时长"), ZP_STR_ROW("费用"), ZP_STR_ROW("成本")};
    return zp_text_ends_with_one_of(label, ZP_WORDS(endings));
}

static bool begins_comparison(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("大于"), ZP_STR_ROW("高于"), ZP_STR_ROW("超过"), ZP_STR_ROW("多于"),
                                   ZP_STR_ROW("小于"), ZP_STR_ROW("低于"), ZP_STR_ROW("少于"), ZP_STR_ROW("等于"),
                                   ZP_STR_ROW("至少"), ZP_STR_ROW("至多"), ZP_STR_ROW("最多")};
    return zp_text_begins_with_one_of(text, ZP_WORDS(words));
}

/* Whether a denial begins here: in a label it may be part of a name, 不合格率, or turn the operator behind it into
 * another one, 并非≥. */
static bool begins_denial(zp_str text)
{
    static const zp_str words[] = {ZP_STR_ROW("不"),   ZP_STR_ROW("未"),   ZP_STR_ROW("没"),   ZP_STR_ROW("无"),
                                   ZP_STR_ROW("非"),   ZP_STR_ROW("否"),   ZP_STR_ROW("勿"),   ZP_STR_ROW("莫"),
                                   ZP_STR_ROW("难以"), ZP_STR_ROW("严禁"), ZP_STR_ROW("禁止"), ZP_STR_ROW("避免"),
                                   ZP_STR_ROW("防止"), ZP_STR_ROW("杜绝"), ZP_STR_ROW("拒绝")};
    return zp_text_begins_with_one_of(text, ZP_WORDS(words));
}

/* What only says that something is asked for: 应高于95%. */
static bool is_demand(zp_str label)
{
    static const zp_str words[] = {ZP_STR_ROW("应"),   ZP_STR_ROW("应当"), ZP_STR_ROW("须"),   ZP_STR_ROW("必须"),
                                   ZP_STR_ROW("要"),   ZP_STR_ROW("要求"), ZP_STR_ROW("确保"), ZP_STR_ROW("保证"),
                                   ZP_STR_ROW("力争"), ZP_STR_ROW("争取"), ZP_STR_ROW("均"),   ZP_STR_ROW("平均")};
    return zp_text_is_one_of(label, ZP_WORDS(words));
}

static bool is_latin(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_han(uint32_t wide)
{
    return wide >= 0x3400 && wide <= 0x9fff;
}

/* A label is a name: Chinese, perhaps with Latin letters, brackets and a colon, and not one that ends in Latin letters,
 * which may say "not". With a denial or a comparison in it, only the name of a measure; so too in front of a comparison
 * in words, unless it is a demand: there is no end of verbs that turn one round (严防超过, 谨防低于). */
static bool is_label(zp_str label, zp_str operator)
{
    if (zp_text_ends(label, ZP_STR(":")))
        label.n--;
    if (!label.n)
        return false;
    bool doubt = begins_comparison(operator) && !is_demand(label);
    char last = '\0';
    for (zp_str rest = label; rest.n;) {
        bool han = is_han(zp_text_wide(rest.p, rest.n));
        last = han ? '\0' : *rest.p;
        if (!han && !is_latin(last) && last != '(' && last != ')' && last != '%' && last != '/')
            return false;
        doubt |= han && (begins_denial(rest) || begins_comparison(rest));
        rest = (zp_str){rest.p + (han ? 3 : 1), rest.n - (han ? 3 : 1)};
    }
    return (!last || last == ')') && (!doubt || names_a_measure(label));
}

/* Whether a verb begins with this character. */
static bool begins_verb(uint32_t wide)
{
    switch (wide) {
    case U'完':
    case U'达':
    case U'实':
    case U'已':
    case U'累':
    case U'共':
    case U'合':
    case U'仅':
    case U'只':
    case U'于':
    case U'为':
    case U'了':
        return true;
    default:
        return false;
    }
}

/* What people write in front of a number that says how it came about and nothing about how large it is. Longer ones
 * first. 完成率 says besides what is measured: true where it stands there. */
static bool skip_verbs(zp_cursor *c)
{
    static const zp_str verbs[] = {ZP_STR_ROW("完成率"), ZP_STR_ROW("完成"), ZP_STR_ROW("达到"), ZP_STR_ROW("达成"),
                                   ZP_STR_ROW("达"),     ZP_STR_ROW("实际"), ZP_STR_ROW("实现"), ZP_STR_ROW("已经"),
                                   ZP_STR_ROW("已"),     ZP_STR_ROW("累计"), ZP_STR_ROW("共计"), ZP_STR_ROW("合计"),
                                   ZP_STR_ROW("共"),     ZP_STR_ROW("仅"),   ZP_STR_ROW("只"),   ZP_STR_ROW("于"),
                                   ZP_STR_ROW("为"),     ZP_STR_ROW("了"),   ZP_STR_ROW(":")};
    bool completion = false;
    size_t i = 0;
    while (i < sizeof verbs / sizeof *verbs && c->p < c->end &&
           (*c->p == ':' || begins_verb(zp_text_wide(c->p, (size_t)(c->end - c->p))))) {
        bool taken = zp_take_str(c, verbs[i]);
        completion |= taken && i == 0;
        i = taken ? 0 : i + 1;
    }
    return completion;
}

typedef enum { NO_OPERATOR, OPERATOR, NOT_UNDERSTOOD } operator_reading;

/* Takes an operator, and a label such as 一级故障 in front of it: no digit, and only when a number follows. A word such
 * as 高于 may be part of a label, a sign may not: whoever writes <>5 does not mean >5. */
static operator_reading take_label_and_operator(zp_cursor *c, zp_clause *clause)
{
    zp_cursor ahead = *c;
    zp_quantity number;
    while (ahead.p < ahead.end && !zp_is_digit(*ahead.p)) {
        zp_cursor here = ahead;
        if (zp_take_operator(&here, &clause->op, &clause->demands)) {
            zp_cursor behind = here;
            zp_op other;
            bool demands;
            if (take_number(&behind, &number)) {
                zp_cursor label = {c->p, ahead.p};
                clause->completion = skip_verbs(&label);
                clause->label = zp_rest(&label);
                *c = here;
                return !clause->label.n || is_label(clause->label, zp_rest(&ahead)) ? OPERATOR : NOT_UNDERSTOOD;
            }
            if (is_sign(&ahead) || zp_take_operator(&behind, &other, &demands))
                return NOT_UNDERSTOOD;
            ahead.p = here.p;
            continue;
        }
        do
            ahead.p++;
        while (ahead.p < ahead.end && ((unsigned char)*ahead.p & 0xc0) == 0x80);
    }
    clause->op = ZP_OP_BARE;
    clause->demands = false;
    return NO_OPERATOR;
}

/* 满意度90%以上, 满意度达到90%以上: the name of a measure may stand in front of a number whose suffix says the
 * direction. */
static bool take_measure(zp_cursor *c, zp_clause *clause)
{
    static const zp_str reached[] = {ZP_STR_ROW("达到"), ZP_STR_ROW("达"), ZP_STR_ROW("为"), ZP_STR_ROW(":")};
    zp_cursor at = *c;
    while (at.p < at.end && !zp_is_digit(*at.p))
        at.p++;
    zp_str label = {c->p, (size_t)(at.p - c->p)};
    for (size_t i = 0; i < sizeof reached / sizeof *reached; i++)
        if (zp_text_ends(label, reached[i])) {
            label.n -= reached[i].n;
            break;
        }
    zp_cursor behind = at;
    zp_str tail;
    if (!take_plain_number(&behind, &clause->low) || !label.n || !names_a_measure(label) ||
        !is_label(label, ZP_STR("")))
        return false;
    tail = zp_rest(&behind);
    if (take_suffix(&tail) == ZP_OP_BARE)
        return false;
    clause->label = label;
    *c = at;
    return true;
}

/* What stands behind the lower end of a range. */
static bool read_upper_end(zp_cursor c, zp_clause *clause)
{
    bool percent = ZP_TAKE(&c, "%");
    if (!ZP_TAKE(&c, "-") && !ZP_TAKE(&c, "~") && !ZP_TAKE(&c, "至") && !ZP_TAKE(&c, "到"))
        return false;
    zp_quantity *low = &clause->low, high = {0};
    if (!take_plain_number(&c, &high) || zp_is_year_of_something(&c, &high) || !zp_read_unit(zp_rest(&c), &high))
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

static bool read_clause(zp_cursor c, zp_clause *clause)
{
    clause->low = (zp_quantity){0}; /* `high` is of a range only */
    clause->label = ZP_ABSENT;
    operator_reading reading = take_label_and_operator(&c, clause);
    if (reading == NOT_UNDERSTOOD)
        return false;
    clause->has_operator = reading == OPERATOR;
    if (!clause->has_operator)
        clause->completion = skip_verbs(&c);
    if (!take_number(&c, &clause->low) &&
        (clause->has_operator || !take_measure(&c, clause) || !take_number(&c, &clause->low)))
        return false;
    if (!clause->label.n && !clause->has_operator && clause->low.dimension == ZP_DIM_NONE && read_upper_end(c, clause))
        return true;
    zp_str tail = zp_rest(&c);
    if (!tail.n)
        return true;
    if (zp_is_year_of_something(&c, &clause->low))
        return false;
    if (zp_text_characters(tail) > ZP_MAX_UNIT_CHARACTERS)
        return false;
    zp_op suffix = take_suffix(&tail);
    if (!clause->has_operator)
        clause->op = suffix;
    return zp_read_unit(tail, &clause->low);
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

/* A whole number without a unit in front of a comma or 、 may be one value of several, the number of an item, or, where
 * a digit follows, the first half of one: ≥98,5%. */
static bool may_be_part(const zp_clause *clause, const char *next, const char *end)
{
    zp_str number = clause->low.number;
    if (clause->low.dimension != ZP_DIM_NONE || clause->low.scale || memchr(number.p, '.', number.n))
        return false;
    return clause->op == ZP_OP_BARE || (clause->has_operator && next < end && zp_is_digit(*next));
}

/* 1.5次;2.3人: whether the clause at this place may begin with the number of its item. */
static bool may_be_numbered(const zp_clause *clause, size_t place)
{
    zp_str number = clause->low.number;
    size_t digits = 0, wanted = place + 1, found = 0;
    while (digits < number.n && zp_is_digit(number.p[digits]))
        found = found * 10 + (size_t)(number.p[digits++] - '0');
    return !clause->has_operator && digits < number.n && number.p[digits] == '.' && found == wanted;
}

static bool read_clauses(zp_str text, zp_cell *out)
{
    const char *p = text.p, *end = text.p + text.n;
    size_t separator;
    bool numbered = true;
    out->count = 0;
    do {
        const char *stop = clause_end(p, end, &separator);
        zp_clause *clause = &out->clauses[out->count];
        if (out->count == ZP_MAX_CLAUSES || !read_clause((zp_cursor){p, stop}, clause))
            return false;
        bool alone = out->count == 0 && !separator;
        if (clause->op == ZP_OP_RANGE && !alone) /* a range is a target of its own */
            return false;
        out->perhaps_one |= separator && *stop != ';' && may_be_part(clause, stop + separator, end);
        numbered &= may_be_numbered(clause, out->count);
        out->count++;
        p = stop + separator;
    } while (separator);
    return out->count == 1 || !numbered;
}

/* 20,221,231: grouped digits count something, whatever day they would spell. A comma that closes the cell groups none.
 */
static bool is_grouped(zp_str text)
{
    bool digit_behind = false;
    if (!text.p)
        return false;
    while (text.n && !(digit_behind && (zp_text_ends(text, ZP_STR(",")) || zp_text_ends(text, ZP_STR("，"))))) {
        uint32_t wide = text.n >= 3 ? zp_text_wide(text.p + text.n - 3, 3) : 0;
        digit_behind |= zp_is_digit(text.p[--text.n]) || (wide >= U'０' && wide <= U'９');
    }
    return text.n > 0;
}

/* Without what closes a sentence. A point behind a digit stays: 4. may have been 4.5. */
static zp_str without_close(zp_str text)
{
    static const zp_str marks[] = {ZP_STR_ROW("。"), ZP_STR_ROW(";"), ZP_STR_ROW(","), ZP_STR_ROW(".")};
    size_t i = 0;
    while (i < sizeof marks / sizeof *marks) {
        bool point = marks[i].n == 1 && *marks[i].p == '.' && text.n > 1 && zp_is_digit(text.p[text.n - 2]);
        bool closes = !point && zp_text_ends(text, marks[i]);
        text.n -= closes ? marks[i].n : 0;
        i = closes ? 0 : i + 1;
    }
    return text;
}

bool zp_may_hold_number(zp_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (zp_is_digit(text.p[i]))
            return true;
    return zp_text_contains(text, ZP_STR("分之"));
}

zp_rc zp_cell_read(zp_str text, zp_arena *arena, zp_cell *out)
{
    out->count = 0;
    out->perhaps_date = out->perhaps_one = false;
    out->kind = ZP_CELL_NONE;
    out->text = zp_text_normalise(text, arena);
    if (text.p && !out->text.p)
        return ZP_NOMEM;
    out->text = without_close(out->text);
    if (zp_text_is_no_target(out->text))
        return ZP_OK;
    if (!zp_may_hold_number(out->text) && !zp_text_contains(out->text, ZP_STR("年"))) {
        out->kind = ZP_CELL_WORDS;
        return ZP_OK;
    }
    zp_cursor c = {out->text.p, out->text.p + out->text.n};
    skip_verbs(&c);
    zp_date_reading reading = is_grouped(text) ? ZP_NO_DATE : zp_read_date(c, &out->date);
    if (reading == ZP_SURE_DATE) {
        out->kind = ZP_CELL_DATE;
        return ZP_OK;
    }
    out->kind = read_clauses(out->text, out) ? ZP_CELL_VALUES : ZP_CELL_WORDS;
    out->perhaps_date = out->kind == ZP_CELL_VALUES && !is_grouped(text) &&
                        (reading == ZP_PERHAPS_DATE || zp_may_be_years(&out->clauses[0], &out->date));
    return ZP_OK;
}
