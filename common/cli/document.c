/*
 * document.c - see document.h. Reads the documents with jansson: every figure in them is a text, so nothing passes
 * through a double.
 */
#include "cli/document.h"

#include "base/buf.h"

#include <stdlib.h>

const char *zp_doc_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

/* Cells that somebody typed are in it, also inside sentences: each text becomes one line. False when out of memory. */
static bool flatten(json_t *value)
{
    void *member;
    const char *name;
    size_t i;
    json_t *inner;
    bool ok = true;
    json_object_foreach_safe(value, member, name, inner) ok = ok && flatten(inner);
    json_array_foreach(value, i, inner) ok = ok && flatten(inner);
    if (!json_is_string(value))
        return ok;
    char *text = strdup(json_string_value(value));
    ok = text && !json_string_setn(value, text, zp_text_flatten(text, strlen(text)));
    free(text);
    return ok;
}

/* A copy for a terminal, also of none; NULL when out of memory. */
static json_t *flat_copy(const json_t *document)
{
    json_t *copy = document ? json_deep_copy(document) : json_null();
    if (copy && !flatten(copy)) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "ACTUAL_X_WEIGHT+TRUNC1", or "" when the line explains nothing. */
static void add_explanation(zp_buf *out, const json_t *line)
{
    size_t i;
    json_t *why;
    json_array_foreach(json_object_get(line, "explanation"), i, why)
    {
        zp_buf_str(out, zp_str_of(i ? "+" : ", "));
        zp_buf_str(out, zp_str_of(json_string_value(why)));
    }
}

/* The line a flag's pointer names: an indicator, or the execution row. NULL for anything else. */
static const json_t *line_of_flag(const json_t *result, const char *pointer, const char **name)
{
    const char *prefix = "/indicators/";
    if (begins_with(pointer, prefix)) {
        const json_t *line =
            json_array_get(json_object_get(result, "indicators"), strtoul(pointer + strlen(prefix), NULL, 10));
        *name = zp_doc_text(line, "level3");
        return line;
    }
    *name = "预算执行 execution";
    return json_object_get(result, "execution");
}

static bool is_about_the_total(const char *code)
{
    return begins_with(code, "TOTAL_TOO_");
}

static bool is_about_a_score(const char *code)
{
    return begins_with(code, "SCORE_TOO_") || begins_with(code, "EXEC_SCORE_TOO_") || is_about_the_total(code) ||
           !strcmp(code, "GRADE_CHANGED");
}

/* One line for each flag that makes the form discrepant. */
static void add_differences(zp_buf *out, const json_t *result)
{
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(result, "flags"), i, flag)
    {
        const char *code = zp_doc_text(flag, "code"), *name;
        if (!is_about_a_score(code))
            continue;
        if (out->n)
            zp_buf_char(out, '\n');
        if (!strcmp(code, "GRADE_CHANGED")) {
            zp_buf_printf(out, "%s %s → %s", code, zp_doc_text(result, "declared_grade"), zp_doc_text(result, "grade"));
            continue;
        }
        if (is_about_the_total(code)) {
            zp_buf_printf(out, "总分 total: declared %s, computed %s (%s)", zp_doc_text(result, "declared_total"),
                          zp_doc_text(result, "computed_total"), code);
            continue;
        }
        const json_t *line = line_of_flag(result, zp_doc_text(flag, "pointer"), &name);
        zp_buf_printf(out, "%s: declared %s, computed %s (%s", name, zp_doc_text(line, "declared"),
                      zp_doc_text(line, "computed"), code);
        add_explanation(out, line);
        zp_buf_char(out, ')');
    }
    if (!out->n)
        zp_buf_char(out, '-');
}

/* Milliseconds of the day of an RFC 3339 text as the service writes it; -1 when it isn't one. */
static long ms_of_day(const char *time)
{
    long hour, minute, second, ms;
    if (sscanf(time, "%*4u-%*2u-%*2uT%2ld:%2ld:%2ld.%3ldZ", &hour, &minute, &second, &ms) != 4)
        return -1;
    return ((hour * 60 + minute) * 60 + second) * 1000 + ms;
}

/* From received_at to scored_at, "12 ms"; "-" while not scored. Forms that took a day are beyond this column. */
static void add_latency(zp_buf *out, const json_t *document)
{
    long from = ms_of_day(zp_doc_text(document, "received_at")), to = ms_of_day(zp_doc_text(document, "scored_at"));
    if (from < 0 || to < 0)
        zp_buf_char(out, '-');
    else
        zp_buf_printf(out, "%ld ms", to >= from ? to - from : to - from + 24L * 3600 * 1000);
}

zp_table *zp_overview_new(void)
{
    static const char *const headings[] = {"project",   "status", "declared", "computed",
                                           "confirmed", "grade",  "in",       "what differs and why"};
    return zp_table_new(8, headings, "llrrrlrl");
}

static bool add_to_overview(zp_table *overview, const json_t *document)
{
    const json_t *result = json_object_get(document, "result");
    zp_buf differences = ZP_BUF_INIT, latency = ZP_BUF_INIT;
    add_differences(&differences, result);
    add_latency(&latency, document);
    zp_buf_char(&differences, '\0');
    zp_buf_char(&latency, '\0');
    bool ok = !differences.failed && !latency.failed;
    if (ok) {
        const char *cells[] = {zp_doc_text(document, "project_name"),
                               zp_doc_text(document, "status"),
                               zp_doc_text(result, "declared_total"),
                               zp_doc_text(result, "computed_total"),
                               zp_doc_text(result, "confirmed_total"),
                               zp_doc_text(result, "grade"),
                               latency.p,
                               differences.p};
        ok = zp_table_row(overview, cells);
    }
    zp_buf_free(&differences);
    zp_buf_free(&latency);
    return ok;
}

bool zp_overview_add(zp_table *overview, const json_t *document)
{
    json_t *flat = flat_copy(document);
    bool ok = flat && add_to_overview(overview, flat);
    json_decref(flat);
    return ok;
}

static bool add_line(zp_table *table, const char *name, const char *weight, const json_t *line)
{
    const json_t *message = json_object_get(line, "message");
    const char *zh = zp_doc_text(message, "zh"), *en = zp_doc_text(message, "en");
    char basis[2048];
    snprintf(basis, sizeof basis, strcmp(zh, en) ? "%s\n%s" : "%s", zh, en);
    const char *cells[] = {
        name, weight, zp_doc_text(line, "declared"), zp_doc_text(line, "computed"), zp_doc_text(line, "confirmed"),
        basis};
    return zp_table_row(table, cells);
}

static bool add_lines(zp_table *table, const json_t *result)
{
    size_t i;
    json_t *line;
    bool ok = add_line(table, "预算执行 execution", "", json_object_get(result, "execution"));
    json_array_foreach(json_object_get(result, "indicators"), i, line) ok =
        ok && add_line(table, zp_doc_text(line, "level3"), zp_doc_text(line, "weight"), line);
    const char *total[] = {"总分 total",
                           "",
                           zp_doc_text(result, "declared_total"),
                           zp_doc_text(result, "computed_total"),
                           zp_doc_text(result, "confirmed_total"),
                           zp_doc_text(result, "grade")};
    return ok && zp_table_row(table, total);
}

static void print_flat(void (*print)(const json_t *, FILE *), const json_t *document, FILE *to)
{
    json_t *flat = flat_copy(document);
    if (flat)
        print(flat, to);
    else
        fprintf(stderr, "ziping: out of memory\n");
    json_decref(flat);
}

static void print_flags(const json_t *flags, FILE *to)
{
    size_t i;
    json_t *flag;
    json_array_foreach(flags, i, flag)
    {
        const json_t *message = json_object_get(flag, "message");
        fprintf(to, "  %-7s %s %s\n          %s\n          %s\n", zp_doc_text(flag, "severity"),
                zp_doc_text(flag, "code"), zp_doc_text(flag, "pointer"), zp_doc_text(message, "zh"),
                zp_doc_text(message, "en"));
    }
}

static void print_findings(const json_t *result, FILE *to)
{
    const json_t *profile = json_object_get(result, "profile");
    fprintf(to, "执行率 execution rate %s, machine-verified weight %s, profile %s version %s\n",
            zp_doc_text(json_object_get(result, "execution"), "rate"), zp_doc_text(result, "machine_verified_weight"),
            zp_doc_text(profile, "name"), zp_doc_text(profile, "version"));
    print_flags(json_object_get(result, "flags"), to);
}

void zp_findings_print(const json_t *result, FILE *to)
{
    print_flat(print_findings, result, to);
}

static void print_result(const json_t *result, FILE *to)
{
    static const char *const headings[] = {"指标 indicator", "分值 weight",    "申报 declared",
                                           "计算 computed",  "确认 confirmed", "依据 basis"};
    zp_table *table = zp_table_new(6, headings, "lrrrrl");
    if (table && add_lines(table, result)) {
        zp_table_print(table, to);
        print_findings(result, to);
    } else {
        fprintf(stderr, "ziping: out of memory\n");
    }
    zp_table_destroy(&table);
}

static void print_document(const json_t *document, FILE *to)
{
    const char *outcome = zp_doc_text(document, "outcome");
    fprintf(to, "%s  %s%s%s\n%s  %s  %s\nreceived %s", zp_doc_text(document, "id"), zp_doc_text(document, "status"),
            *outcome ? ", " : "", outcome, zp_doc_text(document, "project_name"), zp_doc_text(document, "unit"),
            zp_doc_text(document, "department"), zp_doc_text(document, "received_at"));
    const char *scored = zp_doc_text(document, "scored_at");
    if (*scored)
        fprintf(to, ", scored %s", scored);
    else
        fprintf(to, ", due by %s", zp_doc_text(document, "overdue_at"));
    fprintf(to, "\ndigest %s\n", zp_doc_text(json_object_get(document, "receipt"), "digest"));
    const json_t *result = json_object_get(document, "result");
    if (json_is_object(result))
        print_result(result, to);
}

void zp_document_print(const json_t *document, FILE *to)
{
    print_flat(print_document, document, to);
}

static void print_faults(const json_t *problem, const char *origin, FILE *to)
{
    const json_t *errors = json_object_get(problem, "errors");
    if (json_array_size(errors) == 0) {
        fprintf(to, "%s: %s: %s\n", origin, zp_doc_text(problem, "code"), zp_doc_text(problem, "detail"));
        return;
    }
    size_t i;
    json_t *fault;
    json_array_foreach(errors, i, fault)
    {
        const json_t *message = json_object_get(fault, "message");
        fprintf(to, "%s: %s %s: %s %s\n", origin, zp_doc_text(fault, "code"), zp_doc_text(fault, "pointer"),
                zp_doc_text(message, "zh"), zp_doc_text(message, "en"));
    }
}

void zp_faults_print(const json_t *problem, const char *origin, FILE *to)
{
    json_t *flat = flat_copy(problem);
    print_faults(flat ? flat : problem, origin, to);
    json_decref(flat);
}
