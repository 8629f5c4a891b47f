/* text_impl.h - inside the room of words: the text under work, the parts of a tokenizer and their lists.
 *
 * A tokenizer is a chain of parts named by tokenizer.json: added tokens are cut out, the rest is normalised, split
 * into pieces, each piece turned into ids by the model, and the post-processor frames the result; decoders lead back.
 * Every kind of part has a list (normalizers.def ...) of constant descriptors, one file each. */
#ifndef HN_TEXT_IMPL_H
#define HN_TEXT_IMPL_H

#include <string.h>

#include "text/text.h"

/* ------------------------------------------------------------------ small tools */

uint64_t hn_text_hash(const char *p, size_t n); /* vocab.c; 64 well mixed bits, the same in every run */
/* The code point of text known to be valid UTF-8; *len: its bytes. */
static inline uint32_t hn_cp_at(const char *p, int *len) {
    const unsigned char *s = (const unsigned char *)p;
    if (s[0] < 0x80) {
        *len = 1;
        return s[0];
    }
    if (s[0] < 0xE0) {
        *len = 2;
        return (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3Fu);
    }
    if (s[0] < 0xF0) {
        *len = 3;
        return (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3Fu);
    }
    *len = 4;
    return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3Fu);
}
static inline int hn_cp_len(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* ------------------------------------------------------------------ text under work (view.c) */

/* Bytes and, if track, the original span of each. A view that ran out of memory is marked: check failed once after
 * filling it. */
typedef struct hn_view {
    char *p;
    hn_token_span *src;
    size_t n, cap;
    bool track, failed;
} hn_view;
void hn_view_clear(hn_view *v);
bool hn_view_room(hn_view *v, size_t extra);                                 /* false: no memory */
void hn_view_add(hn_view *v, const char *p, size_t n, hn_token_span src);    /* n bytes that all come from src */
void hn_view_copy(hn_view *v, const hn_view *from, size_t begin, size_t end); /* bytes and spans */
void hn_view_original(hn_view *v, const char *text, size_t begin, size_t end); /* each character its own span */
void hn_view_release(hn_view *v);
static inline hn_token_span hn_view_span(const hn_view *v, size_t at) {
    return v->track ? v->src[at] : (hn_token_span){0, 0};
}
static inline void hn_view_put(hn_view *v, uint32_t cp, hn_token_span src) {
    char b[4];
    int n = hn_utf8_encode(cp, b);
    hn_view_add(v, b, (size_t)n, src);
}

typedef struct hn_pieces {
    hn_token_span *v; /* bytes of the view they cut; empty pieces are never kept */
    size_t n, cap;
    bool failed;
} hn_pieces;
bool hn_pieces_grow(hn_pieces *p);
static inline void hn_pieces_add(hn_pieces *p, size_t begin, size_t end) {
    if (begin == end || (p->n == p->cap && !hn_pieces_grow(p))) return;
    p->v[p->n++] = (hn_token_span){(uint32_t)begin, (uint32_t)end};
}

typedef struct hn_match_list { /* a pattern's cover of a piece: matches and what lies between, in order */
    hn_token_span *at;
    uint8_t *is_match;
    size_t n, cap;
    bool failed;
} hn_match_list;
void hn_matches_add(hn_match_list *m, size_t begin, size_t end, bool is_match);

/* ------------------------------------------------------------------ what a call works with (scratch.c) */

typedef struct hn_word_cache hn_word_cache;
typedef struct hn_bpe_room hn_bpe_room;
typedef struct hn_regex_room hn_regex_room;
typedef struct hn_lattice hn_lattice; /* of the Unigram model */
typedef struct hn_blanks { /* white space of the matched text of an added token, in characters */
    size_t token, leading, trailing; /* token: how many tokens of the text stand before it */
} hn_blanks;
/* Memory of one caller, kept between calls (in its hn_encoding). */
struct hn_text_work {
    uint64_t owner; /* the tokenizer whose words the cache holds */
    hn_view text;   /* what the parts read and change; the changed text is made in spare and swapped in */
    hn_view spare;
    hn_view section; /* the normalised text while added tokens are being cut out of it */
    hn_pieces pieces, spare_pieces;
    hn_match_list matches;
    bool raw_bytes; /* pieces stand for the byte alphabet's spelling of their bytes (pretok_byte_level.c) */
    bool track;     /* the caller wants spans */
    hn_word_cache *cache;
    hn_bpe_room *bpe;
    hn_regex_room *regex;
    hn_lattice *lattice;
    hn_buf spell; /* a piece as a vocabulary spells it */
    hn_blanks *blanks; /* of the added tokens found, in order; only if track */
    size_t n_blanks, cap_blanks;
    hn_encoding *out;
    hn_str original;
};
typedef struct hn_text_work hn_work;
hn_status hn_work_check(hn_work *w, hn_error *err); /* ENOMEM if a view or list ran out of memory */
void hn_work_swap(hn_work *w);                      /* spare becomes the text */
void hn_work_swap_pieces(hn_work *w);               /* spare_pieces become the pieces */
void hn_work_forget(hn_work *w);                    /* the words of another tokenizer */
void hn_work_free(hn_work *w);
void hn_lattice_free(hn_lattice *l); /* model_unigram.c */

hn_status hn_encoding_room(hn_encoding *e, size_t extra, bool spans, hn_error *err);
/* A token of the text: bytes [begin, end) of w->text. */
hn_status hn_emit(hn_work *w, int32_t id, size_t begin, size_t end, hn_error *err);

/* ------------------------------------------------------------------ vocabularies (vocab.c) and tries (matcher.c) */

typedef struct hn_vocab hn_vocab;
hn_vocab *hn_vocab_new(size_t expected);
void hn_vocab_free(hn_vocab *v);
/* The same text again replaces its id. Errors: ENOMEM, EFORMAT (id out of range). */
hn_status hn_vocab_add(hn_vocab *v, hn_str text, int64_t id, hn_error *err);
int32_t hn_vocab_id(const hn_vocab *v, const char *p, size_t n);             /* -1: none */
hn_str hn_vocab_text(const hn_vocab *v, int32_t id);                         /* p NULL: none */
size_t hn_vocab_count(const hn_vocab *v);
int32_t hn_vocab_end(const hn_vocab *v); /* highest id + 1 */

typedef struct hn_matcher hn_matcher; /* many strings at once, leftmost longest */
hn_matcher *hn_matcher_new(void);
void hn_matcher_free(hn_matcher *m);
bool hn_matcher_add(hn_matcher *m, const char *p, size_t n, int32_t value); /* false: no memory; the first wins */
bool hn_matcher_empty(const hn_matcher *m);
uint32_t hn_matcher_step(const hn_matcher *m, uint32_t node, unsigned char byte); /* from the root, 0; 0: none */
int32_t hn_matcher_value(const hn_matcher *m, uint32_t node);                    /* -1: no string ends there */
/* The longest string that p[0, n) begins with: its bytes; 0: none. */
size_t hn_matcher_here(const hn_matcher *m, const char *p, size_t n, int32_t *value);
/* First match at or after at; false: none. */
bool hn_matcher_next(const hn_matcher *m, const char *text, size_t n, size_t at, hn_token_span *where, int32_t *value);

/* ------------------------------------------------------------------ patterns (pattern.c, regex*.c, split.c) */

/* The reference's pattern (Oniguruma, Ruby syntax) with the same meaning in PCRE2. Errors: ENOTSUP names the construct. */
hn_status hn_regex_translate(hn_str pattern, hn_buf *out, hn_error *err);
typedef struct hn_regex hn_regex;
hn_status hn_regex_new(hn_str pattern, hn_regex **out, hn_error *err);
void hn_regex_free(hn_regex *r);
/* The next match at or after from, the end of the match before it, in p[0, n). first: there was none before. */
hn_status hn_regex_next(const hn_regex *r, hn_work *w, const char *p, size_t n, size_t from, bool first, bool *found,
                        hn_token_span *where, hn_error *err);
void hn_regex_room_free(hn_regex_room *r);

typedef struct hn_pattern { /* {"String": text} or {"Regex": pattern} */
    hn_str text;
    hn_regex *regex;
} hn_pattern;
hn_status hn_pattern_load(const hn_json *spec, hn_pattern *out, hn_error *err);
void hn_pattern_release(hn_pattern *p);
/* Fills w->matches with the cover of p[0, n). */
hn_status hn_pattern_cover(const hn_pattern *pat, hn_work *w, const char *p, size_t n, hn_error *err);
typedef struct hn_replacement { /* the parts called Replace: matches of a pattern give way to a fixed text */
    hn_pattern pattern;
    hn_buf content;
} hn_replacement;
hn_status hn_replacement_make(const hn_json *spec, void **state, hn_error *err); /* {"pattern", "content"} */
void hn_replacement_drop(void *state);

typedef enum hn_split { HN_SPLIT_REMOVED, HN_SPLIT_ISOLATED, HN_SPLIT_PREVIOUS, HN_SPLIT_NEXT, HN_SPLIT_CONTIGUOUS } hn_split;
hn_status hn_split_load(const hn_json *name, hn_split otherwise, hn_split *out, hn_error *err); /* "Isolated" ... */
/* Appends the pieces that w->matches, a cover of the text from base on, leaves to w->spare_pieces. */
void hn_split_apply(hn_work *w, size_t base, hn_split how, bool invert);
/* Whole pre-tokenizing steps: every piece is cut at the matches of a pattern, or at the characters of a class. */
hn_status hn_split_at_pattern(hn_work *w, const hn_pattern *pat, hn_split how, bool invert, hn_error *err);
typedef bool hn_char_test(uint32_t cp);
hn_status hn_split_at_chars(hn_work *w, hn_char_test *test, hn_split how, hn_error *err);

typedef enum hn_prefix { HN_PREFIX_NEVER, HN_PREFIX_ALWAYS, HN_PREFIX_FIRST } hn_prefix;
hn_status hn_prefix_pieces(hn_work *w, const char *prefix, hn_prefix when, hn_error *err); /* prefix.c */

/* ------------------------------------------------------------------ parts and their lists (parts.c) */

typedef struct hn_part_desc {
    const char *type;  /* as in tokenizer.json */
    const char *about; /* one line */
    /* spec: the part's JSON. NULL: a part without settings. */
    hn_status (*make)(const hn_json *spec, void **state, hn_error *err);
    void (*drop)(void *state);
} hn_part_desc;

typedef struct hn_part {
    const hn_part_desc *desc; /* NULL: none */
    void *state;
} hn_part;

typedef struct hn_part_list {
    const char *kind; /* "normalizers" */
    const hn_part_desc *const *v;
    size_t n;
} hn_part_list;
extern const hn_part_list hn_normalizers, hn_pretokenizers, hn_models, hn_postprocessors, hn_decoders;

/* NULL spec: no part. Errors: ENOTSUP for an unknown type, with the known ones. */
hn_status hn_part_make(const hn_part_list *list, const hn_json *spec, hn_part *out, hn_error *err);
void hn_part_drop(hn_part *p);

typedef struct hn_parts { /* the state of every Sequence */
    hn_part *v;
    size_t n;
} hn_parts;
hn_status hn_parts_make(const hn_part_list *list, const hn_json *specs, void **out, hn_error *err);
void hn_parts_drop(void *parts);

typedef struct hn_step { /* a normalizer (changes w->text) or a pre-tokenizer (w->text and w->pieces) */
    hn_part_desc part;
    hn_status (*run)(const void *state, hn_work *w, hn_error *err);
    bool needs_spans; /* asks where in the original a piece began */
} hn_step;
static inline hn_status hn_step_run(const hn_part *p, hn_work *w, hn_error *err) {
    return p->desc ? ((const hn_step *)(const void *)p->desc)->run(p->state, w, err) : HN_OK;
}
bool hn_step_needs_spans(const hn_part *p); /* looks into sequences */

struct hn_model_source; /* json_reader.h */
typedef struct hn_model_part {
    hn_part_desc part; /* make is NULL: load stands in for it */
    hn_status (*load)(const struct hn_model_source *src, void **state, hn_error *err);
    const hn_vocab *(*vocab)(const void *state);
    /* Emits the ids of w->text[begin, end). */
    hn_status (*run)(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err);
    /* Asked once when the last pre-tokenizer maps bytes to the byte alphabet: whether the model will take the bytes
     * themselves. NULL: no. */
    hn_status (*take_raw_bytes)(void *state, bool *yes, hn_error *err);
} hn_model_part;

typedef struct hn_post { /* frames e (special ids) or mends its spans */
    hn_part_desc part;
    hn_status (*run)(const void *state, const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err);
} hn_post;
static inline hn_status hn_post_run(const hn_part *p, const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err) {
    return p->desc ? ((const hn_post *)(const void *)p->desc)->run(p->state, t, e, flags, err) : HN_OK;
}
hn_status hn_post_frame(hn_encoding *e, const int32_t *before, size_t n_before, const int32_t *after, size_t n_after,
                        unsigned flags, hn_error *err); /* frame.c */
void hn_post_trim(const hn_tokenizer *t, hn_encoding *e, bool prefixed);
void hn_blanks_count(hn_str token, hn_blanks *out); /* leading and trailing */
typedef struct hn_ends { /* BertProcessing, RobertaProcessing */
    int32_t first, last;
    bool trims, prefixed;
} hn_ends;
hn_status hn_ends_make(const hn_json *spec, void **state, hn_error *err);

/* A decoder is a stage of a stream: tokens come in one after the other, text goes out as soon as it is certain.
 * more: the token goes on with the next put (fused tokens). Batch decoding is the same stream, ended. */
typedef struct hn_dec_stage hn_dec_stage;
typedef struct hn_dec {
    hn_part_desc part;
    hn_status (*put)(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err);
    hn_status (*end)(hn_dec_stage *s, hn_error *err); /* NULL: nothing is held back */
    /* For hn_dec_put_whole and hn_dec_end_whole: a token with all its parts; and, unless NULL, the end of the text. */
    hn_status (*token)(hn_dec_stage *s, hn_str t, hn_error *err);
    hn_status (*finish)(hn_dec_stage *s, hn_error *err);
} hn_dec;
struct hn_dec_stage {
    const hn_dec *desc;
    const void *state;
    hn_dec_stage *next; /* NULL: text goes to sink */
    hn_buf *sink;
    hn_buf held;    /* bytes held back */
    hn_buf work;    /* the stage's own */
    hn_buf last;    /* the token before, or its parts */
    uint64_t count; /* tokens or characters seen; what it counts is the stage's affair */
    bool open;      /* inside a token that goes on */
};
hn_status hn_dec_pass(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err); /* to the next stage */
/* put and end of stages that work on whole tokens: parts are collected in held, then token is called. */
hn_status hn_dec_put_whole(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err);
hn_status hn_dec_end_whole(hn_dec_stage *s, hn_error *err);
void hn_replace_all(hn_buf *text, hn_buf *spare, const char *what, size_t n, const char *by); /* cleanup.c */
void hn_cleanup_english(hn_buf *text, hn_buf *spare);
size_t hn_dec_stages(const hn_part *p);                 /* how many stages it takes */
void hn_dec_chain(const hn_part *p, hn_dec_stage **at); /* fills them in, in order */

/* ------------------------------------------------------------------ added tokens (added_tokens.c) */

typedef struct hn_added_token {
    hn_str text;    /* as written */
    hn_str spelled; /* as the decoder sees it: the normalizer's form of a normalized token */
    int32_t id;
    bool single_word, lstrip, rstrip, normalized, special;
} hn_added_token;

typedef struct hn_added {
    hn_added_token *v;
    size_t n, cap;
    hn_vocab *ids;  /* text to id; NULL: no added tokens */
    int32_t *by_id; /* id to index, -1 none */
    int32_t end;    /* by_id's length */
    int32_t highest; /* id, if there are any */
    hn_matcher *raw, *normalized;
} hn_added;

/* ------------------------------------------------------------------ the tokenizer (tokenizer_load.c, tokenizer_files.c) */

#define HN_NAMED_TEMPLATES "additional_chat_templates" /* folder beside tokenizer.json */
enum { HN_KEPT_JSON, HN_KEPT_CONFIG, HN_KEPT_TEMPLATE, HN_KEPT_SPECIALS, HN_KEPT_ADDED, HN_KEPT_COUNT };

struct hn_tokenizer {
    hn_added added;
    hn_part normalizer, pretokenizer, model, post, decoder;
    const hn_vocab *vocab; /* the model's */
    uint64_t serial;       /* of the fingerprint */
    char fingerprint[33];
    char source_hash[33]; /* of the pieces of sp; "": none */
    bool needs_spans, raw_bytes;
    char *special[HN_SPECIAL_COUNT];
    int32_t special_id[HN_SPECIAL_COUNT];
    int32_t default_id[HN_SPECIAL_COUNT]; /* of the vocabulary itself, where no file names the token */
    int64_t max_length;
    char *chat_template;
    hn_json *spec;     /* tokenizer.json without model.vocab and model.merges; with sp only the post-processor */
    hn_json *config;   /* tokenizer_config.json; NULL: none */
    hn_json *specials; /* special_tokens_map.json; NULL: none */
    hn_json *added_file; /* added_tokens.json; NULL: none */
    const struct hn_sp *sp; /* pieces of a SentencePiece model, run by its own rules; NULL: the parts of a tokenizer.json */
    bool made;         /* kept[HN_KEPT_JSON] was made from another format */
    bool changed;      /* tokens were added or given roles since loading */
    char *folder; /* it was read from; NULL: not from a folder */
    struct hn_kept_file { /* as read, for hn_tokenizer_save */
        const char *name;
        char *p;
        size_t n;
    } kept[HN_KEPT_COUNT];
    struct hn_kept_file *named; /* [nameds] "additional_chat_templates/NAME.jinja"; the names are owned */
    size_t nameds;
};

hn_status hn_added_load(hn_tokenizer *t, const hn_json *list, hn_error *err);
/* One more token; a known one takes the new flags. */
hn_status hn_added_put(hn_tokenizer *t, const hn_added_token *token, hn_error *err);
hn_status hn_added_build(hn_tokenizer *t, hn_error *err); /* the tries, after the last put */
void hn_added_release(hn_added *a);
const hn_added_token *hn_added_of(const hn_tokenizer *t, int32_t id); /* NULL: no added token */
bool hn_added_special(const hn_tokenizer *t, hn_str text);           /* is this the text of a special token? */
/* Where special tokens are ordinary text: everywhere, or in the parts v[n] of the text. */
typedef struct hn_plain {
    bool all;
    const hn_byte_span *v;
    size_t n;
} hn_plain;
/* The next added token in text at or after *at: false if none. Moves *at behind the match. taken: end of the last
 * token, which white space in front of this one does not reach into. */
bool hn_added_next(const hn_tokenizer *t, const hn_matcher *m, hn_str text, size_t *at, size_t taken, const hn_plain *plain,
                   hn_token_span *span, int32_t *id);
/* tokenizer_files.c: reads what stands beside the vocabulary; then, after the vocabulary, what it says of tokens; and
 * the special tokens that only the vocabulary names. */
hn_status hn_config_open(hn_tokenizer *t, const char *dir, hn_error *err);
hn_status hn_config_apply(hn_tokenizer *t, hn_error *err);
hn_status hn_config_defaults(hn_tokenizer *t, hn_error *err);
hn_status hn_tokenizer_seal(hn_tokenizer *t, hn_error *err); /* after the last added token: tries and fingerprint */

/* ------------------------------------------------------------------ the byte alphabet, character classes */

uint32_t hn_byte_char(unsigned char byte); /* GPT-2's printable character for a byte */
int hn_char_byte(uint32_t cp);             /* -1: not of the alphabet */
/* Appends the bytes that a token's spelling stands for; false: a character is outside the alphabet. */
bool hn_alphabet_bytes(hn_str token, hn_buf *out);

bool hn_is_space(uint32_t cp);   /* White_Space */
bool hn_is_word(uint32_t cp);    /* letters, marks, decimal digits, connectors, joiners */
bool hn_is_numeric(uint32_t cp); /* Nd, Nl, No */
bool hn_is_punct(uint32_t cp);   /* ASCII punctuation and P* as the reference's table has it */

#endif
