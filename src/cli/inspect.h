/* inspect.h - hone data inspect: what a pass over the rows collects, and the forms it is shown in. */
#ifndef HN_INSPECT_H
#define HN_INSPECT_H

#include "cli/data_cmd.h"

enum { LENGTH_BUCKETS = 1024, ROLES = 16 };

typedef struct shown_part {    /* one sequence of tokens of a row, copied out of the pass */
    char name[32];             /* "row", "chosen" ...; of packed rows "document 2" */
    int32_t *id, *label;       /* [n]; label -100: not a target */
    int64_t n, from, kept;     /* tokens [from, from + kept) are left after truncation */
    int64_t prompt, prompt_alone;
} shown_part;

typedef struct shown_row {
    int64_t index, line;
    char *file, *problem;      /* problem: why the row cannot be used; else NULL */
    char *label;               /* what is learnt beside the tokens: a class, tags, an answer's place; NULL: nothing */
    const char *kind;          /* "prompt-completion" ... */
    bool dropped;
    shown_part *part;
    size_t parts;
} shown_row;

typedef struct inspection {
    hn_look_set *set;
    char format[64], reason[HN_REASON];
    int64_t rows, unusable, empty, dropped, cut, parts;
    int64_t tokens, targets, lost, longest;
    int64_t length[LENGTH_BUCKETS]; /* parts by length, bucket_of */
    struct { char name[32]; int64_t n; } role[ROLES];
    int roles;
    int64_t packed_rows, packed_tokens;
    const char *packing;       /* NULL: rows are not packed */
    shown_row *shown;
    size_t count, room;
    int64_t first, most;       /* rows to show */
} inspection;

/* inspect_stats.c */
hn_status inspect_row(inspection *s, const hn_look *row,
                      hn_error *err) HN_MUST; /* counts it, and copies it if it is to be shown */
hn_status inspect_packed(inspection *s, const hn_rows *r, hn_error *err) HN_MUST; /* rows that are shown are packed ones */
void inspect_release(inspection *s);
int64_t inspect_quantile(const inspection *s, double q); /* of lengths, within 3 % */
typedef struct length_bin { int64_t from, to, n; } length_bin; /* lengths from..to */
int inspect_bins(const inspection *s, length_bin out[24]);

/* token_pieces.c: the text each token adds to what stands before it, in one buffer. at: [n + 1], the caller's (hn_free). */
hn_status token_pieces(const hn_tokenizer *tok, const int32_t *id, int64_t n, hn_buf *text, size_t **at, hn_error *err) HN_MUST;

enum { TOKEN_TARGET = 1, TOKEN_SPECIAL = 2, TOKEN_CUT = 4 };
unsigned token_marks(const inspection *s, const shown_part *p, int64_t i);
int64_t part_targets(const shown_part *p); /* of those that are left */

/* inspect_text.c, inspect_json.c, inspect_page.c */
hn_status inspect_text(const inspection *s, hn_buf *out, bool ids, bool color, hn_error *err) HN_MUST;
hn_status inspect_json(const inspection *s, hn_json **out, hn_error *err) HN_MUST;
hn_status inspect_page(const inspection *s, hn_buf *out, hn_error *err) HN_MUST;

#endif
