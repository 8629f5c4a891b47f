/* inspect_json.c - data inspect as one JSON object. */
#include <string.h>

#include "cli/inspect.h"

/* ids, what each token adds to the text, and 1 where it is a target; special and cut tokens by their places. */
static hn_status part_json(const inspection *s, const shown_part *p, hn_buf *text, hn_json **out, hn_error *err) {
    size_t *at = NULL;
    HN_TRY(token_pieces(s->set->tok, p->id, p->n, text, &at, err));
    hn_json *j = hn_json_new_object(), *ids = hn_json_new_array(), *target = hn_json_new_array(), *pieces = hn_json_new_array(),
            *special = hn_json_new_array();
    hn_json_set_text(j, "name", p->name);
    hn_json_set_int(j, "tokens", p->n);
    hn_json_set_int(j, "targets", part_targets(p));
    hn_json_set_int(j, "kept_from", p->from);
    hn_json_set_int(j, "kept", p->kept);
    hn_json_set_int(j, "prompt", p->prompt);
    for (int64_t i = 0; i < p->n; i++) {
        unsigned marks = token_marks(s, p, i);
        hn_json_push(ids, hn_json_new_int(p->id[i]));
        hn_json_push(target, hn_json_new_int((marks & TOKEN_TARGET) != 0));
        hn_json_push(pieces, hn_json_new_str(text->p + at[i], at[i + 1] - at[i]));
        if (marks & TOKEN_SPECIAL) hn_json_push(special, hn_json_new_int(i));
    }
    hn_json_set(j, "text", hn_json_new_str(text->p, text->n));
    hn_json_set(j, "ids", ids);
    hn_json_set(j, "loss", target);
    hn_json_set(j, "pieces", pieces);
    hn_json_set(j, "special", special);
    hn_free(at);
    *out = j;
    return HN_OK;
}

static hn_status row_json(const inspection *s, const shown_row *r, hn_buf *text, hn_json **out, hn_error *err) {
    hn_json *j = hn_json_new_object(), *parts = hn_json_new_array();
    *out = j;
    hn_json_set_int(j, "index", r->index);
    hn_json_set_text(j, "file", r->file);
    hn_json_set_int(j, "line", r->line);
    hn_json_set_text(j, "kind", r->kind);
    hn_json_set_bool(j, "dropped", r->dropped);
    hn_json_set_text(j, "problem", r->problem);
    hn_json_set_text(j, "label", r->label);
    hn_json_set(j, "parts", parts);
    for (size_t i = 0; i < r->parts; i++) {
        hn_json *part = NULL;
        HN_TRY(part_json(s, &r->part[i], text, &part, err));
        hn_json_push(parts, part);
    }
    return HN_OK;
}

static hn_json *stats_json(const inspection *s) {
    hn_json *j = hn_json_new_object(), *bins = hn_json_new_array(), *roles = hn_json_new_object();
    const struct { const char *key; int64_t v;
    } figures[] = {{"rows", s->rows},
                   {"unusable", s->unusable},
                   {"without_example", s->empty},
                   {"dropped", s->dropped},
                   {"truncated", s->cut},
                   {"sequences", s->parts},
                   {"tokens", s->tokens},
                   {"targets", s->targets},
                   {"tokens_lost", s->lost},
                   {"longest", s->longest},
                   {"median", inspect_quantile(s, 0.5)},
                   {"p95", inspect_quantile(s, 0.95)}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) hn_json_set_int(j, figures[i].key, figures[i].v);
    hn_json_set_num(j, "target_share", s->tokens ? (double)s->targets / (double)s->tokens : 0);
    for (int i = 0; i < s->roles; i++) hn_json_set_int(roles, s->role[i].name, s->role[i].n);
    hn_json_set(j, "roles", roles);
    hn_json_set_text(j, "packing", s->packing);
    if (s->packing) hn_json_set_int(j, "packed_rows", s->packed_rows);
    if (s->packing) hn_json_set_int(j, "packed_tokens", s->packed_tokens);
    length_bin bin[24];
    int n = s->parts ? inspect_bins(s, bin) : 0;
    for (int i = 0; i < n; i++) {
        hn_json *b = hn_json_new_object();
        hn_json_set_int(b, "from", bin[i].from);
        hn_json_set_int(b, "to", bin[i].to);
        hn_json_set_int(b, "rows", bin[i].n);
        hn_json_push(bins, b);
    }
    hn_json_set(j, "lengths", bins);
    return j;
}

hn_status inspect_json(const inspection *s, hn_json **out, hn_error *err) {
    hn_json *j = hn_json_new_object(), *rows = hn_json_new_array();
    hn_buf text = {0};
    hn_status st = HN_OK;
    *out = j;
    hn_json_set_text(j, "hone_version", HONE_VERSION);
    hn_json_set_text(j, "task", hn_view_name(s->set->view));
    hn_json_set_text(j, "model", s->set->dir);
    hn_json_set(j, "files", hn_sources_files(&s->set->train));
    hn_json_set_text(j, "format", s->format);
    hn_json_set_text(j, "reason", s->reason);
    hn_json_set_text(j, "chat_template", s->set->o.chat ? hn_chat_source(s->set->o.chat) : NULL);
    hn_json_set(j, "stats", stats_json(s));
    hn_json_set(j, "shown", rows);
    for (size_t i = 0; i < s->count && st == HN_OK; i++) {
        hn_json *row = NULL;
        st = row_json(s, &s->shown[i], &text, &row, err);
        hn_json_push(rows, row);
    }
    hn_buf_release(&text);
    return st;
}
