/* report.c - findings: tallies of rows, severity by share, and the report as JSON. */
#include <math.h>
#include <string.h>

#include "check/check_impl.h"

const char *hn_severity_name(hn_severity s) {
    static const char *const names[] = {"info", "warn", "error"};
    return names[s];
}

void hn_tally_add(hn_tally *t, const hn_look *row) {
    const hn_place *last = t->places ? &t->place[t->places - 1] : NULL;
    t->n++;
    bool again = last && last->line == row->line && last->file == row->file; /* another example of the same record */
    if (t->places < HN_PLACES && !again) t->place[t->places++] = (hn_place){row->file, row->line};
}

double hn_percent(int64_t n, int64_t of) { return of ? 100.0 * (double)n / (double)of : 0; }

hn_severity hn_judge(int64_t n, int64_t of, double warn_share) {
    return n > 0 && (double)n >= warn_share * (double)of ? HN_SEVERITY_WARN : HN_SEVERITY_INFO;
}

/* The least share that n of m rows speak for: Wilson's interval, 95 % one-sided. */
static double certain_share(int64_t n, int64_t of) {
    const double z = 1.6449, m = (double)of, p = (double)n / m;
    return (p + z * z / (2 * m) - z * sqrt(p * (1 - p) / m + z * z / (4 * m * m))) / (1 + z * z / m);
}

hn_severity hn_judge_surely(int64_t n, int64_t of, double warn_share) {
    if (n <= 0 || of <= 0) return HN_SEVERITY_INFO;
    return certain_share(n, of) >= warn_share || n == of ? HN_SEVERITY_WARN : HN_SEVERITY_INFO;
}

hn_severity hn_judge_rare(int64_t n, int64_t of, double warn_share) {
    bool chance = n < of && certain_share(n, of) < warn_share / 2;
    return chance ? HN_SEVERITY_INFO : hn_judge(n, of, warn_share);
}

HN_PRINTF(2, 0) static char *print(hn_check_ctx *c, const char *fmt, va_list ap) {
    char text[2048];
    vsnprintf(text, sizeof text, fmt, ap);
    char *kept = hn_arena_strndup(&c->report->arena, text, strlen(text));
    c->failed |= !kept;
    return kept;
}

hn_finding *hn_found(hn_check_ctx *c, hn_severity severity, const hn_tally *tally, int64_t of, const char *fmt, ...) {
    static hn_finding nowhere; /* where a finding goes for which there is no memory */
    hn_report *r = c->report;
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        hn_finding *grown = hn_realloc_array(r->v, cap, sizeof *grown);
        if (!grown) {
            c->failed = true;
            return &nowhere;
        }
        r->v = grown;
        r->cap = cap;
    }
    hn_finding *f = &r->v[r->n++];
    *f = (hn_finding){
        .id = c->check->about.id, .severity = severity, .cost = c->check->about.cost, .remedy = c->check->about.remedy};
    va_list ap;
    va_start(ap, fmt);
    f->message = print(c, fmt, ap);
    va_end(ap);
    if (!tally) return f;
    f->rows = tally->n;
    f->of = of;
    f->places = tally->places;
    memcpy(f->place, tally->place, sizeof f->place);
    return f;
}

void hn_found_remedy(hn_check_ctx *c, hn_finding *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    f->remedy = print(c, fmt, ap);
    va_end(ap);
}

void hn_found_cost(hn_check_ctx *c, hn_finding *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    f->cost = print(c, fmt, ap);
    va_end(ap);
}

void hn_report_release(hn_report *r) {
    hn_free(r->v);
    hn_arena_release(&r->arena);
    *r = (hn_report){0};
}

int64_t hn_report_count(const hn_report *r, hn_severity at_least) {
    int64_t n = 0;
    for (size_t i = 0; i < r->n; i++) n += r->v[i].severity >= at_least;
    return n;
}

static hn_json *finding_json(const hn_finding *f) {
    hn_json *j = hn_json_new_object(), *places = hn_json_new_array();
    hn_json_set_text(j, "id", f->id);
    hn_json_set_text(j, "severity", hn_severity_name(f->severity));
    hn_json_set_text(j, "message", f->message);
    if (f->of) {
        hn_json_set_int(j, "rows", f->rows);
        hn_json_set_int(j, "of", f->of);
    }
    for (int i = 0; i < f->places; i++) {
        hn_json *p = hn_json_new_object();
        hn_json_set_text(p, "file", f->place[i].file);
        hn_json_set_int(p, "line", f->place[i].line);
        hn_json_push(places, p);
    }
    hn_json_set(j, "places", places);
    hn_json_set_text(j, "cost", f->cost);
    hn_json_set_text(j, "remedy", f->remedy);
    return j;
}

hn_json *hn_report_json(const hn_report *r) {
    hn_json *j = hn_json_new_object(), *findings = hn_json_new_array(), *counts = hn_json_new_object();
    hn_json_set_text(j, "format", r->format);
    hn_json_set_text(j, "reason", r->reason);
    const struct { const char *key; int64_t v; } figures[] = {
        {"rows", r->rows}, {"eval_rows", r->eval_rows}, {"unusable_rows", r->unusable}, {"checks", r->checks}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) hn_json_set_int(j, figures[i].key, figures[i].v);
    for (int s = HN_SEVERITY_ERROR; s >= HN_SEVERITY_INFO; s--) {
        int64_t n = hn_report_count(r, (hn_severity)s) - (s < HN_SEVERITY_ERROR ? hn_report_count(r, (hn_severity)(s + 1)) : 0);
        hn_json_set(counts, hn_severity_name((hn_severity)s), hn_json_new_int(n));
    }
    hn_json_set(j, "counts", counts);
    for (size_t i = 0; i < r->n; i++) hn_json_push(findings, finding_json(&r->v[i]));
    hn_json_set(j, "findings", findings);
    return j;
}
