/* post_template.c - special tokens before and behind the text, as the template for a single text says. */
#include "text/text_impl.h"

typedef struct template_ids {
    int32_t *id; /* those before the text, then those behind it */
    size_t n, before;
} template_ids;

static void drop(void *state) {
    template_ids *t = state;
    if (!t) return;
    hn_free(t->id);
    hn_free(t);
}

/* The ids of the special token that a piece names, appended. */
static hn_status add_special(template_ids *t, const hn_json *piece, const hn_json *specials, hn_error *err) {
    const char *name = hn_json_cstr(hn_json_get(piece, "id"));
    const hn_json *ids = name ? hn_json_get(hn_json_get(specials, name), "ids") : NULL;
    size_t n = hn_json_len(ids);
    if (!ids) return hn_fail(err, HN_EFORMAT, "the template names \"%.100s\", which special_tokens lacks", name ? name : "");
    int32_t *id = hn_realloc_array(t->id, t->n + n, sizeof *id);
    if (!id) return hn_nomem(err, (t->n + n) * sizeof *id);
    t->id = id;
    for (size_t i = 0; i < n; i++) {
        int64_t v = hn_json_int(hn_json_at(ids, i), -1);
        if (v < 0 || v > INT32_MAX) return hn_fail(err, HN_EFORMAT, "special token \"%.100s\": a bad id", name);
        t->id[t->n++] = (int32_t)v;
    }
    return HN_OK;
}

static hn_status load(template_ids *t, const hn_json *spec, hn_error *err) {
    const hn_json *single = hn_json_get(spec, "single"), *specials = hn_json_get(spec, "special_tokens");
    int texts = 0;
    for (size_t i = 0; i < hn_json_len(single); i++) {
        const hn_json *piece = hn_json_at(single, i), *special = hn_json_get(piece, "SpecialToken");
        const hn_json *text = hn_json_get(piece, "Sequence");
        if (special) {
            HN_TRY(add_special(t, special, specials, err));
        } else if (text && hn_streq(hn_json_cstr(hn_json_get(text, "id")), "A") && texts++ == 0) {
            t->before = t->n;
        } else {
            return hn_fail(err, HN_ENOTSUP, "single[%zu]: a template for one text holds it once", i);
        }
    }
    if (texts == 0) return hn_fail(err, HN_ENOTSUP, "a template without the text");
    return HN_OK;
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    template_ids *t = hn_calloc(1, sizeof *t);
    if (!t) return hn_nomem(err, sizeof *t);
    hn_status st = load(t, spec, err);
    if (st == HN_OK) *state = t;
    else drop(t);
    return st;
}

static hn_status run(const void *state, const hn_tokenizer *tok, hn_encoding *e, unsigned flags, hn_error *err) {
    const template_ids *t = state;
    (void)tok;
    if (!(flags & HN_ENCODE_SPECIAL)) return HN_OK;
    return hn_post_frame(e, t->id, t->before, t->id + t->before, t->n - t->before, flags, err);
}

const hn_post hn_post_template = {
    .part = {.type = "TemplateProcessing", .about = "special tokens around the text", .make = make, .drop = drop},
    .run = run,
};
