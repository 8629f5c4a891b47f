/* oasst.c - OpenAssistant's message trees as examples.
 *
 * Conversations: from the root, always the best child (lowest rank; without ranks the first in the file), down to the last
 * answer on that way. Pairs: of the answers to a message every two of different rank, the lower one chosen. Messages that
 * are deleted, failed their review or were labelled spam by most are left out with all that follows them. Languages are not
 * told apart: every tree is used. */
#include "data/oasst_impl.h"

#include <string.h>

/* labels.spam.value, or the columnar form {"name": [...], "value": [...]}. */
static double spam(const hn_json *message) {
    const hn_json *labels = hn_json_get(message, "labels"), *names = hn_json_get(labels, "name");
    if (hn_json_type(names) != HN_JSON_ARRAY) return hn_json_num(hn_json_get(hn_json_get(labels, "spam"), "value"), 0);
    for (size_t i = 0; i < hn_json_len(names); i++)
        if (hn_streq(hn_json_cstr(hn_json_at(names, i)), "spam"))
            return hn_json_num(hn_json_at(hn_json_get(labels, "value"), i), 0);
    return 0;
}

static bool usable(const hn_json *message) {
    return !hn_json_bool(hn_json_get(message, "deleted"), false) && hn_json_bool(hn_json_get(message, "review_result"), true) &&
           spam(message) < 0.5;
}

bool hn_tree_closed(const hn_json *record) {
    const char *state = hn_json_cstr(hn_json_get(record, "tree_state"));
    return hn_streq(state, "halted_by_moderator") || hn_streq(state, "aborted_low_grade");
}

hn_status hn_posts_add(hn_posts *p, const hn_json *message, int64_t *index, hn_error *err) {
    hn_str text, role;
    HN_TRY(hn_column_text(message, "text", &text, err));
    HN_TRY(hn_column_text(message, "role", &role, err));
    const char *mapped = hn_role_of(role);
    if (!hn_streq(mapped, "user") && !hn_streq(mapped, "assistant"))
        return hn_bad_row(err, "column \"role\" is \"%.40s\", prompter or assistant is expected", role.p);
    if (p->n == p->cap) {
        int64_t cap = p->cap ? 2 * p->cap : 64;
        hn_post *v = hn_realloc_array(p->v, (size_t)cap, sizeof *v);
        if (!v) return hn_nomem(err, (size_t)cap * sizeof *v);
        p->v = v;
        p->cap = cap;
    }
    bool good = usable(message);
    p->refused += !good;
    p->v[p->n] = (hn_post){.text = good ? hn_json_ref(hn_json_get(message, "text")) : NULL,
                           .role = mapped,
                           .rank = hn_json_int(hn_json_get(message, "rank"), INT64_MAX),
                           .child = -1,
                           .sibling = -1,
                           .last_child = -1};
    *index = p->n++;
    return HN_OK;
}

void hn_posts_link(hn_posts *p, int64_t parent, int64_t child) {
    hn_post *up = &p->v[parent];
    if (up->child < 0) up->child = child;
    else p->v[up->last_child].sibling = child;
    up->last_child = child;
}

void hn_posts_release(hn_posts *p) {
    for (int64_t i = 0; i < p->n; i++) hn_json_free(p->v[i].text);
    hn_free(p->v);
    *p = (hn_posts){0};
}

static hn_status say(hn_json *list, const hn_post *post, hn_error *err) {
    hn_json *m = hn_message_new(post->role, hn_json_ref(post->text));
    if (!m) return hn_nomem(err, sizeof(void *));
    hn_json_push(list, m);
    return HN_OK;
}

/* The best child that may be used; -1: none. *unranked: there was a choice, and no rank to make it by. */
static int64_t best_child(const hn_posts *p, int64_t at, bool *unranked) {
    int64_t best = -1, count = 0;
    for (int64_t i = p->v[at].child; i >= 0; i = p->v[i].sibling) {
        if (!p->v[i].text) continue;
        count++;
        if (best < 0 || p->v[i].rank < p->v[best].rank) best = i;
    }
    if (count > 1 && p->v[best].rank == INT64_MAX) *unranked = true;
    return best;
}

static hn_status best_path(const hn_posts *p, int64_t root, hn_examples *out, hn_error *err) {
    hn_json *list = hn_json_new_array();
    hn_status st = list ? HN_OK : hn_nomem(err, sizeof(void *));
    bool unranked = false, guessed = false;
    size_t answered = 0;
    for (int64_t at = root; st == HN_OK && at >= 0 && p->v[at].text; at = best_child(p, at, &unranked)) {
        st = say(list, &p->v[at], err);
        if (!hn_streq(p->v[at].role, "assistant")) continue;
        answered = hn_json_len(list);
        guessed = unranked;
    }
    hn_json *x;
    if (st == HN_OK && answered == 0) hn_examples_note(out, "message trees without a usable answer: left out", 1);
    else if (st == HN_OK) {
        st = hn_examples_add(out, HN_KIND_MESSAGES, &x, err);
        if (st == HN_OK) st = hn_put(x, "messages", hn_json_slice(list, 0, answered), err);
        if (guessed) hn_examples_note(out, "message trees without ranks: the first answer in the file is taken for the best", 1);
    }
    hn_json_free(list);
    return st;
}

static hn_status add_pair(const hn_json *path, const hn_post *chosen, const hn_post *rejected, hn_examples *out, hn_error *err) {
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_PREFERENCE, &x, err));
    HN_TRY(hn_put(x, "prompt", hn_json_slice(path, 0, hn_json_len(path)), err));
    HN_TRY(hn_put(x, "chosen", hn_messages_of(hn_message_new(chosen->role, hn_json_ref(chosen->text))), err));
    return hn_put(x, "rejected", hn_messages_of(hn_message_new(rejected->role, hn_json_ref(rejected->text))), err);
}

/* Pairs among the children of the last message of path, in the order of ranks of the chosen one. */
static hn_status pairs(const hn_posts *p, int64_t at, const hn_json *path, hn_examples *out, hn_error *err) {
    for (int64_t i = p->v[at].child; i >= 0; i = p->v[i].sibling)
        for (int64_t k = p->v[at].child; k >= 0; k = p->v[k].sibling) {
            const hn_post *a = &p->v[i], *b = &p->v[k];
            bool answers = a->text && b->text && hn_streq(a->role, "assistant") && hn_streq(b->role, "assistant");
            if (answers && a->rank < b->rank && b->rank != INT64_MAX) HN_TRY(add_pair(path, a, b, out, err));
        }
    return HN_OK;
}

enum { DEEPEST = 500 }; /* messages on a path; what is deeper in a tree gives no pairs */

/* All messages below, each with the path to it. */
static hn_status walk(const hn_posts *p, int64_t at, hn_json *before, hn_examples *out, hn_error *err) {
    if (!p->v[at].text || hn_json_len(before) == DEEPEST) return HN_OK;
    hn_json *path = hn_json_slice(before, 0, hn_json_len(before));
    hn_status st = path ? say(path, &p->v[at], err) : hn_nomem(err, sizeof(void *));
    if (st == HN_OK) st = pairs(p, at, path, out, err);
    for (int64_t i = p->v[at].child; i >= 0 && st == HN_OK; i = p->v[i].sibling) st = walk(p, i, path, out, err);
    hn_json_free(path);
    return st;
}

hn_status hn_posts_convert(const hn_posts *p, int64_t root, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    if (o->view != HN_VIEW_PREFERENCE && o->view != HN_VIEW_KTO) return best_path(p, root, out, err);
    size_t had = out->n;
    HN_TRY(walk(p, root, NULL, out, err));
    if (out->n == had) hn_examples_note(out, "message trees without two ranked answers to one message: left out", 1);
    return HN_OK;
}
