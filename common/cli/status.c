/*
 * status.c - `ziping status ID…`: asks the service where submissions stand.
 */
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/http.h"

#include "base/id.h"

#include <getopt.h>
#include <stdlib.h>

typedef struct {
    const char *url;
    bool json, table;
} options;

static int usage(FILE *to)
{
    fprintf(to, "Usage: ziping status [options] ID…\n\n"
                "  --url URL   the service, default $ZIPING_URL or http://127.0.0.1:8080\n"
                "  --table     one row a submission\n"
                "  --json      the status documents as they are, one a line\n"
                "\nExit code: 0 all known, 1 some unknown, 3 the service does not answer.\n");
    return to == stdout ? ZP_EXIT_OK : ZP_EXIT_USAGE;
}

static int read_options(int argc, char **argv, options *o)
{
    static const struct option longs[] = {{"url", required_argument, NULL, 'u'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"table", no_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *o = (options){0};
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c == 'u')
            o->url = optarg;
        else if (c == 'j')
            o->json = true;
        else if (c == 't')
            o->table = true;
        else
            return usage(c == 'h' ? stdout : stderr);
    }
    return optind == argc ? usage(stderr) : -1;
}

static void show(const options *o, const zp_http *http, zp_table *overview, bool first)
{
    if (o->json) {
        printf("%.*s\n", (int)http->body.n, http->body.p);
        return;
    }
    json_t *document = json_loadb(http->body.p, http->body.n, 0, NULL);
    if (overview) {
        if (!zp_overview_add(overview, document))
            fprintf(stderr, "ziping: out of memory\n");
    } else {
        if (!first)
            putchar('\n');
        zp_document_print(document, stdout);
    }
    json_decref(document);
}

static int ask(const options *o, zp_http *http, const char *base, const char *id, zp_table *overview, bool first)
{
    zp_id parsed;
    char url[1024];
    if (zp_id_parse(zp_str_of(id), &parsed)) {
        fprintf(stderr,
                "ziping status: \"%s\" is no submission id; ids look like 0195f2d4-7c1a-7b3e-8f00-1234567890ab\n", id);
        return ZP_EXIT_USAGE;
    }
    snprintf(url, sizeof url, "%s/v1/submissions/%s", base, id);
    long status = zp_http_get(http, url);
    if (status == 200) {
        show(o, http, overview, first);
        return ZP_EXIT_OK;
    }
    if (status == 404) {
        fprintf(stderr, "ziping status: %s: there is no such submission at %s\n", id, base);
        return ZP_EXIT_NO;
    }
    if (status)
        fprintf(stderr, "ziping status: %s answers %ld; try again\n", base, status);
    else
        fprintf(stderr, "ziping status: %s: %s\n", base, http->error);
    return ZP_EXIT_UNAVAILABLE;
}

int zp_cli_status(int argc, char **argv)
{
    options o;
    int code = read_options(argc, argv, &o);
    if (code >= 0)
        return code;
    zp_http http;
    if (!zp_http_open(&http))
        return ZP_EXIT_USAGE;
    char *base = zp_cli_url(o.url);
    zp_table *overview = o.table ? zp_overview_new() : NULL;
    code = ZP_EXIT_OK;
    for (int i = optind; i < argc; i++) {
        int one = ask(&o, &http, base, argv[i], overview, i == optind);
        code = one > code ? one : code;
    }
    if (overview)
        zp_table_print(overview, stdout);
    zp_table_destroy(&overview);
    zp_http_close(&http);
    free(base);
    return code;
}
