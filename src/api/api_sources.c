/* api_sources.c - from settings to sources of records: --dataset_name, --datasets, --eval_dataset_name, --val_size.
 *
 * A name is a path or a pattern on this machine, else a data set in the local hub cache. Several names stand with commas
 * between them; --datasets is a list with settings for each, in TRL's words (DatasetMixtureConfig) and a few of ours. */
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "io/io.h"

static bool on_disk(const char *name) { return hn_path_exists(name) || hn_is_pattern(name) || hn_records_known(name); }

/* Appends one data set: q without its path. */
static hn_status find_one(hn_sources *s, hn_source_query q, hn_error *err) {
    char *dir = NULL;
    if (!on_disk(q.name) && hn_hub_name(q.name)) HN_TRY(hn_dataset_dir_find(q.name, NULL, &dir, err));
    q.path = dir;
    hn_status st = hn_sources_find(s, &q, err);
    hn_free(dir);
    return st;
}

/* One name, or several with commas between them. */
static hn_status find_names(hn_sources *s, const char *names, hn_source_query q, hn_error *err) {
    q.name = names;
    if (!strchr(names, ',') || hn_path_exists(names)) return find_one(s, q, err);
    hn_status st = HN_OK;
    for (const char *p = names; *p && st == HN_OK;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ",");
        char *name = n ? hn_strndup(p, n) : NULL;
        if (n && !name) return hn_nomem(err, n);
        q.name = name;
        if (n) st = find_one(s, q, err);
        hn_free(name);
        p += n;
    }
    if (st == HN_OK && s->n == 0 && !q.optional) st = hn_fail(err, HN_EARG, "'%s' names no data set", names);
    return st;
}

/* ------------------------------------------------------------------ --datasets */

static hn_status wrong(size_t i, const char *what, hn_error *err) {
    hn_fail(err, HN_EARG, "datasets[%zu]: %s", i, what);
    hn_error_fix(
        err, "each is {\"path\": ..., \"name\", \"split\", \"data_dir\", \"data_files\", \"columns\", \"fraction\", \"weight\", "
             "\"max_samples\", \"format\"}; only path is needed");
    return HN_EARG;
}

static hn_status add_name(hn_strlist *l, const char *text, hn_error *err) {
    char **v = text ? hn_realloc_array(l->v, l->n + 1, sizeof *v) : NULL;
    if (!v) return hn_nomem(err, sizeof *v);
    l->v = v;
    if (!(l->v[l->n] = hn_strdup(text))) return hn_nomem(err, strlen(text));
    l->n++;
    return HN_OK;
}

/* data_files: a path, a list of them, or these by split. */
static hn_status read_files(const hn_json *item, size_t i, const char *split, hn_strlist *out, hn_error *err) {
    const hn_json *files = hn_json_get(item, "data_files");
    if (hn_json_type(files) == HN_JSON_OBJECT) {
        const hn_json *of_split = hn_json_get(files, split);
        if (!of_split) return wrong(i, "\"data_files\" has no files of its split", err);
        files = of_split;
    }
    if (!files) return HN_OK;
    if (hn_json_cstr(files)) return add_name(out, hn_json_cstr(files), err);
    for (size_t k = 0; k < hn_json_len(files); k++) {
        const char *name = hn_json_cstr(hn_json_at(files, k));
        if (!name) return wrong(i, "\"data_files\" is a path, a list of paths, or a map from split to these", err);
        HN_TRY(add_name(out, name, err));
    }
    return out->n ? HN_OK : wrong(i, "\"data_files\" is a path, a list of paths, or a map from split to these", err);
}

static hn_status add_column(hn_columns *c, const char *from, const char *to, hn_error *err) {
    char *a = hn_strdup(from), *b = hn_strdup(to);
    if (a && b) {
        c->from[c->n] = a;
        c->to[c->n++] = b;
        return HN_OK;
    }
    hn_free(a);
    hn_free(b);
    return hn_nomem(err, strlen(from) + strlen(to));
}

/* columns: a list of those that are kept, or a map from the names wanted to those in the records; the others stay then. */
static hn_status read_columns(const hn_json *item, size_t i, hn_columns *c, hn_error *err) {
    const hn_json *columns = hn_json_get(item, "columns");
    size_t n = hn_json_len(columns);
    if (!columns) return HN_OK;
    if (n == 0) return wrong(i, "\"columns\" is a list of names, or a map from new names to old ones", err);
    c->from = hn_calloc(n, sizeof *c->from);
    c->to = hn_calloc(n, sizeof *c->to);
    if (!c->from || !c->to) return hn_nomem(err, n * sizeof *c->from);
    c->others = hn_json_type(columns) == HN_JSON_OBJECT;
    hn_json_iter it;
    for (bool more = c->others && hn_json_first(columns, &it); more; more = hn_json_next(&it)) {
        if (!hn_json_cstr(it.value)) return wrong(i, "\"columns\" maps a name to something else than a name", err);
        HN_TRY(add_column(c, hn_json_cstr(it.value), it.key, err));
    }
    for (size_t k = 0; k < n && !c->others; k++) {
        const char *name = hn_json_cstr(hn_json_at(columns, k));
        if (!name) return wrong(i, "\"columns\" lists something else than names", err);
        HN_TRY(add_column(c, name, name, err));
    }
    return HN_OK;
}

static hn_status check_keys(const hn_json *item, size_t i, hn_error *err) {
    static const char *const known[] = {"path",     "name",   "split",       "data_dir",    "data_files", "columns",
                                        "fraction", "weight", "probability", "max_samples", "format"};
    hn_json_iter it;
    for (bool more = hn_json_first(item, &it); more; more = hn_json_next(&it)) {
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof *known && !found; k++) found = hn_streq(it.key, known[k]);
        if (found) continue;
        char what[160];
        snprintf(what, sizeof what, "unknown setting \"%.100s\"", it.key);
        return wrong(i, what, err);
    }
    return HN_OK;
}

/* The settings of an item for the parts its files became. */
static hn_status set_parts(const hn_json *item, size_t i, hn_sources *s, size_t from, hn_error *err) {
    double fraction = hn_json_num(hn_json_get(item, "fraction"), (double)NAN),
           weight = hn_json_num(hn_json_get(item, "weight"), (double)NAN);
    int64_t most = hn_json_int(hn_json_get(item, "max_samples"), HN_UNSET_INT);
    const char *format = hn_json_cstr(hn_json_get(item, "format"));
    if (isnan(weight)) weight = hn_json_num(hn_json_get(item, "probability"), (double)NAN);
    if (hn_json_get(item, "max_samples") && most < 1) return wrong(i, "\"max_samples\" is a number of records", err);
    bool shared = !isnan(fraction) || !isnan(weight) || most != HN_UNSET_INT;
    if (shared && s->n > from + 1)
        return wrong(i, "a weight, fraction or max_samples for several splits: list them one by one", err);
    for (size_t k = from; k < s->n; k++) {
        hn_part *p = &s->part[k];
        p->fraction = fraction;
        p->weight = weight;
        p->limit = most;
        if (format && !(p->format = hn_strdup(format))) return hn_nomem(err, strlen(format));
        HN_TRY(read_columns(item, i, &p->columns, err));
    }
    return HN_OK;
}

static hn_status find_item(hn_sources *s, const hn_json *item, size_t i, hn_error *err) {
    if (hn_json_type(item) != HN_JSON_OBJECT) return wrong(i, "a map of settings is expected", err);
    HN_TRY(check_keys(item, i, err));
    hn_source_query q = {.name = hn_json_cstr(hn_json_get(item, "path")),
                         .split = hn_json_cstr(hn_json_get(item, "split")),
                         .config = hn_json_cstr(hn_json_get(item, "name")),
                         .data_dir = hn_json_cstr(hn_json_get(item, "data_dir"))};
    if (!q.name) return wrong(i, "\"path\" is missing", err);
    hn_strlist files = {0};
    size_t from = s->n;
    hn_status st = read_files(item, i, q.split ? q.split : "train", &files, err);
    q.data_files = &files;
    if (st == HN_OK) st = find_one(s, q, err);
    if (st == HN_OK) st = set_parts(item, i, s, from, err);
    hn_strlist_free(&files);
    return st;
}

static hn_status find_list(hn_sources *s, const char *text, hn_error *err) {
    hn_json *list;
    HN_TRY(hn_json_parse(text, strlen(text), "--datasets", 1, &list, err));
    hn_status st = HN_OK;
    if (hn_json_type(list) != HN_JSON_ARRAY || hn_json_len(list) == 0) {
        st = hn_fail(err, HN_EARG, "datasets: a list of data sets is expected");
        hn_error_fix(err, "--datasets '[{\"path\": \"a.jsonl\"}, {\"path\": \"b.jsonl\", \"split\": \"train[:10%%]\"}]'");
    }
    for (size_t i = 0; i < hn_json_len(list) && st == HN_OK; i++) st = find_item(s, hn_json_at(list, i), i, err);
    hn_json_free(list);
    return st;
}

/* ------------------------------------------------------------------ the settings of the mixture */

static hn_status set_weights(const hn_data_opts *d, hn_sources *s, hn_error *err) {
    const hn_strlist *p = &d->interleave_probs;
    if (p->n == 0) return HN_OK;
    if (p->n != s->n) {
        hn_fail(err, HN_EARG, "--interleave_probs has %zu numbers for %zu data sets", p->n, s->n);
        hn_error_fix(err, "give one for each data set");
        return HN_EARG;
    }
    for (size_t i = 0; i < p->n; i++) {
        char *end;
        s->part[i].weight = hn_strtod(p->v[i], &end);
        if (*end || end == p->v[i]) return hn_fail(err, HN_EARG, "--interleave_probs: '%s' is no number", p->v[i]);
    }
    return HN_OK;
}

static hn_status set_mixture(const hone_config *c, hn_sources *s, hn_error *err) {
    const hn_data_opts *d = &c->data;
    bool over = hn_streq(d->mix_strategy, "interleave_over"), trains = c->task->parts & HN_PART_TRAIN;
    bool mixes = over || hn_streq(d->mix_strategy, "interleave") || hn_streq(d->mix_strategy, "interleave_under");
    s->mix = mixes ? HN_MIX_INTERLEAVE : HN_MIX_CONCATENATE;
    s->stopping = over || hn_streq(d->stopping_strategy, "all_exhausted") ? HN_STOP_ALL_EXHAUSTED
                  : hn_streq(d->stopping_strategy, "first_exhausted")     ? HN_STOP_FIRST_EXHAUSTED
                                                                          : HN_STOP_WITHOUT_REPLACEMENT;
    s->seed = trains ? (uint64_t)(c->train.data_seed == HN_UNSET_INT ? c->train.seed : c->train.data_seed) : 42;
    s->hold_out = d->val_size;
    s->record_bytes = d->max_record_bytes;
    HN_TRY(set_weights(d, s, err));
    for (size_t i = 0; i < s->n && !mixes; i++) {
        if (isnan(s->part[i].weight)) continue;
        hn_fail(err, HN_EARG, "'%s' has a weight, but the data sets are concatenated", s->part[i].name);
        hn_error_fix(err, "--mix_strategy interleave, or \"fraction\" for a share of the concatenated whole");
        return HN_EARG;
    }
    if (d->val_size >= 1 && d->val_size != floor(d->val_size)) {
        hn_fail(err, HN_EARG, "--val_size is %g", d->val_size);
        hn_error_fix(err, "give a share below 1, or a whole number of records");
        return HN_EARG;
    }
    return HN_OK;
}

static hn_status find_train(const hone_config *c, hn_sources *s, hn_error *err) {
    const hn_data_opts *d = &c->data;
    if (d->datasets && d->dataset_name) return hn_fail(err, HN_EARG, "both --dataset_name and --datasets are given");
    if (d->datasets) return find_list(s, d->datasets, err);
    if (d->dataset_name)
        return find_names(s, d->dataset_name, (hn_source_query){.split = d->train_split, .config = d->dataset_config}, err);
    hn_fail(err, HN_EARG, "--dataset_name is missing");
    hn_error_fix(err, "name a file (.jsonl .json .csv .tsv .txt .parquet, also .gz and .zst) or a folder with --dataset_name");
    return HN_EARG;
}

/* A set of its own, else what --val_size holds out, else the test or validation split of the folder. */
static hn_status find_eval(const hone_config *c, hn_sources *s, bool *held_out, hn_error *err) {
    const hn_data_opts *d = &c->data;
    const char *const splits[] = {d->test_split, "validation", "train"};
    const char *names = d->eval_dataset_name ? d->eval_dataset_name : d->dataset_name;
    *held_out = !d->eval_dataset_name && d->val_size > 0;
    if (*held_out) return find_train(c, s, err);
    for (size_t i = 0; i < (d->eval_dataset_name ? 3u : 2u) && s->n == 0 && names; i++) {
        bool last = d->eval_dataset_name && i == 2;
        HN_TRY(find_names(s, names, (hn_source_query){.split = splits[i], .config = d->dataset_config, .optional = !last}, err));
    }
    return HN_OK;
}

hn_json *hn_sources_files(const hn_sources *s) {
    hn_json *files = hn_json_new_array();
    for (size_t i = 0; i < s->n; i++) {
        const hn_strlist *l = &s->part[i].files;
        for (size_t k = 0; k < l->n; k++) hn_json_push(files, hn_json_new_str(l->v[k], strlen(l->v[k])));
    }
    return files;
}

const char *hn_sources_name(const hn_sources *s) { return s->n && s->part[0].files.n ? s->part[0].files.v[0] : ""; }

hn_status hn_find_sources(const hone_config *c, bool eval, hn_sources *s, bool *held_out, hn_error *err) {
    hn_sources_init(s);
    const char *unit = c->data.text_unit;
    s->text_unit = hn_streq(unit, "document") ? HN_TEXT_DOCUMENT : hn_streq(unit, "paragraph") ? HN_TEXT_PARAGRAPH : HN_TEXT_LINE;
    *held_out = false;
    hn_status st = eval ? find_eval(c, s, held_out, err) : find_train(c, s, err);
    if (st == HN_OK && s->n) st = set_mixture(c, s, err);
    if (st == HN_OK && eval && !*held_out) {
        s->mix = HN_MIX_CONCATENATE;
        s->hold_out = 0;
    }
    if (st != HN_OK) hn_sources_release(s);
    return st;
}
