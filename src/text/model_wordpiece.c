/* model_wordpiece.c - a word is cut into the longest pieces of the vocabulary from left to right, those behind the first
 * with the continuing prefix (##). A word that does not come out even, or is too long, is one unknown token. */
#include "text/json_reader.h"

typedef struct wordpiece {
    hn_vocab *vocab;
    char *prefix;
    int32_t unk; /* -1: none */
    int64_t most_chars;
    size_t longest; /* bytes of the longest token */
} wordpiece;

static void drop(void *state) {
    wordpiece *m = state;
    if (!m) return;
    hn_vocab_free(m->vocab);
    hn_free(m->prefix);
    hn_free(m);
}

static hn_status load(wordpiece *m, const hn_model_source *src, hn_error *err) {
    HN_TRY(hn_vocab_load(src->vocab, &m->vocab, err));
    const char *prefix = hn_json_cstr(hn_json_get(src->spec, "continuing_subword_prefix"));
    m->prefix = hn_strdup(prefix ? prefix : "##");
    if (!m->prefix) return hn_nomem(err, 3);
    hn_str unk = hn_str_of("[UNK]");
    hn_json_text(hn_json_get(src->spec, "unk_token"), &unk);
    m->unk = hn_vocab_id(m->vocab, unk.p, unk.n);
    m->most_chars = hn_json_int(hn_json_get(src->spec, "max_input_chars_per_word"), 100);
    for (int32_t id = 0; id < hn_vocab_end(m->vocab); id++) {
        hn_str text = hn_vocab_text(m->vocab, id);
        if (text.n > m->longest) m->longest = text.n;
    }
    return HN_OK;
}

static hn_status make(const hn_model_source *src, void **state, hn_error *err) {
    wordpiece *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    hn_status st = load(m, src, err);
    if (st == HN_OK) *state = m;
    else drop(m);
    return st;
}

static const hn_vocab *vocab_of(const void *state) {
    return ((const wordpiece *)state)->vocab;
}

/* The longest piece at p[begin, end); *to: where it ends. -1: none. */
static int32_t longest_piece(const wordpiece *m, hn_buf *spell, const char *p, size_t begin, size_t end, size_t *to) {
    size_t before = begin > 0 ? strlen(m->prefix) : 0;
    if (end - begin + before > m->longest) {
        if (m->longest <= before) return -1;
        end = begin + m->longest - before;
        while (((unsigned char)p[end] & 0xC0) == 0x80) end--;
    }
    hn_buf_clear(spell);
    hn_buf_add(spell, m->prefix, before);
    hn_buf_add(spell, p + begin, end - begin);
    if (spell->failed) return -1;
    while (begin < end) {
        int32_t id = hn_vocab_id(m->vocab, spell->p, before + end - begin);
        *to = end;
        if (id >= 0) return id;
        do end--;
        while (end > begin && ((unsigned char)p[end] & 0xC0) == 0x80);
    }
    return -1;
}

static hn_status unknown(const wordpiece *m, hn_work *w, size_t begin, size_t end, hn_error *err) {
    if (m->unk >= 0) return hn_emit(w, m->unk, begin, end, err);
    return hn_fail(err, HN_EFORMAT, "the text has words out of vocabulary, and model.unk_token is out of it too");
}

static hn_status run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err) {
    const wordpiece *m = state;
    const char *p = w->text.p + begin;
    size_t n = end - begin, first = w->out->n;
    int64_t chars = 0;
    for (size_t i = 0; i < n && chars <= m->most_chars; i++) chars += ((unsigned char)p[i] & 0xC0) != 0x80;
    if (chars > m->most_chars) return unknown(m, w, begin, end, err);
    for (size_t at = 0, to; at < n; at = to) {
        int32_t id = longest_piece(m, &w->spell, p, at, n, &to);
        if (w->spell.failed) return hn_nomem(err, n);
        if (id < 0) {
            w->out->n = first; /* all or nothing */
            return unknown(m, w, begin, end, err);
        }
        HN_TRY(hn_emit(w, id, begin + at, begin + to, err));
    }
    return HN_OK;
}

const hn_model_part hn_model_wordpiece = {
    .part = {.type = "WordPiece", .about = "longest pieces of a word first", .drop = drop},
    .load = make,
    .vocab = vocab_of,
    .run = run,
};
