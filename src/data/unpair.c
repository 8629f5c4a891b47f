/* unpair.c - the order of single answers that were pairs: as TRL's unpair_preference_dataset, which maps the data set in batches
 * of 1,000, all chosen answers of a thousand pairs come before their rejected ones. What is not such an answer passes by. */
#include "data/pass_impl.h"

enum { GROUP = 1000 };

static void drop(hn_item *it) {
    hn_json_free(it->record);
    hn_examples_release(&it->examples);
    if (it->encoded) hn_encoded_release(it->encoded);
    hn_free(it->encoded);
}

/* An item with example i alone; what is told of the record comes with the first. */
static hn_item single(const hn_item *it, size_t i) {
    hn_item one = *it;
    one.examples.n = it->examples.n ? 1 : 0; /* only a look has the examples */
    if (it->examples.n) one.examples.v = &it->examples.v[i];
    if (i) one.examples.notes = 0;
    one.encoded = &it->encoded[i];
    one.count = 1;
    return one;
}

/* Keeps example i, whose tokens are taken out of the item. */
static hn_status hold(hn_unpair *u, hn_item *it, size_t i, hn_error *err) {
    if (u->n == u->cap) {
        size_t cap = u->cap ? 2 * u->cap : 64;
        hn_item *grown = hn_realloc_array(u->held, cap, sizeof *grown);
        if (!grown) return hn_nomem(err, cap * sizeof *grown);
        u->held = grown;
        u->cap = cap;
    }
    hn_item one = {.raw = {.path = it->raw.path,
                           .line = it->raw.line,
                           .first_line = it->raw.first_line,
                           .reader = it->raw.reader,
                           .part = it->raw.part},
                   .record = hn_json_ref(it->record),
                   .count = 1,
                   .encoded = hn_calloc(1, sizeof *one.encoded),
                   .room = 1,
                   .gathered = it->gathered};
    hn_json *value = NULL;
    hn_status st = one.encoded ? HN_OK : hn_nomem(err, sizeof *one.encoded);
    if (st == HN_OK && it->examples.n) st = hn_examples_add(&one.examples, it->examples.v[i].kind, &value, err);
    if (st != HN_OK) {
        drop(&one);
        return st;
    }
    if (value) {
        hn_json_free(value);
        one.examples.v[0].value = hn_json_ref(it->examples.v[i].value);
    }
    *one.encoded = it->encoded[i];
    it->encoded[i] = (hn_encoded){0};
    u->held[u->n++] = one;
    return HN_OK;
}

hn_status hn_unpair_end(hn_unpair *u, hn_pass *p, hn_error *err) {
    hn_status st = HN_OK;
    for (size_t i = 0; i < u->n; i++) {
        if (st == HN_OK) st = p->fn(p->user, p, &u->held[i], err);
        drop(&u->held[i]);
    }
    u->n = 0;
    return st;
}

hn_status hn_unpair_pass(hn_unpair *u, hn_pass *p, hn_item *it, hn_error *err) {
    size_t seconds = 0;
    for (size_t i = 0; i < it->count && it->st == HN_OK; i++) seconds += it->encoded[i].second;
    if (seconds == 0) return p->fn(p->user, p, it, err);
    for (size_t i = 0; i < it->count; i++) {
        if (it->encoded[i].second) {
            HN_TRY(hold(u, it, i, err));
            if (u->n == GROUP) HN_TRY(hn_unpair_end(u, p, err));
        } else {
            hn_item one = single(it, i);
            HN_TRY(p->fn(p->user, p, &one, err));
        }
    }
    return HN_OK;
}

void hn_unpair_release(hn_unpair *u) {
    for (size_t i = 0; i < u->n; i++) drop(&u->held[i]);
    hn_free(u->held);
    *u = (hn_unpair){0};
}
