/* encode_impl.h - from an example to token ids and targets: one encoder a kind of example.
 *
 * A new kind: one file with a descriptor (encode_<kind>.c), one line in encoders.def. Truncation, dropping and storage are
 * encode.c's and the same for all. */
#ifndef HN_ENCODE_IMPL_H
#define HN_ENCODE_IMPL_H

#include "data/data.h"
#include "data/formats_impl.h"

enum { HN_NO_TARGET = -100 };

typedef struct hn_row { /* one encoded example; reused from example to example */
    int32_t *id, *label; /* label HN_NO_TARGET: not a target */
    size_t n, cap;
    bool border; /* the prompt's last token and the completion's first merge into one */
} hn_row;

/* What encoding an example may use: shared settings, and working memory of the thread that runs it. */
typedef struct hn_encoder {
    const hn_tokenizer *tok;
    const hn_encode_opts *o;
    hn_str eos;           /* text of the end token; p NULL: nothing is appended */
    bool completion_only;
    hn_encoding whole, prompt;
    hn_buf text; /* what was tokenised into whole */
} hn_encoder;
void hn_encoder_release(hn_encoder *e);

typedef struct hn_kind_encoder {
    hn_kind kind;
    const char *about;
    bool needs_tokenizer;
    /* completion_only_loss where it is not set, from the first example; NULL: false. */
    bool (*completion_only)(const hn_json *x);
    /* Fills row (empty at the call). Errors name the column, not the place. */
    hn_status (*encode)(const hn_json *x, hn_encoder *e, hn_row *row, hn_error *err);
} hn_kind_encoder;

/* What the first example decides for all: which part is trained on, end token. EARG: no tokenizer, no end token. */
hn_status hn_encoder_settle(hn_encoder *e, const hn_example *first, hn_error *err) HN_MUST;
/* Replaces the contents of row. ENOTSUP: nothing trains on this kind. */
hn_status hn_example_encode(const hn_example *x, hn_encoder *e, hn_row *row, hn_error *err) HN_MUST;
bool hn_example_needs_tokenizer(const hn_example *x);
/* The text an example begins with, for messages; n 0: it has none. */
hn_str hn_example_text(const hn_example *x);

/* Appends ids; label NULL: every id is its own target. */
hn_status hn_row_add(hn_row *row, const int32_t *id, const int32_t *label, size_t n, hn_error *err) HN_MUST;
void hn_row_release(hn_row *row);
/* Language modelling: the text with the end token, all of it targets. */
hn_status hn_row_text(hn_encoder *e, hn_str text, hn_row *row, hn_error *err) HN_MUST;
/* Prompt and completion tokenised as one text; the completion (with the end token) begins where the ids of the
 * prompt alone and of the whole part (TRL's common_prefix_length). */
hn_status hn_row_completion(hn_encoder *e, hn_str prompt, hn_str completion, hn_row *row, hn_error *err) HN_MUST;

#endif
