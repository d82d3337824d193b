/*
 * webhook_post.c - what a webhook carries and where it may go: signatures, secrets, addresses, URLs, waits.
 */
#include "schedule.h"
#include "webhook/address.h"
#include "webhook/sign.h"
#include "webhook/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <nettle/base64.h>

/* ---- signatures ---- */

static zp_secret secret_of(const char *text)
{
    zp_secret secret = {.n = ZP_SECRET_MOST};
    struct base64_decode_ctx context;
    base64_decode_init(&context);
    assert_int_equal(strncmp(text, "whsec_", 6), 0);
    assert_true(base64_decode_update(&context, &secret.n, secret.bytes, strlen(text + 6), text + 6));
    assert_true(base64_decode_final(&context));
    return secret;
}

/* The second vector is the one in the documentation of the standard's first implementation. */
static void signatures_are_those_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *id, *body, *signature;
        int64_t seconds;
    } vectors[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}",
         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330},
        {"whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf",
         "{\"event_type\":\"ping\",\"data\":{\"success\":true}}",
         "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=", 1731705121},
    };
    for (size_t i = 0; i < 2; i++) {
        char signature[ZP_SIGNATURE_TEXT + 1];
        zp_secret secret = secret_of(vectors[i].secret);
        zp_webhook_sign(&secret, zp_str_of(vectors[i].id), vectors[i].seconds, zp_str_of(vectors[i].body), signature);
        assert_string_equal(signature, vectors[i].signature);
    }
}

static void secrets_are_long_new_and_copied_whole(void **state)
{
    (void)state;
    zp_secret one, other;
    char text[ZP_SECRET_TEXT + 1];
    assert_int_equal(zp_secret_make(&one), ZP_OK);
    assert_int_equal(zp_secret_make(&other), ZP_OK);
    assert_true(one.n >= ZP_SECRET_LEAST && one.n == other.n);
    assert_memory_not_equal(one.bytes, other.bytes, one.n);
    zp_secret_format(&one, text);
    zp_secret back = secret_of(text);
    assert_int_equal(back.n, one.n);
    assert_memory_equal(back.bytes, one.bytes, one.n);
}

/* ---- addresses ---- */

static zp_address_kind kind_of(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return zp_address_kind_of((struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return zp_address_kind_of((struct sockaddr *)&v6);
}

static void assert_kind(zp_address_kind kind, const char *const *texts)
{
    for (; *texts; texts++)
        if (kind_of(*texts) != kind)
            fail_msg("%s is of kind %d, not %d", *texts, kind_of(*texts), kind);
}

/* First and last of each range, and their neighbours. */
static void addresses_are_judged_by_the_registries(void **state)
{
    (void)state;
    assert_kind(ZP_ADDRESS_PUBLIC, (const char *[]){"1.0.0.0",
                                                    "9.255.255.255",
                                                    "11.0.0.0",
                                                    "100.63.255.255",
                                                    "100.128.0.0",
                                                    "126.255.255.255",
                                                    "128.0.0.0",
                                                    "169.253.255.255",
                                                    "169.255.0.0",
                                                    "172.15.255.255",
                                                    "172.32.0.0",
                                                    "192.167.255.255",
                                                    "192.169.0.0",
                                                    "198.17.255.255",
                                                    "198.20.0.0",
                                                    "223.255.255.255",
                                                    "2400:3200::1",
                                                    "2001:200::1",
                                                    "2001:db7::1",
                                                    "::ffff:114.114.114.114",
                                                    "64:ff9b::7272:7272",
                                                    "2002:7272:7272::1",
                                                    NULL});
    assert_kind(ZP_ADDRESS_PRIVATE, (const char *[]){"10.0.0.0",
                                                     "10.255.255.255",
                                                     "100.64.0.0",
                                                     "100.127.255.255",
                                                     "127.0.0.1",
                                                     "127.255.255.255",
                                                     "172.16.0.0",
                                                     "172.31.255.255",
                                                     "192.168.0.0",
                                                     "192.168.255.255",
                                                     "198.18.0.0",
                                                     "198.19.255.255",
                                                     "::1",
                                                     "fc00::",
                                                     "fdff::1",
                                                     "::ffff:127.0.0.1",
                                                     "::ffff:10.1.2.3",
                                                     "64:ff9b::a00:1",
                                                     "2002:c0a8:1::1",
                                                     NULL});
    assert_kind(ZP_ADDRESS_NEVER, (const char *[]){"0.0.0.0",
                                                   "0.255.255.255",
                                                   "100.100.100.200",
                                                   "168.63.129.16",
                                                   "64:ff9b::a83f:8110",
                                                   "fd20:ce::254",
                                                   "fd00:c1::a9fe:a9fe",
                                                   "169.254.0.0",
                                                   "169.254.169.254",
                                                   "169.254.255.255",
                                                   "192.0.0.1",
                                                   "192.0.2.1",
                                                   "198.51.100.1",
                                                   "203.0.113.1",
                                                   "224.0.0.1",
                                                   "240.0.0.1",
                                                   "255.255.255.255",
                                                   "::",
                                                   "::127.0.0.1",
                                                   "fe80::1",
                                                   "fec0::1",
                                                   "ff02::1",
                                                   "fd00:ec2::254",
                                                   "2001::1",
                                                   "2001:db8::1",
                                                   "3fff::1",
                                                   "64:ff9b:1::1",
                                                   "4000::1",
                                                   "::ffff:169.254.169.254",
                                                   "64:ff9b::a9fe:a9fe",
                                                   "2002:a9fe:a9fe::1",
                                                   NULL});
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_int_equal(zp_address_kind_of(&other), ZP_ADDRESS_NEVER);
}

/* ---- URLs ---- */

static const char *fault_of(const char *url, zp_url_allowance allowed)
{
    static char fault[ZP_URL_FAULT];
    allowed.longest = 100;
    return zp_url_is_endpoint(url, &allowed, fault) ? NULL : fault;
}

static void what_is_wrong_with_a_url_is_named(void **state)
{
    static const struct {
        const char *url, *said;
    } bad[] = {
        {"", "no absolute URL"},
        {"example.org/x", "no absolute URL"},
        {"/x", "no absolute URL"},
        {"://example.org/", "no absolute URL"},
        {"https:example.org", "no absolute URL"},
        {"https:/example.org", "no absolute URL"},
        {"ftp://example.org/", "only https and http are for webhooks, not ftp"},
        {"file:///etc/passwd", "only https and http"},
        {"https://", "names no host"},
        {"https:///path", "names no host"},
        {"https://:443/", "names no host"},
        {"https://?x", "names no host"},
        {"https://me@example.org/", "names a user"},
        {"https://me:word@example.org/", "names a user"},
        {"https://@example.org/", "names a user"},
        {"https://example.org/#part", "fragment"},
        {"https://example.org/#", "fragment"},
        {"https://exa mple.org/", "byte 12, %20"},
        {" https://example.org/", "byte 1, %20"},
        {"https://example.org/a\nb", "byte 22, %0A"},
        {"https://例.cn/", "byte 9, %E4"},
        {"https://example.org\\@127.0.0.1/", "byte 20, %5C"},
        {"https://example.org:0/", "port, \"0\""},
        {"https://example.org:65536/", "port, \"65536\""},
        {"https://example.org:443443/", "port, \"443443\""},
        {"https://example.org:/", "port, \"\""},
        {"https://example.org:-1/", "port, \"-1\""},
        {"https://example.org:8443x?y", "port, \"8443x\""},
        {"https://[2400:3200::1]:x/", "port, \"x\""},
        {"https://2400:3200::1/", "stands in brackets"},
        {"https://[2400:3200::1/", "closing bracket"},
        {"https://[2400:3200::1]x/", "only a port may follow"},
        {"https://[zz::1]/", "no IPv6 address"},
        {"https://[]/", "no IPv6 address"},
        {"https://[114.114.114.114]/", "no IPv6 address"},
        {"https://[fe80::1%25eth0]/", "names a zone"},
        {"https://999.1.1.1/", "no IPv4 address"},
        {"https://114.114.114/", "no IPv4 address"},
        {"https://2130706433/", "no IPv4 address"},
        {"https://0x7f.0x1/", "no IPv4 address"},
        {"https://017700000001/", "no IPv4 address"},
        {"https://127.0.0.1./", "no IPv4 address"},
        {"https://127.0.0.1/", "127.0.0.1, is private: refused without --allow-private"},
        {"https://10.1.2.3:8443/x", "is private"},
        {"https://[::1]/", "::1, is private"},
        {"https://[::ffff:192.168.0.1]/", "is private"},
        {"https://169.254.169.254/", "never allowed"},
        {"https://[fe80::1]/", "never allowed"},
        {"https://[::ffff:169.254.169.254]/", "never allowed"},
        {"https://0.0.0.0/", "never allowed"},
        {"https://example..org/", "no host's name"},
        {"https://.example.org/", "no host's name"},
        {"https://-example.org/", "no host's name"},
        {"https://example-.org/", "no host's name"},
        {"https://exam%70le.org/", "no host's name"},
        {"https://example.org../", "no host's name"},
        {"https://./", "no host's name"},
        {"https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org/", "no host's name"},
        {"https://example.org/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "too long"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = fault_of(bad[i].url, (zp_url_allowance){.http = true});
        if (!fault || !strstr(fault, bad[i].said))
            fail_msg("\"%s\": %s, not: %s", bad[i].url, fault ? fault : "taken", bad[i].said);
    }
}

static void what_may_be_an_endpoints_is_taken(void **state)
{
    static const char *const good[] = {"https://example.org",
                                       "https://example.org:8443/a/b?token=1",
                                       "HTTPS://EXAMPLE.ORG/x",
                                       "https://example.org./",
                                       "https://my_host/",
                                       "https://3com.example/",
                                       "https://1.2.3.example/",
                                       "https://xn--fsqu00a.xn--fiqs8s/%E9%92%A9",
                                       "https://114.114.114.114:443/",
                                       "https://[2400:3200::1]",
                                       "https://[2400:3200::1]:65535/x?y=[1]"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (fault_of(good[i], (zp_url_allowance){0}))
            fail_msg("\"%s\" was refused: %s", good[i], fault_of(good[i], (zp_url_allowance){0}));
    assert_null(fault_of("http://example.org/", (zp_url_allowance){.http = true}));
    assert_non_null(fault_of("http://example.org/", (zp_url_allowance){0}));
    assert_non_null(fault_of("HTTP://example.org/", (zp_url_allowance){0}));
    assert_null(fault_of("https://127.0.0.1/", (zp_url_allowance){.private_net = true}));
    assert_null(fault_of("https://[::1]:8443/", (zp_url_allowance){.private_net = true}));
    assert_non_null(fault_of("https://169.254.169.254/", (zp_url_allowance){.private_net = true}));
}

static void an_origin_is_all_that_is_told_of_a_url(void **state)
{
    (void)state;
    char origin[64];
    zp_url_origin("https://example.org:8443/hooks/very-secret?token=1", origin, sizeof origin);
    assert_string_equal(origin, "https://example.org:8443");
    zp_url_origin("http://[2001:db8::1]/x", origin, sizeof origin);
    assert_string_equal(origin, "http://[2001:db8::1]");
    zp_url_origin("https://example.org/x", origin, 10);
    assert_string_equal(origin, "https://e");
    zp_url_origin("no url", origin, sizeof origin);
    assert_string_equal(origin, "?");
}

/* ---- waits ---- */

static void waits_follow_the_schedule_with_jitter_and_what_is_asked(void **state)
{
    (void)state;
    const zp_config config = {.webhooks = {.retry_ms = {5000, 300000, 3}, .retry_count = 3}};
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t random = 0; random < 2000; random++) {
        int64_t wait = zp_retry_wait(&config, 1, 0, random);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_int_equal(least, 4500);
    assert_int_equal(most, 5500);
    assert_int_equal(zp_retry_wait(&config, 2, 0, 30000), 300000);
    assert_int_equal(zp_retry_wait(&config, 3, 0, UINT64_MAX), 3);
    assert_int_equal(zp_retry_wait(&config, 1, 7000, 0), 7000);
    assert_int_equal(zp_retry_wait(&config, 1, 1000, 0), 4500);
    assert_int_equal(zp_retry_wait(&config, 1, INT64_MAX, 0), ZP_RETRY_AFTER_MOST_MS);
    assert_int_equal(zp_retry_wait(&config, 4, 7000, 0), ZP_NO_RETRY);
    assert_int_equal(zp_retry_wait(&config, UINT32_MAX, 0, 0), ZP_NO_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_standard),
        cmocka_unit_test(secrets_are_long_new_and_copied_whole),
        cmocka_unit_test(addresses_are_judged_by_the_registries),
        cmocka_unit_test(what_is_wrong_with_a_url_is_named),
        cmocka_unit_test(what_may_be_an_endpoints_is_taken),
        cmocka_unit_test(an_origin_is_all_that_is_told_of_a_url),
        cmocka_unit_test(waits_follow_the_schedule_with_jitter_and_what_is_asked),
    };
    return cmocka_run_group_tests_name("webhook_post", tests, NULL, NULL);
}
