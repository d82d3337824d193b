/*
 * options.c - see options.h.
 */
#include "cli/options.h"

#include "cli/cli.h"

int zp_options_read(int argc, char **argv, const zp_verb_options *options, zp_verb_given *out)
{
    *out = (zp_verb_given){0};
    for (int c; (c = getopt_long(argc, argv, "h", options->longs, NULL)) != -1;) {
        if (c == 'c')
            out->config = optarg;
        else if (c == 'h' || c == '?' || !options->own)
            return options->usage(c == 'h' ? stdout : stderr);
        else if (!options->own(options->context, c, optarg))
            return ZP_EXIT_USAGE;
    }
    int operands = argc - optind;
    if (operands < options->least || operands > options->most)
        return options->usage(stderr);
    out->operand = operands ? argv[optind] : NULL;
    return -1;
}
