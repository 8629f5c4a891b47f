/* objectives.c - the table of objectives. */
#include "objective/objective.h"

#define HN_OBJECTIVE(name) extern const hn_objective hn_objective_##name;
#include "objective/objectives.def"
#undef HN_OBJECTIVE

static const hn_objective *const objectives[] = {
#define HN_OBJECTIVE(name) &hn_objective_##name,
#include "objective/objectives.def"
#undef HN_OBJECTIVE
};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

const hn_objective *hn_objective_at(size_t i) { return i < OBJECTIVES ? objectives[i] : NULL; }

const hn_objective *hn_objective_find(const char *name) {
    for (size_t i = 0; i < OBJECTIVES; i++)
        if (hn_streq(objectives[i]->name, name)) return objectives[i];
    return NULL;
}
