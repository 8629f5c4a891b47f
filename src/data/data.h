/* data.h - the room of records: files -> records -> encoded rows -> packed batches. No tensors.
 *
 * A batch is N tokens in a row, cut into segments that form a tree; there is no pad token anywhere. */
#ifndef HN_DATA_H
#define HN_DATA_H

#include "base/base.h"
#include "text/text.h"

/* ------------------------------------------------------------------ packed batches */

typedef struct hn_batch {
    int64_t tokens, segments, rows;   /* N, S, R */
    int32_t *id, *type, *pos;         /* [N]; type may be NULL */
    int32_t *start, *parent;          /* [S+1], [S]: -1 none, p segment, -1-k cached segment k */
    int32_t *length;                  /* [N]: tokens of the whole sequence the token belongs to (NEFTune) */
    int32_t *row, *target;            /* [R]: hidden row that predicts, token it should predict */
    double *weight;                   /* [R]: 1 where it counts in the loss */
    int32_t *sequence;                /* [R]: logical row (0..sequences) it belongs to */
    int64_t sequences;                /* logical rows: per_device_train_batch_size of them, fewer in the last */
    int64_t seen_tokens;              /* what num_tokens counts: both sides of a pair, the prompt twice */
    hn_arena arena;                   /* owns the columns */
} hn_batch;
void hn_batch_init(hn_batch *b);
void hn_batch_release(hn_batch *b);

/* ------------------------------------------------------------------ records */

/* A stream of JSON objects from one file, of a kind in readers.def, which all but Parquet may also be .gz or .zst. Plain text
 * gives {"text": line}. EFORMAT with file and line: not UTF-8, no JSON, too long. */
typedef struct hn_records hn_records;
hn_status hn_records_open(const char *path, hn_records **out, hn_error *err) HN_MUST;
/* *record is the caller's (hn_json_free); NULL at the end. line: 1-based line (or array index) of it. */
hn_status hn_records_next(hn_records *r, hn_json **record, int64_t *line, hn_error *err) HN_MUST;
void hn_records_close(hn_records *r);
/* A record of more bytes than this (a line, an array element, a row; default HN_RECORD_BYTES) is EFORMAT, found before it is
 * read whole: memory is bounded by a small multiple of it. */
enum { HN_RECORD_BYTES = 64 << 20 };
void hn_records_set_limit(hn_records *r, int64_t bytes);
/* What a record of a plain text file is; to be set before the first record is read. */
typedef enum hn_text_unit { HN_TEXT_LINE, HN_TEXT_PARAGRAPH, HN_TEXT_DOCUMENT } hn_text_unit;
void hn_records_set_unit(hn_records *r, hn_text_unit unit);
typedef struct hn_reader_info { const char *name, *about, *extensions; } hn_reader_info; /* static */
bool hn_reader_at(size_t i, hn_reader_info *out); /* the kinds of files; false past the end */

/* A record before it is parsed: its bytes in the file, where the reader can cut records out without parsing them (JSON
 * lines, arrays, plain text), so that parsing may run on any thread; else the finished value. */
typedef struct hn_raw {
    const char *p;      /* [n], until the next call on the stream; copy what is parsed later */
    size_t n;
    int64_t line;       /* as hn_records_next counts */
    int64_t first_line; /* line of the file it begins on */
    hn_json *record;    /* where p is NULL; both NULL: the end */
    const char *path;   /* borrowed from the stream */
    const struct hn_reader *reader;
    const struct hn_columns *columns; /* applied by hn_raw_parse; NULL: none */
    size_t part;        /* of hn_sources */
} hn_raw;
/* raw->record, if any, is the caller's. A status of EFORMAT may be followed by another call: the bad record is left out. */
hn_status hn_records_next_raw(hn_records *r, hn_raw *raw, hn_error *err) HN_MUST;
/* Thread-safe for different raws; takes raw->record. Errors: as hn_records_next. */
hn_status hn_raw_parse(hn_raw *raw, hn_json **record, hn_error *err) HN_MUST;
/* "file:12", or "file: record 12" where lines mean nothing: the place of a record in messages. */
void hn_raw_place(const hn_raw *raw, char *out, size_t cap);
/* Is the name one that a reader knows ("train.jsonl.gz")? */
bool hn_records_known(const char *name);
/* False after an error that no further record can be read behind. */
bool hn_records_usable(const hn_records *r);

/* ------------------------------------------------------------------ sources: what a data set is made of */

/* Part of a split, in records of its files one after the other: [from, to). HN_UNSET_INT: open; negative: from the end. */
typedef struct hn_slice {
    int64_t from, to;
    bool percent; /* both ends are in percent of the split, rounded as Python's round() */
} hn_slice;

/* Which columns of a record are kept, and what they are called then; n == 0: all as they are. */
typedef struct hn_columns {
    char **from, **to;
    size_t n;
    bool others; /* the columns not named stay */
} hn_columns;

typedef struct hn_part { /* one source: files with a slice of them */
    char *name;          /* as the user wrote it */
    hn_strlist files;    /* read in order */
    hn_slice slice;
    int64_t limit;       /* the first so many records of the slice; HN_UNSET_INT: all */
    double fraction;     /* share of the mixture (TRL's fraction); NaN: unset */
    double weight;       /* probability when interleaved; NaN: unset */
    char *format;        /* record format; NULL: that of the run, else detected */
    hn_columns columns;
} hn_part;

typedef enum hn_mix { HN_MIX_CONCATENATE, HN_MIX_INTERLEAVE } hn_mix;
typedef enum hn_stopping { HN_STOP_FIRST_EXHAUSTED, HN_STOP_ALL_EXHAUSTED, HN_STOP_WITHOUT_REPLACEMENT } hn_stopping;

typedef struct hn_sources {
    hn_part *part;
    size_t n;
    hn_mix mix;          /* interleave: as datasets.interleave_datasets, record for record the same */
    hn_stopping stopping;
    uint64_t seed;       /* of the interleaving and of what is held out */
    double hold_out;     /* records held out for evaluation: a share below 1, or a count; 0: none. Which: those that
                            datasets' train_test_split(test_size, seed) takes of all parts one after the other */
    int64_t record_bytes; /* hn_records_set_limit; 0: its default */
    hn_text_unit text_unit; /* hn_records_set_unit */
} hn_sources;
void hn_sources_init(hn_sources *s);
void hn_sources_release(hn_sources *s);
/* One file as the whole data set; name and path are copied. */
hn_status hn_sources_add_file(hn_sources *s, const char *path, hn_error *err) HN_MUST;
/* Files as one part, read in order. */
hn_status hn_sources_add_files(hn_sources *s, const hn_strlist *files, hn_error *err) HN_MUST;
uint64_t hn_sources_bytes(const hn_sources *s); /* of all files */

/* The records of sources, sliced, mixed, without or only those held out. s must outlive the stream. Numbers that need the
 * size of a source (percent, from the end, fraction, interleaving, holding out) cost a first pass that counts its records. */
typedef struct hn_stream hn_stream;
hn_status hn_stream_open(const hn_sources *s, bool held_out, hn_stream **out, hn_error *err) HN_MUST;
/* As hn_records_next_raw; the raw's path stays valid as long as the sources, and raw->part is the index of its source. */
hn_status hn_stream_next(hn_stream *s, hn_raw *raw, hn_error *err) HN_MUST;
bool hn_stream_usable(const hn_stream *s);
/* Bytes of the files used so far, for progress. */
uint64_t hn_stream_position(const hn_stream *s);
/* Records given so far of source i, bad ones among them. */
int64_t hn_stream_given(const hn_stream *s, size_t i);
void hn_stream_close(hn_stream *s);

/* What a user names a data set by. */
typedef struct hn_source_query {
    const char *name;       /* as it was written, for messages */
    const char *path;       /* file, folder or pattern (* ? [] and ** for folders); NULL: name */
    const char *split;      /* "train", "train[:1000]", "train[10%:]+test"; NULL: "train". Of a folder: the files whose names, or
                               whose folders' names, say so; train: all files of a folder where nothing does */
    const char *config;     /* folder, or beginning of the files' names; NULL: the only one, or the default one */
    const char *data_dir;   /* folder inside path; NULL: path itself */
    const hn_strlist *data_files; /* paths or patterns inside path, which are the split then; NULL or empty: none are named */
    bool optional;          /* a split that is not there is no error */
} hn_source_query;
/* Appends the parts (one for each split that is joined by +; none where an optional split is absent). Errors: ENOENT with what
 * there is, EARG: the split's form, several configurations. */
hn_status hn_sources_find(hn_sources *s, const hn_source_query *q, hn_error *err) HN_MUST;
bool hn_is_pattern(const char *name); /* does it hold * ? or [ */

/* ------------------------------------------------------------------ examples: records in TRL's shapes
 *
 * Whatever the file's format, a record becomes examples whose columns are TRL's: format_*.c converts, everything behind it
 * knows these kinds only. One record can become several examples (an OpenAssistant tree has many pairs), or none. */

typedef enum hn_kind {
    HN_KIND_TOKENS,     /* input_ids[, labels | completion_mask] */
    HN_KIND_TEXT,       /* text */
    HN_KIND_COMPLETION, /* prompt, completion: both strings or both message lists[, tools, chat_template_kwargs] */
    HN_KIND_MESSAGES,   /* messages[, tools, documents, chat_template_kwargs] */
    HN_KIND_PREFERENCE, /* prompt, chosen, rejected: strings or message lists[, tools ..., margin, score_chosen, score_rejected]
                         */
    HN_KIND_UNPAIRED,   /* prompt, completion, label (bool) */
    HN_KIND_PROMPT,     /* prompt: string or message list[, ground_truth, tools ...] */
    HN_KIND_STEPWISE,   /* prompt, completions[], labels[] */
    HN_KIND_CLASSIFY,   /* text[, text_pair], label (integer, string or number)[, label_text] */
    HN_KIND_TAG,        /* tokens[], tags[] */
    HN_KIND_QA,         /* id, context, question, answers {text[], answer_start[]}[, is_impossible] */
    HN_KINDS
} hn_kind;
const char *hn_kind_name(hn_kind kind); /* "prompt-completion" ... */

typedef struct hn_example {
    hn_kind kind;
    hn_json *value; /* owned */
    bool second;    /* the rejected side of a pair that was taken apart: a data set has it behind the chosen sides of its group */
} hn_example;
typedef struct hn_note { /* what happened to records on the way that is no error; counted over a data set */
    const char *what;    /* static text: "rows whose answers are the same: left out" */
    int64_t n;
} hn_note;
enum { HN_NOTES = 8 };
typedef struct hn_examples { /* growing, reused; {0} is empty */
    hn_example *v;
    size_t n, cap;
    hn_note note[HN_NOTES];
    size_t notes;
} hn_examples;
void hn_examples_clear(hn_examples *x); /* the examples and the notes */
void hn_examples_release(hn_examples *x);
/* Counts n more of what; a ninth kind of note is not kept. */
void hn_examples_note(hn_examples *x, const char *what, int64_t n);

/* What a task wants of a data set: the kinds it takes, the best first. ANY: whatever the records are. */
typedef enum hn_view { HN_VIEW_ANY, HN_VIEW_SFT, HN_VIEW_PREFERENCE, HN_VIEW_KTO, HN_VIEW_PROMPT, HN_VIEW_TEXT, HN_VIEW_CLASSIFY,
                       HN_VIEW_TAG, HN_VIEW_QA, HN_VIEWS } hn_view;
/* By the name of a task: sft, preference, kto, prompt, text, classify, tag, qa. False: none. */
bool hn_view_find(const char *name, hn_view *out);
const char *hn_view_name(hn_view view);

typedef struct hn_convert_opts {
    hn_view view;
    const char *format;     /* NULL: detect */
    const char *text_field; /* column of language-modelling rows: "text" */
    const hn_columns *columns; /* columns that are read as others; NULL: none */
    const char *prompt_style; /* instruct, chat, chatml, question, plain, messages; NULL: each format's own */
    const char *first;      /* where the row stands that the format was found by, for messages; NULL: not known */
} hn_convert_opts;
void hn_convert_defaults(hn_convert_opts *o); /* view SFT */

enum { HN_REASON = 160 };           /* bytes of the text that says why a format was taken */
typedef struct hn_format hn_format; /* static; in the order of formats.def */
const hn_format *hn_format_at(size_t i); /* NULL past the end */
const char *hn_format_name(const hn_format *f);
const char *hn_format_about(const hn_format *f);
bool hn_format_gives(const hn_format *f, hn_kind kind); /* by itself; a view may make it into others */
/* By name; dashes and underscores are the same. NULL: none. */
const hn_format *hn_format_find(const char *name);
/* The format of a data set from its first records (as many as are at hand; some columns do not stand in every row): o->format,
 * else the first of formats.def that fits all of them and gives what the view takes. reason [HN_REASON]: why. Errors: EARG (no
 * format of that name: lists them), EFORMAT (none fits: lists the columns and the formats). */
hn_status hn_format_choose(hn_json *const *record, size_t n, const hn_convert_opts *o, const hn_format **out, char *reason,
                           hn_error *err) HN_MUST;
/* Does a record have the columns of the format? */
bool hn_format_fits(const hn_format *f, const hn_json *record, const hn_convert_opts *o);
/* Replaces the contents of out with the examples of one record: none where the format leaves it out (a note says why).
 * Any number of threads may convert, each its own records. EFORMAT: the column, what was expected and what stands there,
 * without a place; or a record that looks like another format. */
hn_status hn_format_convert(const hn_format *f, const hn_json *record, const hn_convert_opts *o, hn_examples *out,
                            hn_error *err) HN_MUST;

/* Formats whose examples need several records (OpenAssistant's flat messages): all records are gathered, in order and on one
 * thread, then the examples are taken out. */
typedef struct hn_gather hn_gather;
bool hn_format_gathers(const hn_format *f); /* hn_format_convert is not for these */
hn_status hn_gather_new(const hn_format *f, hn_gather **out, hn_error *err) HN_MUST;
hn_status hn_gather_add(hn_gather *g, const hn_json *record, int64_t line, const hn_convert_opts *o, hn_error *err) HN_MUST;
/* The examples of the next group, and the line its first record stood on; *more false: there was none left. */
hn_status hn_gather_next(hn_gather *g, const hn_convert_opts *o, hn_examples *out, int64_t *line, bool *more,
                         hn_error *err) HN_MUST;
void hn_gather_free(hn_gather *g);

/* ------------------------------------------------------------------ encoded rows */

/* How rows are put side by side in rows of max_length tokens, group by group of 1,000 (pack.c). bfd and bfd_split keep documents
 * apart: attention never crosses their borders; wrapped and blocks make one sequence of them. */
typedef enum hn_packing { HN_PACK_NONE, HN_PACK_BFD, HN_PACK_BFD_SPLIT, HN_PACK_WRAPPED, HN_PACK_BLOCKS } hn_packing;
const char *hn_packing_name(hn_packing how); /* "bfd" ... */

typedef struct hn_rows { /* columns, in memory or mapped from a file: read only. Row i is ids[at[i] .. at[i+1]) */
    const int32_t *ids;
    const uint8_t *loss;   /* [tokens] 1: the token is a target (position 0 of a document never is) */
    const int32_t *label;  /* [tokens] or NULL: targets that differ from the ids (rows that bring labels) */
    const int64_t *at;     /* [rows + 1] */
    const int64_t *record; /* [rows] line of the record in its file; of a packed row: of its first token */
    const int64_t *document; /* [documents + 1] packed rows: where each document begins, in tokens; NULL: a row is a document */
    const int64_t *row_document; /* [rows + 1] row i holds the documents row_document[i] .. row_document[i + 1) */
    int64_t rows, tokens, documents;
    int64_t examples;      /* sequences before they were packed; those dropped are not among them */
    hn_packing packing;
    /* what happened on the way */
    int64_t read, dropped, truncated, targets, longest;
    int64_t bad;           /* records left out under skip_bad; not among dropped */
    bool conversational;   /* they were message lists, written by a chat template */
    int32_t top_id;        /* the largest id or label: a model needs an embedding for it; -1: no tokens */
    char format[64];       /* detected record format: "prompt-completion" ... */
    char reason[HN_REASON]; /* why: 'columns "prompt" and "completion"' */
    char fingerprint[33];  /* hash of ids, targets and borders */
    char first_text[64];   /* unused bytes are zero */
    struct hn_row_files *files; /* the maps; NULL: the columns are in memory */
    hn_json *sources;      /* what each source gave: [{"name", "format", "records", "examples"}] */
    char *prepared;        /* folder the columns are mapped from; NULL: memory */
    bool reused;           /* an earlier run had prepared them */
} hn_rows;
void hn_rows_free(hn_rows *r);

/* Called now and then by the caller's thread: bytes of the files read of all, records so far. */
typedef void hn_progress_fn(void *user, uint64_t done, uint64_t total, int64_t records);

typedef struct hn_encode_opts { /* as TRL's SFTTrainer prepares a data set */
    hn_convert_opts convert;      /* records to examples */
    const char *eos_token;        /* NULL: the tokenizer's */
    int64_t max_length;           /* HN_UNSET_INT: none */
    bool keep_end;                /* truncation_mode */
    int completion_only;          /* -1: iff the first row has prompt and completion; 0, 1 */
    bool keep_all;                /* keep rows without targets (score) */
    bool add_eos;                 /* true in training; false for score of raw text */
    bool skip_bad;                /* --on_bad_row skip */
    int64_t limit;                /* use the first so many records; HN_UNSET_INT: all */
    const hn_chat *chat;          /* template for message lists; NULL: such rows are refused */
    bool whole_pairs;             /* pairs with a side longer than max_length are left out (reward); else they are cut (dpo) */
    bool split_special; /* special tokens spelled in the rows are ordinary text; only the template's and the end token count */
    bool assistant_only;          /* message lists: only what the assistant wrote is trained on */
    hn_packing packing;           /* max_length is then the length of a full row; no row is dropped for want of targets */
    bool shuffle;                 /* as TRL's shuffle_dataset: before packing and at the end */
    uint64_t shuffle_seed;
    const char *prepared_dir;     /* rows are kept there from run to run (prepared_impl.h); NULL: in memory only */
    uint64_t prepared_bytes;      /* sets of fewer bytes stay in memory */
    uint64_t prepared_limit;      /* bytes that all sets in prepared_dir may have: those used longest ago go; 0: any number */
    bool overwrite_prepared;      /* make them again though they are there */
    hn_progress_fn *progress;     /* NULL: none */
    void *progress_user;
} hn_encode_opts;
void hn_encode_defaults(hn_encode_opts *o);
/* The rows of sources, or of what they hold out; all threads work, one block of records after the other, so memory does not
 * depend on their size if prepared_dir is given. tok NULL only for rows that are tokens already. Errors: EFORMAT with file:line,
 * the missing column and those present; every row dropped; empty; EIO: the rows cannot be written. */
hn_status hn_sources_encode(const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o, hn_rows **out,
                            hn_error *err) HN_MUST;
hn_status hn_rows_encode(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, hn_rows **out,
                         hn_error *err) HN_MUST; /* files as one source, read in order */

/* ------------------------------------------------------------------ looking at rows
 *
 * A pass over a data set exactly as training prepares it, row by row in order (pairs taken apart for kto: of every 1,000 the
 * chosen answers, then the rejected ones): for data inspect, data check and the checks before a run. Views that hone does not
 * train yet give the tokens their trainers take. */

typedef struct hn_look_part {  /* one sequence of tokens */
    const char *name; /* sft, text, prompt, classify, tag, qa: "row"; preference: "chosen", then "rejected"; kto: "completion" */
    hn_str text;               /* what was tokenised, end token included; p NULL: the row came as tokens */
    const hn_byte_span *wrote; /* [wrotes] bytes of text the assistant wrote; only with assistant_only */
    size_t wrotes;
    const int32_t *id, *label; /* [n] label -100: not a target. Targets of position 0 are kept here, though no loss reads them */
    const hn_token_span *span; /* [n] bytes of text, begin == end: put there by the tokenizer; NULL where text.p is */
    int64_t n;                 /* tokens before truncation */
    int64_t prompt;            /* where the completion begins; 0: no such border */
    int64_t prompt_alone;      /* tokens of the prompt tokenised alone; more than prompt: its end is not what training sees */
    int64_t from, kept;        /* tokens [from, from + kept) are left after truncation */
} hn_look_part;

typedef struct hn_look {       /* everything is borrowed and valid during the call only */
    const char *file, *format, *reason; /* format: of the records; reason: why it was taken */
    int64_t line, index;       /* line in the file (or record number), index of the row in the data set, from 0 */
    const hn_json *record;     /* NULL: could not be read */
    const hn_example *example; /* NULL: the record could not be converted, or holds no example */
    hn_status st;              /* not HN_OK: why this row cannot be used; there are no parts then */
    const hn_error *err;
    const hn_look_part *part;
    size_t parts;
    bool dropped;              /* training leaves it out: no target is left, or a pair is too long */
} hn_look;
typedef hn_status hn_look_fn(void *user, const hn_look *row, hn_error *err);
/* Bad rows are handed to fn and never stop the pass (skip_bad is ignored); what fn returns, if not HN_OK, does. Errors: those of
 * opening the files and of settings, and an error that leaves the rest of a file unreadable (handed to fn before). */
hn_status hn_sources_look(const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o, hn_view view,
                          hn_look_fn *fn, void *user, hn_error *err) HN_MUST;
hn_status hn_rows_look(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, hn_view view, hn_look_fn *fn,
                       void *user, hn_error *err) HN_MUST;

/* ------------------------------------------------------------------ order and batches */

typedef enum hn_sampling { HN_SAMPLE_RANDOM, HN_SAMPLE_SEQUENTIAL, HN_SAMPLE_GROUP_BY_LENGTH } hn_sampling;
/* Row order of an epoch (from 0). length [n] is read by group_by_length only; batch: rows of a micro-batch times
 * accumulation. out: [n]. */
hn_status hn_order(hn_sampling how, uint64_t seed, int64_t epoch, int64_t n, const int64_t *length, int64_t batch, int64_t *out,
                   hn_error *err) HN_MUST;
/* Packs rows[order[0..count)] into b (reset first): each row one segment, targets as shifted pairs. */
hn_status hn_batch_rows(hn_batch *b, const hn_rows *rows, const int64_t *order, int64_t count, hn_error *err) HN_MUST;

#endif
