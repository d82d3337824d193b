/*
 * log.c - see log.h. Any thread: a line is made on the stack and written at once, nothing is shared but two values that
 * are set before threads exist.
 *
 * A line that cannot be written is lost: there is nowhere left to say so, and a full log disk must not stop intake.
 */
#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* A write of up to PIPE_BUF (4096) bytes to a pipe is never mixed with another's. */
enum { TEXT = 2048, LINE = 4096 };

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

/* C0 controls, DEL, and both bytes of the C1 controls (C2 80 to C2 9F), which terminals obey too. */
static bool is_control(const unsigned char *p, size_t n, size_t at)
{
    bool ends_c1 = at > 0 && p[at - 1] == 0xc2 && p[at] >= 0x80 && p[at] < 0xa0;
    bool begins_c1 = at + 1 < n && p[at] == 0xc2 && p[at + 1] >= 0x80 && p[at + 1] < 0xa0;
    return p[at] < 0x20 || p[at] == 0x7f || begins_c1 || ends_c1;
}

/* A value from outside must not be able to begin a line of its own. Returns the length in `to`. */
static size_t escape(const char *from, size_t n, char *to, size_t room)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)from;
    size_t length = 0;
    for (size_t i = 0; i < n && length + 4 <= room; i++) {
        if (!is_control(p, n, i)) {
            to[length++] = (char)p[i];
            continue;
        }
        to[length++] = '\\';
        to[length++] = 'x';
        to[length++] = digits[p[i] >> 4];
        to[length++] = digits[p[i] & 15];
    }
    return length;
}

/* A character that was cut in two at the end of a text that did not fit is left out. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t tail = 0;
    while (tail < 3 && tail < n && ((unsigned char)text[n - 1 - tail] & 0xc0) == 0x80)
        tail++;
    bool has_lead = tail < n && (unsigned char)text[n - 1 - tail] >= 0xc0;
    return has_lead ? n - 1 - tail : n;
}

void zp_log(zp_level level, const char *event, const char *format, ...)
{
    if (level < log_least)
        return;
    int before = errno; /* callers log first and look at it later */
    char text[TEXT], line[LINE], time[ZP_TIME_TEXT + 1];
    zp_time_format(zp_clock_wall_ms(), time);
    int head = snprintf(text, sizeof text, "%s %s %s %s ", time, level_names[level], log_program, event);
    size_t n = head > 0 && head < TEXT ? (size_t)head : 0;
    va_list arguments;
    va_start(arguments, format);
    int tail = vsnprintf(text + n, sizeof text - n, format, arguments);
    va_end(arguments);
    n += tail > 0 ? (size_t)tail : 0;
    if (n > sizeof text - 1)
        n = whole_characters(text, sizeof text - 1);
    n = escape(text, n, line, sizeof line - 1);
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
    errno = before;
}
