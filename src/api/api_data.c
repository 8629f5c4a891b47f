/* api_data.c - data sets: from the files a config names, or from rows in memory. */
#include <sys/mman.h>
#include <unistd.h>

#include "api/api.h"

/* The evaluation set: a set of its own, else the test split of the folder, else its validation split. */
hn_status hn_find_files(const hone_config *c, const char *split, hn_strlist *files, hn_error *err) {
    bool eval = hn_streq(split, "eval");
    const char *name = eval && c->data.eval_dataset_name ? c->data.eval_dataset_name : c->data.dataset_name;
    if (!name) {
        hn_fail(err, HN_EARG, "--dataset_name is missing");
        hn_error_fix(err, "name a file (.jsonl .json .csv .txt, also .gz and .zst) or a folder with --dataset_name");
        return HN_EARG;
    }
    if (!eval) return hn_dataset_files(name, c->data.train_split, files, err);
    if (!hn_path_is_dir(name)) return c->data.eval_dataset_name ? hn_dataset_files(name, "train", files, err) : HN_OK;
    HN_TRY(hn_dataset_files(name, c->data.test_split, files, err));
    if (files->n == 0) return hn_dataset_files(name, "validation", files, err);
    return HN_OK;
}

/* Text becomes blocks when a language is learnt; other tasks keep their rows. */
static void ask_for_blocks(const hone_config *c, const hone_model *m, hn_encode_opts *o) {
    if (!(c->task->parts & HN_PART_PRETRAIN)) return;
    int64_t block = c->pretrain.block_size, positions = m ? hn_model_get_info(m->m)->max_position : 0;
    if (block == HN_UNSET_INT) block = positions > 0 && positions < 1024 ? positions : 1024;
    o->packing = HN_PACK_BLOCKS;
    o->max_length = block;
}

static hn_status check_ids(const hone_model *m, const hn_rows *rows, hn_error *err) {
    int64_t vocab = m ? hn_model_get_info(m->m)->vocab : INT64_MAX;
    if (rows->top_id < vocab) return HN_OK;
    return hn_fail(err, HN_ESHAPE, "a row holds token id %d, the model's vocabulary has %lld", rows->top_id, (long long)vocab);
}

/* Takes files; out stays NULL where there are none. */
static hone_status encode(hone_config *c, const hone_model *m, hone_tokenizer *tok, hn_strlist *files, bool eval, hone_dataset **out) {
    hn_error err = {0};
    hn_encode_opts o;
    hn_rows *rows = NULL;
    char *root = NULL;
    hn_chat *chat = NULL;
    hn_status st = hn_column_settings(c, &err);
    if (st == HN_OK) st = hn_encode_from(c, &o, eval, &root, &err);
    if (st == HN_OK) ask_for_blocks(c, m, &o);
    if (st == HN_OK) st = hn_chat_from(c, tok ? tok->t : NULL, &chat, &err);
    o.chat = chat;
    if (st == HN_OK) st = hn_rows_encode(files, tok ? tok->t : NULL, &o, &rows, &err);
    hn_free(root);
    if (st == HN_OK) st = check_ids(m, rows, &err);
    char *from = st == HN_OK && chat && rows->conversational ? hn_strdup(hn_chat_source(chat)) : NULL;
    hn_chat_free(chat);
    hone_dataset *d = st == HN_OK ? hn_calloc(1, sizeof *d) : NULL;
    if (st == HN_OK && !d) st = hn_nomem(&err, sizeof *d);
    if (st != HN_OK) {
        hn_free(from);
        hn_rows_free(rows);
        hn_strlist_free(files);
        return hone_keep(c->ctx, st, &err);
    }
    *d = (hone_dataset){c->ctx, rows, *files, from};
    *out = d;
    return HONE_OK;
}

hone_status hone_dataset_load_for(hone_config *c, hone_model *m, hone_tokenizer *tok, const char *split, hone_dataset **out) {
    *out = NULL;
    hn_error err = {0};
    hn_strlist files = {0};
    hn_status st = hn_find_files(c, split, &files, &err);
    if (st != HN_OK) return hone_keep(c->ctx, st, &err);
    if (files.n == 0) return HONE_OK;
    return encode(c, m, tok, &files, hn_streq(split, "eval"), out);
}

hone_status hone_dataset_load(hone_config *c, hone_tokenizer *tok, const char *split, hone_dataset **out) {
    return hone_dataset_load_for(c, NULL, tok, split, out);
}

/* Rows in memory are read as a file is: through a file that only memory holds. */
hone_status hone_dataset_from_rows(hone_config *c, hone_tokenizer *tok, const char *const *json_rows, size_t n, hone_dataset **out) {
    *out = NULL;
    hn_error err = {0};
    hn_strlist files = {0};
    char path[64];
    int fd = memfd_create("rows.jsonl", MFD_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < n; i++) ok = fputs(json_rows[i], f) >= 0 && fputc('\n', f) != EOF;
    ok = ok && fflush(f) == 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    files.v = hn_calloc(1, sizeof *files.v);
    if (files.v && (files.v[0] = hn_strdup(path))) files.n = 1;
    hone_status st;
    if (ok && files.n) {
        st = encode(c, NULL, tok, &files, false, out);
    } else {
        hn_strlist_free(&files);
        st = hone_keep(c->ctx, hn_nomem(&err, n), &err);
    }
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    return st;
}

void hone_dataset_free(hone_dataset *d) {
    if (!d) return;
    hn_rows_free(d->rows);
    hn_strlist_free(&d->files);
    hn_free(d->template_source);
    hn_free(d);
}

int64_t hone_dataset_rows(const hone_dataset *d) { return d ? d->rows->rows : 0; }

hone_status hone_dataset_row(const hone_dataset *d, int64_t i, const int32_t **ids, const uint8_t **loss, int64_t *n) {
    hn_error err = {0};
    if (i < 0 || i >= d->rows->rows)
        return hone_keep(d->ctx, hn_fail(&err, HN_EARG, "row %lld of %lld", (long long)i, (long long)d->rows->rows), &err);
    *ids = d->rows->ids + d->rows->at[i];
    *loss = d->rows->loss + d->rows->at[i];
    *n = d->rows->at[i + 1] - d->rows->at[i];
    return HONE_OK;
}
