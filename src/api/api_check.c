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

static void set_up(const hone_config *c, const hn_look_set *s, bool quick, hn_check_setup *out) {
    hn_origin from;
    *out = (hn_check_setup){.view = s->view, .tok = s->tok, .chat = s->o.chat, .model = &s->model, .eos_token = s->o.eos_token,
                            .max_length = s->o.max_length, .completion_only = s->o.completion_only, .assistant_only = s->o.assistant_only,
                            .packed = s->o.packing != HN_PACK_NONE, .quick = quick};
    out->max_length_given = hn_config_find(c->c, "max_length", &from) && from != HN_FROM_DEFAULT;
}

hn_status hn_look_check(hone_config *c, hn_look_set *s, bool quick, hn_report *out, hn_error *err) {
    *out = (hn_report){0};
    hn_check_setup setup;
    pass p = {.keep_unreadable = s->o.skip_bad || quick};
    set_up(c, s, quick, &setup);
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
