/* sp_write.c - a SentencePiece model as the tokenizer.json that comes nearest: the same ids in the tokenizers library, but
 * for what the format cannot say, which is told.
 *
 * Merges are listed from the best score on, of equal scores the longer piece first: runs of one character, which models give
 * one score in common, are so taken from the left as SentencePiece does. */
#include <stdlib.h>

#include "text/sp_impl.h"

/* ------------------------------------------------------------------ the parts */

#define REPLACE_REGEX(pattern, by) "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"" pattern "\"},\"content\":\"" by "\"}"
#define REPLACE(from, to) "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" from "\"},\"content\":\"" to "\"}"
#define META "\xE2\x96\x81"

static void put_step(hn_buf *out, const char *json) {
    if (out->n && out->p[out->n - 1] != '[') hn_buf_putc(out, ',');
    hn_buf_puts(out, json);
}

static void put_charsmap(hn_buf *out, const hn_sp *sp) {
    hn_buf_puts(out, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"");
    hn_base64_encode(hn_charsmap_bytes(sp->map), out);
    hn_buf_puts(out, "\"}");
}

/* User-defined pieces are cut out as added tokens; a normalizer would put a space in front of every rest between them. */
static bool prefix_once(const hn_sp *sp) {
    return sp->is_bpe && !hn_matcher_empty(sp->user) && sp->dummy_prefix && !sp->suffix && sp->escapes;
}

static void put_normalizer(hn_buf *out, const hn_sp *sp) {
    hn_buf_puts(out, "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[");
    if (sp->map) put_charsmap(out, sp);
    if (sp->strips_extra) {
        put_step(out, REPLACE_REGEX("\\\\A +", ""));
        put_step(out, REPLACE_REGEX(" {2,}", " "));
    }
    if (sp->dummy_prefix && !sp->suffix && !prefix_once(sp))
        put_step(out,
                 sp->escapes ? "{\"type\":\"Prepend\",\"prepend\":\"" META "\"}" : "{\"type\":\"Prepend\",\"prepend\":\" \"}");
    if (sp->escapes) put_step(out, REPLACE(" ", META));
    if (sp->strips_extra) put_step(out, sp->escapes ? REPLACE_REGEX(META "+\\\\z", "") : REPLACE_REGEX(" +\\\\z", ""));
    if (sp->dummy_prefix && sp->suffix) put_step(out, sp->escapes ? REPLACE_REGEX("\\\\z", META) : REPLACE_REGEX("\\\\z", " "));
    hn_buf_puts(out, "]}");
}

static void put_decoder(hn_buf *out, const hn_sp *sp) {
    hn_buf_puts(out, ",\"decoder\":{\"type\":\"Sequence\",\"decoders\":[" REPLACE(
                         META, " ") ",{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}");
    if (sp->dummy_prefix || sp->strips_extra)
        hn_buf_puts(out, sp->suffix ? ",{\"type\":\"Strip\",\"content\":\" \",\"start\":0,\"stop\":1}"
                                    : ",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}");
    hn_buf_puts(out, "]}");
}

hn_status hn_sp_spec(const hn_sp *sp, hn_json **out, hn_error *err) {
    hn_buf text = {0};
    hn_str unk = sp->unk >= 0 ? hn_vocab_text(sp->vocab, sp->unk) : (hn_str){0};
    hn_buf_puts(&text, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],");
    put_normalizer(&text, sp);
    hn_buf_puts(&text, prefix_once(sp) ? ",\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"" META
                                         "\",\"prepend_scheme\":\"first\",\"split\":false}"
                                       : ",\"pre_tokenizer\":null");
    hn_buf_puts(&text, ",\"post_processor\":null");
    put_decoder(&text, sp);
    const char *fallback = sp->byte_fallback ? "true" : "false";
    if (sp->is_bpe) {
        hn_buf_puts(&text, ",\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":");
        if (unk.p) hn_json_write_str(&text, unk.p, unk.n);
        else hn_buf_puts(&text, "null");
        hn_buf_printf(&text,
                      ",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":true,\"byte_fallback\":%s,"
                      "\"ignore_merges\":false,\"vocab\":null,\"merges\":null}}",
                      fallback);
    } else {
        char id[16];
        snprintf(id, sizeof id, "%d", (int)sp->unk);
        hn_buf_printf(&text, ",\"model\":{\"type\":\"Unigram\",\"unk_id\":%s,\"byte_fallback\":%s,\"vocab\":null}}",
                      sp->unk >= 0 ? id : "null", fallback);
    }
    hn_status st = text.failed ? hn_nomem(err, text.n) : hn_json_parse(text.p, text.n, "tokenizer.json", 1, out, err);
    hn_buf_release(&text);
    return st;
}

/* ------------------------------------------------------------------ the vocabulary */

static void write_pieces(const hn_sp *sp, hn_buf *out) {
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        hn_str text = hn_vocab_text(sp->vocab, id);
        if (hn_vocab_id(sp->vocab, text.p, text.n) != id) continue; /* a reserved piece has this text */
        if (out->n) hn_buf_putc(out, ',');
        hn_json_write_str(out, text.p, text.n);
        hn_buf_printf(out, ":%d", (int)id);
    }
}

static void write_scores(const hn_sp *sp, hn_buf *out) {
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        hn_str text = hn_vocab_text(sp->vocab, id);
        double score = (double)sp->score[id];
        if (sp->type[id] == HN_SP_USER) score = (double)(float)(0.1 * (double)(text.n - 1));
        if (sp->type[id] == HN_SP_UNUSED) score = -1e9; /* as good as never */
        if (sp->type[id] == HN_SP_BYTE) score = (double)sp->least; /* the lowest score makes that of unknown characters */
        hn_buf_puts(out, id ? ",[" : "[");
        hn_json_write_str(out, text.p, text.n);
        hn_buf_putc(out, ',');
        hn_json_write_num(out, score);
        hn_buf_putc(out, ']');
    }
}

typedef struct listed {
    uint32_t rank;
    int32_t left, right, id;
    size_t length; /* of the merged piece */
} listed;

static int best_first(const void *a, const void *b) {
    const listed *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->length != y->length) return x->length > y->length ? -1 : 1;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return (x->left > y->left) - (x->left < y->left);
}

/* "aaaa": one character again and again. */
static bool is_run(hn_str s) {
    size_t len = (size_t)hn_cp_len((unsigned char)s.p[0]);
    for (size_t i = len; i + len <= s.n; i += len)
        if (memcmp(s.p, s.p + i, len) != 0) return false;
    return s.n % len == 0;
}

/* Pieces of one score that are not runs of the same character. */
static bool ties(const hn_sp *sp, const listed *v, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (v[i].rank != v[i - 1].rank || v[i].id == v[i - 1].id) continue;
        hn_str a = hn_vocab_text(sp->normal, v[i - 1].id), b = hn_vocab_text(sp->normal, v[i].id);
        size_t len = (size_t)hn_cp_len((unsigned char)a.p[0]);
        if (!is_run(a) || !is_run(b) || b.n < len || memcmp(a.p, b.p, len) != 0) return true;
    }
    return false;
}

static hn_status write_merges(const hn_sp *sp, hn_buf *out, bool *tied, hn_error *err) {
    const hn_bpe *m = sp->bpe;
    listed *v = hn_alloc_array(m->merges + 1, sizeof *v);
    if (!v) return hn_nomem(err, m->merges * sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i <= m->mask; i++) {
        const hn_merge *e = &m->merge[i];
        if (e->left == UINT32_MAX || e->left >= sp->n || e->right >= sp->n || sp->type[e->id] == HN_SP_UNUSED) continue;
        v[n++] = (listed){e->rank, (int32_t)e->left, (int32_t)e->right, e->id, hn_vocab_text(sp->normal, e->id).n};
    }
    qsort(v, n, sizeof *v, best_first);
    for (size_t i = 0; i < n; i++) {
        hn_str left = hn_vocab_text(sp->vocab, v[i].left), right = hn_vocab_text(sp->vocab, v[i].right);
        hn_buf_puts(out, i ? ",[" : "[");
        hn_json_write_str(out, left.p, left.n);
        hn_buf_putc(out, ',');
        hn_json_write_str(out, right.p, right.n);
        hn_buf_putc(out, ']');
    }
    *tied = ties(sp, v, n);
    hn_free(v);
    return HN_OK;
}

static void tell(hn_buf *out, const char *what) {
    if (out->n) hn_buf_puts(out, ", ");
    hn_buf_puts(out, what);
}

hn_status hn_sp_write_vocab(const hn_sp *sp, hn_buf *vocab, hn_buf *merges, hn_buf *inexact, hn_error *err) {
    bool tied = false;
    if (sp->is_bpe) {
        write_pieces(sp, vocab);
        HN_TRY(write_merges(sp, merges, &tied, err));
    } else {
        write_scores(sp, vocab);
        tell(inexact, "texts whose best cuts differ by less than float32 tells apart");
    }
    if (tied) tell(inexact, "pieces that have one score in common");
    if (sp->map) tell(inexact, "characters that the character map changes together with those beside them");
    if (sp->has_unused) tell(inexact, "pieces marked unused");
    if (!hn_matcher_empty(sp->user)) tell(inexact, "user-defined pieces");
    if (sp->suffix) tell(inexact, "white space as a suffix");
    return vocab->failed || merges->failed || inexact->failed ? hn_nomem(err, vocab->n) : HN_OK;
}
