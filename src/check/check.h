/* check.h - the room of data checks: what would silently waste or damage a training run, found before it starts.
 *
 * A check looks at rows as training prepares them (hn_rows_look), at the tokenizer, the template and facts about the model,
 * and reports findings with row numbers, what each costs, and a remedy. Memory is bounded whatever the size of the data. */
#ifndef HN_CHECK_H
#define HN_CHECK_H

#include "base/base.h"
#include "data/data.h"
#include "text/text.h"

/* INFO: worth knowing, nothing to do. WARN: training suffers. ERROR: the run would be wasted; training refuses to start. */
typedef enum hn_severity { HN_SEVERITY_INFO, HN_SEVERITY_WARN, HN_SEVERITY_ERROR } hn_severity;
const char *hn_severity_name(hn_severity s); /* "info", "warn", "error" */

typedef struct hn_check_about { /* a row of checks.def, as users see it */
    const char *id;             /* "eos-not-trained" */
    const char *about;          /* what it looks for, one line */
    const char *cost, *remedy;  /* of a finding, where the finding has no better ones */
} hn_check_about;
const hn_check_about *hn_check_at(size_t i); /* NULL past the end */

typedef struct hn_check_model { /* facts of the model folder; the caller gathers them. Zeroed: unknown */
    const char *dir, *model_type;
    int64_t vocab, max_position;    /* embedding rows, context length; 0: unknown */
    int32_t eos[8], eos_count;      /* where generation stops (generation_config.json over config.json) */
    int32_t pad, config_pad;        /* pad_token_id of those files; -1: none */
    bool config_eos_known;          /* eos comes from the folder's files */
    bool weights;                   /* there are weights; else only a tokenizer, or a config to start from */
    const char *config_dtype, *file_dtype; /* NULL: unknown or none */
    bool tied_but_differs;          /* config.json ties head and embedding, the file holds a head of its own */
    bool untied_but_missing;        /* config.json unties them, the file has no head */
    bool head_missing;              /* the task needs a head that the file lacks: it starts from random values */
    hn_strlist missing_shards, unknown_keys;
    const char *adapter_base;       /* adapter_config.json: the model it was made for */
    bool adapter_base_differs;
} hn_check_model;

typedef struct hn_check_setup {
    hn_view view;                   /* the task: its rows and the checks that concern it */
    const hn_tokenizer *tok;        /* NULL: rows are tokens already */
    const hn_chat *chat;            /* NULL: there is no template */
    const hn_check_model *model;    /* NULL: unknown */
    const char *eos_token;          /* as in hn_encode_opts */
    int64_t max_length;             /* HN_UNSET_INT: none */
    int completion_only;            /* as in hn_encode_opts: 1 only if asked for */
    bool assistant_only, split_special;
    bool packed;                    /* rows are packed: none is truncated by max_length */
    bool quick;                     /* before a run: only checks that cost little */
} hn_check_setup;

typedef struct hn_place { /* of a record */
    const char *file;     /* the report's */
    int64_t line;
} hn_place;
enum { HN_PLACES = 5 };

typedef struct hn_finding {
    const char *id;
    hn_severity severity;
    const char *message;        /* with numbers; no full stop */
    const char *cost, *remedy;
    int64_t rows, of;           /* rows concerned, of how many looked at; of 0: not about rows */
    hn_place place[HN_PLACES];  /* the first of them */
    int places;
} hn_finding;

typedef struct hn_report {
    hn_finding *v;              /* the gravest first */
    size_t n, cap;
    int64_t checks;             /* how many looked */
    int64_t rows, eval_rows, unusable; /* rows seen, of the evaluation set, without any use */
    char format[64], reason[HN_REASON];
    hn_arena arena;             /* owns the texts */
} hn_report;
void hn_report_release(hn_report *r);
int64_t hn_report_count(const hn_report *r, hn_severity at_least);
/* {"findings": [{id, severity, message, rows, of, places, cost, remedy}], "counts": {...} ...}; the caller frees it. */
hn_json *hn_report_json(const hn_report *r);
/* SARIF 2.1.0 (OASIS, section 3): one run, one rule a check, one result a finding and place. */
hn_json *hn_report_sarif(const hn_report *r);

typedef struct hn_checker hn_checker;
/* Everything in s must outlive the checker. */
hn_status hn_checker_new(const hn_check_setup *s, hn_checker **out, hn_error *err) HN_MUST;
void hn_checker_free(hn_checker *c);
/* One row, in order. The evaluation set comes after the training set. */
hn_status hn_checker_row(hn_checker *c, const hn_look *row, bool eval, hn_error *err) HN_MUST;
/* What was found; *out is zeroed first. */
hn_status hn_checker_end(hn_checker *c, hn_report *out, hn_error *err) HN_MUST;

/* The task that fits records of this kind; HN_VIEW_ANY: none. */
hn_view hn_view_of_kind(hn_kind kind);

#endif
