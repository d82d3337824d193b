/*
 * log.c - see log.h. A line that cannot be written is lost: there is nowhere left to say so.
 */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

enum { LINE = 2048 };

/* Set once by zp_log_open before any other thread exists. */
static const char *log_program = "ziping";
static zp_level log_least = ZP_INFO;

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

void zp_log_open(const char *program, zp_level least)
{
    log_program = program;
    log_least = least;
}

zp_rc zp_level_parse(const char *text, zp_level *out)
{
    for (zp_level level = ZP_DEBUG; level <= ZP_ERROR; level++)
        if (!strcasecmp(text, level_names[level])) {
            *out = level;
            return ZP_OK;
        }
    return ZP_INVALID;
}

/* A value from outside must not be able to begin a line of its own. */
static void blank_controls(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
            p[i] = '?';
}

void zp_log(zp_level level, const char *event, const char *format, ...)
{
    if (level < log_least)
        return;
    char line[LINE], time[ZP_TIME_TEXT + 1];
    zp_time_format(zp_clock_wall_ms(), time);
    int head = snprintf(line, sizeof line, "%s %s %s %s ", time, level_names[level], log_program, event);
    size_t n = head > 0 && head < LINE ? (size_t)head : 0;
    va_list arguments;
    va_start(arguments, format);
    int tail = vsnprintf(line + n, sizeof line - n, format, arguments);
    va_end(arguments);
    n += tail > 0 ? (size_t)tail : 0;
    if (n > sizeof line - 1)
        n = sizeof line - 1;
    blank_controls(line, n);
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}
