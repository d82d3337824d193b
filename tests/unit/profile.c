/*
 * profile.c - rule profiles: mof-2020 has the values of the regulation, every rule can be varied, and a mistake in any
 * of them is one line that names file, line, key and remedy.
 */
#include "codec/profile_yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MOF_2020 ZP_SOURCE_DIR "/conf/profiles/mof-2020.yaml"

/* A complete profile with a line for each rule: tests replace one. */
static const char *const lines[] = {
    "name: \"p\"\n",                                                              /* 1 */
    "version: \"7b\"\n",                                                          /* 2 */
    "years: {first: 2021, last: 2030}\n",                                         /* 3 */
    "grades: {excellent: \"80.5\", good: \"70\", fair: \"60\"}\n",                /* 4 */
    "execution:\n",                                                               /* 5 */
    "  weight: \"20\"\n",                                                         /* 6 */
    "  rate_caps:\n",                                                             /* 7 */
    "    - {below: \"0.5\", total: \"59\"}\n",                                    /* 8 */
    "    - {below: \"0.600001\", total: \"69.99\"}\n",                            /* 9 */
    "reverse: linear\n",                                                          /* 10 */
    "qualitative_bands: [\"0.80\", \"0.50\", \"0\"]\n",                           /* 11 */
    "over_achievement:\n",                                                        /* 12 */
    "  threshold: \"1.20\"\n",                                                    /* 13 */
    "  deduction: \"0.5\"\n",                                                     /* 14 */
    "  missing_reason: error\n",                                                  /* 15 */
    "missing_deviation_reason: info\n",                                           /* 16 */
    "level1: [{name: 产出, weight: \"40.5\"}, {name: 效益, weight: \"39.5\"}]\n", /* 17 */
};
enum { LINES = sizeof lines / sizeof *lines };

typedef struct {
    char path[32], message[512];
    zp_profile profile;
} world;

static int make_world(void **state)
{
    static world w;
    w = (world){.path = "/tmp/zp-profile-XXXXXX"};
    *state = &w;
    int fd = mkstemp(w.path);
    return fd < 0 ? -1 : close(fd);
}

static int end_world(void **state)
{
    return unlink(((world *)*state)->path);
}

/* The complete profile with another line `number` (0: as it is). */
static zp_rc load_with(world *w, unsigned number, const char *line)
{
    FILE *out = fopen(w->path, "w");
    assert_non_null(out);
    for (unsigned i = 1; i <= LINES; i++)
        assert_true(fputs(i == number ? line : lines[i - 1], out) >= 0);
    assert_int_equal(fclose(out), 0);
    w->message[0] = '\0';
    memset(&w->profile, 0x5a, sizeof w->profile);
    return zp_profile_load(w->path, &w->profile, w->message, sizeof w->message);
}

/* Refused, at line `at`, with `what` and a remedy in one line; the profile untouched. */
static void bad_at(world *w, unsigned number, const char *line, unsigned at, const char *what)
{
    zp_profile untouched;
    char start[64];
    memset(&untouched, 0x5a, sizeof untouched);
    assert_int_equal(load_with(w, number, line), ZP_INVALID);
    if (at)
        snprintf(start, sizeof start, "%s:%u: ", w->path, at);
    else
        snprintf(start, sizeof start, "%s: ", w->path);
    if (strncmp(w->message, start, strlen(start)) != 0 || !strstr(w->message, what) || !strstr(w->message, "; "))
        fail_msg("expected \"%s...%s...; ...\", was told \"%s\"", start, what, w->message);
    assert_null(strchr(w->message, '\n'));
    assert_memory_equal(&w->profile, &untouched, sizeof untouched);
}

static void bad(world *w, unsigned number, const char *line, const char *what)
{
    bad_at(w, number, line, number, what);
}

static void good(world *w, unsigned number, const char *line)
{
    zp_rc rc = load_with(w, number, line);
    if (rc)
        fail_msg("%s", w->message);
}

static void mof_2020_has_the_values_of_the_regulation(void **state)
{
    world *w = *state;
    zp_profile *p = &w->profile;
    assert_int_equal(zp_profile_load(MOF_2020, p, w->message, sizeof w->message), ZP_OK);
    assert_string_equal(p->name, "mof-2020");
    assert_string_equal(p->version, "1");
    assert_int_equal(p->year_first, 2000);
    assert_int_equal(p->year_last, 2099);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_EXCELLENT], 9000);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_GOOD], 8000);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_FAIR], 6000);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_POOR], 0);
    assert_int_equal(p->execution_weight, 10000000);
    assert_int_equal(p->reverse, ZP_REVERSE_RATIO);
    assert_int_equal(p->band_floor[0], 800000);
    assert_int_equal(p->band_floor[1], 600000);
    assert_int_equal(p->band_floor[2], 0);
    assert_int_equal(p->over_threshold, 1300000);
    assert_int_equal(p->over_deduction_cents, 0);
    assert_int_equal(p->over_reason_severity, ZP_SEV_WARNING);
    assert_int_equal(p->deviation_severity, ZP_SEV_WARNING);
    assert_int_equal(p->rate_cap_count, 0);
    assert_int_equal(p->level1_count, 3);
    assert_string_equal(p->level1[0].name, "产出");
    assert_string_equal(p->level1[1].name, "效益");
    assert_string_equal(p->level1[2].name, "满意度");
    assert_int_equal(p->level1[0].weight, 50000000);
    assert_int_equal(p->level1[1].weight, 30000000);
    assert_int_equal(p->level1[2].weight, 10000000);
}

static void the_hash_is_that_of_the_file(void **state)
{
    world *w = *state;
    char theirs[65] = "";
    assert_int_equal(zp_profile_load(MOF_2020, &w->profile, w->message, sizeof w->message), ZP_OK);
    FILE *oracle = popen("sha256sum < '" MOF_2020 "'", "r");
    assert_non_null(oracle);
    assert_non_null(fgets(theirs, sizeof theirs, oracle));
    assert_int_equal(pclose(oracle), 0);
    assert_string_equal(w->profile.hash, theirs);
    char before[65];
    good(w, 0, "");
    memcpy(before, w->profile.hash, sizeof before);
    good(w, 1, "name: p\n"); /* the same rules in other bytes */
    assert_string_not_equal(w->profile.hash, before);
}

static void every_rule_takes_effect(void **state)
{
    world *w = *state;
    const zp_profile *p = &w->profile;
    good(w, 0, "");
    assert_string_equal(p->name, "p");
    assert_string_equal(p->version, "7b");
    assert_int_equal(p->year_first, 2021);
    assert_int_equal(p->year_last, 2030);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_EXCELLENT], 8050);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_GOOD], 7000);
    assert_int_equal(p->grade_floor_cents[ZP_GRADE_POOR], 0);
    assert_int_equal(p->execution_weight, 20000000);
    assert_int_equal(p->rate_cap_count, 2);
    assert_int_equal(p->rate_caps[0].below_rate, 500000);
    assert_int_equal(p->rate_caps[0].cap_cents, 5900);
    assert_int_equal(p->rate_caps[1].below_rate, 600001);
    assert_int_equal(p->rate_caps[1].cap_cents, 6999);
    assert_int_equal(p->reverse, ZP_REVERSE_LINEAR);
    assert_int_equal(p->band_floor[1], 500000);
    assert_int_equal(p->over_threshold, 1200000);
    assert_int_equal(p->over_deduction_cents, 50);
    assert_int_equal(p->over_reason_severity, ZP_SEV_ERROR);
    assert_int_equal(p->deviation_severity, ZP_SEV_INFO);
    assert_int_equal(p->level1_count, 2);
    assert_int_equal(p->level1[0].weight, 40500000);
    good(w, 17, "level1: []\n");
    assert_int_equal(p->level1_count, 0);
    good(w, 6, "  weight: 20\n"); /* read from its text, quoted or not */
    assert_int_equal(p->execution_weight, 20000000);
}

static void a_rule_that_is_missing_is_named(void **state)
{
    world *w = *state;
    bad_at(w, 1, "", 1, "name is missing");
    bad_at(w, 2, "", 1, "version is missing");
    bad_at(w, 3, "", 1, "years.first is missing");
    bad(w, 3, "years: {first: 2021}\n", "years.last is missing");
    bad_at(w, 4, "", 1, "grades.excellent is missing");
    bad(w, 4, "grades: {excellent: \"90\", good: \"80\"}\n", "grades.fair is missing");
    bad_at(w, 6, "", 5, "execution.weight is missing");
    bad(w, 9, "    - {below: \"0.6\"}\n", "execution.rate_caps[1].total is missing");
    bad_at(w, 10, "", 1, "reverse is missing");
    bad_at(w, 11, "", 1, "qualitative_bands is missing");
    bad_at(w, 13, "", 12, "over_achievement.threshold is missing");
    bad_at(w, 14, "", 12, "over_achievement.deduction is missing");
    bad_at(w, 15, "", 12, "over_achievement.missing_reason is missing");
    bad_at(w, 16, "", 1, "missing_deviation_reason is missing");
    bad_at(w, 17, "", 1, "level1 is missing");
    bad(w, 17, "level1: [{weight: \"80\"}]\n", "level1[0].name is missing");
}

static void what_is_no_rule_is_refused(void **state)
{
    world *w = *state;
    bad(w, 10, "revers: linear\n", "revers is not a setting");
    bad(w, 9, "    - {below: \"0.6\", totals: \"69\"}\n", "execution.rate_caps[1].totals is not a setting");
    bad(w, 3, "years: 2021\n", "years is a single value");
    bad(w, 17, "level1: 产出\n", "level1 is a single value");
    bad(w, 13, "  threshold: [\"1.2\"]\n", "over_achievement.threshold is a list");
    bad(w, 11, "qualitative_bands: [\"1\", \"0.8\", \"0.5\", \"0\"]\n", "qualitative_bands has too many entries");
    bad(w, 17, "level1: [{}, {}, {}, {}, {}, {}, {}, {}, {}]\n", "too many entries; at most 8");
}

static void decimals_are_exact_or_refused(void **state)
{
    world *w = *state;
    static const char *const wrong[] = {"ten", "", "1.0000001", "1e1", "-1", "100.000001", "0x10", "10%"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char line[64];
        snprintf(line, sizeof line, "  weight: \"%s\"\n", wrong[i]);
        bad(w, 6, line, "execution.weight is \"");
        assert_non_null(strstr(w->message, "from 0 to 100"));
    }
    bad(w, 4, "grades: {excellent: \"90.001\", good: \"80\", fair: \"60\"}\n", "grades.excellent is \"90.001\"");
    bad(w, 13, "  threshold: \"0.99\"\n", "over_achievement.threshold is \"0.99\"");
    good(w, 13, "  threshold: \"1\"\n");
    bad(w, 14, "  deduction: \"0.005\"\n", "over_achievement.deduction is \"0.005\"");
    bad(w, 8, "    - {below: \"1.1\", total: \"59\"}\n", "execution.rate_caps[0].below is \"1.1\"");
    bad(w, 8, "    - {below: \"0.5\", total: \"101\"}\n", "execution.rate_caps[0].total is \"101\"");
}

static void rules_that_contradict_each_other_are_refused(void **state)
{
    world *w = *state;
    bad(w, 3, "years: {first: 2030, last: 2021}\n", "years.last is before years.first");
    bad(w, 3, "years: {first: 1999, last: 2021}\n", "years.first is \"1999\"");
    bad(w, 3, "years: {first: 2021, last: 2100}\n", "years.last is \"2100\"");
    bad(w, 4, "grades: {excellent: \"80\", good: \"80\", fair: \"60\"}\n", "grades do not fall");
    bad(w, 4, "grades: {excellent: \"90\", good: \"80\", fair: \"0\"}\n", "grades do not fall");
    bad(w, 9, "    - {below: \"0.5\", total: \"69\"}\n", "execution.rate_caps[1].below and its total do not rise");
    bad(w, 9, "    - {below: \"0.6\", total: \"59\"}\n", "execution.rate_caps[1].below and its total do not rise");
    bad(w, 11, "qualitative_bands: [\"0.80\", \"0.80\", \"0\"]\n", "qualitative_bands do not fall");
    bad(w, 11, "qualitative_bands: [\"1\", \"0.80\", \"0\"]\n", "qualitative_bands do not fall");
    bad(w, 11, "qualitative_bands: [\"0.80\", \"0\"]\n", "qualitative_bands has 2 entries; write 3");
    bad(w, 17, "level1: [{name: 产出, weight: \"79.99\"}]\n", "level1 and execution.weight do not make 100");
    bad(w, 17, "level1: [{name: 产出, weight: \"40\"}, {name: 产出, weight: \"40\"}]\n",
        "level1[1].name is \"产出\" and");
    bad(w, 17, "level1: [{name: 产出, weight: \"40\"}, {name: 产出指标, weight: \"40\"}]\n",
        "level1[1].name is \"产出指标\"");
    bad(w, 17, "level1: [{name: 产出指标, weight: \"40\"}, {name: 产出, weight: \"40\"}]\n",
        "level1[1].name is \"产出\" and");
}

static void words_are_checked(void **state)
{
    world *w = *state;
    bad(w, 1, "name: \"a b\"\n", "name has a blank");
    bad(w, 1, "name: \"a\\nb\"\n", "name has a blank or control character");
    bad(w, 1, "name: 财预\n", "name is \"财预\"");
    bad(w, 1, "name: ''\n", "name has 0 bytes");
    bad(w, 2, "version: \"1234567890123456\"\n", "version has 16 bytes; write 1 to 15");
    good(w, 2, "version: \"123456789012345\"\n");
    bad(w, 10, "reverse: Linear\n", "reverse is \"Linear\"; write ratio or linear");
    bad(w, 15, "  missing_reason: fatal\n",
        "over_achievement.missing_reason is \"fatal\"; write error, warning or info");
    bad(w, 16, "missing_deviation_reason: none\n", "missing_deviation_reason is \"none\"");
    bad(w, 17, "level1: [{name: \"\", weight: \"80\"}]\n", "level1[0].name has 0 bytes");
}

static void a_profile_that_is_not_there_or_empty_is_named(void **state)
{
    world *w = *state;
    assert_int_equal(zp_profile_load("/nonexistent/p.yaml", &w->profile, w->message, sizeof w->message), ZP_NOTFOUND);
    assert_string_equal(w->message, "/nonexistent/p.yaml: No such file or directory; name a rule profile, such as "
                                    "conf/profiles/mof-2020.yaml");
    assert_int_equal(zp_profile_load("/", &w->profile, w->message, sizeof w->message), ZP_IO);
    assert_int_equal(zp_profile_load("/dev/null", &w->profile, w->message, sizeof w->message), ZP_INVALID);
    assert_non_null(strstr(w->message, "/dev/null: empty; "));
}

/* ---- several at once ---- */

#define SHIPPED(name) ZP_SOURCE_DIR "/conf/profiles/" name ".yaml"

static void every_shipped_profile_is_good_and_differs_where_it_says(void **state)
{
    world *w = *state;
    static char *const paths[] = {SHIPPED("mof-2020"), SHIPPED("mof-2021-cost"), SHIPPED("linear"), SHIPPED("strict"),
                                  SHIPPED("hubei")};
    zp_profiles all;
    assert_int_equal(zp_profiles_load(paths, 5, &all, w->message, sizeof w->message), ZP_OK);
    assert_int_equal(all.count, 5);
    assert_int_equal(all.items[1].level1_count, 4);
    assert_int_equal(all.items[2].reverse, ZP_REVERSE_LINEAR);
    assert_int_equal(all.items[3].deviation_severity, ZP_SEV_ERROR);
    assert_int_equal(all.items[4].execution_weight, 20 * 1000000);
    assert_int_equal(all.items[4].band_floor[1], 500000);
}

static void two_profiles_of_one_name_are_refused(void **state)
{
    world *w = *state;
    static char *const paths[] = {SHIPPED("mof-2020"), SHIPPED("strict"), SHIPPED("mof-2020")};
    zp_profiles all;
    assert_int_equal(zp_profiles_load(paths, 3, &all, w->message, sizeof w->message), ZP_INVALID);
    assert_non_null(strstr(w->message, "mof-2020.yaml:12: name is mof-2020, as that of a profile before it; "));
}

static void the_year_or_the_form_chooses(void **state)
{
    (void)state;
    static const zp_profiles set = {3,
                                    {{.name = "new", .year_first = 2021, .year_last = 2099},
                                     {.name = "old", .year_first = 2000, .year_last = 2020},
                                     {.name = "local", .year_first = 2010, .year_last = 2030}}};
    assert_string_equal(zp_profiles_choose(&set, ZP_ABSENT, 2021)->name, "new");
    assert_string_equal(zp_profiles_choose(&set, ZP_STR(""), 2020)->name, "old");
    assert_string_equal(zp_profiles_choose(&set, ZP_STR(" \u3000"), 2020)->name, "old");
    assert_string_equal(zp_profiles_choose(&set, ZP_STR("local"), 2020)->name, "local");
    assert_string_equal(zp_profiles_choose(&set, ZP_STR(" local\n"), 2020)->name, "local");
    assert_null(zp_profiles_choose(&set, ZP_STR("local"), 2031));
    assert_null(zp_profiles_choose(&set, ZP_STR("loc"), 2020));
    assert_null(zp_profiles_choose(&set, ZP_ABSENT, 1999));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mof_2020_has_the_values_of_the_regulation),
        TEST(the_hash_is_that_of_the_file),
        TEST(every_rule_takes_effect),
        TEST(a_rule_that_is_missing_is_named),
        TEST(what_is_no_rule_is_refused),
        TEST(decimals_are_exact_or_refused),
        TEST(rules_that_contradict_each_other_are_refused),
        TEST(words_are_checked),
        TEST(a_profile_that_is_not_there_or_empty_is_named),
        TEST(every_shipped_profile_is_good_and_differs_where_it_says),
        TEST(two_profiles_of_one_name_are_refused),
        TEST(the_year_or_the_form_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
