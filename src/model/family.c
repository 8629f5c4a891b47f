/* family.c - the list of model families. */
#include "model/model_impl.h"

static const hn_family *const FAMILIES[] = {
#define HN_FAMILY(name) &hn_family_##name,
#include "model/families.def"
#undef HN_FAMILY
};

const hn_family_row *hn_family_at(size_t i) { return i < sizeof FAMILIES / sizeof *FAMILIES ? &FAMILIES[i]->row : NULL; }

const hn_family *hn_family_find(const char *model_type) {
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++)
        if (hn_streq(FAMILIES[i]->row.model_type, model_type)) return FAMILIES[i];
    return NULL;
}
