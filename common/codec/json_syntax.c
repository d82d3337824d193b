/*
 * json_syntax.c - see json_syntax.h. Pure, one pass over the bytes without recursion.
 *
 * Slow by comparison and only run on what has been refused: the fast reader (form_json_reader.c) knows that a text is
 * malformed, but its index says neither where a string was left open nor where the bytes stop being UTF-8. Both know
 * the same grammar; a test holds them against each other.
 */
#include "codec/json_syntax.h"

#include "codec/chars.h"

enum { MAX_NESTING = 1024 };

typedef struct {
    const char *begin, *p, *end;
    size_t depth;
    char closers[MAX_NESTING]; /* of the open containers, outermost first */
    const char *cause;         /* set = malformed at p */
    zp_flag_code code;
} scan;

static bool refuse_at(scan *s, const char *p, const char *cause)
{
    s->p = p;
    s->cause = cause;
    return false;
}

static bool refuse(scan *s, const char *cause)
{
    if (s->p < s->end && (unsigned char)*s->p >= 0x80 && !zp_utf8_length(s->p, s->end))
        s->code = ZP_FLAG_UTF8_INVALID;
    return refuse_at(s, s->p, cause);
}

static bool at(const scan *s, char c)
{
    return s->p < s->end && *s->p == c;
}

static bool begins(const scan *s, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(s->end - s->p) >= n && memcmp(s->p, text, n) == 0;
}

static void skip_blanks(scan *s)
{
    while (at(s, ' ') || at(s, '\n') || at(s, '\t') || at(s, '\r'))
        s->p++;
}

static bool bad_escape(scan *s)
{
    return refuse(s, at(s, '\\') && s->end - s->p > 1 && s->p[1] == 'u'
                         ? "\\u needs four hexadecimal digits, and beyond U+FFFF both halves of a surrogate pair"
                         : "a backslash begins one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX and nothing else");
}

static bool text(scan *s)
{
    const char *opening = s->p++;
    while (s->p < s->end && *s->p != '"') {
        unsigned char c = (unsigned char)*s->p;
        uint32_t code;
        size_t n = c == '\\' ? zp_json_escape(s->p, s->end, &code) : zp_utf8_length(s->p, s->end);
        if (c == '\n' || c == '\r')
            return refuse(s, "the text in double quotes is not closed on its line; a line break inside is written \\n");
        if (c < 0x20)
            return refuse(s, "a control character inside a text is written as an escape, a tab as \\t");
        if (!n && c == '\\')
            return bad_escape(s);
        if (!n)
            return refuse(s, "these bytes are not UTF-8");
        s->p += n;
    }
    if (s->p == s->end)
        return refuse_at(s, opening, "the text in double quotes that begins here is not closed");
    s->p++;
    return true;
}

static bool number(scan *s)
{
    const char *from = s->p;
    s->p += zp_json_number(s->p, s->end);
    if (s->p == from)
        return refuse(s, "a minus sign is followed by digits");
    if (*from == '0' || (*from == '-' && from[1] == '0'))
        if (s->p < s->end && *s->p >= '0' && *s->p <= '9')
            return refuse(s, "a number does not begin with 0; put it into double quotes if it is a text");
    if (at(s, '.') || at(s, 'e') || at(s, 'E'))
        return refuse(s, "digits are missing in this number");
    return true;
}

static bool word(scan *s)
{
    static const char *const words[] = {"null", "true", "false"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(s, words[i])) {
            s->p += strlen(words[i]);
            return true;
        }
    if (s->p == s->end)
        return refuse(s, "the text ends here and a value is missing");
    if (begins(s, "\xef\xbb\xbf") && s->p == s->begin)
        return refuse(s, "a byte order mark stands before the JSON; save the file without it");
    if (at(s, '\'') || begins(s, "“") || begins(s, "”") || begins(s, "‘"))
        return refuse(s, "texts stand in straight double quotes");
    if (at(s, '}') || at(s, ']') || at(s, ','))
        return refuse(s, "a value is missing before this");
    return refuse(s, "a value is expected: a text in double quotes, a number, null, an object or an array");
}

static bool open_container(scan *s)
{
    if (s->depth == MAX_NESTING)
        return refuse(s, "it is nested too deep");
    s->closers[s->depth++] = *s->p++ == '{' ? '}' : ']';
    return true;
}

/* A member's name and its colon. */
static bool name(scan *s)
{
    skip_blanks(s);
    if (!at(s, '"'))
        return refuse(s, at(s, '}') ? "a comma stands before this bracket and nothing follows it"
                                    : "a member's name in straight double quotes is expected");
    if (!text(s))
        return false;
    skip_blanks(s);
    if (!at(s, ':'))
        return refuse(s, begins(s, "：") ? "this is a full-width colon; JSON needs the plain one"
                                         : "a colon is expected behind the member's name");
    s->p++;
    return true;
}

/* After a value: closes containers until a comma, or the end of the outermost. */
static bool next_value(scan *s)
{
    for (;;) {
        skip_blanks(s);
        if (s->depth == 0)
            return s->p == s->end || refuse(s, "nothing may follow the end of the JSON value");
        char closer = s->closers[s->depth - 1];
        if (!at(s, closer))
            break;
        s->p++;
        s->depth--;
    }
    if (!at(s, ',')) {
        if (begins(s, "，"))
            return refuse(s, "this is a full-width comma; JSON needs the plain one");
        bool in_object = s->closers[s->depth - 1] == '}';
        if (s->p == s->end)
            return refuse(s, in_object ? "the text ends inside an object; a } is missing"
                                       : "the text ends inside an array; a ] is missing");
        return refuse(s, in_object ? "a comma or } is expected" : "a comma or ] is expected");
    }
    s->p++;
    if (s->closers[s->depth - 1] == '}')
        return name(s);
    skip_blanks(s);
    return !at(s, ']') || refuse(s, "a comma stands before this bracket and nothing follows it");
}

/* One value up to where the next one begins, or the end. */
static bool value(scan *s)
{
    skip_blanks(s);
    if (at(s, '"'))
        return text(s) && next_value(s);
    if (at(s, '-') || (s->p < s->end && *s->p >= '0' && *s->p <= '9'))
        return number(s) && next_value(s);
    if (!at(s, '{') && !at(s, '['))
        return word(s) && next_value(s);
    if (!open_container(s))
        return false;
    skip_blanks(s);
    if (at(s, s->closers[s->depth - 1]))
        return next_value(s);
    return s->closers[s->depth - 1] == ']' || name(s);
}

static void place(const scan *s, zp_json_fault *out)
{
    out->line = out->column = 1;
    for (const char *p = s->begin; p < s->p; p++) {
        if (*p == '\n') {
            out->line++;
            out->column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            out->column++;
        }
    }
}

bool zp_json_syntax(zp_str bytes, zp_json_fault *out)
{
    scan s = {.begin = bytes.p, .p = bytes.p, .end = bytes.p + bytes.n, .code = ZP_FLAG_JSON_SYNTAX};
    do
        value(&s);
    while (!s.cause && (s.depth > 0 || s.p < s.end));
    if (!s.cause)
        return false;
    out->code = s.code;
    out->cause = s.cause;
    place(&s, out);
    return true;
}
