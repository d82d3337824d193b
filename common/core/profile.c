/*
 * profile.c - see profile.h.
 */
#include "core/profile.h"

#include "core/typed.h"

const zp_profile *zp_profiles_choose(const zp_profiles *self, zp_str name, int year)
{
    name = zp_cell_trimmed(name);
    for (size_t i = 0; i < self->count; i++) {
        const zp_profile *profile = &self->items[i];
        bool is_meant = !zp_str_filled(name) || zp_str_is(name, profile->name);
        if (is_meant && profile->year_first <= year && year <= profile->year_last)
            return profile;
    }
    return NULL;
}
