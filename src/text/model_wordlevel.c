/* model_wordlevel.c - every piece is one word of the vocabulary, or the unknown token. */
#include "text/json_reader.h"

typedef struct wordlevel {
    hn_vocab *vocab;
    int32_t unk; /* -1: none */
} wordlevel;

static void drop(void *state) {
    wordlevel *m = state;
    if (m) hn_vocab_free(m->vocab);
    hn_free(m);
}

static hn_status make(const hn_model_source *src, void **state, hn_error *err) {
    wordlevel *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    hn_status st = hn_vocab_load(src->vocab, &m->vocab, err);
    if (st != HN_OK) {
        drop(m);
        return st;
    }
    hn_str unk = hn_str_of("<unk>");
    hn_json_text(hn_json_get(src->spec, "unk_token"), &unk);
    m->unk = hn_vocab_id(m->vocab, unk.p, unk.n);
    *state = m;
    return HN_OK;
}

static const hn_vocab *vocab_of(const void *state) {
    return ((const wordlevel *)state)->vocab;
}

static hn_status run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err) {
    const wordlevel *m = state;
    int32_t id = hn_vocab_id(m->vocab, w->text.p + begin, end - begin);
    if (id < 0) id = m->unk;
    if (id < 0) return hn_fail(err, HN_EFORMAT, "the text has words out of vocabulary, and model.unk_token is out of it too");
    return hn_emit(w, id, begin, end, err);
}

const hn_model_part hn_model_wordlevel = {
    .part = {.type = "WordLevel", .about = "whole words", .drop = drop},
    .load = make,
    .vocab = vocab_of,
    .run = run,
};
