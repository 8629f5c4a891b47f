/* api_check.c - the checks of a data set: of all its rows on request, of the first ones before every run. */
#include <string.h>

#include "api/check_run_impl.h"

typedef struct pass {
    hn_checker *checker;
    bool eval;
    bool keep_unreadable; /* records that are no JSON are a finding; else the end */
} pass;

static hn_status one_row(void *user, const hn_look *row, hn_error *err) {
    pass *p = user;
    if (!row->record && row->st != HN_OK && !p->keep_unreadable) {
        if (err) *err = *row->err;
        return row->st;
    }
    return hn_checker_row(p->checker, row, p->eval, err);
}

static void set_up(const hn_look_set *s, bool quick, hn_check_setup *out) {
    *out = (hn_check_setup){.view = s->view,
                            .tok = s->tok,
                            .chat = s->o.chat,
                            .model = &s->model,
                            .eos_token = s->o.eos_token,
                            .max_length = s->o.max_length,
                            .completion_only = s->o.completion_only,
                            .assistant_only = s->o.assistant_only,
                            .split_special = s->o.split_special,
                            .packed = s->o.packing != HN_PACK_NONE,
                            .quick = quick};
}

hn_status hn_look_check(hn_look_set *s, bool quick, hn_report *out, hn_error *err) {
    *out = (hn_report){0};
    hn_check_setup setup;
    pass p = {.keep_unreadable = s->o.skip_bad || quick};
    set_up(s, quick, &setup);
    if (s->o.assistant_only && (!s->chat || hn_chat_span_source(s->chat) == HN_SPANS_NONE))
        s->o.assistant_only = false; /* a check says so */
    hn_status st;
    HN_GO(st, hn_checker_new(&setup, &p.checker, err));
    HN_GO(st, hn_look_pass(s, false, one_row, &p, err));
    p.eval = true;
    if (!quick) HN_GO(st, hn_look_pass(s, true, one_row, &p, err));
    HN_GO(st, hn_checker_end(p.checker, out, err));
done:
    hn_checker_free(p.checker);
    return st;
}

hone_status hone_data_check(hone_config *c, const char *view, char **json) {
    *json = NULL;
    hn_look_set s;
    hn_report r = {0};
    hn_error err = {0};
    hn_buf b = {0};
    hn_status st = hn_look_open(c, view, &s, &err);
    if (st == HN_OK) st = hn_look_check(&s, false, &r, &err);
    if (st == HN_OK) {
        hn_json *j = hn_report_json(&r);
        hn_json_write(&b, j, 0);
        hn_json_free(j);
        *json = hn_buf_take(&b);
        if (!*json) st = hn_nomem(&err, 1);
    }
    if (st == HN_OK && hn_report_count(&r, HN_SEVERITY_ERROR)) st = hn_fail(&err, HN_EGATE, "%s: %s", r.v[0].id, r.v[0].message);
    hn_report_release(&r);
    hn_look_close(&s);
    return hone_keep(c->ctx, st, &err);
}

enum { FIRST_ROWS = 512 }; /* what a run looks at before it starts: a blink, whatever the size of the data */

static hn_status refuse(const hn_report *r, hn_error *err) {
    hn_fail(err, HN_EGATE, "training would be wasted: %s: %s", r->v[0].id, r->v[0].message);
    for (size_t i = 1; i < r->n && r->v[i].severity == HN_SEVERITY_ERROR; i++)
        hn_error_detail(err, "%s: %s", r->v[i].id, r->v[i].message);
    if (r->v[0].places) hn_error_detail(err, "first seen at %s:%lld", r->v[0].place[0].file, (long long)r->v[0].place[0].line);
    hn_error_detail(err, "%s", r->v[0].cost);
    hn_error_fix(err, "%s; or --force", r->v[0].remedy);
    return HN_EGATE;
}

hn_status hn_check_before_run(hone_config *c, const hone_model *m, const hone_tokenizer *tok, hn_report *out, hn_error *err) {
    hn_look_set s;
    *out = (hn_report){0};
    hn_status st = hn_look_open_run(c, m ? hn_model_dir(m->m) : NULL, tok ? tok->t : NULL, &s, err);
    if (st == HN_OK && (s.o.limit == HN_UNSET_INT || s.o.limit > FIRST_ROWS)) s.o.limit = FIRST_ROWS;
    if (st == HN_OK) st = hn_look_check(&s, true, out, err);
    if (st == HN_OK && hn_report_count(out, HN_SEVERITY_ERROR) && !c->train.force) st = refuse(out, err);
    hn_look_close(&s);
    return st;
}
