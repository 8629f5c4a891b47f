/* model_source.c - cuts model.vocab and model.merges out of the text of tokenizer.json, and reads a vocabulary. */
#include "text/json_reader.h"

typedef struct cutter {
    hn_json_reader r;
    hn_str json;
    hn_buf *rest;
    size_t copied; /* bytes of json that rest already has or leaves out */
    hn_model_source *out;
} cutter;

/* The value at the reader becomes null in the rest. */
static bool cut_value(cutter *c, hn_str *value) {
    while (c->r.p < c->r.end && strchr(" \t\r\n", *c->r.p) && *c->r.p) c->r.p++;
    size_t from = (size_t)(c->r.p - c->json.p);
    if (from == c->json.n || (*c->r.p != '{' && *c->r.p != '[')) return hn_reader_skip(&c->r); /* null, or nonsense */
    if (!hn_reader_skip(&c->r)) return false;
    size_t to = (size_t)(c->r.p - c->json.p);
    *value = (hn_str){c->json.p + from, to - from};
    hn_buf_add(c->rest, c->json.p + c->copied, from - c->copied);
    hn_buf_puts(c->rest, "null");
    c->copied = to;
    return true;
}

/* The members of an object, whose brace has been passed. in_model: those of "model". */
static bool members(cutter *c, bool in_model) {
    if (hn_reader_pass(&c->r, '}')) return true;
    do {
        hn_str key;
        if (!hn_reader_string(&c->r, &key)) return false;
        bool vocab = in_model && hn_str_eq(key, "vocab"), merges = in_model && hn_str_eq(key, "merges");
        bool model = !in_model && hn_str_eq(key, "model");
        if (!hn_reader_pass(&c->r, ':')) return false;
        bool good;
        if (vocab || merges) good = cut_value(c, vocab ? &c->out->vocab : &c->out->merges);
        else if (model && hn_reader_pass(&c->r, '{')) good = members(c, true);
        else good = hn_reader_skip(&c->r);
        if (!good) return false;
    } while (hn_reader_pass(&c->r, ','));
    return hn_reader_pass(&c->r, '}');
}

bool hn_model_cut(hn_str json, hn_model_source *out, hn_buf *rest) {
    cutter c = {.json = json, .rest = rest, .out = out};
    hn_reader_open(&c.r, json);
    bool good = hn_utf8_valid(json.p, json.n, NULL) && hn_reader_pass(&c.r, '{') && members(&c, false);
    rest->failed |= c.r.text.failed;
    hn_reader_close(&c.r);
    hn_buf_add(rest, json.p + c.copied, json.n - c.copied);
    return good;
}

static hn_status read_vocab(hn_json_reader *r, hn_vocab *v, hn_error *err) {
    static const char where[] = "model.vocab";
    if (!hn_reader_pass(r, '{')) return hn_reader_fail(r, where, "an object of tokens and ids is expected", err);
    if (!hn_reader_pass(r, '}')) {
        do {
            hn_str text;
            int64_t id;
            if (!hn_reader_string(r, &text)) return hn_reader_fail(r, where, "a token in quotes is expected", err);
            if (!hn_reader_pass(r, ':') || !hn_reader_id(r, &id)) return hn_reader_fail(r, where, "an id is expected", err);
            HN_TRY_CTX(hn_vocab_add(v, text, id, err), err, "%s", where);
        } while (hn_reader_pass(r, ','));
        if (!hn_reader_pass(r, '}')) return hn_reader_fail(r, where, "',' or '}' is expected", err);
    }
    return HN_OK;
}

hn_status hn_vocab_load(hn_str json, hn_vocab **out, hn_error *err) {
    *out = NULL;
    if (!json.p) return hn_fail(err, HN_EFORMAT, "model.vocab is missing");
    hn_vocab *v = hn_vocab_new(json.n / 16);
    if (!v) return hn_nomem(err, json.n);
    hn_json_reader r;
    hn_reader_open(&r, json);
    hn_status st = read_vocab(&r, v, err);
    hn_reader_close(&r);
    if (st == HN_OK) *out = v;
    else hn_vocab_free(v);
    return st;
}
