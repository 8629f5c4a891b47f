/* api_data.c - data sets: from the files a config names, or from rows in memory. */
#include <string.h>

#include "api/api.h"
#include "data/blocks.h"

/* The evaluation set: a set of its own, else the test split of the folder, else its validation split. */
static hn_status find_files(const hone_config *c, const char *split, hn_strlist *files, hn_error *err) {
    bool eval = hn_streq(split, "eval");
    const char *name = eval && c->data.eval_dataset_name ? c->data.eval_dataset_name : c->data.dataset_name;
    if (!name) {
        hn_fail(err, HN_EARG, "--dataset_name is missing");
        hn_error_fix(err, "name a file (.jsonl .json .csv .txt, also .gz and .zst) or a folder with --dataset_name");
        return HN_EARG;
    }
    if (!eval) return hn_dataset_files(name, c->data.train_split, files, err);
    if (!c->data.eval_dataset_name && !hn_path_is_dir(name)) return HN_OK;
    HN_TRY(hn_dataset_files(name, c->data.test_split, files, err));
    if (files->n == 0) return hn_dataset_files(name, "validation", files, err);
    return HN_OK;
}

static int64_t block_size(const hone_config *c, int64_t positions) {
    if (c->pretrain.block_size != HN_UNSET_INT) return c->pretrain.block_size;
    return positions > 0 && positions < 1024 ? positions : 1024;
}

hone_status hn_dataset_wrap(hone_config *c, hn_status st, hn_rows *rows, hn_strlist *files, hone_dataset **out, hn_error *err) {
    hone_dataset *d = st == HN_OK ? hn_calloc(1, sizeof *d) : NULL;
    if (st == HN_OK && !d) st = hn_nomem(err, sizeof *d);
    if (st != HN_OK) {
        hn_rows_free(rows);
        hn_strlist_free(files);
        return hone_keep(c->ctx, st, err);
    }
    d->ctx = c->ctx;
    d->rows = rows;
    d->files = *files;
    *out = d;
    return HONE_OK;
}
