/*
 * fields.c - see fields.h. Pure; every byte was chosen by a client.
 */
#include "fields.h"

#include "lex.h"

enum { MAX_KEY = 255, WHOLE = 1000 /* q=1, in thousandths */ };

/* ---- media types ---- */

typedef struct {
    zp_str type, subtype;
} media_range;

static media_range take_range(zp_lex *lex)
{
    media_range range = {.type = zp_lex_token(lex)};
    if (zp_lex_take(lex, '/'))
        range.subtype = zp_lex_token(lex);
    return range;
}

static bool is_range(media_range range, const char *type, const char *subtype)
{
    return zp_lex_is(range.type, type) && zp_lex_is(range.subtype, subtype);
}

/* The next ";name=value"; false when there is none. An empty one (";;") has an absent name. */
static bool take_parameter(zp_lex *lex, zp_str *name, zp_str *value)
{
    if (!zp_lex_take(lex, ';'))
        return false;
    *name = zp_lex_token(lex);
    *value = zp_lex_take(lex, '=') ? zp_lex_value(lex) : ZP_ABSENT;
    return true;
}

zp_media zp_media_of(zp_str content_type)
{
    zp_str name, value;
    zp_media media = ZP_MEDIA_OTHER;
    if (!zp_str_filled(content_type))
        return media;
    zp_lex lex = zp_lex_of(content_type);
    media_range range = take_range(&lex);
    if (is_range(range, "application", "json"))
        media = ZP_MEDIA_JSON;
    else if (is_range(range, "application", "x-www-form-urlencoded"))
        media = ZP_MEDIA_URLENCODED;
    while (take_parameter(&lex, &name, &value))
        if (zp_lex_is(name, "charset") && !zp_lex_is(value, "utf-8"))
            media = ZP_MEDIA_OTHER;
    return zp_lex_more(&lex) ? ZP_MEDIA_OTHER : media;
}

bool zp_media_is_ndjson(zp_str content_type)
{
    if (!zp_str_filled(content_type))
        return false;
    zp_lex lex = zp_lex_of(content_type);
    return is_range(take_range(&lex), "application", "x-ndjson");
}

/* "0.875" in thousandths; what is malformed counts as not wanted. */
static int quality(zp_str text)
{
    int q = 0, unit = WHOLE;
    for (size_t i = 0; i < text.n && i < 5; i++) {
        if (i == 1) {
            if (text.p[i] != '.')
                return 0;
            continue;
        }
        if (text.p[i] < '0' || text.p[i] > '9')
            return 0;
        q += (text.p[i] - '0') * unit;
        unit /= 10;
    }
    return q > WHOLE ? WHOLE : q;
}

/* How exactly a range names the type: 0 not at all, 1 by "any", 2 by its first half, 3 in full. */
static int precision_of(media_range range, const char *type, const char *subtype)
{
    if (is_range(range, type, subtype))
        return 3;
    return is_range(range, type, "*") ? 2 : is_range(range, "*", "*");
}

/* The most exact range that covers the type decides, the first of several that are equal. */
zp_liking zp_accept_of(zp_str accept, const char *type, const char *subtype)
{
    int best = 0;
    zp_liking liking = {.quality = zp_str_filled(accept) ? 0 : WHOLE};
    if (!zp_str_filled(accept))
        return liking;
    zp_lex lex = zp_lex_of(accept);
    do {
        media_range range = take_range(&lex);
        zp_str name, value;
        int q = WHOLE, precision = precision_of(range, type, subtype);
        while (take_parameter(&lex, &name, &value))
            if (zp_lex_is(name, "q"))
                q = quality(value);
        if (precision > best) {
            best = precision;
            liking = (zp_liking){.quality = q, .named = precision == 3 && q > 0};
        }
    } while (zp_lex_next_element(&lex));
    return liking;
}

bool zp_accept_is_html(zp_str accept)
{
    return zp_accept_of(accept, "text", "html").quality > zp_accept_of(accept, "application", "json").quality;
}

/* ---- entity tags ---- */

/* The next tag with its quotes; a tag has no escapes, so a quote always ends it. */
static zp_str take_tag(zp_lex *lex, bool *weak)
{
    *weak = zp_lex_more(lex) && lex->end - lex->p >= 2 && lex->p[0] == 'W' && lex->p[1] == '/';
    if (*weak)
        lex->p += 2;
    if (lex->p == lex->end || *lex->p != '"')
        return ZP_ABSENT;
    const char *close = memchr(lex->p + 1, '"', (size_t)(lex->end - lex->p - 1));
    if (!close)
        return ZP_ABSENT;
    zp_str tag = {lex->p, (size_t)(close + 1 - lex->p)};
    lex->p = close + 1;
    return tag;
}

zp_tag_match zp_tag_find(zp_str if_none_match, zp_str etag)
{
    bool weak;
    if (!zp_str_filled(if_none_match))
        return ZP_TAG_NONE;
    zp_lex lex = zp_lex_of(if_none_match);
    if (zp_lex_take(&lex, '*'))
        return zp_lex_more(&lex) ? ZP_TAG_NONE : ZP_TAG_ANY;
    for (;;) {
        while (zp_lex_take(&lex, ',')) /* empty elements are passed over: RFC 9110, section 5.6.1.2 */
            ;
        zp_str tag = take_tag(&lex, &weak);
        if (!tag.p)
            return ZP_TAG_NONE;
        if (zp_str_eq(tag, etag))
            return ZP_TAG_LISTED;
        if (!zp_lex_take(&lex, ','))
            return ZP_TAG_NONE;
    }
}

zp_rc zp_tag_id(zp_str if_match, zp_id *out)
{
    bool weak;
    if (!zp_str_filled(if_match))
        return ZP_INVALID;
    zp_lex lex = zp_lex_of(if_match);
    zp_str tag = take_tag(&lex, &weak);
    if (weak || zp_lex_more(&lex) || tag.n < ZP_ID_TEXT + 2)
        return ZP_INVALID;
    if (tag.n > ZP_ID_TEXT + 2 && tag.p[1 + ZP_ID_TEXT] != '.')
        return ZP_INVALID;
    return zp_id_parse((zp_str){tag.p + 1, ZP_ID_TEXT}, out);
}

/* ---- idempotency keys ---- */

zp_rc zp_key_of(zp_str header, zp_str *key)
{
    zp_str text = header;
    bool quoted = text.n > 0 && text.p[0] == '"';
    if (quoted) {
        if (text.n < 2 || text.p[text.n - 1] != '"')
            return ZP_INVALID;
        text = (zp_str){text.p + 1, text.n - 2};
    }
    if (text.n < 1 || text.n > MAX_KEY)
        return ZP_INVALID;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || (quoted && text.p[i] == '"'))
            return ZP_INVALID;
    *key = text;
    return ZP_OK;
}

/* ---- where a browser's request comes from ---- */

bool zp_is_cross_site(zp_str fetch_site, zp_str origin, zp_str host)
{
    if (zp_str_filled(fetch_site))
        return zp_str_is(fetch_site, "cross-site");
    if (!zp_str_filled(origin))
        return false;
    const char *behind_scheme = memmem(origin.p, origin.n, "://", 3);
    if (!behind_scheme)
        return true; /* "null": a page that may not say where it is from */
    size_t at = (size_t)(behind_scheme - origin.p) + 3;
    return !zp_str_eq((zp_str){origin.p + at, origin.n - at}, host);
}
