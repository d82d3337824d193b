/*
 * profile_yaml.c - see profile_yaml.h. Runs at start, in the main thread.
 *
 * libcyaml loads texts; here they become exact integers within their bounds. Nothing has a default: a rule that is
 * not written in the file would not be covered by the hash that results carry.
 */
#include "codec/profile_yaml.h"

#include "base/digest.h"
#include "base/yaml.h"
#include "core/decimal.h"

#include <stdio.h>

/* ---- the schema ---- */

typedef struct {
    char *first, *last;
} raw_years;

typedef struct {
    char *excellent, *good, *fair;
} raw_grades;

typedef struct {
    char *below, *total;
} raw_cap;

typedef struct {
    char *weight;
    raw_cap *rate_caps;
    unsigned rate_caps_count;
} raw_execution;

typedef struct {
    char *threshold, *deduction, *missing_reason;
} raw_over;

typedef struct {
    char *name, *weight;
} raw_level1;

typedef struct {
    char *name, *version, *reverse, *missing_deviation_reason;
    raw_years years;
    raw_grades grades;
    raw_execution execution;
    char **qualitative_bands;
    unsigned qualitative_bands_count;
    raw_over over_achievement;
    raw_level1 *level1;
    unsigned level1_count;
} raw_profile;

enum { BANDS = 3, CENT = ZP_POINT / 100, QUOTED_MAX = 60 };

/* Optional for libcyaml, so that a key that is missing is reported by us, with its full name. */
#define TEXT(structure, key)                                                                                           \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, key, 0, CYAML_UNLIMITED)
#define BLOCK(key, fields) CYAML_FIELD_MAPPING(#key, CYAML_FLAG_OPTIONAL, raw_profile, key, fields)
#define LIST(structure, key, entry, most)                                                                              \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, key, entry, 0, most)

static const cyaml_schema_field_t years_fields[] = {TEXT(raw_years, first), TEXT(raw_years, last), CYAML_FIELD_END};
static const cyaml_schema_field_t grades_fields[] = {TEXT(raw_grades, excellent), TEXT(raw_grades, good),
                                                     TEXT(raw_grades, fair), CYAML_FIELD_END};
static const cyaml_schema_field_t cap_fields[] = {TEXT(raw_cap, below), TEXT(raw_cap, total), CYAML_FIELD_END};
static const cyaml_schema_value_t cap_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, raw_cap, cap_fields)};
static const cyaml_schema_field_t execution_fields[] = {
    TEXT(raw_execution, weight), LIST(raw_execution, rate_caps, &cap_schema, ZP_MAX_RATE_CAPS), CYAML_FIELD_END};
static const cyaml_schema_field_t over_fields[] = {TEXT(raw_over, threshold), TEXT(raw_over, deduction),
                                                   TEXT(raw_over, missing_reason), CYAML_FIELD_END};
static const cyaml_schema_field_t level1_fields[] = {TEXT(raw_level1, name), TEXT(raw_level1, weight), CYAML_FIELD_END};
static const cyaml_schema_value_t level1_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, raw_level1, level1_fields)};
static const cyaml_schema_value_t band_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t profile_fields[] = {TEXT(raw_profile, name),
                                                      TEXT(raw_profile, version),
                                                      TEXT(raw_profile, reverse),
                                                      TEXT(raw_profile, missing_deviation_reason),
                                                      BLOCK(years, years_fields),
                                                      BLOCK(grades, grades_fields),
                                                      BLOCK(execution, execution_fields),
                                                      LIST(raw_profile, qualitative_bands, &band_schema, BANDS),
                                                      BLOCK(over_achievement, over_fields),
                                                      LIST(raw_profile, level1, &level1_schema, ZP_MAX_LEVEL1),
                                                      CYAML_FIELD_END};
static const cyaml_schema_value_t profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, raw_profile, profile_fields)};

/* ---- single values ---- */

static zp_rc refuse_missing(const zp_yaml *yaml, const char *key)
{
    return zp_yaml_refuse(yaml, key, "is missing; add it as in the sample profile, mof-2020.yaml");
}

/* Millionths, from least to most whole ones. */
static zp_rc read_decimal(const zp_yaml *yaml, const char *key, const char *text, int least, int most, int64_t *out)
{
    zp_dec value;
    if (!text)
        return refuse_missing(yaml, key);
    if (zp_dec_parse(zp_str_of(text), &value) || !zp_dec_millionths(value, out) || *out < (int64_t)least * ZP_POINT ||
        *out > (int64_t)most * ZP_POINT)
        return zp_yaml_refuse(yaml, key, "is \"%.*s\"; write a decimal from %d to %d with at most 6 decimals",
                              QUOTED_MAX, text, least, most);
    return ZP_OK;
}

/* Points that are compared with a score. */
static zp_rc read_cents(const zp_yaml *yaml, const char *key, const char *text, int64_t *out)
{
    int64_t millionths = 0;
    zp_rc rc = read_decimal(yaml, key, text, 0, 100, &millionths);
    if (!rc && millionths % CENT)
        return zp_yaml_refuse(yaml, key, "is \"%.*s\"; scores have two decimals, write no more", QUOTED_MAX, text);
    *out = millionths / CENT;
    return rc;
}

static zp_rc read_year(const zp_yaml *yaml, const char *key, const char *text, int *out)
{
    uint64_t year = 0;
    if (!text)
        return refuse_missing(yaml, key);
    if (!zp_yaml_number(text, &year) || year < 2000 || year > 2099)
        return zp_yaml_refuse(yaml, key, "is \"%.*s\"; write a year from 2000 to 2099", QUOTED_MAX, text);
    *out = (int)year;
    return ZP_OK;
}

static zp_rc read_severity(const zp_yaml *yaml, const char *key, const char *text, zp_severity *out)
{
    if (!text)
        return refuse_missing(yaml, key);
    for (zp_severity severity = ZP_SEV_ERROR; severity <= ZP_SEV_INFO; severity++)
        if (strcmp(text, zp_severity_name(severity)) == 0) {
            *out = severity;
            return ZP_OK;
        }
    return zp_yaml_refuse(yaml, key, "is \"%.*s\"; write error, warning or info", QUOTED_MAX, text);
}

static zp_rc read_text(const zp_yaml *yaml, const char *key, const char *text, char *out, size_t out_size)
{
    if (!text)
        return refuse_missing(yaml, key);
    size_t n = strlen(text);
    if (n == 0 || n >= out_size)
        return zp_yaml_refuse(yaml, key, "has %zu bytes; write 1 to %zu", n, out_size - 1);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return zp_yaml_refuse(yaml, key, "has a blank or control character in it; remove it");
    memcpy(out, text, n + 1);
    return ZP_OK;
}

/* A name that stands in results and log lines. */
static zp_rc read_word(const zp_yaml *yaml, const char *key, const char *text, char *out, size_t out_size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    zp_rc rc = read_text(yaml, key, text, out, out_size);
    if (!rc && text[strspn(text, allowed)])
        return zp_yaml_refuse(yaml, key, "is \"%.*s\"; use letters, digits, dots and dashes", QUOTED_MAX, text);
    return rc;
}

/* ---- groups ---- */

static zp_rc read_names(const zp_yaml *yaml, const raw_profile *raw, zp_profile *out)
{
    zp_rc rc = read_word(yaml, "name", raw->name, out->name, sizeof out->name);
    if (!rc)
        rc = read_word(yaml, "version", raw->version, out->version, sizeof out->version);
    if (!rc)
        rc = read_year(yaml, "years.first", raw->years.first, &out->year_first);
    if (!rc)
        rc = read_year(yaml, "years.last", raw->years.last, &out->year_last);
    if (!rc && out->year_last < out->year_first)
        rc = zp_yaml_refuse(yaml, "years.last", "is before years.first; write the later year here");
    return rc;
}

static zp_rc read_grades(const zp_yaml *yaml, const raw_grades *raw, zp_profile *out)
{
    int64_t *floor = out->grade_floor_cents;
    zp_rc rc = read_cents(yaml, "grades.excellent", raw->excellent, &floor[ZP_GRADE_EXCELLENT]);
    if (!rc)
        rc = read_cents(yaml, "grades.good", raw->good, &floor[ZP_GRADE_GOOD]);
    if (!rc)
        rc = read_cents(yaml, "grades.fair", raw->fair, &floor[ZP_GRADE_FAIR]);
    floor[ZP_GRADE_POOR] = 0;
    for (zp_grade grade = ZP_GRADE_GOOD; grade <= ZP_GRADE_POOR && !rc; grade++)
        if (floor[grade] >= floor[grade - 1])
            rc = zp_yaml_refuse(yaml, "grades", "do not fall; write excellent > good > fair > 0");
    return rc;
}

static zp_rc read_caps(const zp_yaml *yaml, const raw_execution *raw, zp_profile *out)
{
    if (!zp_yaml_has(yaml, "execution.rate_caps"))
        return refuse_missing(yaml, "execution.rate_caps");
    out->rate_cap_count = raw->rate_caps_count;
    for (size_t i = 0; i < out->rate_cap_count; i++) {
        char below[64], total[64];
        zp_rate_cap *cap = &out->rate_caps[i];
        snprintf(below, sizeof below, "execution.rate_caps[%zu].below", i);
        snprintf(total, sizeof total, "execution.rate_caps[%zu].total", i);
        zp_rc rc = read_decimal(yaml, below, raw->rate_caps[i].below, 0, 1, &cap->below_rate);
        if (!rc)
            rc = read_cents(yaml, total, raw->rate_caps[i].total, &cap->cap_cents);
        /* The scorer takes the first one that applies. */
        if (!rc && i && (cap->below_rate <= cap[-1].below_rate || cap->cap_cents <= cap[-1].cap_cents))
            rc = zp_yaml_refuse(yaml, below, "and its total do not rise; put the lowest rate and total first");
        if (rc)
            return rc;
    }
    return ZP_OK;
}

static zp_rc read_bands(const zp_yaml *yaml, const raw_profile *raw, zp_profile *out)
{
    static const char key[] = "qualitative_bands";
    if (!zp_yaml_has(yaml, key))
        return refuse_missing(yaml, key);
    if (raw->qualitative_bands_count != BANDS)
        return zp_yaml_refuse(yaml, key, "has %u entries; write %d, the lower ends of the bands",
                              raw->qualitative_bands_count, BANDS);
    for (size_t i = 0; i < BANDS; i++) {
        zp_rc rc = read_decimal(yaml, key, raw->qualitative_bands[i], 0, 1, &out->band_floor[i]);
        if (!rc && out->band_floor[i] >= (i ? out->band_floor[i - 1] : ZP_POINT))
            rc = zp_yaml_refuse(yaml, key, "do not fall from below 1; write the best band first");
        if (rc)
            return rc;
    }
    return ZP_OK;
}

/* A line belongs to each category whose name its level 1 begins with: to one of them only. */
static zp_rc check_name(const zp_yaml *yaml, const zp_profile *profile, size_t index, const char *key)
{
    const char *name = profile->level1[index].name;
    for (size_t i = 0; i < index; i++) {
        const char *other = profile->level1[i].name;
        if (strncmp(name, other, strlen(name)) == 0 || strncmp(name, other, strlen(other)) == 0)
            return zp_yaml_refuse(yaml, key,
                                  "is \"%.*s\" and level1[%zu].name \"%.*s\", which counts lines twice; keep one, or "
                                  "names of which neither begins with the other",
                                  QUOTED_MAX, name, i, QUOTED_MAX, other);
    }
    return ZP_OK;
}

static zp_rc read_level1(const zp_yaml *yaml, const raw_profile *raw, zp_profile *out)
{
    if (!zp_yaml_has(yaml, "level1"))
        return refuse_missing(yaml, "level1");
    int64_t sum = out->execution_weight;
    out->level1_count = raw->level1_count;
    for (size_t i = 0; i < out->level1_count; i++) {
        char name[64], weight[64];
        snprintf(name, sizeof name, "level1[%zu].name", i);
        snprintf(weight, sizeof weight, "level1[%zu].weight", i);
        zp_rc rc = read_text(yaml, name, raw->level1[i].name, out->level1[i].name, sizeof out->level1[i].name);
        if (!rc)
            rc = check_name(yaml, out, i, name);
        if (!rc)
            rc = read_decimal(yaml, weight, raw->level1[i].weight, 0, 100, &out->level1[i].weight);
        if (rc)
            return rc;
        sum += out->level1[i].weight;
    }
    if (out->level1_count && sum != (int64_t)100 * ZP_POINT)
        return zp_yaml_refuse(yaml, "level1", "and execution.weight do not make 100 points; correct the weights");
    return ZP_OK;
}

static zp_rc read_rules(const zp_yaml *yaml, const raw_profile *raw, zp_profile *out)
{
    zp_rc rc = read_decimal(yaml, "execution.weight", raw->execution.weight, 0, 100, &out->execution_weight);
    if (rc)
        return rc;
    if (!raw->reverse)
        return refuse_missing(yaml, "reverse");
    out->reverse = strcmp(raw->reverse, "linear") == 0 ? ZP_REVERSE_LINEAR : ZP_REVERSE_RATIO;
    if (out->reverse == ZP_REVERSE_RATIO && strcmp(raw->reverse, "ratio") != 0)
        return zp_yaml_refuse(yaml, "reverse", "is \"%.*s\"; write ratio or linear", QUOTED_MAX, raw->reverse);
    const raw_over *over = &raw->over_achievement;
    rc = read_decimal(yaml, "over_achievement.threshold", over->threshold, 1, 100, &out->over_threshold);
    if (!rc)
        rc = read_cents(yaml, "over_achievement.deduction", over->deduction, &out->over_deduction_cents);
    if (!rc)
        rc = read_severity(yaml, "over_achievement.missing_reason", over->missing_reason, &out->over_reason_severity);
    if (!rc)
        rc = read_severity(yaml, "missing_deviation_reason", raw->missing_deviation_reason, &out->deviation_severity);
    return rc;
}

static zp_rc read_profile(const zp_yaml *yaml, const raw_profile *raw, zp_profile *out)
{
    zp_rc rc = read_names(yaml, raw, out);
    if (!rc)
        rc = read_grades(yaml, &raw->grades, out);
    if (!rc)
        rc = read_rules(yaml, raw, out);
    if (!rc)
        rc = read_caps(yaml, &raw->execution, out);
    if (!rc)
        rc = read_bands(yaml, raw, out);
    if (!rc)
        rc = read_level1(yaml, raw, out);
    return rc;
}

static void hash(zp_str bytes, char out[65])
{
    static const char digits[] = "0123456789abcdef";
    zp_digest digest;
    zp_digest_of(bytes, &digest);
    for (size_t i = 0; i < sizeof digest.b; i++) {
        *out++ = digits[digest.b[i] >> 4];
        *out++ = digits[digest.b[i] & 15];
    }
    *out = '\0';
}

static bool has_name(const zp_profiles *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->items[i].name, name) == 0)
            return true;
    return false;
}

/* Beside those that were loaded before it; NULL: none. */
static zp_rc load(const char *path, const zp_profiles *before, zp_profile *out, char *message, size_t message_size)
{
    zp_yaml *yaml = NULL;
    void *raw = NULL;
    zp_profile profile = {0};
    zp_rc rc =
        zp_yaml_open(path, "name a rule profile, such as conf/profiles/mof-2020.yaml", &yaml, message, message_size);
    if (!rc)
        rc = zp_yaml_load(yaml, &profile_schema, &raw);
    if (!rc)
        rc = read_profile(yaml, raw, &profile);
    if (!rc && before && has_name(before, profile.name))
        rc = zp_yaml_refuse(yaml, "name", "is %s, as that of a profile before it; give one of them another name",
                            profile.name);
    if (!rc) {
        hash(zp_yaml_bytes(yaml), profile.hash);
        *out = profile;
    }
    zp_yaml_unload(&profile_schema, raw);
    zp_yaml_close(&yaml);
    return rc;
}

zp_rc zp_profile_load(const char *path, zp_profile *out, char *message, size_t message_size)
{
    return load(path, NULL, out, message, message_size);
}

zp_rc zp_profiles_load(char *const *paths, size_t count, zp_profiles *out, char *message, size_t message_size)
{
    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        zp_rc rc = load(paths[i], out, &out->items[i], message, message_size);
        if (rc)
            return rc;
        out->count++;
    }
    return ZP_OK;
}
