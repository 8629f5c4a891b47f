/* format_oasst_messages.c - OpenAssistant, one message a record, linked by parent_id: trees are put together when the whole file
 * has been read. Only text, rank and links of a message are kept. */
#include "data/oasst_impl.h"

#include <string.h>

typedef struct {
    char *parent; /* NULL: a root */
    int64_t line;
    bool closed;  /* of a tree that was halted or aborted */
} origin;

typedef struct {
    hn_posts posts;
    origin *from;       /* [posts.n] */
    int64_t cap;
    hn_json *index;     /* message_id -> number */
    int64_t at, orphans;
    bool linked;
} trees;

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_is_text(record, "message_id") || !hn_json_has(record, "parent_id") || !hn_is_text(record, "text") ||
        !hn_is_text(record, "role"))
        return false;
    if (hn_json_type(hn_json_get(record, "replies")) == HN_JSON_ARRAY) return false; /* a tree */
    return hn_because(reason, "columns \"message_id\", \"parent_id\", \"text\" and \"role\": one message a row");
}

static hn_status gather(void *state, const hn_json *record, int64_t line, const hn_convert_opts *o, hn_error *err) {
    trees *t = state;
    (void)o;
    hn_str id, parent = {NULL, 0};
    int64_t at;
    HN_TRY(hn_column_text(record, "message_id", &id, err));
    if (hn_json_get(record, "parent_id")) HN_TRY(hn_column_text(record, "parent_id", &parent, err));
    if (!t->index && !(t->index = hn_json_new_object())) return hn_nomem(err, sizeof(void *));
    if (hn_json_get(t->index, id.p)) return hn_bad_row(err, "column \"message_id\" is \"%.60s\", which an earlier row has", id.p);
    if (t->posts.n == t->cap) {
        int64_t cap = t->cap ? 2 * t->cap : 64;
        origin *from = hn_realloc_array(t->from, (size_t)cap, sizeof *from);
        if (!from) return hn_nomem(err, (size_t)cap * sizeof *from);
        t->from = from;
        t->cap = cap;
    }
    char *up = parent.p ? hn_strndup(parent.p, parent.n) : NULL;
    if (parent.p && !up) return hn_nomem(err, parent.n);
    hn_status st = hn_posts_add(&t->posts, record, &at, err);
    if (st != HN_OK) {
        hn_free(up);
        return st;
    }
    t->from[at] = (origin){up, line, hn_tree_closed(record)};
    return hn_put(t->index, id.p, hn_json_new_int(at), err);
}

static void link_all(trees *t) {
    for (int64_t i = 0; i < t->posts.n; i++) {
        if (!t->from[i].parent) continue;
        int64_t up = hn_json_int(hn_json_get(t->index, t->from[i].parent), -1);
        if (up >= 0) hn_posts_link(&t->posts, up, i);
        else t->orphans++;
    }
    t->linked = true;
}

static hn_status next(void *state, const hn_convert_opts *o, hn_examples *out, int64_t *line, bool *more, hn_error *err) {
    trees *t = state;
    if (!t->linked) {
        link_all(t);
        if (t->orphans)
            hn_examples_note(out, "messages whose parent_id is no message of the file: left out with what follows them",
                             t->orphans);
        if (t->posts.refused)
            hn_examples_note(out, "messages deleted, refused in review or spam: left out with what follows them",
                             t->posts.refused);
    }
    while (t->at < t->posts.n && t->from[t->at].parent) t->at++;
    if (t->at == t->posts.n) return HN_OK;
    *more = true;
    *line = t->from[t->at].line;
    if (t->from[t->at].closed) {
        t->at++;
        hn_examples_note(out, "message trees that were halted or aborted: left out", 1);
        return HN_OK;
    }
    return hn_posts_convert(&t->posts, t->at++, o, out, err);
}

static void drop(void *state) {
    trees *t = state;
    for (int64_t i = 0; i < t->posts.n; i++) hn_free(t->from[i].parent);
    hn_free(t->from);
    hn_json_free(t->index);
    hn_posts_release(&t->posts);
}

const hn_format hn_format_oasst_messages = {.name = "oasst-messages",
                                            .about =
                                                "OpenAssistant messages, one a row, linked by \"message_id\" and \"parent_id\"",
                                            .kinds = HN_KIND_BIT(HN_KIND_MESSAGES) | HN_KIND_BIT(HN_KIND_PREFERENCE),
                                            .detect = detect,
                                            .state = sizeof(trees),
                                            .gather = gather,
                                            .next = next,
                                            .drop = drop};
