/* encoders.c - the table of encoders by kind of example, and what the first example of a data set decides. */
#include "data/encode_impl.h"

#include <string.h>

#define HN_ENCODER(name) extern const hn_kind_encoder hn_encode_##name;
#include "data/encoders.def"
#undef HN_ENCODER

static const hn_kind_encoder *const encoders[] = {
#define HN_ENCODER(name) &hn_encode_##name,
#include "data/encoders.def"
#undef HN_ENCODER
};

static const hn_kind_encoder *find(hn_kind kind) {
    for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
        if (encoders[i]->kind == kind) return encoders[i];
    return NULL;
}

static hn_status no_encoder(hn_kind kind, hn_error *err) {
    hn_fail(err, HN_ENOTSUP, "%s rows are read, but no task trains on them", hn_kind_name(kind));
    hn_error_fix(err, "give rows of another kind: `hone data formats` lists what is read");
    return HN_ENOTSUP;
}

hn_status hn_example_encode(const hn_example *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    const hn_kind_encoder *k = find(x->kind);
    for (size_t i = 0; i < HN_ROWS; i++) {
        hn_row *row = &out->row[i];
        row->name = "row";
        row->n = row->prompt = row->prompt_alone = row->wrotes = 0;
    }
    out->n = 0;
    return k ? k->encode(x->value, e, out, err) : no_encoder(x->kind, err);
}

static hn_status find_eos(hn_encoder *e, hn_error *err) {
    const char *eos = e->o->eos_token ? e->o->eos_token : hn_tokenizer_special(e->tok, HN_EOS);
    if (!eos) {
        hn_fail(err, HN_EARG, "the tokenizer names no end token, and none is given");
        hn_error_fix(err, "--eos_token TOKEN, a token of the vocabulary");
        return HN_EARG;
    }
    if (hn_tokenizer_id(e->tok, eos) < 0) {
        hn_fail(err, HN_EARG, "the end token \"%s\" is not in the tokenizer's vocabulary", eos);
        hn_error_fix(err, "--eos_token TOKEN, a token of the vocabulary");
        return HN_EARG;
    }
    e->eos = hn_str_of(eos);
    return HN_OK;
}

hn_status hn_encoder_settle(hn_encoder *e, const hn_example *first, hn_error *err) {
    const hn_kind_encoder *k = find(first->kind);
    if (!k) return no_encoder(first->kind, err);
    e->completion_only = e->o->completion_only < 0 ? k->completion_only && k->completion_only(first->value) : e->o->completion_only != 0;
    if (!k->needs_tokenizer) return HN_OK;
    if (!e->tok) {
        hn_fail(err, HN_EARG, "rows of text need a tokenizer");
        hn_error_fix(err, "--tokenizer_name FOLDER, or rows with \"input_ids\"");
        return HN_EARG;
    }
    return e->o->add_eos ? find_eos(e, err) : HN_OK;
}

hn_str hn_example_text(const hn_example *x) {
    static const char *const columns[] = {"text", "prompt", "messages", "chosen", "question"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const hn_json *value = hn_json_get(x->value, columns[i]);
        if (hn_json_type(value) == HN_JSON_ARRAY) value = hn_json_get(hn_json_at(value, 0), "content");
        hn_str s;
        if (hn_json_text(value, &s) && s.n) return s;
    }
    return (hn_str){"", 0};
}

void hn_encoder_release(hn_encoder *e) {
    hn_encoding_release(&e->whole);
    hn_encoding_release(&e->prompt);
    hn_buf_release(&e->text);
}
