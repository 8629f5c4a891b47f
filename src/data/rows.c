/* rows.c - encoded rows that are finished: columns in memory, or mapped from the files of a folder. */
#include <unistd.h>

#include "data/rows_impl.h"

const char *const hn_column_name[HN_COLS] = {
#define HN_X(name, type) #name,
    HN_COLUMNS(HN_X)
#undef HN_X
};

void hn_rows_free(hn_rows *r) {
    if (!r) return;
    if (r->files) {
        for (int c = 0; c < HN_COLS; c++) hn_map_close(&r->files->map[c]);
        if (r->files->lock >= 0) close(r->files->lock);
        hn_free(r->files);
    } else {
#define HN_X(name, type) hn_free((void *)(uintptr_t)r->name);
        HN_COLUMNS(HN_X)
#undef HN_X
    }
    hn_json_free(r->sources);
    hn_free(r->prepared);
    hn_free(r);
}

static hn_status map_column(hn_map *m, const char *dir, int c, uint64_t bytes, hn_error *err) {
    char *path = hn_path_join(dir, hn_column_name[c]);
    hn_status st = path ? hn_map_open(path, m, err) : hn_nomem(err, 1);
    if (st == HN_OK && m->n != bytes)
        st = hn_fail(err, HN_EFORMAT, "'%s' has %zu bytes, %llu are expected", path, m->n, (unsigned long long)bytes);
    hn_free(path);
    return st;
}

hn_status hn_rows_map(hn_rows *r, const char *dir, const uint64_t *bytes, hn_error *err) {
    r->files = hn_calloc(1, sizeof *r->files);
    if (!r->files) return hn_nomem(err, sizeof *r->files);
    r->files->lock = -1;
    for (int c = 0; c < HN_COLS; c++)
        if (bytes[c] || c == HN_COL_ids || c == HN_COL_loss) HN_TRY(map_column(&r->files->map[c], dir, c, bytes[c], err));
#define HN_X(name, type) r->name = (const type *)(const void *)r->files->map[HN_COL_##name].p;
    HN_COLUMNS(HN_X)
#undef HN_X
    return HN_OK;
}
