/* tokenizer_json.c - reads tokenizer.json: the model and the parts it names. */
#include "text/json_reader.h"
#include "text/readers_impl.h"

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
        hn_json_set_text(spec, "type", type);
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

/* The rest of tokenizer.json, vocabulary and merges cut out. */
static hn_status read_rest(hn_tokenizer *t, hn_str text, const char *name, hn_error *err) {
    hn_model_source src = {0};
    hn_buf rest = {0};
    bool cut = hn_model_cut(text, &src, &rest);
    hn_status st = rest.failed ? hn_nomem(err, text.n) : HN_OK;
    if (st == HN_OK && !cut) { /* broken: the parser knows best what is wrong and where */
        st = hn_json_parse(text.p, text.n, name, 1, &t->spec, err);
        if (st == HN_OK) st = hn_fail(err, HN_EFORMAT, "%s: no JSON object", name);
    } else if (st == HN_OK) {
        st = hn_json_parse(rest.p, rest.n, name, 1, &t->spec, err);
        if (st == HN_OK) {
            st = make_parts(t, t->spec, &src, err);
            if (st != HN_OK) hn_error_context(err, "%s", name);
        }
    }
    hn_buf_release(&rest);
    return st;
}

hn_status hn_tokenizer_take_json(hn_tokenizer *t, hn_buf *text, const char *name, hn_error *err) {
    size_t n = text->n;
    t->kept[HN_KEPT_JSON] = (struct hn_kept_file){.name = "tokenizer.json", .n = n};
    t->kept[HN_KEPT_JSON].p = hn_buf_take(text);
    if (!t->kept[HN_KEPT_JSON].p) return hn_nomem(err, n);
    return read_rest(t, (hn_str){t->kept[HN_KEPT_JSON].p, n}, name, err);
}

static bool is(const char *base, hn_str head) {
    size_t i = 0;
    while (i < head.n && strchr(" \t\r\n", head.p[i]) && head.p[i]) i++;
    return !hn_ends_with(base, "vocab.json") && (hn_ends_with(base, ".json") || (i < head.n && head.p[i] == '{'));
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    hn_buf text = {0};
    hn_buf_add(&text, bytes.p, bytes.n);
    hn_status st = text.failed ? hn_nomem(err, bytes.n) : hn_tokenizer_take_json(t, &text, path, err);
    hn_buf_release(&text);
    return st;
}

static const char *const files[] = {"tokenizer.json", NULL};
const hn_tokenizer_reader hn_reader_tokenizer_json = {
    .name = "tokenizer.json", .about = "of the tokenizers library", .files = files, .is = is, .read = read};
