/*
 * arena_kit.h - an arena for each test, or for a group of them, that needs nothing else.
 */
#ifndef ZP_TESTS_ARENA_KIT_H
#define ZP_TESTS_ARENA_KIT_H

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static zp_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = zp_arena_new(4096);
    return arena ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    zp_arena_destroy(&arena);
    return 0;
}

#endif
