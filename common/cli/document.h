/*
 * document.h - status documents as people read them: a row of an overview, or one form in full.
 */
#ifndef ZP_CLI_DOCUMENT_H
#define ZP_CLI_DOCUMENT_H

#include "cli/table.h"

#include <jansson.h>

/* A member's text; "" when it is null, absent or no string. Borrowed from the document. */
const char *zp_doc_text(const json_t *object, const char *member);

/* An overview: project, declared, computed, confirmed, grade, what differs and why, time from submission to score. */
zp_table *zp_overview_new(void);
/* Adds one status document's row. False when out of memory. */
bool zp_overview_add(zp_table *overview, const json_t *document);

/* Rate, verified weight and profile of a "result" object, and its flags. */
void zp_findings_print(const json_t *result, FILE *to);
/* A whole status document: header, lines, totals and flags. */
void zp_document_print(const json_t *document, FILE *to);
/* The faults of a problem document, one a line, each with pointer, code and both languages. */
void zp_faults_print(const json_t *problem, const char *origin, FILE *to);

#endif
