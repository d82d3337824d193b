/*
 * typed.h - what keyboards add to a cell and nobody means: blanks around it, full-width figures, characters that do not
 * show. Pure; nothing is allocated.
 *
 * A blank is white space of any kind (Unicode's White_Space, as far as a form may hold it) or one of the characters
 * without a width: U+200B..U+200D, U+2060, U+FEFF.
 */
#ifndef ZP_CORE_TYPED_H
#define ZP_CORE_TYPED_H

#include "base/str.h"

/* What begins with this byte may be a blank; nearly every cell begins with another, which is found out inline. */
static inline bool zp_may_begin_blank(char lead)
{
    unsigned char c = (unsigned char)lead;
    return c <= ' ' || (c >= 0x80 && c < 0xe4) || c == 0xef;
}

/* The same of what ends there: a byte of ASCII, or the last one of three, as most Chinese characters have. */
static inline bool zp_may_end_blank(zp_str text)
{
    unsigned char last = (unsigned char)text.p[text.n - 1];
    if (last < 0x80)
        return last <= ' ';
    return text.n < 3 || text.p[text.n - 2] == '\xc2' || zp_may_begin_blank(text.p[text.n - 3]);
}

/* zp_cell_trimmed for what may have blanks. */
zp_str zp_cell_trim(zp_str cell);

/* Without the blanks at both ends; a view into the cell. */
static inline zp_str zp_cell_trimmed(zp_str cell)
{
    return cell.n && (zp_may_begin_blank(*cell.p) || zp_may_end_blank(cell)) ? zp_cell_trim(cell) : cell;
}

/* The cell is absent, empty, or has nothing but blanks in it: all three are an empty cell. */
static inline bool zp_cell_is_empty(zp_str cell)
{
    return !cell.n || (zp_may_begin_blank(*cell.p) && zp_cell_trim(cell).n == 0);
}

/* Empty, or struck through with dashes or slashes, as forms are filled in where there is nothing to say. */
bool zp_cell_is_unfilled(zp_str cell);

/*
 * The trimmed cell with full-width digits, point, comma and signs (０-９ ．，＋－) as those of ASCII; all else stays,
 * so that ⁴, ② and 十 are no digits. A view into the cell where it has none, else into `room`; what does not fit is cut
 * off, and `room` is then full: it holds no number within the bounds.
 */
zp_str zp_cell_figures(zp_str cell, char *room, size_t size);

typedef void zp_take_bytes(void *taker, const char *bytes, size_t n);

/*
 * Hands over, piece by piece, what is left of a name when it no longer matters how it was typed: each character's
 * compatibility decomposition (Unicode NFKD, by utf8proc, without the order of combining marks), all blanks and
 * characters that do not show taken out, at its ends as between. Two spellings of one name give the same bytes: "Ａ区
 * 热线 " and "A区热线". What may be two names stays two: upper and lower case, 1,000 and 1000, a blank between digits
 * (2 1 and 21), and digits of other kinds (①1 and 11).
 */
void zp_name_spell(zp_str name, zp_take_bytes *take, void *taker);

#endif
