/* metrics.c - running means of what objectives report, one value a micro-batch. */
#include "objective/objective.h"

#include <string.h>

void hn_metrics_clear(hn_metrics *m) { m->count = 0; }

void hn_metrics_add(hn_metrics *m, const char *name, double value) {
    int32_t i = 0, room = (int32_t)(sizeof m->v / sizeof *m->v);
    while (i < m->count && strcmp(m->v[i].name, name) != 0) i++;
    if (i == room) return;
    if (i == m->count) {
        snprintf(m->v[i].name, sizeof m->v[i].name, "%s", name);
        m->v[i].sum = 0;
        m->v[i].n = 0;
        m->count++;
    }
    m->v[i].sum += value;
    m->v[i].n++;
}

double hn_metrics_mean(const hn_metrics *m, int32_t i) { return m->v[i].n ? m->v[i].sum / (double)m->v[i].n : 0.0; }
