/* bpe_load.c - the BPE model of tokenizer.json: vocab, merges as "a b" or ["a", "b"], and its switches. */
#include "text/bpe_impl.h"
#include "text/json_reader.h"

/* The cut before U+2581 may not change what ignore_merges or a prefix sees, so these models are left whole. */
static bool may_cut(const hn_bpe *m) {
    return !m->ignore_merges && !m->prefix[0] && !m->suffix[0] && hn_vocab_id(m->vocab, "\xE2\x96\x81", 3) >= 0;
}

static bool ends_in_meta(hn_str s) {
    return s.n >= 3 && memcmp(s.p + s.n - 3, "\xE2\x96\x81", 3) == 0;
}

static bool begins_with_meta(hn_str s) {
    return s.n >= 3 && memcmp(s.p, "\xE2\x96\x81", 3) == 0;
}

static hn_status no_token(const char *what, size_t place, hn_str s, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "model.merges[%zu]: %s \"%.*s\" is not in the vocabulary", place, what,
            s.n > 200 ? 200 : (int)s.n, s.p);
    hn_error_fix(err, "take tokenizer.json from the model's author again: vocab and merges do not belong together");
    return HN_EFORMAT;
}

typedef struct merge_reader {
    hn_json_reader r;
    hn_buf left, joined;
    size_t place;  /* in the list */
    uint32_t rank; /* place less the lines that are no merges */
} merge_reader;

static hn_status bad_merge(const merge_reader *mr, hn_error *err) {
    if (mr->r.text.failed) return hn_nomem(err, mr->r.text.n);
    return hn_fail(err, HN_EFORMAT, "model.merges[%zu] is neither \"a b\" nor [\"a\", \"b\"]", mr->place);
}

/* Both parts of a merge; *any false: a line that is none. */
static hn_status read_merge(merge_reader *mr, hn_str *left, hn_str *right, bool *any, hn_error *err) {
    *any = true;
    if (hn_reader_pass(&mr->r, '[')) {
        hn_buf_clear(&mr->left); /* the reader's text serves the second string */
        if (!hn_reader_string(&mr->r, left)) return bad_merge(mr, err);
        hn_buf_add(&mr->left, left->p, left->n);
        if (mr->left.failed) return hn_nomem(err, left->n);
        *left = (hn_str){mr->left.p, mr->left.n};
        bool good = hn_reader_pass(&mr->r, ',') && hn_reader_string(&mr->r, right) && hn_reader_pass(&mr->r, ']');
        return good ? HN_OK : bad_merge(mr, err);
    }
    hn_str text;
    if (!hn_reader_string(&mr->r, &text)) return bad_merge(mr, err);
    *any = !(text.n >= 8 && memcmp(text.p, "#version", 8) == 0);
    const char *space = *any ? memchr(text.p, ' ', text.n) : NULL;
    if (*any && (!space || memchr(space + 1, ' ', text.n - (size_t)(space + 1 - text.p)))) return bad_merge(mr, err);
    if (!*any) return HN_OK;
    *left = (hn_str){text.p, (size_t)(space - text.p)};
    *right = (hn_str){space + 1, text.n - left->n - 1};
    return HN_OK;
}

/* The slot of a pair, or a free one for it: a repeated pair keeps its last rank. */
static hn_merge *slot_of(hn_bpe *m, int32_t left, int32_t right) {
    const hn_merge *known = hn_merge_find(m, left, right);
    if (known) return &m->merge[known - m->merge];
    size_t at = hn_merge_home(m, left, right);
    while (m->merge[at].left != UINT32_MAX) at = (at + 1) & m->mask;
    return &m->merge[at];
}

hn_status hn_bpe_grow_merges(hn_bpe *m, hn_error *err) {
    size_t old_n = m->merge ? m->mask + 1 : 0, slots = old_n ? 4 * old_n : 1024;
    hn_merge *old = m->merge, *merge = hn_alloc_array(slots, sizeof *merge);
    if (!merge) return hn_nomem(err, slots * sizeof *merge);
    memset(merge, 0xFF, slots * sizeof *merge);
    m->merge = merge;
    m->mask = slots - 1;
    for (size_t i = 0; i < old_n; i++)
        if (old[i].left != UINT32_MAX) *slot_of(m, (int32_t)old[i].left, (int32_t)old[i].right) = old[i];
    hn_free(old);
    return HN_OK;
}

hn_status hn_bpe_put_merge(hn_bpe *m, int32_t left, int32_t right, uint32_t rank, int32_t id, hn_error *err) {
    if (2 * m->merges > m->mask) HN_TRY(hn_bpe_grow_merges(m, err));
    hn_merge *slot = slot_of(m, left, right);
    m->merges += slot->left == UINT32_MAX;
    *slot = (hn_merge){(uint32_t)left, (uint32_t)right, rank, id};
    return HN_OK;
}

static hn_status add_merge(hn_bpe *m, merge_reader *mr, hn_error *err) {
    hn_str left, right;
    bool any;
    hn_buf *joined = &mr->joined;
    HN_TRY(read_merge(mr, &left, &right, &any, err));
    if (!any) return HN_OK;
    int32_t a = hn_vocab_id(m->vocab, left.p, left.n), b = hn_vocab_id(m->vocab, right.p, right.n);
    if (a < 0) return no_token("the token", mr->place, left, err);
    if (b < 0) return no_token("the token", mr->place, right, err);
    size_t skip = strlen(m->prefix);
    if (skip > right.n) return no_token("without the continuing prefix", mr->place, right, err);
    hn_buf_clear(joined);
    hn_buf_add(joined, left.p, left.n);
    hn_buf_add(joined, right.p + skip, right.n - skip);
    if (joined->failed) return hn_nomem(err, left.n + right.n);
    int32_t both = hn_vocab_id(m->vocab, joined->p, joined->n);
    if (both < 0) return no_token("the result", mr->place, (hn_str){joined->p, joined->n}, err);
    HN_TRY(hn_bpe_put_merge(m, a, b, mr->rank++, both, err));
    if (begins_with_meta(right) && !ends_in_meta(left)) m->cuts_at_meta = false;
    return HN_OK;
}

static hn_status read_merges(hn_bpe *m, merge_reader *mr, hn_error *err) {
    HN_TRY(hn_bpe_grow_merges(m, err));
    m->cuts_at_meta = may_cut(m);
    if (!hn_reader_pass(&mr->r, '[')) return hn_fail(err, HN_EFORMAT, "model.merges is no list");
    if (hn_reader_pass(&mr->r, ']')) return HN_OK;
    do {
        HN_TRY(add_merge(m, mr, err));
        mr->place++;
    } while (hn_reader_pass(&mr->r, ','));
    return hn_reader_pass(&mr->r, ']') ? HN_OK : bad_merge(mr, err);
}

static hn_status load_merges(hn_bpe *m, hn_str json, hn_error *err) {
    if (!json.p) return hn_fail(err, HN_EFORMAT, "model.merges is missing");
    merge_reader mr = {0};
    hn_reader_open(&mr.r, json);
    hn_status st = read_merges(m, &mr, err);
    hn_reader_close(&mr.r);
    hn_buf_release(&mr.left);
    hn_buf_release(&mr.joined);
    return st;
}

/* The ids of the byte alphabet's characters, and the vocabulary by the bytes they spell. */
static hn_status fold_alphabet(hn_bpe *m, hn_error *err) {
    for (int b = 0; b < 256; b++) {
        char c[4];
        int n = hn_utf8_encode(hn_byte_char((unsigned char)b), c);
        m->byte_id[b] = hn_vocab_id(m->vocab, c, (size_t)n);
    }
    if (!m->ignore_merges) return HN_OK;
    m->bytes_vocab = hn_vocab_new(hn_vocab_count(m->vocab));
    if (!m->bytes_vocab) return hn_nomem(err, hn_vocab_count(m->vocab));
    hn_buf bytes = {0};
    hn_status st = HN_OK;
    for (int32_t id = 0; id < hn_vocab_end(m->vocab) && st == HN_OK; id++) {
        hn_str text = hn_vocab_text(m->vocab, id);
        hn_buf_clear(&bytes);
        if (text.p && hn_alphabet_bytes(text, &bytes)) st = hn_vocab_add(m->bytes_vocab, (hn_str){bytes.p, bytes.n}, id, err);
        if (bytes.failed) st = hn_nomem(err, text.n);
    }
    hn_buf_release(&bytes);
    return st;
}

hn_status hn_bpe_load_chars(hn_bpe *m, hn_error *err) {
    m->low_id = hn_alloc_array(HN_BPE_LOW, sizeof *m->low_id);
    if (!m->low_id) return hn_nomem(err, HN_BPE_LOW * sizeof *m->low_id);
    for (uint32_t cp = 0; cp < HN_BPE_LOW; cp++) {
        char c[4];
        int n = hn_utf8_encode(cp, c);
        m->low_id[cp] = hn_vocab_id(m->vocab, c, (size_t)n);
    }
    for (int b = 0; b < 256; b++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)b);
        m->byte_id[b] = hn_vocab_id(m->vocab, name, 6);
    }
    return HN_OK;
}

static hn_status settings(hn_bpe *m, const hn_json *spec, hn_error *err) {
    hn_str text = {0};
    m->fuse_unk = hn_json_bool(hn_json_get(spec, "fuse_unk"), false);
    m->byte_fallback = hn_json_bool(hn_json_get(spec, "byte_fallback"), false);
    m->ignore_merges = hn_json_bool(hn_json_get(spec, "ignore_merges"), false);
    double dropout = hn_json_num(hn_json_get(spec, "dropout"), 0);
    if (dropout > 0) hn_warn("model.dropout is %g: it is left out unless asked for, so that ids stay the same", dropout);
    const hn_json *prefix = hn_json_get(spec, "continuing_subword_prefix"), *suffix = hn_json_get(spec, "end_of_word_suffix");
    m->prefix = hn_strdup(hn_json_cstr(prefix) ? hn_json_cstr(prefix) : "");
    m->suffix = hn_strdup(hn_json_cstr(suffix) ? hn_json_cstr(suffix) : "");
    if (!m->prefix || !m->suffix) return hn_nomem(err, 1);
    m->unk = -1;
    if (hn_json_text(hn_json_get(spec, "unk_token"), &text)) {
        m->unk = hn_vocab_id(m->vocab, text.p, text.n);
        m->unk_missing = m->unk < 0;
    }
    return HN_OK;
}

hn_status hn_bpe_make(const hn_model_source *src, void **state, hn_error *err) {
    hn_bpe *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    hn_status st;
    HN_GO(st, hn_vocab_load(src->vocab, &m->vocab, err));
    HN_GO(st, settings(m, src->spec, err));
    HN_GO(st, load_merges(m, src->merges, err));
    HN_GO(st, hn_bpe_load_chars(m, err));
    *state = m;
    return HN_OK;
done:
    hn_bpe_drop(m);
    return st;
}

hn_status hn_bpe_fold_bytes(hn_bpe *m, bool *folded, hn_error *err) {
    *folded = !m->byte_fallback && !m->prefix[0] && !m->suffix[0];
    if (!*folded) return HN_OK;
    m->raw_bytes = true;
    return fold_alphabet(m, err);
}

void hn_bpe_drop(void *state) {
    hn_bpe *m = state;
    if (!m) return;
    hn_vocab_free(m->vocab);
    hn_vocab_free(m->bytes_vocab);
    hn_free(m->merge);
    hn_free(m->prefix);
    hn_free(m->suffix);
    hn_free(m->low_id);
    hn_free(m);
}
