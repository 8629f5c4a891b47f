/* fuzz_file.h - for targets whose readers take files: the input as a file of a given name, in memory where there is /dev/shm. */
#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/data.h"

static char fuzz_path[128];

static void fuzz_file_drop(void) {
    if (fuzz_path[0]) unlink(fuzz_path);
}

static inline const char *fuzz_file(const char *extension, const uint8_t *p, size_t n) {
    static bool known;
    if (!known) atexit(fuzz_file_drop);
    known = true;
    fuzz_file_drop();
    snprintf(fuzz_path, sizeof fuzz_path, "%s/hone-fuzz-%ld%s", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid(), extension);
    FILE *f = fopen(fuzz_path, "wb");
    if (!f || (n && fwrite(p, 1, n, f) != n) || fclose(f) != 0) abort();
    return fuzz_path;
}

/* Reads all that can be read, at most so many records; bad ones are passed over. */
static inline void fuzz_read(const char *path, int64_t record_bytes, int64_t most) {
    hn_records *r;
    hn_error e = {0};
    if (hn_records_open(path, &r, &e) != HN_OK) return;
    hn_records_set_limit(r, record_bytes);
    for (int64_t i = 0; i < most && hn_records_usable(r); i++) {
        hn_json *record;
        int64_t line;
        hn_buf text = {0};
        hn_status st = hn_records_next(r, &record, &line, &e);
        if (st == HN_OK && !record) break;
        if (st == HN_OK) hn_json_write(&text, record, 0);
        hn_buf_release(&text);
        hn_json_free(record);
    }
    hn_records_close(r);
}

#endif
