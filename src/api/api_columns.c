/* api_columns.c - the columns of a data set that are to be read as others: --columns and --prompt_column and the like. */
#include <string.h>

#include "api/api.h"

void hn_column_settings_free(hone_config *c) {
    for (size_t i = 0; i < c->columns.n; i++) {
        hn_free(c->columns.from[i]);
        hn_free(c->columns.to[i]);
    }
    hn_free(c->columns.from);
    hn_free(c->columns.to);
    c->columns = (hn_columns){.others = true};
}

static hn_status add(hn_columns *x, hn_str to, hn_str from, hn_error *err) {
    if (to.n == 0 || from.n == 0) {
        hn_fail(err, HN_EARG, "--columns is a list of NAME=COLUMN, separated by commas");
        hn_error_fix(err, "--columns prompt=question,completion=answer reads the column question as prompt");
        return HN_EARG;
    }
    for (size_t i = 0; i < x->n; i++)
        if (hn_str_eq(to, x->to[i]))
            return hn_fail(err, HN_EARG, "two columns are to be read as \"%s\": %s and %.*s", x->to[i], x->from[i], (int)from.n,
                           from.p);
    char **names = hn_realloc_array(x->from, x->n + 1, sizeof *names);
    if (names) x->from = names;
    char **meanings = names ? hn_realloc_array(x->to, x->n + 1, sizeof *meanings) : NULL;
    if (meanings) x->to = meanings;
    char *a = meanings ? hn_strndup(from.p, from.n) : NULL, *b = a ? hn_strndup(to.p, to.n) : NULL;
    if (!b) {
        hn_free(a);
        return hn_nomem(err, from.n);
    }
    x->from[x->n] = a;
    x->to[x->n++] = b;
    return HN_OK;
}

hn_status hn_column_settings(hone_config *c, hn_error *err) {
    const hn_data_opts *d = &c->data;
    const struct { const char *to, *from; } flags[] = {
        {"prompt", d->prompt_column},     {"completion", d->completion_column}, {"chosen", d->chosen_column},
        {"rejected", d->rejected_column}, {"messages", d->messages_column},     {"label", d->label_column}};
    hn_column_settings_free(c);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].from) HN_TRY(add(&c->columns, hn_str_of(flags[i].to), hn_str_of(flags[i].from), err));
    for (const char *at = d->columns; at && *at;) {
        size_t n = strcspn(at, ","), eq = strcspn(at, "=,");
        hn_str from = {at + eq + 1, eq < n ? n - eq - 1 : 0};
        HN_TRY(add(&c->columns, (hn_str){at, eq}, from, err));
        at += n + (at[n] == ',');
    }
    return HN_OK;
}
