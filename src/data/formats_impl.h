/* formats_impl.h - what a record format is: how a record of known columns becomes token ids and targets.
 *
 * A new format: one file with a descriptor, one line in formats.def. Truncation, dropping and storage are the
 * encoder's (encode.c) and the same for all. */
#ifndef HN_FORMATS_IMPL_H
#define HN_FORMATS_IMPL_H

#include "data/data.h"

enum { HN_NO_TARGET = -100 };

typedef struct hn_row { /* one encoded record; reused from record to record */
    int32_t *id, *label; /* label HN_NO_TARGET: not a target */
    size_t n, cap;
    bool border; /* the prompt's last token and the completion's first merge into one */
} hn_row;

/* What encoding a record may use: shared settings, and working memory of the thread that runs it. */
typedef struct hn_encoder {
    const hn_tokenizer *tok;
    const hn_encode_opts *o;
    hn_str eos;           /* text of the end token; p NULL: nothing is appended */
    bool completion_only;
    hn_encoding whole, prompt;
    hn_buf text, other;
} hn_encoder;

typedef struct hn_format {
    const char *name, *about;
    bool needs_tokenizer;
    /* Does a record have the columns? Then reason (of 160 bytes) says which. */
    bool (*detect)(const hn_json *record, const hn_encode_opts *o, char *reason);
    /* completion_only_loss where it is not set, from the first record. */
    bool (*completion_only)(const hn_json *record);
    /* Fills row (empty at the call). Errors name the column, not the place. */
    hn_status (*encode)(const hn_json *record, hn_encoder *e, hn_row *row, hn_error *err);
} hn_format;

const hn_format *hn_format_at(size_t i); /* NULL past the end */
/* By name; dashes and underscores are the same. NULL: none. */
const hn_format *hn_format_find(const char *name);
/* The first format that fits, with the reason. EFORMAT: none does (lists the columns and the formats). */
hn_status hn_format_detect(const hn_json *record, const hn_encode_opts *o, const hn_format **out, char *reason,
                           hn_error *err) HN_MUST;
bool hn_format_never(const hn_json *record); /* completion_only: false */
bool hn_format_always(const hn_json *record);

/* A column of text. EFORMAT: absent (lists the columns there are), or not a string. */
hn_status hn_column_text(const hn_json *record, const char *name, hn_str *out, hn_error *err) HN_MUST;
/* The text a record begins with, for messages; n 0: it has none. */
hn_str hn_record_text(const hn_json *record, const hn_encode_opts *o);

/* Appends ids; label NULL: every id is its own target. */
hn_status hn_row_add(hn_row *row, const int32_t *id, const int32_t *label, size_t n, hn_error *err) HN_MUST;
void hn_row_release(hn_row *row);
/* Language modelling: the text with the end token, all of it targets. */
hn_status hn_row_text(hn_encoder *e, hn_str text, hn_row *row, hn_error *err) HN_MUST;
/* Prompt and completion tokenised as one text; the completion (with the end token) begins where the ids of the
 * prompt alone and of the whole part (TRL's common_prefix_length). */
hn_status hn_row_completion(hn_encoder *e, hn_str prompt, hn_str completion, hn_row *row, hn_error *err) HN_MUST;

#endif
