/* tokenizer_files.c - what stands beside tokenizer.json: special tokens, lengths and the chat template. */
#include <stdlib.h>

#include "text/readers_impl.h"

static const char *const kept_names[HN_KEPT_COUNT] = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
                                                      "special_tokens_map.json", "added_tokens.json"};

static hn_status read_kept(struct hn_kept_file *kept, const char *dir, const char *name, hn_error *err) {
    char *path = hn_path_join(dir, name);
    if (!path) return hn_nomem(err, strlen(dir));
    hn_buf text = {0};
    hn_status st = hn_path_exists(path) ? hn_file_read(path, &text, err) : HN_OK;
    if (st == HN_OK && hn_path_exists(path)) {
        kept->name = name;
        kept->n = text.n;
        kept->p = hn_buf_take(&text);
        if (!kept->p) st = hn_nomem(err, kept->n);
    }
    hn_buf_release(&text);
    hn_free(path);
    return st;
}

static hn_status keep_file(hn_tokenizer *t, size_t which, const char *dir, bool *found, hn_error *err) {
    hn_status st = read_kept(&t->kept[which], dir, kept_names[which], err);
    *found = t->kept[which].p != NULL;
    return st;
}

/* Chat templates with a name of their own ("tool_use"), a file each. */
static hn_status keep_named(hn_tokenizer *t, const char *dir, hn_error *err) {
    hn_strlist files = {0};
    char *folder = hn_path_join(dir, HN_NAMED_TEMPLATES);
    hn_status st = folder ? HN_OK : hn_nomem(err, strlen(dir));
    if (st == HN_OK && hn_path_is_dir(folder)) st = hn_dir_list(folder, &files, err);
    if (st == HN_OK && files.n && !(t->named = hn_calloc(files.n, sizeof *t->named)))
        st = hn_nomem(err, files.n * sizeof *t->named);
    for (size_t i = 0; i < files.n && st == HN_OK; i++) {
        if (!hn_ends_with(files.v[i], ".jinja")) continue;
        char *name = hn_path_join(HN_NAMED_TEMPLATES, files.v[i]);
        st = name ? read_kept(&t->named[t->nameds], dir, name, err) : hn_nomem(err, strlen(files.v[i]));
        if (t->named[t->nameds].p) t->nameds++;
        else hn_free(name);
    }
    hn_strlist_free(&files);
    hn_free(folder);
    return st;
}

/* A token as text or as {"content": text, ...}. */
static bool token_text(const hn_json *j, hn_str *out) {
    return hn_json_text(j, out) || hn_json_text(hn_json_get(j, "content"), out);
}

static hn_added_token from_json(const hn_json *j, hn_str text, const hn_added_token *known) {
    hn_added_token token = known ? *known : (hn_added_token){0};
    token.text = text;
    token.single_word = hn_json_bool(hn_json_get(j, "single_word"), token.single_word);
    token.lstrip = hn_json_bool(hn_json_get(j, "lstrip"), token.lstrip);
    token.rstrip = hn_json_bool(hn_json_get(j, "rstrip"), token.rstrip);
    token.normalized = hn_json_bool(hn_json_get(j, "normalized"), token.normalized);
    return token;
}

/* A copy, because putting a token frees the text of the one it takes the place of. */
static hn_status put_token(hn_tokenizer *t, hn_added_token token, hn_error *err) {
    char *copy = hn_strndup(token.text.p, token.text.n);
    if (!copy) return hn_nomem(err, token.text.n);
    token.text.p = copy;
    hn_status st = hn_added_put(t, &token, err);
    hn_free(copy);
    return st;
}

static const hn_added_token *added_named(const hn_tokenizer *t, hn_str text) {
    return t->added.ids ? hn_added_of(t, hn_vocab_id(t->added.ids, text.p, text.n)) : NULL;
}

typedef struct listed {
    int64_t id;
    const char *text; /* of added_tokens.json */
    const hn_json *value;
} listed;

static int by_id(const void *a, const void *b) {
    const listed *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* added_tokens_decoder, {"5": {"content": text, ...}}: its flags win over those of tokenizer.json. */
static hn_status read_listed(hn_tokenizer *t, const hn_json *value, hn_error *err) {
    hn_str text;
    if (!token_text(value, &text)) return HN_OK;
    hn_added_token token = from_json(value, text, added_named(t, text));
    token.special = hn_json_bool(hn_json_get(value, "special"), token.special);
    return put_token(t, token, err);
}

/* The members of list in the order of their ids: those of added_tokens.json (decoder false) or of added_tokens_decoder. */
static hn_status read_list(hn_tokenizer *t, const hn_json *list, bool decoder, hn_error *err) {
    size_t n = hn_json_type(list) == HN_JSON_OBJECT ? hn_json_len(list) : 0, got = 0;
    if (n == 0) return HN_OK;
    listed *all = hn_alloc_array(n, sizeof *all);
    if (!all) return hn_nomem(err, n * sizeof *all);
    hn_json_iter it;
    for (bool more = hn_json_first(list, &it); more && got < n; more = hn_json_next(&it)) {
        int64_t id = decoder ? strtoll(it.key, NULL, 10) : hn_json_int(it.value, INT64_MAX);
        all[got++] = (listed){id, it.key, it.value};
    }
    qsort(all, got, sizeof *all, by_id);
    hn_status st = HN_OK;
    for (size_t i = 0; i < got && st == HN_OK; i++) {
        hn_added_token token = {.text = hn_str_of(all[i].text), .normalized = true};
        if (decoder) st = read_listed(t, all[i].value, err);
        else if (!added_named(t, token.text)) st = put_token(t, token, err);
    }
    hn_free(all);
    return st;
}

/* A token named as special is one, even if tokenizer.json does not say so. */
static hn_status make_special(hn_tokenizer *t, const hn_json *named, hn_error *err) {
    hn_str text;
    if (!token_text(named, &text) || text.n == 0) return HN_OK;
    const hn_added_token *known = added_named(t, text);
    if (known && known->special) return HN_OK;
    hn_added_token token = from_json(known ? NULL : named, text, known);
    token.special = true;
    return put_token(t, token, err);
}

static hn_status read_special(hn_tokenizer *t, const hn_json *config, hn_error *err) {
    static const char *const names[HN_SPECIAL_COUNT] = {"bos_token", "eos_token", "pad_token", "unk_token"};
    static const char *const others[] = {"sep_token", "cls_token", "mask_token"};
    static const char *const lists[] = {"extra_special_tokens", "additional_special_tokens"};
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) {
        hn_str text;
        const hn_json *named = hn_json_get(config, names[i]);
        if (t->special[i] || !token_text(named, &text)) continue;
        HN_TRY(make_special(t, named, err));
        t->special[i] = hn_strndup(text.p, text.n);
        if (!t->special[i]) return hn_nomem(err, text.n);
        t->special_id[i] = hn_tokenizer_id(t, t->special[i]);
    }
    for (int i = 0; i < 3; i++) HN_TRY(make_special(t, hn_json_get(config, others[i]), err));
    for (int i = 0; i < 2; i++) {
        const hn_json *list = hn_json_get(config, lists[i]);
        hn_json_iter it;
        for (size_t k = 0; hn_json_type(list) == HN_JSON_ARRAY && k < hn_json_len(list); k++)
            HN_TRY(make_special(t, hn_json_at(list, k), err));
        for (bool more = hn_json_type(list) == HN_JSON_OBJECT && hn_json_first(list, &it); more; more = hn_json_next(&it))
            HN_TRY(make_special(t, it.value, err));
    }
    return HN_OK;
}

/* A string, or a list of named templates of which "default" is taken. */
static hn_status read_template(hn_tokenizer *t, const hn_json *j, hn_error *err) {
    hn_str text = {0};
    for (size_t i = 0; hn_json_type(j) == HN_JSON_ARRAY && i < hn_json_len(j); i++) {
        const hn_json *one = hn_json_at(j, i);
        if (hn_streq(hn_json_cstr(hn_json_get(one, "name")), "default")) hn_json_text(hn_json_get(one, "template"), &text);
    }
    if (!text.p && !hn_json_text(j, &text)) return HN_OK;
    t->chat_template = hn_strndup(text.p, text.n);
    return t->chat_template ? HN_OK : hn_nomem(err, text.n);
}

static hn_status parse_kept(hn_tokenizer *t, size_t which, const char *dir, hn_json **out, hn_error *err) {
    bool found;
    *out = NULL;
    HN_TRY(keep_file(t, which, dir, &found, err));
    if (!found) return HN_OK;
    char *name = hn_path_join(dir, t->kept[which].name);
    if (!name) return hn_nomem(err, strlen(dir));
    hn_status st = hn_json_parse(t->kept[which].p, t->kept[which].n, name, 1, out, err);
    hn_free(name);
    return st;
}

hn_status hn_config_open(hn_tokenizer *t, const char *dir, hn_error *err) {
    bool found;
    HN_TRY(keep_named(t, dir, err));
    HN_TRY(keep_file(t, HN_KEPT_TEMPLATE, dir, &found, err));
    const struct hn_kept_file *jinja = &t->kept[HN_KEPT_TEMPLATE];
    if (found && hn_utf8_valid(jinja->p, jinja->n, NULL)) {
        t->chat_template = hn_strndup(jinja->p, jinja->n);
        if (!t->chat_template) return hn_nomem(err, jinja->n);
    }
    HN_TRY(parse_kept(t, HN_KEPT_CONFIG, dir, &t->config, err));
    HN_TRY(parse_kept(t, HN_KEPT_SPECIALS, dir, &t->specials, err));
    return parse_kept(t, HN_KEPT_ADDED, dir, &t->added_file, err);
}

hn_status hn_config_apply(hn_tokenizer *t, hn_error *err) {
    const hn_json *config = t->config;
    HN_TRY(read_list(t, hn_json_get(config, "added_tokens_decoder"), true, err));
    if (t->made || t->sp) HN_TRY(read_list(t, t->added_file, false, err));
    HN_TRY(read_special(t, config, err));
    HN_TRY(read_special(t, t->specials, err));
    double most = hn_json_num(hn_json_get(config, "model_max_length"), 0);
    if (most >= 1 && most < 1e15) t->max_length = (int64_t)most;
    return t->chat_template ? HN_OK : read_template(t, hn_json_get(config, "chat_template"), err);
}

hn_status hn_config_defaults(hn_tokenizer *t, hn_error *err) {
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) {
        if (t->special[i] || t->default_id[i] < 0) continue;
        hn_str text = hn_tokenizer_token(t, t->default_id[i]);
        if (!text.p || memchr(text.p, 0, text.n)) continue;
        t->special[i] = hn_strndup(text.p, text.n);
        if (!t->special[i]) return hn_nomem(err, text.n);
        t->special_id[i] = t->default_id[i];
    }
    return HN_OK;
}
