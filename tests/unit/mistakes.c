/*
 * mistakes.c - what other systems get wrong, and this one must not.
 */
