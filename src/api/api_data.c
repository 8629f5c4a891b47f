/* api_data.c - data sets: from the files a config names, or from rows in memory. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/api.h"

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
    int64_t row = 0, i = 0; /* of the id; a label alone may be it, which has no place here */
    while (i < rows->tokens && rows->ids[i] != rows->top_id) i++;
    while (row < rows->rows && rows->at[row + 1] <= i) row++;
    hn_fail(err, HN_ESHAPE, "a row holds token id %d, the model's vocabulary has %lld", rows->top_id, (long long)vocab);
    if (row < rows->rows)
        hn_error_detail(err, "it is token %lld of the row at line %lld", (long long)(i - rows->at[row]),
                        (long long)rows->record[row]);
    hn_error_fix(err, "use the tokenizer that belongs to the model");
    return HN_ESHAPE;
}

/* Takes the sources. */
static hone_status encode(hone_config *c, const hone_model *m, hone_tokenizer *tok, hn_sources *s, bool eval, bool held_out,
                          hone_dataset **out) {
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
    if (st == HN_OK) st = hn_sources_encode(s, held_out, tok ? tok->t : NULL, &o, &rows, &err);
    hn_free(root);
    if (st == HN_OK) st = check_ids(m, rows, &err);
    char *from = st == HN_OK && chat && rows->conversational ? hn_strdup(hn_chat_source(chat)) : NULL;
    hn_chat_free(chat);
    hone_dataset *d = st == HN_OK ? hn_calloc(1, sizeof *d) : NULL;
    if (st == HN_OK && !d) st = hn_nomem(&err, sizeof *d);
    if (st != HN_OK) {
        hn_free(from);
        hn_rows_free(rows);
        hn_sources_release(s);
        return hone_keep(c->ctx, st, &err);
    }
    *d = (hone_dataset){c->ctx, rows, *s, held_out, from};
    *out = d;
    return HONE_OK;
}

/* out stays NULL where there is no evaluation set. */
hone_status hone_dataset_load_for(hone_config *c, hone_model *m, hone_tokenizer *tok, const char *split, hone_dataset **out) {
    *out = NULL;
    HONE_NEED(c && split);
    hn_error err = {0};
    hn_sources s;
    bool held_out, eval = hn_streq(split, "eval");
    hn_status st = hn_find_sources(c, eval, &s, &held_out, &err);
    if (st != HN_OK) return hone_keep(c->ctx, st, &err);
    if (s.n == 0) return HONE_OK;
    return encode(c, m, tok, &s, eval, held_out, out);
}

hone_status hone_dataset_load(hone_config *c, hone_tokenizer *tok, const char *split, hone_dataset **out) {
    return hone_dataset_load_for(c, NULL, tok, split, out);
}

/* Messages and reports speak of the caller's rows, not of the file that carries them. */
static void name_them(char *text, size_t room, const char *path) {
    static const char name[] = "rows in memory";
    for (char *at = text; (at = strstr(at, path)); at += sizeof name - 1) {
        const size_t old = strlen(path), rest = strlen(at + old) + 1, left = room - (size_t)(at - text);
        if (rest + sizeof name - 1 > left) return;
        memmove(at + sizeof name - 1, at + old, rest);
        memcpy(at, name, sizeof name - 1);
    }
}

/* Each row by itself: a file of such lines might be taken for one of another kind. */
static hn_status check_rows(const char *const *row, size_t n, hn_error *err) {
    for (size_t i = 0; i < n; i++) {
        hn_json *j = NULL;
        if (!row[i]) return hn_fail(err, HN_EARG, "row %zu is NULL", i);
        HN_TRY(hn_json_parse(row[i], strlen(row[i]), "rows in memory", (int64_t)i + 1, &j, err));
        bool object = hn_json_type(j) == HN_JSON_OBJECT;
        hn_json_free(j);
        if (!object) return hn_fail(err, HN_EFORMAT, "rows in memory:%zu: no JSON object", i + 1);
    }
    return HN_OK;
}

/* A line a row: the line ends inside of one are white space between its members. */
static bool put_row(FILE *f, const char *row) {
    bool ok = true;
    for (; ok && *row; row++) ok = fputc(*row == '\n' || *row == '\r' ? ' ' : *row, f) != EOF;
    return ok && fputc('\n', f) != EOF;
}

/* Rows in memory are read as a file is: through a file that only memory holds. */
hone_status hone_dataset_from_rows(hone_config *c, hone_tokenizer *tok, const char *const *json_rows, size_t n,
                                   hone_dataset **out) {
    *out = NULL;
    HONE_NEED(c && (json_rows || n == 0));
    hn_error err = {0};
    hn_sources s;
    char path[64];
    hn_status rows = check_rows(json_rows, n, &err);
    if (rows != HN_OK) return hone_keep(c->ctx, rows, &err);
    int fd = memfd_create("rows.jsonl", MFD_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < n; i++) ok = put_row(f, json_rows[i]);
    ok = ok && fflush(f) == 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    hn_sources_init(&s);
    hn_status added = ok ? hn_sources_add_file(&s, path, &err) : hn_nomem(&err, n);
    hone_status st = added == HN_OK ? encode(c, NULL, tok, &s, false, false, out) : hone_keep(c->ctx, added, &err);
    if (st != HONE_OK && c->ctx) name_them(c->ctx->err.msg, sizeof c->ctx->err.msg, path);
    for (size_t i = 0; *out && i < (*out)->sources.n; i++)
        for (size_t k = 0; k < (*out)->sources.part[i].files.n; k++)
            name_them((*out)->sources.part[i].files.v[k], strlen(path) + 1, path);
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    return st;
}

void hone_dataset_free(hone_dataset *d) {
    if (!d) return;
    hn_rows_free(d->rows);
    hn_sources_release(&d->sources);
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
