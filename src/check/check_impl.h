/* check_impl.h - what a check is, and what checks share: facets of a row, tallies, bounded sets, thresholds.
 *
 * A new check: one file check_<name>.c with a descriptor, one line in checks.def. */
#ifndef HN_CHECK_IMPL_H
#define HN_CHECK_IMPL_H

#include "check/check.h"

enum { HN_IGNORED = -100 }; /* label of a token that is no target */

/* ------------------------------------------------------------------ facets.c: what a row says, whatever its kind */

typedef struct hn_turn {
    hn_str role, text; /* text parts of list content are joined */
    bool calls;        /* it calls tools: no text is needed */
} hn_turn;

typedef struct hn_facets { /* valid for one row; texts are borrowed from the example or the arena */
    bool chat;             /* message lists */
    hn_turn *turn;         /* [turns] messages; of pairs: prompt and chosen */
    size_t turns;
    size_t prompt_turns;   /* of them, those that are given */
    hn_str prompt;         /* what is asked: the prompt, or the last message before the (last) answer; p NULL: nothing */
    hn_str answer[2];      /* what is learnt: completion, last assistant message; chosen and rejected */
    int answers;
    uint64_t whole, asked,
        said[2];           /* hashes of the texts, letter case and white space aside; whole: of all that is learnt from */
    const hn_json *value;  /* the example's columns */
    bool left_out;         /* a pair that its format leaves out: read from the record */
} hn_facets;

typedef struct hn_facet_work { /* reused from row to row */
    hn_arena arena;
    hn_turn *turn;
    size_t cap;
    bool failed;
} hn_facet_work;
void hn_facets_read(hn_facet_work *w, const hn_example *x, hn_facets *out);
/* The facets of a record that its format left out, if it is a pair. */
void hn_facets_left_out(hn_facet_work *w, const hn_json *record, hn_facets *out);
void hn_facet_work_release(hn_facet_work *w);

/* Hash of a text, ASCII letter case, runs of white space and white space at the ends aside. */
uint64_t hn_said_hash(hn_str s);
uint64_t hn_letters_hash(hn_str s);           /* letters and digits alone */
uint64_t hn_hash_mix(uint64_t a, uint64_t b); /* of an ordered pair */
bool hn_blank(hn_str s);                      /* nothing but white space */
hn_str hn_trimmed(hn_str s);
bool hn_starts(hn_str s, hn_str with);
size_t hn_find_in(hn_str s, hn_str what);     /* byte offset; SIZE_MAX: not there */

/* ------------------------------------------------------------------ seen.c: a bounded table from hashes to what was seen
 *
 * Holds at most so many keys; beyond that it keeps those whose hash falls into a half, a quarter ... of the space: an unbiased
 * sample of the keys (every occurrence of a kept key is seen), so shares stay estimates without bias. */

typedef struct hn_seen_entry {
    uint64_t key, value; /* value: the caller's */
    int64_t count, line;
    const char *file;
} hn_seen_entry;
typedef struct hn_seen {
    hn_seen_entry *v;
    size_t n, cap, most;
    uint64_t mask;       /* keys with hash & mask are left out */
    bool failed;         /* no memory: later calls do nothing */
} hn_seen;
enum { HN_SEEN_MOST = 1 << 18 };
/* The entry of key, new ones with count 0; NULL: left out by the sample. */
hn_seen_entry *hn_seen_at(hn_seen *s, uint64_t key);
hn_seen_entry *hn_seen_find(const hn_seen *s, uint64_t key); /* NULL: not there */
bool hn_seen_sampled(const hn_seen *s, uint64_t key);        /* is such a key kept at all? */
void hn_seen_release(hn_seen *s);

/* ------------------------------------------------------------------ checks and findings */

typedef struct hn_tally { /* rows that show something, and the first few places */
    int64_t n;
    hn_place place[HN_PLACES];
    int places;
} hn_tally;
void hn_tally_add(hn_tally *t, const hn_look *row); /* counts a row once, however often it is called for it */

typedef struct hn_check_ctx hn_check_ctx;
struct hn_check_ctx {
    const hn_check_setup *setup;
    int32_t bos, eos, pad, unk; /* ids; -1: none */
    bool eval;                  /* the row at hand belongs to the evaluation set */
    int64_t rows, eval_rows, unusable;
    const struct hn_check *check; /* at work */
    hn_report *report;
    bool failed;                /* no memory */
};

enum { /* what a check needs to have a say */
    HN_NEEDS_PARTS = 1,         /* rows that could be encoded */
    HN_NEEDS_EXAMPLE = 2,       /* rows that could be converted */
    HN_WANTS_EVAL = 4,          /* rows of the evaluation set too */
    HN_SLOW = 8,                /* left out before a run */
    HN_WANTS_LEFT_OUT = 16      /* pairs that their format leaves out too */
};
#define HN_VIEW_BIT(view) (1u << HN_VIEW_##view)
#define HN_ALL_VIEWS (~0u)
#define HN_CHAT_VIEWS (HN_VIEW_BIT(SFT) | HN_VIEW_BIT(PREFERENCE) | HN_VIEW_BIT(KTO) | HN_VIEW_BIT(PROMPT))
#define HN_ANSWER_VIEWS (HN_VIEW_BIT(SFT) | HN_VIEW_BIT(PREFERENCE) | HN_VIEW_BIT(KTO))

typedef struct hn_check {
    hn_check_about about;  /* first member */
    unsigned views;        /* tasks it concerns, HN_VIEW_BIT */
    unsigned needs;
    size_t size;           /* bytes of its state, zeroed at the start */
    bool (*begin)(void *self, hn_check_ctx *c); /* NULL, or: false, it has no say here */
    void (*row)(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f); /* may be NULL */
    void (*end)(void *self, hn_check_ctx *c);   /* reports; may be NULL */
    void (*release)(void *self);                /* may be NULL */
} hn_check;

/* Adds a finding of the check at work; tally NULL: not about rows. of: rows it could have shown. */
hn_finding *hn_found(hn_check_ctx *c, hn_severity severity, const hn_tally *tally, int64_t of, const char *fmt, ...)
    HN_PRINTF(5, 6);
void hn_found_remedy(hn_check_ctx *c, hn_finding *f, const char *fmt, ...) HN_PRINTF(3, 4);
void hn_found_cost(hn_check_ctx *c, hn_finding *f, const char *fmt, ...) HN_PRINTF(3, 4);
/* WARN from this share of rows on, else INFO. */
hn_severity hn_judge(int64_t n, int64_t of, double warn_share);
/* The same, but only if the share is that high for certain (Wilson's interval, 95 % one-sided): for things that good data hold in
 * a share not far below it, so that few rows prove little. */
hn_severity hn_judge_surely(int64_t n, int64_t of, double warn_share);
/* WARN from this share on, unless chance explains it: for damage that good data hold in a few rows of a thousand, so that two of
 * two hundred say nothing. It must be half as high for certain. */
hn_severity hn_judge_rare(int64_t n, int64_t of, double warn_share);
double hn_percent(int64_t n, int64_t of);

#endif
