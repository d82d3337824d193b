/*
 * parcel.h - forms that travel in one request: alone as JSON, or several as NDJSON, each with where it came from.
 */
#ifndef ZP_CLI_PARCEL_H
#define ZP_CLI_PARCEL_H

#include "base/buf.h"
#include "base/error.h"

typedef struct {
    char *origin; /* "forms.ndjson:17" */
    size_t at, n; /* in the body */
    bool settled; /* there is a final answer about it */
} zp_parcel_item;

/* Zero-initialise. One owner. */
typedef struct {
    zp_buf body; /* the forms, each with a line feed behind it */
    zp_parcel_item *items;
    size_t count, cap;
} zp_parcel;

/* Copies the form; with `on_one_line`, its line breaks become blanks. ZP_NOMEM: the parcel is as it was. */
zp_rc zp_parcel_add(zp_parcel *self, zp_str form, bool on_one_line, const char *name, size_t line);
/* Takes out what is settled; the others keep their order. ZP_NOMEM: nothing was taken out. */
zp_rc zp_parcel_drop_settled(zp_parcel *self);
void zp_parcel_clear(zp_parcel *self);
void zp_parcel_free(zp_parcel *self);

#endif
