/* sp_impl.h - SentencePiece models: pieces with scores, and how text is brought into shape before them.
 *
 * Read from tokenizer.model (sp_proto.c) or from a GGUF file; run with SentencePiece's own rules, which differ from those of
 * tokenizer.json in places: the longest rule of the character map counts, scores are float32, and the pair to merge is
 * the one whose piece has the best score. */
#ifndef HN_TEXT_SP_IMPL_H
#define HN_TEXT_SP_IMPL_H

#include "text/bpe_impl.h"
#include "text/charsmap.h"

typedef enum hn_sp_type { /* as the file numbers them */
    HN_SP_NORMAL = 1, HN_SP_UNKNOWN, HN_SP_CONTROL, HN_SP_USER, HN_SP_UNUSED, HN_SP_BYTE
} hn_sp_type;

enum { HN_SP_LONGEST = 1024 }; /* bytes of a piece; real ones have some dozens */

typedef struct hn_sp {
    bool is_bpe, byte_fallback;
    bool dummy_prefix, strips_extra, escapes; /* add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces */
    bool suffix;                              /* treat_whitespace_as_suffix */
    int32_t unk, bos, eos, pad;               /* -1: none */
    char *unk_surface;                        /* what an unknown piece decodes to */
    hn_charsmap *map;                         /* NULL: none */
    hn_vocab *vocab;  /* every piece by id; of two with the same text the reserved one has the text */
    hn_vocab *normal; /* what text may turn into: normal, user-defined and unused pieces */
    uint8_t *type;    /* [n] */
    float *score;     /* [n] */
    size_t n, cap;
    hn_matcher *user; /* user-defined pieces: never normalised, never merged */
    hn_matcher *trie; /* Unigram: the pieces of normal */
    int32_t byte_id[256];
    float least; /* score of a normal piece */
    bool has_unused;
    hn_bpe *bpe; /* BPE: vocabulary and merges, ranked by score */
} hn_sp;

hn_sp *hn_sp_new(void);
void hn_sp_free(hn_sp *sp);
/* The next piece. Errors: EFORMAT (no UTF-8, empty, too long, twice, a score that is no number). */
hn_status hn_sp_add(hn_sp *sp, hn_str text, double score, int64_t type, hn_error *err);
/* After the last piece: checks, and builds what encoding needs. */
hn_status hn_sp_build(hn_sp *sp, hn_error *err);
hn_status hn_sp_parse(hn_str model, hn_sp *sp, hn_error *err); /* a ModelProto; sp_proto.c */

typedef struct hn_sp_frame { /* which special tokens the post-processor puts round a text */
    bool bos, eos;
    bool as_bert; /* a pair has no second bos, and its second text type 1 */
} hn_sp_frame;
/* Makes t a tokenizer of these pieces: parts, special tokens, and the tokenizer.json that comes nearest. Takes sp. */
hn_status hn_sp_install(hn_tokenizer *t, hn_sp *sp, hn_sp_frame frame, hn_error *err);

/* sp_write.c: the tokenizer.json that comes nearest: {normalizer, decoder, model ...}, and the insides of model.vocab ({} or [])
 * and model.merges. inexact: appended, what of it cannot be said in a tokenizer.json. */
hn_status hn_sp_spec(const hn_sp *sp, hn_json **out, hn_error *err);
hn_status hn_sp_write_vocab(const hn_sp *sp, hn_buf *vocab, hn_buf *merges, hn_buf *inexact, hn_error *err);

/* One word: its symbols, merged, unknown ones replaced; in r->v[0, r->n). sp_bpe.c */
hn_status hn_sp_word(const hn_bpe *m, hn_bpe_room *r, const char *p, size_t n, hn_error *err);
hn_status hn_sp_build_bpe(hn_sp *sp, hn_error *err);

extern const hn_step hn_sp_normalizer;
extern const hn_dec hn_sp_decoder;
extern const hn_model_part hn_sp_bpe_model, hn_sp_unigram_model;

#endif
