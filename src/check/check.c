/* check.c - the table of checks, and a pass of rows through all that concern the task. */
#include <string.h>

#include "check/check_impl.h"

#define HN_CHECK(name) extern const hn_check hn_check_##name;
#include "check/checks.def"
#undef HN_CHECK

static const hn_check *const checks[] = {
#define HN_CHECK(name) &hn_check_##name,
#include "check/checks.def"
#undef HN_CHECK
};
enum { CHECKS = sizeof checks / sizeof *checks };

struct hn_checker {
    hn_check_ctx ctx;
    hn_report report;
    hn_facet_work facets;
    void *state[CHECKS]; /* NULL: has no say here */
    const char **file;   /* names that places point to, in the report's arena */
    size_t files;
};

const hn_check_about *hn_check_at(size_t i) { return i < CHECKS ? &checks[i]->about : NULL; }

hn_view hn_view_of_kind(hn_kind kind) {
    switch (kind) {
    case HN_KIND_TOKENS:
    case HN_KIND_TEXT:
    case HN_KIND_COMPLETION:
    case HN_KIND_MESSAGES: return HN_VIEW_SFT;
    case HN_KIND_PREFERENCE: return HN_VIEW_PREFERENCE;
    case HN_KIND_UNPAIRED: return HN_VIEW_KTO;
    case HN_KIND_PROMPT: return HN_VIEW_PROMPT;
    case HN_KIND_CLASSIFY: return HN_VIEW_CLASSIFY;
    case HN_KIND_TAG: return HN_VIEW_TAG;
    case HN_KIND_QA: return HN_VIEW_QA;
    case HN_KIND_STEPWISE:
    case HN_KINDS: break;
    }
    return HN_VIEW_ANY;
}

static int32_t special(const hn_check_setup *s, hn_special which) { return s->tok ? hn_tokenizer_special_id(s->tok, which) : -1; }

hn_status hn_checker_new(const hn_check_setup *s, hn_checker **out, hn_error *err) {
    *out = NULL;
    hn_checker *k = hn_calloc(1, sizeof *k);
    if (!k) return hn_nomem(err, sizeof *k);
    hn_check_ctx *c = &k->ctx;
    *c = (hn_check_ctx){.setup = s,
                        .report = &k->report,
                        .bos = special(s, HN_BOS),
                        .eos = special(s, HN_EOS),
                        .pad = special(s, HN_PAD),
                        .unk = special(s, HN_UNK)};
    if (s->tok && s->eos_token) c->eos = hn_tokenizer_id(s->tok, s->eos_token);
    hn_arena_init(&k->report.arena, 0);
    hn_arena_init(&k->facets.arena, 0);
    for (size_t i = 0; i < CHECKS; i++) {
        const hn_check *check = checks[i];
        bool concerns = (check->views >> s->view & 1) && !(s->quick && check->needs & HN_SLOW);
        if (!concerns) continue;
        k->state[i] = hn_calloc(1, check->size ? check->size : 1);
        if (!k->state[i]) {
            hn_checker_free(k);
            return hn_nomem(err, check->size);
        }
        c->check = check;
        if (check->begin && !check->begin(k->state[i], c)) {
            hn_free(k->state[i]);
            k->state[i] = NULL;
        } else {
            k->report.checks++;
        }
    }
    *out = k;
    return HN_OK;
}

void hn_checker_free(hn_checker *k) {
    if (!k) return;
    for (size_t i = 0; i < CHECKS; i++) {
        if (k->state[i] && checks[i]->release) checks[i]->release(k->state[i]);
        hn_free(k->state[i]);
    }
    hn_facet_work_release(&k->facets);
    hn_report_release(&k->report);
    hn_free(k->file);
    hn_free(k);
}

/* One copy of every file's name, that lives as long as the report. */
static const char *keep_name(hn_checker *k, const char *name) {
    for (size_t i = k->files; i > 0; i--)
        if (hn_streq(k->file[i - 1], name)) return k->file[i - 1];
    const char **grown = hn_realloc_array(k->file, k->files + 1, sizeof *grown);
    if (grown) k->file = grown;
    char *kept = grown && name ? hn_arena_strndup(&k->report.arena, name, strlen(name)) : NULL;
    if (kept) k->file[k->files++] = kept;
    k->ctx.failed |= !kept;
    return kept;
}

hn_status hn_checker_row(hn_checker *k, const hn_look *seen, bool eval, hn_error *err) {
    hn_check_ctx *c = &k->ctx;
    hn_facets f = {0};
    hn_look own = *seen, *row = &own;
    own.file = keep_name(k, seen->file ? seen->file : "");
    c->eval = eval;
    if (eval)
        c->eval_rows++;
    else
        c->rows++;
    c->unusable += row->st != HN_OK;
    if (row->example) hn_facets_read(&k->facets, row->example, &f);
    else if (row->st == HN_OK && row->record) hn_facets_left_out(&k->facets, row->record, &f);
    if (!k->report.format[0] && row->format) {
        snprintf(k->report.format, sizeof k->report.format, "%s", row->format);
        snprintf(k->report.reason, sizeof k->report.reason, "%s", row->reason ? row->reason : "");
    }
    for (size_t i = 0; i < CHECKS; i++) {
        const hn_check *check = checks[i];
        if (!k->state[i] || !check->row || (eval && !(check->needs & HN_WANTS_EVAL))) continue;
        bool said = row->example || (f.left_out && check->needs & HN_WANTS_LEFT_OUT);
        if ((check->needs & HN_NEEDS_PARTS && !row->parts) || (check->needs & HN_NEEDS_EXAMPLE && !said)) continue;
        c->check = check;
        check->row(k->state[i], c, row, &f);
    }
    return c->failed || k->facets.failed ? hn_nomem(err, sizeof f) : HN_OK;
}

hn_status hn_checker_end(hn_checker *k, hn_report *out, hn_error *err) {
    hn_check_ctx *c = &k->ctx;
    *out = (hn_report){0};
    for (size_t i = 0; i < CHECKS; i++) {
        if (!k->state[i] || !checks[i]->end) continue;
        c->check = checks[i];
        checks[i]->end(k->state[i], c);
    }
    if (c->failed) return hn_nomem(err, sizeof *out);
    k->report.rows = c->rows;
    k->report.eval_rows = c->eval_rows;
    k->report.unusable = c->unusable;
    *out = k->report;
    k->report = (hn_report){0};
    for (size_t i = 1; i < out->n; i++) { /* stable: within a severity the order of checks.def */
        hn_finding f = out->v[i];
        size_t j = i;
        for (; j > 0 && out->v[j - 1].severity < f.severity; j--) out->v[j] = out->v[j - 1];
        out->v[j] = f;
    }
    return HN_OK;
}
