/* tokenizer.c - a tokenizer made from tokenizer.json, and the questions one can ask it. */
#include "text/json_reader.h"

static const char *const kept_names[] = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
                                         "special_tokens_map.json"};

void hn_tokenizer_free(hn_tokenizer *t) {
    if (!t) return;
    hn_added_release(&t->added);
    hn_part_drop(&t->normalizer);
    hn_part_drop(&t->pretokenizer);
    hn_part_drop(&t->model);
    hn_part_drop(&t->post);
    hn_part_drop(&t->decoder);
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) hn_free(t->special[i]);
    hn_free(t->chat_template);
    hn_json_free(t->spec);
    hn_json_free(t->config);
    for (size_t i = 0; i < sizeof t->kept / sizeof *t->kept; i++) hn_free(t->kept[i].p);
    hn_free(t);
}

/* Old files do not name their model: what they hold tells. */
static const char *model_type(const hn_json *model, const hn_model_source *src) {
    if (src->merges.p) return "BPE";
    if (src->vocab.p && *src->vocab.p == '[') return "Unigram";
    return hn_json_has(model, "max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

/* Does the chain end in a ByteLevel that maps bytes? Only then can the model take them as they are. */
static bool ends_in_byte_level(const hn_part *p) {
    if (!p->desc) return false;
    if (p->desc->drop != hn_parts_drop) return hn_streq(p->desc->type, "ByteLevel");
    const hn_parts *parts = p->state;
    for (size_t i = 0; i + 1 < parts->n; i++)
        if (parts->v[i].desc->drop == hn_parts_drop || hn_streq(parts->v[i].desc->type, "ByteLevel")) return false;
    return parts->n > 0 && ends_in_byte_level(&parts->v[parts->n - 1]);
}

static hn_status make_model(hn_tokenizer *t, hn_json *spec, hn_model_source *src, hn_error *err) {
    if (hn_json_type(spec) != HN_JSON_OBJECT) return hn_fail(err, HN_EFORMAT, "there is no \"model\"");
    if (!hn_json_get(spec, "type")) {
        const char *type = model_type(spec, src);
        hn_json_set(spec, "type", hn_json_new_str(type, strlen(type)));
    }
    HN_TRY(hn_part_make(&hn_models, spec, &t->model, err));
    const hn_model_part *m = (const hn_model_part *)(const void *)t->model.desc;
    src->spec = spec;
    HN_TRY(m->load(src, &t->model.state, err));
    t->vocab = m->vocab(t->model.state);
    return HN_OK;
}

static hn_status make_parts(hn_tokenizer *t, const hn_json *j, hn_model_source *src, hn_error *err) {
    HN_TRY(make_model(t, hn_json_get(j, "model"), src, err));
    HN_TRY_CTX(hn_part_make(&hn_normalizers, hn_json_get(j, "normalizer"), &t->normalizer, err), err, "normalizer");
    HN_TRY_CTX(hn_part_make(&hn_pretokenizers, hn_json_get(j, "pre_tokenizer"), &t->pretokenizer, err), err, "pre_tokenizer");
    HN_TRY_CTX(hn_part_make(&hn_postprocessors, hn_json_get(j, "post_processor"), &t->post, err), err, "post_processor");
    HN_TRY_CTX(hn_part_make(&hn_decoders, hn_json_get(j, "decoder"), &t->decoder, err), err, "decoder");
    const hn_model_part *m = (const hn_model_part *)(const void *)t->model.desc;
    t->needs_spans = hn_step_needs_spans(&t->pretokenizer);
    if (m->take_raw_bytes && ends_in_byte_level(&t->pretokenizer))
        HN_TRY(m->take_raw_bytes(t->model.state, &t->raw_bytes, err));
    return hn_added_load(t, hn_json_get(j, "added_tokens"), err);
}

hn_status hn_kept_read(hn_tokenizer *t, size_t which, const char *dir, bool *found, hn_error *err) {
    *found = false;
    char *path = hn_path_join(dir, kept_names[which]);
    if (!path) return hn_nomem(err, strlen(dir));
    hn_status st = HN_OK;
    if (hn_path_exists(path)) {
        hn_buf text = {0};
        st = hn_file_read(path, &text, err);
        if (st == HN_OK) {
            t->kept[which].name = kept_names[which];
            t->kept[which].n = text.n;
            t->kept[which].p = hn_buf_take(&text);
            *found = t->kept[which].p != NULL;
            if (!*found) st = hn_nomem(err, t->kept[which].n);
        }
        hn_buf_release(&text);
    }
    hn_free(path);
    return st;
}

static hn_status read_json(hn_tokenizer *t, const char *name, hn_error *err) {
    hn_json *j = NULL;
    hn_str text = {t->kept[0].p, t->kept[0].n};
    hn_model_source src = {0};
    hn_buf rest = {0};
    bool cut = hn_model_cut(text, &src, &rest);
    hn_status st = rest.failed ? hn_nomem(err, text.n) : HN_OK;
    if (st == HN_OK && !cut) { /* broken: the parser knows best what is wrong and where */
        st = hn_json_parse(text.p, text.n, name, 1, &j, err);
        if (st == HN_OK) st = hn_fail(err, HN_EFORMAT, "%s: no JSON object", name);
    } else if (st == HN_OK) {
        st = hn_json_parse(rest.p, rest.n, name, 1, &j, err);
        if (st == HN_OK) {
            st = make_parts(t, j, &src, err);
            if (st != HN_OK) hn_error_context(err, "%s", name);
        }
    }
    t->spec = j;
    hn_buf_release(&rest);
    return st;
}

/* What decides ids: tokenizer.json and the added tokens as they are after all files were read. */
static hn_status take_fingerprint(hn_tokenizer *t, hn_error *err) {
    hn_hash *h = hn_hash_new();
    if (!h) return hn_nomem(err, 1);
    hn_hash_add(h, t->kept[0].p, t->kept[0].n);
    for (size_t i = 0; i < t->added.n; i++) {
        const hn_added_token *a = &t->added.v[i];
        const unsigned char flags[] = {a->single_word, a->lstrip, a->rstrip, a->normalized, a->special};
        hn_hash_add(h, a->text.p, a->text.n + 1);
        hn_hash_add(h, &a->id, sizeof a->id);
        hn_hash_add(h, flags, sizeof flags);
    }
    hn_hash_end(h, t->fingerprint);
    t->serial = hn_text_hash(t->fingerprint, 32) | 1; /* never the 0 of memory not used yet */
    return HN_OK;
}

static hn_status load(hn_tokenizer *t, const char *path, hn_error *err) {
    bool found;
    if (hn_path_is_dir(path)) {
        HN_TRY(hn_kept_read(t, 0, path, &found, err));
        if (!found) {
            hn_fail(err, HN_ENOENT, "there is no tokenizer.json in '%s'", path);
            hn_error_fix(err, "name a model folder that has one, or the tokenizer.json itself");
            return HN_ENOENT;
        }
        char *name = hn_path_join(path, kept_names[0]);
        if (!name) return hn_nomem(err, strlen(path));
        hn_status st = read_json(t, name, err);
        hn_free(name);
        if (st == HN_OK) st = hn_config_read(t, path, err);
        HN_TRY(st);
    } else {
        hn_buf text = {0};
        HN_TRY(hn_file_read(path, &text, err));
        t->kept[0] = (struct hn_kept_file){.name = kept_names[0], .n = text.n};
        t->kept[0].p = hn_buf_take(&text);
        if (!t->kept[0].p) return hn_nomem(err, t->kept[0].n);
        HN_TRY(read_json(t, path, err));
    }
    HN_TRY(hn_added_build(t, err));
    return take_fingerprint(t, err);
}

hn_status hn_tokenizer_load(const char *path, hn_tokenizer **out, hn_error *err) {
    *out = NULL;
    hn_tokenizer *t = hn_calloc(1, sizeof *t);
    if (!t) return hn_nomem(err, sizeof *t);
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) t->special_id[i] = -1;
    t->max_length = INT64_MAX;
    hn_status st = load(t, path, err);
    if (st == HN_OK) *out = t;
    else hn_tokenizer_free(t);
    return st;
}

int32_t hn_tokenizer_size(const hn_tokenizer *t) {
    int32_t end = hn_vocab_end(t->vocab);
    for (size_t i = 0; i < t->added.n; i++)
        if (t->added.v[i].id >= end) end = t->added.v[i].id + 1;
    return end;
}

int32_t hn_tokenizer_id(const hn_tokenizer *t, const char *token) {
    size_t n = strlen(token);
    int32_t id = t->added.ids ? hn_vocab_id(t->added.ids, token, n) : -1;
    return id >= 0 ? id : hn_vocab_id(t->vocab, token, n);
}

hn_str hn_tokenizer_token(const hn_tokenizer *t, int32_t id) {
    const hn_added_token *added = hn_added_of(t, id);
    return added ? added->text : hn_vocab_text(t->vocab, id);
}

bool hn_tokenizer_is_special(const hn_tokenizer *t, int32_t id) {
    const hn_added_token *added = hn_added_of(t, id);
    return added && added->special;
}

const char *hn_tokenizer_special(const hn_tokenizer *t, hn_special which) {
    return t->special[which];
}

int32_t hn_tokenizer_special_id(const hn_tokenizer *t, hn_special which) {
    return t->special_id[which];
}

int64_t hn_tokenizer_max_length(const hn_tokenizer *t) {
    return t->max_length;
}

const char *hn_tokenizer_chat_template(const hn_tokenizer *t) {
    return t->chat_template;
}

const char *hn_tokenizer_fingerprint(const hn_tokenizer *t) {
    return t->fingerprint;
}
