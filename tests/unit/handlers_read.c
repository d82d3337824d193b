/*
 * handlers_read.c - what is read besides one submission: listings, events, totals, health, and the pages of browsers.
 */
#include "http_world.h"

#include "retry.h"
#include "store_kit.h"

#define CALL(...) ((call){__VA_ARGS__})
#define LIST      "/v1/submissions"

enum { MANY = 12 };

/* Forms of MANY projects, oldest first; every second one is scored. */
static void file_many(world *w, zp_id ids[MANY])
{
    for (int i = 0; i < MANY; i++) {
        char project[32];
        snprintf(project, sizeof project, "项目 %d", i);
        ids[i] = file_form(w, 1 + i % 6, project);
    }
    for (int i = 0; i < MANY; i += 2)
        score(w, &ids[i]);
}

static zp_id id_at(const exchange *x, size_t i)
{
    char path[32];
    zp_id id;
    snprintf(path, sizeof path, "items.%zu.id", i);
    assert_int_equal(zp_id_parse(zp_str_of(text_at(x, path)), &id), ZP_OK);
    return id;
}

static size_t item_count(const exchange *x)
{
    return json_array_size(at(x->json, "items"));
}

static exchange *list_of(world *w, const char *query)
{
    exchange *x = ask(w, CALL(.path = LIST, .query = query));
    assert_status(x, 200);
    return x;
}

/* ---- listing ---- */

static void an_empty_service_has_an_empty_list(void **state)
{
    exchange *x = list_of(*state, NULL);
    assert_int_equal(item_count(x), 0);
    assert_true(json_is_null(at(x->json, "next")));
    assert_header(x, "Link", NULL);
    assert_header(x, "Cache-Control", "private, no-cache");
    done(x);
}

static void queued_and_scored_ones_stand_in_one_list(void **state)
{
    zp_id ids[MANY], found;
    file_many(*state, ids);
    exchange *x = list_of(*state, "");
    assert_int_equal(item_count(x), MANY);
    for (size_t i = 0; i < MANY; i++) {
        found = id_at(x, i);
        assert_memory_equal(found.b, ids[MANY - 1 - i].b, sizeof found.b);
    }
    assert_string_equal(text_at(x, "items.0.status"), "queued");
    assert_true(json_is_null(at(x->json, "items.0.outcome")));
    assert_true(json_is_null(at(x->json, "items.0.confirmed_total")));
    assert_true(json_is_null(at(x->json, "items.0.scored_at")));
    assert_string_equal(text_at(x, "items.1.status"), "scored");
    assert_string_equal(text_at(x, "items.11.project_name"), "项目 0");
    assert_string_equal(text_at(x, "items.11.outcome"), "discrepant");
    assert_string_equal(text_at(x, "items.11.declared_total"), "97.60");
    assert_string_equal(text_at(x, "items.11.computed_total"), "99.61");
    assert_string_equal(text_at(x, "items.11.confirmed_total"), "97.60");
    assert_string_equal(text_at(x, "items.11.grade"), "优");
    assert_int_equal(number_at(x, "items.11.revision"), 1);
    assert_int_equal(number_at(x, "items.11.year"), 2022);
    assert_true(json_is_null(at(x->json, "next")));
    done(x);
}

/* Follows the cursor to the end; every submission must come exactly once. */
static void walk(world *w, const char *filter, size_t limit, const zp_id *expected, size_t count)
{
    char query[256], cursor[64] = "";
    size_t seen = 0;
    for (int pages = 0; pages < 2 * MANY; pages++) {
        snprintf(query, sizeof query, "%slimit=%zu%s%s", filter, limit, *cursor ? "&cursor=" : "", cursor);
        exchange *x = list_of(w, query);
        assert_true(item_count(x) <= limit);
        for (size_t i = 0; i < item_count(x); i++, seen++) {
            zp_id id = id_at(x, i);
            assert_true(seen < count);
            assert_memory_equal(id.b, expected[count - 1 - seen].b, sizeof id.b);
        }
        const char *next = json_string_value(at(x->json, "next"));
        if (!next) {
            assert_header(x, "Link", NULL);
            done(x);
            assert_int_equal(seen, count);
            return;
        }
        snprintf(cursor, sizeof cursor, "%s", next);
        snprintf(query, sizeof query, "cursor=%s>; rel=\"next\"", cursor);
        assert_non_null(strstr(header(x, "Link"), query));
        done(x);
    }
    fail_msg("the cursor does not come to an end");
}

static void pages_hold_each_one_exactly_once(void **state)
{
    zp_id ids[MANY], odd[MANY / 2], even[MANY / 2];
    file_many(*state, ids);
    for (size_t i = 0; i < MANY; i++)
        *(i % 2 ? &odd[i / 2] : &even[i / 2]) = ids[i];
    for (size_t limit = 1; limit <= MANY + 1; limit++) {
        walk(*state, "", limit, ids, MANY);
        walk(*state, "year=2022&", limit, ids, MANY);
        walk(*state, "status=queued&", limit, odd, MANY / 2);
        walk(*state, "status=scored&", limit, even, MANY / 2);
    }
}

static void one_that_is_scored_but_not_acknowledged_stands_once(void **state)
{
    world *w = *state;
    zp_id ids[MANY], queued[MANY / 2 - 1];
    file_many(w, ids);
    w->unacknowledged = true;
    score(w, &ids[1]);
    for (size_t i = 3; i < MANY; i += 2)
        queued[i / 2 - 1] = ids[i];
    walk(w, "", 5, ids, MANY);
    walk(w, "status=queued&", 2, queued, MANY / 2 - 1);
}

enum { CROWD = 1100 }; /* more than one call looks at */

/* Waiting submissions of a unit, all in one commit. */
static void file_crowd(world *w)
{
    static zp_put puts[CROWD], *batch[CROWD];
    zp_form form = {.year = ZP_STR("2022"), .unit = ZP_STR("crowd"), .project_name = ZP_STR("p")};
    zp_buf packed = ZP_BUF_INIT;
    zp_form_pack(&form, &packed);
    assert_false(packed.failed);
    for (size_t i = 0; i < CROWD; i++) {
        puts[i] = (zp_put){.submitter = ZP_STR("s"), .form = zp_buf_view(&packed)};
        memcpy(puts[i].digest.b, &i, sizeof i);
        memcpy(puts[i].form_key.b, &i, sizeof i);
        batch[i] = &puts[i];
    }
    w->now_ms++;
    assert_int_equal(zp_intake_commit(w->gateway.intake, w->now_ms, batch, CROWD, NULL, 0, NULL, 0), ZP_OK);
    zp_buf_free(&packed);
}

static void a_crowd_of_others_hides_nobody(void **state)
{
    world *w = *state;
    zp_id ids[4];
    for (int i = 0; i < 4; i++) {
        char project[16];
        snprintf(project, sizeof project, "%d", i);
        ids[i] = file_form(w, 1, project);
    }
    score(w, &ids[0]);
    score(w, &ids[1]);
    score(w, &ids[2]);
    file_crowd(w);
    for (size_t limit = 1; limit <= 4; limit++)
        walk(w,
             "unit=%E4%B8%8A%E6%B5%B7%E5%B8%82%E4%BA%BA%E5%8A%9B%E8%B5%84%E6%BA%90%E5%92%8C%E7%A4%BE%E4%BC%9A%E4%BF%9D"
             "%E9%9A%9C%E5%B1%80%E5%92%A8%E8%AF%A2%E6%9C%8D%E5%8A%A1%E4%B8%AD%E5%BF%83&",
             limit, ids, 4);
}

static void filters_select(void **state)
{
    zp_id ids[MANY];
    file_many(*state, ids);
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {
        {"year=2021", 0},
        {"unit=nobody", 0},
        {"unit=nobody&status=queued", 0},
        {"unit=%E4%B8%8A%E6%B5%B7%E5%B8%82%E4%BA%BA%E5%8A%9B%E8%B5%84%E6%BA%90%E5%92%8C%E7%A4%BE%E4%BC%9A%E4%BF%9D%E9"
         "%9A%9C%E5%B1%80%E5%92%A8%E8%AF%A2%E6%9C%8D%E5%8A%A1%E4%B8%AD%E5%BF%83",
         MANY},
        {"outcome=discrepant", 4}, /* seed-1 and seed-3, twice each */
        {"outcome=consistent", 2}, /* seed-5 */
        {"flag=SCORE_TOO_LOW&year=2022", 4},
        {"grade=%E4%BC%98", MANY / 2},
        {"grade=%E5%B7%AE", 0},
        {"status=superseded", 0},
        {"status=queued&grade=%E4%BC%98", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        exchange *x = list_of(*state, cases[i].query);
        if (item_count(x) != cases[i].count)
            fail_msg("%s: %zu instead of %zu", cases[i].query, item_count(x), cases[i].count);
        done(x);
    }
}

static void a_wrong_parameter_is_named(void **state)
{
    static const struct {
        const char *path, *query, *named;
    } cases[] = {
        {LIST, "colour=red", "\"colour\""},
        {LIST, "year=22", "year"},
        {LIST, "status=done", "queued, scored, failed, superseded"},
        {LIST, "grade=A", "优, 良, 中, 差"},
        {LIST, "outcome=good", "consistent, discrepant"},
        {LIST, "flag=NO_SUCH_FLAG", "NO_SUCH_FLAG"},
        {LIST, "cursor=1", "cursor"},
        {LIST, "limit=0", "1-200"},
        {LIST, "limit=201", "1-200"},
        {LIST, "idempotency_key=k&year=2022", "alone"},
        {LIST, "idempotency_key=a%20b", "visible ASCII"},
        {"/v1/events", "after=x", "after"},
        {"/v1/events", "limit=1001", "1-1000"},
        {"/v1/events", "since=1", "\"since\""},
        {"/v1/totals", "year=3000", "2000-2099"},
        {"/v1/totals", "unit=u", "\"unit\""},
        {"/v1/totals", "limit=501", "1-500"},
        {"/v1/totals", "cursor=07e6", "next of the page before"},
        {"/healthz", "a=b", "\"a\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        exchange *x = ask(*state, CALL(.path = cases[i].path, .query = cases[i].query));
        assert_problem(x, 400, "QUERY_INVALID");
        if (!strstr(text_at(x, "detail"), cases[i].named))
            fail_msg("%s: \"%s\"", cases[i].query, text_at(x, "detail"));
        done(x);
    }
}

static void a_lost_receipt_is_found_by_its_key(void **state)
{
    char *body = form_of(1, NULL);
    exchange *first = submit_with(*state, body, CALL(.key = "k+1", .user = "unit-a"));
    exchange *x = ask(*state, CALL(.path = LIST, .query = "idempotency_key=k%2B1", .user = "unit-a"));
    assert_status(x, 200);
    assert_string_equal(text_at(x, "id"), text_at(first, "id"));
    assert_string_equal(text_at(x, "receipt.digest"), text_at(first, "receipt.digest"));
    assert_header(x, "Location", header(first, "Location"));
    assert_header(x, "ETag", header(first, "ETag"));
    done(x);
    x = ask(*state, CALL(.path = LIST, .query = "idempotency_key=k%2B1", .user = "unit-b"));
    assert_problem(x, 404, "NO_SUCH_KEY");
    done(x);
    done(first);
    free(body);
}

/* ---- events, totals ---- */

static void events_are_read_by_number(void **state)
{
    zp_id ids[MANY];
    file_many(*state, ids);
    exchange *x = ask(*state, CALL(.path = "/v1/events", .query = "after=1&limit=2"));
    assert_status(x, 200);
    assert_header(x, "Content-Type", "application/json");
    assert_int_equal(json_array_size(at(x->json, "events")), 2);
    assert_string_equal(text_at(x, "events.0.id"), "2");
    assert_string_equal(text_at(x, "events.1.id"), "3");
    assert_string_equal(text_at(x, "events.1.specversion"), "1.0");
    assert_string_equal(text_at(x, "events.1.type"), "ziping.submission.scored");
    assert_int_equal(number_at(x, "last"), MANY / 2);
    assert_string_equal(text_at(x, "next"), "/v1/events?after=3&limit=2");
    done(x);
    x = ask(*state, CALL(.path = "/v1/events", .query = "after=3"));
    assert_int_equal(json_array_size(at(x->json, "events")), 3);
    assert_true(json_is_null(at(x->json, "next")));
    done(x);
    char newest[32];
    snprintf(newest, sizeof newest, "after=%d", MANY / 2);
    x = ask(*state, CALL(.path = "/v1/events", .query = newest));
    assert_status(x, 200);
    assert_int_equal(json_array_size(at(x->json, "events")), 0);
    assert_int_equal(number_at(x, "last"), MANY / 2);
    assert_true(json_is_null(at(x->json, "next")));
    done(x);
    x = ask(*state, CALL(.path = "/v1/events", .query = "after=900"));
    assert_status(x, 409);
    assert_string_equal(text_at(x, "code"), "NUMBER_AHEAD");
    done(x);
}

static void totals_are_exact(void **state)
{
    world *w = *state;
    for (int i = 1; i <= 6; i++) {
        zp_id id = file_form(w, i, NULL);
        score(w, &id);
    }
    /* By hand, from the six forms: 97.60 + 99.96 + 97.17 + 99.29 + 99.98 + 99.69 = 593.69, a sixth is 98.9483. */
    static const char *const where[] = {"totals.0.", "sum."};
    exchange *x = ask(w, CALL(.path = "/v1/totals"));
    assert_status(x, 200);
    assert_int_equal(json_array_size(at(x->json, "totals")), 1);
    assert_string_equal(text_at(x, "totals.0.department"), "上海市人力资源和社会保障局");
    assert_int_equal(number_at(x, "totals.0.year"), 2022);
    for (size_t i = 0; i < 2; i++) {
        char path[64];
#define PATH(name) (snprintf(path, sizeof path, "%s%s", where[i], name), path)
        assert_int_equal(number_at(x, PATH("scored")), 6);
        assert_int_equal(number_at(x, PATH("consistent")), 4);
        assert_int_equal(number_at(x, PATH("discrepant")), 2);
        assert_int_equal(number_at(x, PATH("grades.优")), 6);
        assert_int_equal(number_at(x, PATH("grades.差")), 0);
        assert_string_equal(text_at(x, PATH("declared_sum")), "593.69");
        assert_string_equal(text_at(x, PATH("computed_sum")), "595.80");
        assert_string_equal(text_at(x, PATH("confirmed_sum")), "593.69");
        assert_string_equal(text_at(x, PATH("mean_confirmed")), "98.95");
#undef PATH
    }
    done(x);
    x = ask(w, CALL(.path = "/v1/totals", .query = "year=2021"));
    assert_status(x, 200);
    assert_int_equal(json_array_size(at(x->json, "totals")), 0);
    assert_int_equal(number_at(x, "sum.scored"), 0);
    assert_true(json_is_null(at(x->json, "sum.mean_confirmed")));
    assert_string_equal(text_at(x, "sum.confirmed_sum"), "0.00");
    done(x);
}

/* ---- health ---- */

static void health_and_readiness_differ_when_intake_is_shut(void **state)
{
    world *w = *state;
    exchange *x = ask(w, CALL(.path = "/readyz"));
    assert_status(x, 200);
    assert_header(x, "Cache-Control", "no-store");
    done(x);
    atomic_store(&w->gateway.shut, ZP_SHUT_DISK);
    x = ask(w, CALL(.path = "/readyz"));
    assert_problem(x, 503, "SHUT");
    assert_retry_after(x);
    done(x);
    x = ask(w, CALL(.path = "/healthz"));
    assert_status(x, 200);
    assert_string_equal(text_at(x, "status"), "ok");
    done(x);
}

static void metrics_are_openmetrics_text(void **state)
{
    world *w = *state;
    zp_id ids[MANY];
    file_many(w, ids);
    atomic_store(&w->gateway.counters.accepted, 12345);
    atomic_store(&w->gateway.pending, 6);
    exchange *x = ask(w, CALL(.path = "/metrics"));
    assert_status(x, 200);
    assert_header(x, "Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
    static const char *const lines[] = {"\n# TYPE ziping_accepted counter\n",
                                        "\nziping_accepted_total 12345\n",
                                        "\nziping_pending 6\n",
                                        "\nziping_oldest_pending_age_seconds 0.000\n",
                                        "\nziping_overdue 0\n",
                                        "\nziping_workers 0\n",
                                        "\nziping_parked 0\n",
                                        "\nziping_last_event 6\n",
                                        "\nziping_map_size_bytes{store=\"intake\"} 67108864\n",
                                        "\nziping_map_used_bytes{store=\"scores\"} ",
                                        "\nziping_intake_gate{ziping_intake_gate=\"open\"} 1\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(x->text.p, lines[i]))
            fail_msg("missing: %s", lines[i]);
    assert_string_equal(x->text.p + strlen(x->text.p) - 7, "\n# EOF\n");
    done(x);
}

static void clients_are_told_to_come_again_apart_and_within_half_a_minute(void **state)
{
    world *w = *state;
    const int64_t now = 1700000000000;
    unsigned empty = 0, busy = 0, least = 99, most = 0;
    for (uint64_t salt = 0; salt < 1000; salt++)
        empty = empty > zp_retry_after_s(&w->gateway, now, salt) ? empty : zp_retry_after_s(&w->gateway, now, salt);
    assert_int_equal(empty, 1);
    atomic_store(&w->gateway.oldest_ms, now - 4000);
    for (uint64_t salt = 0; salt < 1000; salt++)
        busy = busy > zp_retry_after_s(&w->gateway, now, salt) ? busy : zp_retry_after_s(&w->gateway, now, salt);
    assert_in_range(busy, 5, 8);
    atomic_store(&w->gateway.oldest_ms, now - 40 * 1000);
    for (uint64_t salt = 0; salt < 1000; salt++) {
        unsigned seconds = zp_retry_after_s(&w->gateway, now, salt);
        least = seconds < least ? seconds : least;
        most = seconds > most ? seconds : most;
    }
    assert_in_range(least, 20, 21);
    assert_in_range(most, 29, 30);
    atomic_store(&w->gateway.oldest_ms, now + 5000); /* the clock stepped back */
    assert_int_equal(zp_retry_after_s(&w->gateway, now, 1), 1);
}

/* ---- damage ---- */

static void a_damaged_record_hides_no_other(void **state)
{
    world *w = *state;
    place scores;
    const zp_id first = file_form(w, 1, "甲项目"), damaged = file_form(w, 2, "乙项目"),
                last = file_form(w, 3, "丙项目");
    score(w, &first);
    score(w, &damaged);
    score(w, &last);
    snprintf(scores.store, sizeof scores.store, "%s/scores", w->folder);
    assert_true(flip_on_disk(&scores, ZP_STR("乙项目")) > 0);

    exchange *x = ask(w, CALL(.path = LIST));
    assert_status(x, 200);
    assert_int_equal(item_count(x), 3);
    assert_string_equal(text_at(x, "items.0.status"), "scored");
    assert_string_equal(text_at(x, "items.1.status"), "damaged");
    assert_string_equal(text_at(x, "items.2.status"), "scored");
    zp_id listed = id_at(x, 1);
    assert_memory_equal(&listed, &damaged, sizeof damaged);
    done(x);

    x = ask(w, CALL(.path = "/v1/events"));
    assert_status(x, 200);
    assert_int_equal(json_array_size(at(x->json, "events")), 3);
    assert_string_equal(text_at(x, "events.1.type"), "ziping.event.damaged");
    assert_string_equal(text_at(x, "events.1.id"), "2");
    assert_string_equal(text_at(x, "events.2.type"), "ziping.submission.scored");
    done(x);
}

/* ---- pages ---- */

static const char browser[] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

static void a_browser_gets_a_page_that_comes_again_while_queued(void **state)
{
    char *body = form_of(1, "<script>alert('&')</script>"), refresh[96];
    exchange *x = submit_with(*state, body, CALL(.accept = browser));
    assert_status(x, 202);
    assert_header(x, "Content-Type", "text/html; charset=utf-8");
    assert_header(x, "ETag", NULL);
    assert_non_null(header(x, "Content-Security-Policy"));
    assert_null(strstr(x->text.p, "<script"));
    assert_non_null(strstr(x->text.p, "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"));
    snprintf(refresh, sizeof refresh, "; url=%s\">", header(x, "Location"));
    assert_non_null(strstr(x->text.p, "<meta http-equiv=\"refresh\""));
    assert_non_null(strstr(x->text.p, refresh));
    zp_id id = x->request.put.id;
    done(x);
    score(*state, &id);
    x = get_one(*state, &id, CALL(.accept = browser, .if_none_match = "*"));
    assert_status(x, 200);
    assert_null(strstr(x->text.p, "http-equiv=\"refresh\""));
    static const char *const shown[] = {"97.60",         "99.61",    "<dd>优</dd>", "已评分 / Scored",
                                        "SCORE_TOO_LOW", "自评总分", "Grade",       "<td>76.89 ÷ 80 × 10"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (!strstr(x->text.p, shown[i]))
            fail_msg("missing: %s", shown[i]);
    done(x);
    free(body);
}

static void a_page_compares_only_with_what_was_declared(void **state)
{
    static const struct {
        const char *scores, *said, *unsaid;
    } rows[] = {{"", "没有自评得分", "与自评一致"}, {",\"declared_total\":\"100\"", "与自评一致", "没有自评得分"}};
    for (size_t i = 0; i < 2; i++) {
        char body[512];
        snprintf(
            body, sizeof body,
            "{\"year\":\"2022\",\"project_name\":\"p%zu\",\"unit\":\"u\",\"funds\":{\"total\":{\"annual_budget\":\"1\","
            "\"executed\":\"1\"}},\"indicators\":[{\"level3\":\"a\",\"target\":\"≥1次\",\"actual\":\"1次\","
            "\"weight\":\"90\"}]%s}",
            i, rows[i].scores);
        exchange *x = submit_with(*state, body, CALL(.accept = browser));
        assert_status(x, 202);
        zp_id id = x->request.put.id;
        done(x);
        score(*state, &id);
        x = get_one(*state, &id, CALL(.accept = browser, .if_none_match = "*"));
        assert_non_null(strstr(x->text.p, rows[i].said));
        assert_null(strstr(x->text.p, rows[i].unsaid));
        done(x);
    }
}

static void a_browser_reads_its_faults(void **state)
{
    exchange *x = submit_with(*state, "year=%3Cb%3E&unit=u", CALL(.type = FORM, .accept = browser));
    assert_status(x, 422);
    assert_header(x, "Content-Type", "text/html; charset=utf-8");
    assert_header(x, "Content-Language", "zh, en");
    assert_non_null(strstr(x->text.p, "FIELD_MISSING /project_name"));
    assert_non_null(strstr(x->text.p, "自评表存在错误"));
    assert_non_null(strstr(x->text.p, "The form has faults"));
    assert_non_null(strstr(x->text.p, "&lt;b&gt;"));
    assert_null(strstr(x->text.p, "<b>"));
    done(x);
    /* The second row was left empty: what is wrong with the third is told of the third. */
    x = submit_with(*state, "year=2022&unit=u&project_name=p&indicators.0.level3=a&indicators.2.weight=x",
                    CALL(.type = FORM, .accept = browser));
    assert_status(x, 422);
    assert_non_null(strstr(x->text.p, "FIELD_MISSING /indicators/2/level3"));
    assert_non_null(strstr(x->text.p, "NUMBER_INVALID /indicators/2/weight"));
    done(x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, new_world, end_world)
    const struct CMUnitTest tests[] = {
        T(an_empty_service_has_an_empty_list),
        T(queued_and_scored_ones_stand_in_one_list),
        T(pages_hold_each_one_exactly_once),
        T(one_that_is_scored_but_not_acknowledged_stands_once),
        T(a_crowd_of_others_hides_nobody),
        T(filters_select),
        T(a_wrong_parameter_is_named),
        T(a_lost_receipt_is_found_by_its_key),
        T(events_are_read_by_number),
        T(totals_are_exact),
        T(health_and_readiness_differ_when_intake_is_shut),
        T(metrics_are_openmetrics_text),
        T(clients_are_told_to_come_again_apart_and_within_half_a_minute),
        T(a_browser_gets_a_page_that_comes_again_while_queued),
        T(a_page_compares_only_with_what_was_declared),
        T(a_browser_reads_its_faults),
        T(a_damaged_record_hides_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
