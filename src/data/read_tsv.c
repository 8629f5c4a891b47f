/* read_tsv.c - tab-separated values: as CSV, with another delimiter. */
#include "data/records_impl.h"

static bool fits(const char *head, size_t n) {
    (void)head, (void)n;
    return false; /* anything could be TSV: only its name tells */
}

static hn_status next(hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err) {
    return hn_delimited_next(r, state, '\t', record, line, err);
}

static void close_tsv(void *state) { hn_delimited_close(state); }

const hn_reader hn_read_tsv = {.name = "tsv",
                               .about = "tab-separated values with a header",
                               .extensions = "tsv",
                               .unit = "line",
                               .size = sizeof(hn_delimited),
                               .fits = fits,
                               .next = next,
                               .close = close_tsv};
