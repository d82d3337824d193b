/*
 * options.h - what the verbs that keep stores read alike: --config, --help, one operand or none, and options of their
 * own.
 */
#ifndef ZP_CLI_OPTIONS_H
#define ZP_CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct {
    int (*usage)(FILE *to);     /* gives the exit code */
    const struct option *longs; /* 'c' is --config, 'h' --help; the others are the verb's own */
    /* One of the verb's own; false: told on standard error what is wrong with it. NULL: there are none. */
    bool (*own)(void *context, int option, const char *argument);
    void *context;
    int least, most; /* operands, at most one */
} zp_verb_options;

typedef struct {
    const char *config, *operand; /* NULL: not given; views of argv */
} zp_verb_given;

/* -1: go on with *out; otherwise the exit code, everything said. */
int zp_options_read(int argc, char **argv, const zp_verb_options *options, zp_verb_given *out);

#endif
