/*
 * names.c - the stable names of grades, bases and explanations.
 */
#include "core/result.h"

static const char *const grades[] = {"优", "良", "中", "差", ""};
static const char *const bases[] = {"formula", "qualitative", "unverifiable", "unweighted"};
static const char *const whys[] = {"ACTUAL_X_WEIGHT", "ROUND1", "ROUND0", "TRUNC1", "TRUNC0"};

const char *zp_grade_name(zp_grade grade)
{
    return grades[grade];
}

zp_grade zp_grade_by_name(zp_str name)
{
    zp_grade grade = 0;
    while (grade < ZP_GRADES && !zp_str_is(name, grades[grade]))
        grade++;
    return grade;
}

const char *zp_basis_name(zp_basis basis)
{
    return bases[basis];
}

zp_rc zp_basis_by_name(zp_str name, zp_basis *out)
{
    for (zp_basis basis = 0; basis < ZP_BASES; basis++)
        if (zp_str_is(name, bases[basis])) {
            *out = basis;
            return ZP_OK;
        }
    return ZP_NOTFOUND;
}

const char *zp_why_name(zp_why bit)
{
    return whys[__builtin_ctz(bit)];
}
