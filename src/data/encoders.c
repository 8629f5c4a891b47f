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
        row->labelled = false;
    }
    out->n = 0;
    return k ? k->encode(x->value, e, out, err) : no_encoder(x->kind, err);
}

hn_status hn_encoder_no_eos(hn_error *err) {
    hn_fail(err, HN_EARG, "the tokenizer names no end token, and none is given");
    hn_error_fix(err, "--eos_token TOKEN, a token of the vocabulary");
    return HN_EARG;
}

hn_status hn_encoder_no_template(hn_error *err) {
    hn_fail(err, HN_EARG, "the rows are conversations, and the tokenizer has no chat template");
    hn_error_fix(err, "--chat_template_path FILE.jinja, or a model whose tokenizer has one");
    return HN_EARG;
}

static hn_status find_eos(hn_encoder *e, hn_error *err) {
    const char *eos = e->o->eos_token ? e->o->eos_token : hn_tokenizer_special(e->tok, HN_EOS);
    if (!eos) return HN_OK; /* conversations do without */
    if (hn_tokenizer_id(e->tok, eos) < 0) {
        hn_fail(err, HN_EARG, "the end token \"%s\" is not in the tokenizer's vocabulary", eos);
        hn_error_fix(err, "--eos_token TOKEN, a token of the vocabulary");
        return HN_EARG;
    }
    e->eos = hn_str_of(eos);
    return HN_OK;
}

bool hn_example_is_chat(const hn_json *x) {
    static const char *const names[] = {"messages", "prompt", "completion", "chosen", "rejected"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const hn_json *v = hn_json_get(x, names[i]);
        if (v) return hn_json_type(v) == HN_JSON_ARRAY;
    }
    return false;
}

static hn_status settle_assistant_only(hn_encoder *e, const hn_example *first, hn_error *err) {
    if (first->kind != HN_KIND_MESSAGES && first->kind != HN_KIND_COMPLETION && first->kind != HN_KIND_TEXT) return HN_OK;
    if (!hn_example_is_chat(first->value)) {
        hn_fail(err, HN_EARG, "--assistant_only_loss is for conversations, and the rows are strings");
        hn_error_fix(err, "leave it out, or give rows of messages; --completion_only_loss trains on the completion of a prompt");
        return HN_EARG;
    }
    if (hn_chat_span_source(e->o->chat) == HN_SPANS_NONE) {
        hn_fail(err, HN_EARG, "the chat template (%s) does not tell what the assistant writes", hn_chat_source(e->o->chat));
        hn_error_detail(err, "it has no {%% generation %%} part, and a conversation does not begin as its own first turns do");
        hn_error_fix(err, "mark the assistant's part in the template, or leave out --assistant_only_loss");
        return HN_EARG;
    }
    bool trained;
    e->assistant_only = true;
    HN_TRY(hn_encoder_check_stop(e, &trained, err));
    e->stop_untrained = !trained;
    return HN_OK;
}

hn_status hn_encoder_settle(hn_encoder *e, const hn_example *first, hn_error *err) {
    const hn_kind_encoder *k = find(first->kind);
    if (!k) return no_encoder(first->kind, err);
    e->completion_only =
        e->o->completion_only < 0 ? k->completion_only && k->completion_only(first->value) : e->o->completion_only != 0;
    if (!k->needs_tokenizer) return HN_OK;
    if (!e->tok) {
        hn_fail(err, HN_EARG, "rows of text need a tokenizer");
        hn_error_fix(err, "--tokenizer_name FOLDER, or rows with \"input_ids\"");
        return HN_EARG;
    }
    bool chat = e->conversational = hn_example_is_chat(first->value);
    if (chat && !e->o->chat && !e->look) return hn_encoder_no_template(err); /* a look shows every such row as unusable */
    if (e->o->add_eos) HN_TRY(find_eos(e, err));
    if (e->o->add_eos && !e->eos.p && !chat && k->ends) return hn_encoder_no_eos(err);
    return e->o->assistant_only ? settle_assistant_only(e, first, err) : HN_OK;
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
    hn_rendered_release(&e->rendered);
    hn_buf_release(&e->text);
    hn_free(e->plain);
}
