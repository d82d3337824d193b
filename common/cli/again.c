/*
 * again.c - `ziping retry ID…`: has submissions tried again that are recorded as failed.
 */
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/http.h"

#include "base/id.h"

#include <getopt.h>
#include <stdlib.h>

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping retry [--url URL] ID…\n\n"
                "Has submissions scored again that are recorded as failed. From the service's own machine.\n\n"
                "  --url URL   the service, default $ZIPING_URL or http://127.0.0.1:8080\n"
                "\nExit code: 0 all will be tried, 1 some are unknown or not failed, 3 the service does not answer.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static int ask(zp_http *http, const char *base, const char *id)
{
    zp_id parsed;
    char url[1024];
    if (zp_id_parse(zp_str_of(id), &parsed)) {
        fprintf(stderr, "ziping retry: \"%s\" is no submission id\n", id);
        return ZP_EXIT_USAGE;
    }
    snprintf(url, sizeof url, "%s/v1/submissions/%s/retry", base, id);
    long status = zp_http_post_nothing(http, url);
    if (status == 202) {
        printf("%s\twill be tried again\n", id);
        return ZP_EXIT_OK;
    }
    if (status == 0) {
        fprintf(stderr, "ziping retry: %s: %s\n", base, http->error);
        return ZP_EXIT_UNAVAILABLE;
    }
    json_t *problem = json_loadb(http->body.p, http->body.n, 0, NULL);
    fprintf(stderr, "ziping retry: %s: %ld %s\n", id, status, zp_doc_text(problem, "detail"));
    json_decref(problem);
    return status < 500 ? ZP_EXIT_NO : ZP_EXIT_UNAVAILABLE;
}

int zp_cli_retry(int argc, char **argv)
{
    static const struct option longs[] = {{"url", required_argument, NULL, 'u'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *option = NULL;
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c != 'u')
            return usage(c == 'h' ? stdout : stderr);
        option = optarg;
    }
    if (optind == argc)
        return usage(stderr);
    zp_http http;
    if (!zp_http_open(&http))
        return ZP_EXIT_USAGE;
    char *base = zp_cli_url(option);
    int code = ZP_EXIT_OK;
    for (int i = optind; i < argc; i++) {
        int one = ask(&http, base, argv[i]);
        code = one > code ? one : code;
    }
    zp_http_close(&http);
    free(base);
    return code;
}
