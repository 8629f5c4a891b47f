/* prepared_impl.h - encoded rows kept on disk from run to run; for the files of this room.
 *
 *     <folder>/<key>/ids loss at record ...   the columns, as they are mapped
 *     <folder>/<key>/rows.json                counts, and the size and hash of every column; second line: its own hash
 *     <folder>/<key>.tmp-<process>-<n>/       the same while it is written, with a lock that its writer holds
 *
 * The key is a hash of everything that decides the rows: contents of the files, options, tokenizer, template, version. A set is
 * renamed into place whole. What does not fit its hashes is not used and made again. The time of change of rows.json is that of
 * the last use; whoever uses a set holds a shared lock on it, so that no other process makes room by removing it. */
#ifndef HN_PREPARED_IMPL_H
#define HN_PREPARED_IMPL_H

#include "data/rows_impl.h"

#define HN_PREPARED_META "rows.json"

typedef struct hn_prepared { /* the place of one set of rows */
    char key[33];
    char *root, *dir;  /* NULL: nothing is kept on disk */
    char *temp;        /* being written; NULL: not */
    int lock;          /* file in temp; -1: none */
} hn_prepared;

/* Folder and key. root NULL: nothing is kept. Files that cannot be read twice (pipes) are not kept either. */
hn_status hn_prepared_place(hn_prepared *p, const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o,
                            hn_error *err) HN_MUST;
/* *out NULL: there are none, or they are damaged (the log says so). said: what was said when they were made, an array of
 * strings, each "w" or "i" and the text; the caller's. */
hn_status hn_prepared_open(const hn_prepared *p, hn_rows **out, hn_json **said, hn_error *err) HN_MUST;
/* A new folder to write to, p->temp; what killed runs left behind is removed. */
hn_status hn_prepared_begin(hn_prepared *p, hn_error *err) HN_MUST;
/* Puts the finished store into place and maps it. */
hn_status hn_prepared_commit(hn_prepared *p, hn_store *s, const hn_json *said, hn_rows **out, hn_error *err) HN_MUST;
void hn_prepared_release(hn_prepared *p); /* removes what was not put into place */

/* Marks the set that these rows are mapped from as used now, and in use until they are freed (prepared_limit.c). EFORMAT: another
 * process removes it. */
hn_status hn_prepared_use(const char *dir, hn_rows *r, hn_error *err) HN_MUST;
/* Removes sets of the folder, those used longest ago first, until what is left has at most so many bytes (0: any number); never
 * one in use. The log says which. */
void hn_prepared_trim(const char *root, uint64_t limit);

/* rows.json (prepared_meta.c). */
hn_status hn_prepared_write_meta(const char *dir, const hn_store *s, const hn_json *said, hn_error *err) HN_MUST;
/* EFORMAT: damaged. digest: the hash each column must have; "" where there is none. */
hn_status hn_prepared_read_meta(const char *dir, hn_rows *r, uint64_t bytes[HN_COLS], char digest[HN_COLS][33], hn_json **said,
                                hn_error *err) HN_MUST;
/* Everything that decides the rows, as 32 hex digits (prepared_key.c). *fixed false: a file can be read only once. */
hn_status hn_prepared_key(const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o, char key[33],
                          bool *fixed, hn_error *err) HN_MUST;
/* Hash of a file's bytes, read once from beginning to end. */
hn_status hn_file_digest(const char *path, char out[33], hn_error *err) HN_MUST;

#endif
