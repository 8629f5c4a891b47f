/* bench_prepare.c - JSON lines to rows on disk beside bare tokenisation of the same texts on one thread.
 *
 *   bench_prepare rate TOKENIZER FILE MEGABYTES   tokenises the "text" of the first records, held in memory: bytes a second
 *   bench_prepare rows TOKENIZER FILE FOLDER      prepares the whole file, FOLDER fresh, then opens what it kept
 *
 * One JSON object each. Threads: OMP_NUM_THREADS. */
#include "data/data.h"

#include <stdlib.h>
#include <string.h>

static int fail(const hn_error *err) {
    fprintf(stderr, "bench_prepare: %s\n", err->msg);
    return 1;
}

typedef struct { /* texts one after the other */
    hn_buf text;
    size_t *end;
    size_t n, cap;
} texts;

static hn_status add(texts *t, hn_str s, hn_error *err) {
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 1024;
        size_t *end = hn_realloc_array(t->end, cap, sizeof *end);
        if (!end) return hn_nomem(err, cap * sizeof *end);
        t->end = end;
        t->cap = cap;
    }
    hn_buf_add(&t->text, s.p, s.n);
    t->end[t->n++] = t->text.n;
    return t->text.failed ? hn_nomem(err, s.n) : HN_OK;
}

static hn_status read_texts(const char *path, size_t most, texts *t, hn_error *err) {
    hn_records *r;
    hn_json *record;
    int64_t line;
    HN_TRY(hn_records_open(path, &r, err));
    hn_status st = HN_OK;
    while (st == HN_OK && t->text.n < most) {
        st = hn_records_next(r, &record, &line, err);
        if (st != HN_OK || !record) break;
        hn_str s;
        if (hn_json_text(hn_json_get(record, "text"), &s)) st = add(t, s, err);
        hn_json_free(record);
    }
    hn_records_close(r);
    return st;
}

static int rate(const hn_tokenizer *tok, const char *path, double megabytes) {
    hn_error err = {0};
    texts t = {0};
    hn_encoding e = {0};
    int64_t tokens = 0;
    hn_status st = read_texts(path, (size_t)(megabytes * 1e6), &t, &err);
    double start = hn_now();
    for (size_t i = 0, at = 0; i < t.n && st == HN_OK; at = t.end[i++]) {
        st = hn_tokenizer_encode(tok, (hn_str){t.text.p + at, t.end[i] - at}, HN_ENCODE_SPECIAL, &e, &err);
        tokens += (int64_t)e.n;
    }
    double seconds = hn_now() - start;
    if (st == HN_OK)
        printf("{\"text_bytes\": %zu, \"tokens\": %lld, \"seconds\": %.3f, \"text_bytes_per_s\": %.0f}\n", t.text.n,
               (long long)tokens, seconds, (double)t.text.n / seconds);
    hn_encoding_release(&e);
    hn_buf_release(&t.text);
    hn_free(t.end);
    return st == HN_OK ? 0 : fail(&err);
}

static hn_status prepare(const hn_tokenizer *tok, char *path, const char *dir, double *seconds, hn_rows **rows, hn_error *err) {
    hn_encode_opts o;
    hn_strlist files = {&path, 1};
    hn_encode_defaults(&o);
    o.prepared_dir = dir;
    double start = hn_now();
    HN_TRY(hn_rows_encode(&files, tok, &o, rows, err));
    *seconds = hn_now() - start;
    return HN_OK;
}

static int rows_of(const hn_tokenizer *tok, char *path, const char *dir) {
    hn_error err = {0};
    hn_rows *rows, *again;
    double made, opened;
    uint64_t before = hn_peak_rss();
    if (prepare(tok, path, dir, &made, &rows, &err) != HN_OK) return fail(&err);
    uint64_t peak = hn_peak_rss();
    if (prepare(tok, path, dir, &opened, &again, &err) != HN_OK) return fail(&err);
    printf("{\"file_bytes\": %lld, \"rows\": %lld, \"tokens\": %lld, \"seconds\": %.3f, \"threads\": %d, \"peak_rss_mb\": %.1f, "
           "\"tokenizer_rss_mb\": %.1f, \"reopened_seconds\": %.3f, \"reused\": %s}\n",
           (long long)hn_file_size(path), (long long)rows->rows, (long long)rows->tokens, made, hn_par_threads(),
           (double)peak / 1e6, (double)before / 1e6, opened, again->reused ? "true" : "false");
    hn_rows_free(rows);
    hn_rows_free(again);
    return 0;
}

int main(int argc, char **argv) {
    hn_tokenizer *tok;
    hn_error err = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: bench_prepare rate TOKENIZER FILE MEGABYTES | rows TOKENIZER FILE FOLDER\n");
        return 2;
    }
    if (hn_tokenizer_load(argv[2], &tok, &err) != HN_OK) return fail(&err);
    int status = hn_streq(argv[1], "rate") ? rate(tok, argv[3], atof(argv[4])) : rows_of(tok, argv[3], argv[4]);
    hn_tokenizer_free(tok);
    hn_par_shutdown();
    return status;
}
