/*
 * text.h - cells brought to one spelling before they are understood. What was declared stays as it is; this is derived.
 */
#ifndef ZP_CORE_TEXT_H
#define ZP_CORE_TEXT_H

#include "base/arena.h"

/*
 * NFKC (Unicode UAX 15, by utf8proc), blanks and thousands separators removed, ≧⩾ → ≥, ≦⩽ → ≤, – → -.
 * Text that is already so comes back as it is, without a copy. Absent when absent or out of memory.
 */
zp_str zp_text_normalise(zp_str text, zp_arena *arena);

bool zp_text_begins(zp_str text, const char *prefix);
bool zp_text_ends(zp_str text, const char *suffix);
bool zp_text_contains(zp_str text, const char *part);
/* Unicode characters. */
size_t zp_text_characters(zp_str text);
/* One of the ways to say "nothing" in a reason: empty or blank, 0, 无, 暂无, -, —, /. */
bool zp_text_is_blank_reason(zp_str text);

#endif
