/* api_config.c - settings of a task: its option tables behind one name space. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

static hn_status add_parts(hone_config *c, hn_error *err) {
    const struct { unsigned part; const hn_opt *table; void *values; } parts[] = {
        {HN_PART_MODEL, hn_model_table, &c->model},          {HN_PART_TOKENS, hn_token_table, &c->tokens},
        {HN_PART_CONFIG, hn_config_name_table, &c->model},
        {HN_PART_DATA, hn_data_table, &c->data},             {HN_PART_SFT, hn_sft_table, &c->sft},
        {HN_PART_PRETRAIN, hn_pretrain_table, &c->pretrain}, {HN_PART_TRAIN, hn_train_table, &c->train},
        {HN_PART_SAMPLING, hn_sampling_table, &c->gen},      {HN_PART_GENERATE, hn_generate_table, &c->gen},
        {HN_PART_SCORE, hn_score_table, &c->score},          {HN_PART_EVAL, hn_eval_table, &c->eval}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (c->task->parts & parts[i].part) HN_TRY(hn_config_add(c->c, parts[i].table, parts[i].values, err));
    if (c->task->objective) {
        c->objective = hn_objective_find(c->task->objective);
        c->objective_opts = hn_calloc(1, c->objective->size ? c->objective->size : 1);
        if (!c->objective_opts) return hn_nomem(err, c->objective->size);
        HN_TRY(hn_config_add(c->c, c->objective->opts, c->objective_opts, err));
    }
    for (const hn_task_default *d = c->task->defaults; d && d->name; d++) HN_TRY(hn_config_default(c->c, d->name, d->value, err));
    return HN_OK;
}

hone_status hone_config_new(hone_ctx *ctx, const char *task, hone_config **out) {
    *out = NULL;
    hn_error err = {0};
    const hn_task *found = hn_task_find(task, &err);
    if (!found) return hone_keep(ctx, HN_EARG, &err);
    hone_config *c = hn_calloc(1, sizeof *c);
    if (!c) return hone_keep(ctx, hn_nomem(&err, sizeof *c), &err);
    c->ctx = ctx;
    c->task = found;
    hn_status st = hn_config_new(&c->c, &err);
    if (st == HN_OK) st = add_parts(c, &err);
    if (st != HN_OK) {
        hone_config_free(c);
        return hone_keep(ctx, st, &err);
    }
    *out = c;
    return HONE_OK;
}

void hone_config_free(hone_config *c) {
    if (!c) return;
    hn_config_free(c->c);
    hn_free(c->objective_opts);
    hn_column_settings_free(c);
    hn_free(c);
}

hone_status hone_config_set(hone_config *c, const char *name, const char *value) {
    HONE_NEED(c && name && value);
    hn_error err = {0};
    return hone_keep(c->ctx, hn_config_set(c->c, name, value, HN_FROM_FLAG, &err), &err);
}

hone_status hone_config_load_yaml(hone_config *c, const char *path) {
    HONE_NEED(c && path);
    hn_error err = {0};
    return hone_keep(c->ctx, hn_config_load(c->c, path, &err), &err);
}

hone_status hone_config_get(const hone_config *c, const char *name, char **value) {
    *value = NULL;
    HONE_NEED(c && name);
    hn_error err = {0};
    const hn_opt *wanted = hn_config_find(c->c, name, NULL), *opt;
    if (!wanted) return hone_keep(c->ctx, hn_fail(&err, HN_EARG, "no setting is called '%s'", name), &err);
    hn_buf text = {0};
    for (size_t i = 0; (opt = hn_config_at(c->c, i, &text, NULL)); i++) {
        if (opt == wanted) break;
        hn_buf_clear(&text);
    }
    *value = hn_buf_take(&text);
    return *value ? HONE_OK : hone_keep(c->ctx, hn_nomem(&err, 1), &err);
}

char *hone_config_yaml(const hone_config *c) {
    if (!c) return NULL;
    hn_buf b = {0};
    hn_config_yaml(c->c, &b);
    return hn_buf_take(&b);
}

static hn_packing packing_of(const hn_sft_opts *o, bool eval) {
    bool on = eval && o->eval_packing ? hn_streq(o->eval_packing, "true") : o->packing;
    if (!on) return HN_PACK_NONE;
    if (hn_streq(o->packing_strategy, "wrapped")) return HN_PACK_WRAPPED;
    return hn_streq(o->packing_strategy, "bfd_split") ? HN_PACK_BFD_SPLIT : HN_PACK_BFD;
}

/* Where prepared rows are kept: the folder that is named, whatever their size; else from 64 MB on the cache folder of the user.
 */
static hn_status prepared_place(const hn_data_opts *d, hn_encode_opts *o, char **root, hn_error *err) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *root = NULL;
    o->overwrite_prepared = d->overwrite_cache;
    if (hn_streq(d->prepared_data_dir, "off")) return HN_OK;
    hn_buf b = {0};
    if (d->prepared_data_dir) hn_buf_puts(&b, d->prepared_data_dir);
    else if (base && *base) hn_buf_printf(&b, "%s/hone/prepared", base);
    else if (home && *home) hn_buf_printf(&b, "%s/.cache/hone/prepared", home);
    else return HN_OK;
    *root = hn_buf_take(&b);
    if (!*root) return hn_nomem(err, 64);
    o->prepared_dir = *root;
    o->prepared_bytes = d->prepared_data_dir ? 0 : 64 << 20;
    double limit = isnan(d->prepared_data_limit) ? (d->prepared_data_dir ? 0 : 50) : d->prepared_data_limit;
    o->prepared_limit = (uint64_t)(limit * 1e9);
    return HN_OK;
}

static void report(void *user, uint64_t done, uint64_t total, int64_t records) {
    const hone_ctx *ctx = user;
    ctx->progress("preparing rows", done, total, records, ctx->progress_user);
}

hn_status hn_encode_from(const hone_config *c, hn_encode_opts *o, bool eval, char **root, hn_error *err) {
    hn_encode_defaults(o);
    o->convert.text_field = c->data.text_field;
    o->convert.format = c->data.format;
    o->convert.columns = c->columns.n ? &c->columns : NULL;
    o->convert.prompt_style = c->data.prompt_style;
    o->skip_bad = hn_streq(c->data.on_bad_row, "skip");
    o->limit = eval ? c->data.max_eval_samples : c->data.max_train_samples;
    if (c->ctx && c->ctx->progress) {
        o->progress = report;
        o->progress_user = c->ctx;
    }
    if (c->task->parts & HN_PART_SFT) {
        o->max_length = c->sft.max_length;
        o->keep_end = hn_streq(c->sft.truncation_mode, "keep_end");
        o->eos_token = c->sft.eos_token;
        o->completion_only = !c->sft.completion_only_loss ? -1 : hn_streq(c->sft.completion_only_loss, "true");
        o->packing = packing_of(&c->sft, eval);
        o->assistant_only = c->sft.assistant_only_loss;
        o->shuffle = c->sft.shuffle_dataset;
        o->shuffle_seed = (uint64_t)c->train.seed;
        o->split_special = c->sft.split_special_tokens;
    }
    if (c->task->parts & HN_PART_GENERATE) {
        o->convert.view = HN_VIEW_PROMPT;
        o->add_eos = false;
        o->keep_all = true;
    }
    if (c->task->parts & (HN_PART_PRETRAIN | HN_PART_SCORE)) {
        o->convert.view = HN_VIEW_TEXT;
        o->add_eos = false;
        o->completion_only = 0;
        o->max_length = c->task->parts & HN_PART_SCORE ? c->score.max_length : HN_UNSET_INT;
        o->keep_all = true;
    }
    if (!(c->task->parts & (HN_PART_SFT | HN_PART_PRETRAIN | HN_PART_SCORE | HN_PART_GENERATE)))
        return hn_fail(err, HN_EARG, "'%s' reads no rows", c->task->name);
    return prepared_place(&c->data, o, root, err);
}

hn_status hn_chat_from(const hone_config *c, const hn_tokenizer *tok, hn_chat **out, hn_error *err) {
    *out = NULL;
    bool own = (c->task->parts & HN_PART_SFT) != 0;
    hn_chat_opts o = {.template_path = own ? c->sft.chat_template_path : NULL};
    if (own && c->sft.eos_token) o.token[HN_EOS] = c->sft.eos_token;
    if (!tok && !o.template_path) return HN_OK;
    hn_json *kwargs = NULL;
    hn_error why = {0};
    hn_status st = own && c->sft.chat_template_kwargs ? hn_chat_kwargs(c->sft.chat_template_kwargs, &kwargs, &why) : HN_OK;
    o.kwargs = kwargs;
    if (st == HN_OK) st = hn_chat_open(tok, &o, out, &why);
    hn_json_free(kwargs);
    if (st == HN_ENOENT && !o.template_path) return HN_OK; /* said when rows need one */
    if (st != HN_OK && err) *err = why;
    return st;
}

hn_status hn_settings_check(const hone_config *c, hn_error *err) {
    if (c->task->parts & HN_PART_TRAIN) HN_TRY(hn_train_opts_check(&c->train, err));
    if (!(c->task->parts & HN_PART_SFT)) return HN_OK;
    if (c->sft.chat_template_kwargs) {
        hn_json *kwargs = NULL;
        hn_status st = hn_chat_kwargs(c->sft.chat_template_kwargs, &kwargs, err);
        hn_json_free(kwargs);
        HN_TRY(st);
    }
    bool packs = packing_of(&c->sft, false) != HN_PACK_NONE || packing_of(&c->sft, true) != HN_PACK_NONE;
    if (!packs || c->sft.max_length != HN_UNSET_INT) return HN_OK;
    hn_fail(err, HN_EARG, "packing needs a length to fill, and --max_length is none");
    hn_error_fix(err, "give --max_length, or leave out --packing");
    return HN_EARG;
}
