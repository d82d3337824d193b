/*
 * form_reader.h - bytes of a submission to a zp_form: the one narrow door for every format.
 *
 * A reader fills `form` with views that live in `body`, in the reader's own scratch
 * memory or in `arena`; they are valid until the reader's next call or the arena's
 * reset. Everything that is wrong goes into `faults` (flags of kind FORMAT, with JSON
 * pointer; syntax errors carry "line L, column C" in `value`), as many at once as the
 * format allows. Beside JSON and urlencoded another format can be added with a function of this shape.
 *
 * Bounds, always: ZP_MAX_BODY, ZP_MAX_CELL, ZP_MAX_INDICATORS, nesting of 8; valid UTF-8;
 * no control characters but tab and newline; no unknown and no duplicate member.
 *
 * At most ZP_MAX_FAULTS are listed. A member's name that is not known is not looked into further.
 *
 * Returns ZP_OK (form filled, faults empty), ZP_INVALID (the bytes are not the format:
 * HTTP 400), ZP_CONFLICT (well-formed, but not a form: wrong types, unknown members,
 * out of bounds: HTTP 422), ZP_TOO_LARGE (413), ZP_NOMEM.
 * A reader object belongs to one thread.
 */
#ifndef ZP_CODEC_FORM_READER_H
#define ZP_CODEC_FORM_READER_H

#include "core/flag.h"
#include "core/form.h"

enum { ZP_MAX_FAULTS = 256 };

typedef struct zp_json_reader zp_json_reader;

zp_json_reader *zp_json_reader_new(void);
void zp_json_reader_destroy(zp_json_reader **self);

/*
 * Bytes that must be allocated (content ignored) behind body.n, so that the JSON reader need not copy.
 */
#define ZP_JSON_PADDING 64

/* JSON: numbers are taken from their source text; numbers and strings are both accepted in text cells. */
zp_rc zp_form_read_json(zp_json_reader *self, zp_str body, zp_arena *arena, zp_form *form, zp_flags *faults);

/*
 * application/x-www-form-urlencoded (WHATWG URL, section 5.1). Field names are dotted paths of the
 * JSON form: year, project_name, funds.total.annual_budget, goals.expected, indicators.0.target.
 * An empty field is an absent cell; an indicator row with no filled cell is skipped; rows stand in the
 * order of their numbers (0 to 999, gaps allowed). CR LF within a value becomes LF. Unlike WHATWG's, a broken % escape
 * is refused.
 */
zp_rc zp_form_read_urlencoded(zp_str body, zp_arena *arena, zp_form *form, zp_flags *faults);

/*
 * Turns the pointers of flags about this form, which count its indicators, into the row numbers that were sent: so that
 * whoever left a row empty is told about the right one. Nothing to do for a form that was not sent by rows.
 */
void zp_form_point_at_rows(const zp_form *form, zp_flags *flags);

#endif
