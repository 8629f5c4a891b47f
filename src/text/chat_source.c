/* chat_source.c - where chat templates and special tokens come from, in the order of transformers: a path that is given;
 * chat_template.jinja and additional_chat_templates/NAME.jinja of the folder; "chat_template" of tokenizer_config.json, a string
 * or a list of named ones. */
#include "text/chat_impl.h"

static hn_status add_template(hn_chat *c, const char *name, hn_str text, const char *source, hn_error *err) {
    hn_chat_template *grown = hn_realloc_array(c->v, c->n + 1, sizeof *grown);
    if (!grown) return hn_nomem(err, (c->n + 1) * sizeof *grown);
    c->v = grown;
    c->v[c->n] = (hn_chat_template){.name = hn_strdup(name), .text = hn_strndup(text.p, text.n), .source = hn_strdup(source)};
    hn_chat_template *t = &c->v[c->n++];
    return t->name && t->text && t->source ? HN_OK : hn_nomem(err, text.n);
}

static hn_status add_file(hn_chat *c, const char *name, const char *path, hn_error *err) {
    hn_buf text = {0};
    HN_TRY(hn_file_read(path, &text, err));
    hn_status st = add_template(c, name, (hn_str){text.p ? text.p : "", text.n}, path, err);
    hn_buf_release(&text);
    return st;
}

static hn_status add_named_files(hn_chat *c, const char *dir, hn_error *err) {
    hn_strlist names = {0};
    char *folder = hn_path_join(dir, HN_NAMED_TEMPLATES);
    hn_status st = folder ? HN_OK : hn_nomem(err, strlen(dir));
    if (st == HN_OK && hn_path_is_dir(folder)) st = hn_dir_list(folder, &names, err);
    for (size_t i = 0; st == HN_OK && i < names.n; i++) {
        size_t n = strlen(names.v[i]);
        if (n < 7 || strcmp(names.v[i] + n - 6, ".jinja") != 0) continue;
        char *path = hn_path_join(folder, names.v[i]), *name = hn_strndup(names.v[i], n - 6);
        st = path && name ? add_file(c, name, path, err) : hn_nomem(err, n);
        hn_free(path);
        hn_free(name);
    }
    hn_strlist_free(&names);
    hn_free(folder);
    return st;
}

static hn_status add_config(hn_chat *c, const hn_json *j, const char *source, hn_error *err) {
    hn_str text;
    if (hn_json_text(j, &text)) return add_template(c, "default", text, source, err);
    for (size_t i = 0; hn_json_type(j) == HN_JSON_ARRAY && i < hn_json_len(j); i++) {
        const hn_json *one = hn_json_at(j, i);
        const char *name = hn_json_cstr(hn_json_get(one, "name"));
        if (name && hn_json_text(hn_json_get(one, "template"), &text)) HN_TRY(add_template(c, name, text, source, err));
    }
    return HN_OK;
}

/* Templates that stand as files in a folder win over those in its tokenizer_config.json. */
static hn_status add_folder(hn_chat *c, const char *dir, hn_error *err) {
    char *path = hn_path_join(dir, "chat_template.jinja");
    if (!path) return hn_nomem(err, strlen(dir));
    hn_status st = hn_path_exists(path) ? add_file(c, "default", path, err) : HN_OK;
    hn_free(path);
    HN_TRY(st);
    HN_TRY(add_named_files(c, dir, err));
    if (c->n) return HN_OK;
    path = hn_path_join(dir, "tokenizer_config.json");
    hn_json *j = NULL;
    st = !path ? hn_nomem(err, strlen(dir)) : hn_path_exists(path) ? hn_json_load(path, &j, err) : HN_OK;
    if (st == HN_OK) st = add_config(c, hn_json_get(j, "chat_template"), path, err);
    hn_json_free(j);
    hn_free(path);
    return st;
}

static hn_status find_templates(hn_chat *c, const hn_tokenizer *tok, const hn_chat_opts *o, hn_error *err) {
    if (o->template_path) {
        if (!hn_path_is_dir(o->template_path)) return add_file(c, "default", o->template_path, err);
        HN_TRY(add_folder(c, o->template_path, err));
    } else if (tok && tok->folder) {
        HN_TRY(add_folder(c, tok->folder, err));
    }
    const char *own = tok && !o->template_path && c->n == 0 ? hn_tokenizer_chat_template(tok) : NULL;
    if (own) HN_TRY(add_template(c, "default", hn_str_of(own), "the tokenizer's chat template", err));
    if (c->n) return HN_OK;
    hn_fail(err, HN_ENOENT, "there is no chat template");
    if (o->template_path)
        hn_error_detail(err,
                        "looked for chat_template.jinja, additional_chat_templates/*.jinja and tokenizer_config.json in '%s'",
                        o->template_path);
    else
        hn_error_detail(err, "the tokenizer has no chat_template.jinja, additional_chat_templates/*.jinja or \"chat_template\" "
                             "in tokenizer_config.json");
    hn_error_fix(err, "give one with --chat_template_path FILE, a .jinja file or a folder that has one");
    return HN_ENOENT;
}

/* ---- special tokens */

static hn_status set_token(hn_chat *c, const char *name, hn_str text, bool replace, hn_error *err) {
    for (size_t i = 0; i < c->tokens; i++) {
        if (!hn_streq(c->token[i].name, name)) continue;
        if (!replace) return HN_OK;
        hn_free(c->token[i].text);
        c->token[i].text = hn_strndup(text.p, text.n);
        return c->token[i].text ? HN_OK : hn_nomem(err, text.n);
    }
    hn_chat_token *grown = hn_realloc_array(c->token, c->tokens + 1, sizeof *grown);
    if (!grown) return hn_nomem(err, (c->tokens + 1) * sizeof *grown);
    c->token = grown;
    c->token[c->tokens] = (hn_chat_token){hn_strdup(name), hn_strndup(text.p, text.n)};
    c->tokens++;
    return c->token[c->tokens - 1].name && c->token[c->tokens - 1].text ? HN_OK : hn_nomem(err, text.n);
}

/* Every "..._token" that is text, or {"content": text}. */
static hn_status take_tokens(hn_chat *c, const hn_json *config, bool any_name, hn_error *err) {
    hn_json_iter it;
    for (bool more = hn_json_first(config, &it); more; more = hn_json_next(&it)) {
        hn_str text;
        size_t n = strlen(it.key);
        if (!any_name && (n < 7 || strcmp(it.key + n - 6, "_token") != 0)) continue;
        if (hn_json_text(it.value, &text) || hn_json_text(hn_json_get(it.value, "content"), &text))
            HN_TRY(set_token(c, it.key, text, false, err));
    }
    return HN_OK;
}

static hn_status take_config(hn_chat *c, const hn_json *config, hn_error *err) {
    HN_TRY(take_tokens(c, config, false, err));
    return take_tokens(c, hn_json_get(config, "extra_special_tokens"), true, err);
}

static hn_status find_tokens(hn_chat *c, const hn_tokenizer *tok, const hn_chat_opts *o, hn_error *err) {
    static const char *const names[HN_SPECIAL_COUNT] = {"bos_token", "eos_token", "pad_token", "unk_token"};
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) {
        const char *text = o->token[i] ? o->token[i] : tok ? hn_tokenizer_special(tok, (hn_special)i) : NULL;
        if (text) HN_TRY(set_token(c, names[i], hn_str_of(text), true, err));
    }
    if (!tok) return HN_OK;
    HN_TRY(take_config(c, tok->config, err));
    return hn_json_has(tok->config, "added_tokens_decoder") ? HN_OK : take_config(c, tok->specials, err); /* of older folders */
}

hn_status hn_chat_find(hn_chat *c, const hn_tokenizer *tok, const hn_chat_opts *o, hn_error *err) {
    HN_TRY(find_templates(c, tok, o, err));
    return find_tokens(c, tok, o, err);
}
