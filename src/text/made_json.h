/* made_json.h - a tokenizer.json written from another format's vocabulary. */
#ifndef HN_TEXT_MADE_JSON_H
#define HN_TEXT_MADE_JSON_H

#include "text/readers_impl.h"

typedef struct hn_made { /* {0} and release */
    const char *normalizer, *pretokenizer, *decoder; /* JSON; NULL: null */
    const char *model; /* members of "model" but vocab and merges */
    hn_buf post;       /* JSON; empty: null */
    hn_buf vocab, merges, added; /* the insides of their brackets; merges only if is_bpe */
    bool is_bpe;
} hn_made;
void hn_made_release(hn_made *m);
void hn_made_piece(hn_made *m, hn_str text, int64_t id);
void hn_made_merge(hn_made *m, hn_str left, hn_str right);
void hn_made_added(hn_made *m, hn_str text, int64_t id, bool special);
/* Makes t of it. name: of the file it was read from, for errors. */
hn_status hn_made_take(hn_tokenizer *t, hn_made *m, const char *name, hn_error *err);

typedef struct hn_end { /* a special token round a text; id -1: none */
    hn_str text;
    int32_t id;
} hn_end;
/* A post-processor that puts first and last round a text; as BERT does: for a pair first stands once, and the second text is of
 * type 1. */
void hn_template_write(hn_buf *out, hn_end first, hn_end last, bool as_bert);

/* How byte-level tokenizers split text, by the names GGUF files have for it. */
typedef struct hn_split_rule {
    const char *names; /* "gpt-2|mpt": all with the same rule */
    const char *normalizer, *pretokenizer; /* JSON; NULL: null */
    bool ignore_merges;
} hn_split_rule;
const hn_split_rule *hn_split_rule_find(const char *name); /* NULL: none */
void hn_split_rule_names(hn_buf *out);
extern const char hn_byte_decoder[]; /* JSON of the ByteLevel decoder */
extern const char hn_byte_model[], hn_byte_model_ignoring[]; /* "model" of a byte-level BPE; with ignore_merges */

#endif
