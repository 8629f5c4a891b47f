/* encode_impl.h - from an example to token ids and targets: one encoder a kind of example.
 *
 * A new kind: one file with a descriptor (encode_<kind>.c), one line in encoders.def. Truncation, dropping and storage are
 * encode.c's and the same for all. */
#ifndef HN_ENCODE_IMPL_H
#define HN_ENCODE_IMPL_H

#include "data/data.h"
#include "data/formats_impl.h"

enum { HN_NO_TARGET = -100 };

typedef struct hn_row { /* one sequence of tokens; reused from example to example */
    const char *name;   /* of hn_look_part */
    int32_t *id, *label; /* label HN_NO_TARGET: not a target; filled only where labelled */
    size_t n, cap;
    bool labelled;       /* else every id is its own target */
    size_t prompt;       /* tokens before the completion; 0: no such border */
    size_t prompt_alone; /* tokens of the prompt tokenised alone */
    /* only for a look */
    hn_buf text;         /* what was tokenised; p NULL: the row came as tokens */
    hn_token_span *span; /* [n] */
    size_t span_cap;
    hn_byte_span *wrote; /* what the assistant wrote */
    size_t wrotes, wrote_cap;
} hn_row;
enum { HN_ROWS = 2 };
typedef struct hn_encoded { /* an encoded example */
    hn_row row[HN_ROWS];
    size_t n;
    bool second; /* hn_example's */
} hn_encoded;

/* What encoding an example may use: shared settings, and working memory of the thread that runs it. */
typedef struct hn_encoder {
    const hn_tokenizer *tok;
    const hn_encode_opts *o;
    hn_str eos;           /* text of the end token; p NULL: nothing is appended */
    bool completion_only, assistant_only;
    bool conversational;  /* the first example is */
    bool stop_untrained;  /* assistant_only: the end of a turn is no target */
    bool look;            /* keep texts and places */
    bool places;          /* inner: ask the tokenizer for places */
    hn_encoding whole, prompt;
    hn_rendered rendered;
    hn_buf text;
    hn_byte_span *plain;  /* split_special: parts of the text in hand (text or rendered) where special tokens are ordinary text */
    size_t plains, plain_cap;
} hn_encoder;
void hn_encoder_release(hn_encoder *e);

typedef struct hn_kind_encoder {
    hn_kind kind;
    const char *about;
    bool needs_tokenizer;
    bool ends;            /* strings get the end token */
    /* completion_only_loss where it is not set, from the first example; NULL: false. */
    bool (*completion_only)(const hn_json *x);
    /* Fills out->row and out->n; the rows are empty at the call. Errors name the column, not the place. */
    hn_status (*encode)(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err);
} hn_kind_encoder;

/* What the first example decides for all: which part is trained on, end token. EARG: no tokenizer, no end token, no template. */
hn_status hn_encoder_settle(hn_encoder *e, const hn_example *first, hn_error *err) HN_MUST;
hn_status hn_encoder_no_eos(hn_error *err); /* EARG */
hn_status hn_encoder_no_template(hn_error *err); /* EARG */
/* Replaces the contents of out. ENOTSUP: nothing trains on this kind. */
hn_status hn_example_encode(const hn_example *x, hn_encoder *e, hn_encoded *out, hn_error *err) HN_MUST;
void hn_encoded_release(hn_encoded *x);
/* Are its sides message lists? */
bool hn_example_is_chat(const hn_json *x);
/* The text an example begins with, for messages; n 0: it has none. */
hn_str hn_example_text(const hn_example *x);

/* Appends ids; label NULL: every id is its own target. */
hn_status hn_row_add(hn_row *row, const int32_t *id, const int32_t *label, size_t n, hn_error *err) HN_MUST;
/* plain_text.c, for split_special: the whole of a text of n bytes is the user's. */
hn_status hn_plain_whole(hn_encoder *e, size_t n, hn_error *err) HN_MUST;
/* A copy of a JSON value with marks round the special tokens its strings spell; the caller's. */
hn_status hn_plain_mark(const hn_tokenizer *t, const hn_json *value, hn_json **out, hn_error *err) HN_MUST;
/* Takes the marks out of e->rendered again and keeps what they held in e->plain. */
hn_status hn_plain_unmark(hn_encoder *e, hn_error *err) HN_MUST;
/* The tokens of a text, all of them targets. special: with the tokenizer's special tokens. */
hn_status hn_row_tokenize(hn_encoder *e, hn_str text, bool special, hn_row *row, hn_error *err) HN_MUST;
/* head + tail + end token, unless the tail ends with it; valid until the next call. */
hn_status hn_encoder_join(hn_encoder *e, hn_str head, hn_str tail, hn_str *out, hn_error *err) HN_MUST;
/* Column head (NULL: none) followed by column tail, both strings or both message lists, all of it targets or, with
 * assistant_only, what the assistant wrote. */
hn_status hn_encode_whole(hn_encoder *e, const hn_json *x, const char *head, const char *tail, hn_row *row,
                          hn_error *err) HN_MUST;
/* Column head alone, as a model is given it to go on from: into e->prompt. */
hn_status hn_encode_head(hn_encoder *e, const hn_json *x, const char *head, hn_error *err) HN_MUST;
/* The same as a row of its own, all of it targets. */
hn_status hn_encode_alone(hn_encoder *e, const hn_json *x, const char *head, hn_row *row, hn_error *err) HN_MUST;
/* Appends a piece of text as no targets: head, tail: with the special tokens before and behind it. */
hn_status hn_row_piece(hn_encoder *e, hn_str text, bool head, bool tail, hn_row *row, hn_error *err) HN_MUST;
/* Two texts side by side as the tokenizer frames a pair, no targets; the second begins at *border. */
hn_status hn_row_pair(hn_encoder *e, hn_str text, hn_str other, hn_row *row, size_t *border, hn_error *err) HN_MUST;
/* Where the completion begins: how many ids the row has in common with e->prompt (TRL's common_prefix_length). */
void hn_row_split(const hn_encoder *e, hn_row *row);
/* With assistant_only: does a turn of the assistant end with a token that tells it is over? */
hn_status hn_encoder_check_stop(hn_encoder *e, bool *trained, hn_error *err) HN_MUST;
const int32_t *hn_row_label(const hn_row *row); /* [n]; the ids themselves where they are the targets */
void hn_row_mask(hn_row *row, size_t from, size_t to); /* these tokens are no targets */

#endif
