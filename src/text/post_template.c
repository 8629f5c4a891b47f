/* post_template.c - special tokens before and behind the text, or round and between two texts, as the templates for one and for a
 * pair say. */
#include "text/text_impl.h"

typedef struct template_ids {
    int32_t *id;
    size_t n, text[2]; /* the texts stand before id[text[0]] and id[text[1]] */
} template_ids;

typedef struct templates {
    template_ids single, pair;
    bool no_pair; /* the one for a pair has not both texts, once each and in order */
} templates;

static void drop(void *state) {
    templates *t = state;
    if (!t) return;
    hn_free(t->single.id);
    hn_free(t->pair.id);
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

/* A template for so many texts; *fits false: they are not all in it, once each and in order. */
static hn_status load(template_ids *t, const hn_json *list, const hn_json *specials, int texts, bool *fits, hn_error *err) {
    static const char *const names[] = {"A", "B"};
    int at = 0;
    *fits = true;
    for (size_t i = 0; i < hn_json_len(list); i++) {
        const hn_json *piece = hn_json_at(list, i), *special = hn_json_get(piece, "SpecialToken");
        const char *text = hn_json_cstr(hn_json_get(hn_json_get(piece, "Sequence"), "id"));
        if (special) HN_TRY(add_special(t, special, specials, err));
        else if (at < texts && hn_streq(text, names[at])) t->text[at++] = t->n;
        else *fits = false;
    }
    *fits = *fits && at == texts;
    return HN_OK;
}

static hn_status load_both(templates *t, const hn_json *spec, hn_error *err) {
    const hn_json *specials = hn_json_get(spec, "special_tokens"), *pair = hn_json_get(spec, "pair");
    bool fits;
    HN_TRY(load(&t->single, hn_json_get(spec, "single"), specials, 1, &fits, err));
    if (!fits) return hn_fail(err, HN_ENOTSUP, "single: a template for one text holds it once, and no other");
    if (!pair) return HN_OK; /* one text behind the other */
    HN_TRY(load(&t->pair, pair, specials, 2, &fits, err));
    t->no_pair = !fits;
    return HN_OK;
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    templates *t = hn_calloc(1, sizeof *t);
    if (!t) return hn_nomem(err, sizeof *t);
    hn_status st = load_both(t, spec, err);
    if (st == HN_OK) *state = t;
    else drop(t);
    return st;
}

static hn_status run(const void *state, const hn_tokenizer *tok, hn_encoding *e, unsigned flags, hn_error *err) {
    const templates *t = state;
    (void)tok;
    if (!(flags & HN_ENCODE_SPECIAL)) return HN_OK;
    bool second = flags & HN_ENCODE_SECOND, two = second || flags & HN_ENCODE_FIRST;
    if (two && t->no_pair)
        return hn_fail(err, HN_ENOTSUP, "the tokenizer's template for two texts does not hold both, once each and in order");
    const template_ids *p = two ? &t->pair : &t->single;
    size_t from = second ? p->text[1] : 0, at = p->text[second], to = two && !second ? p->text[1] : p->n;
    return hn_post_frame(e, p->id + from, at - from, p->id + at, to - at, flags, err);
}

const hn_post hn_post_template = {
    .part = {.type = "TemplateProcessing", .about = "special tokens around the text", .make = make, .drop = drop},
    .run = run,
};
