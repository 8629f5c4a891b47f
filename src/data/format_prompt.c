/* format_prompt.c - a column prompt alone, for generation: nothing of it is a target, no end token is added. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_encode_opts *o, char *reason) {
    if (!o->keep_all || !hn_json_has(record, "prompt")) return false; /* there is nothing to train on in it */
    snprintf(reason, 160, "column \"prompt\"");
    return true;
}

static hn_status encode(const hn_json *record, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str prompt;
    HN_TRY(hn_column_text(record, "prompt", &prompt, err));
    HN_TRY(hn_tokenizer_encode(e->tok, prompt, HN_ENCODE_SPECIAL, &e->prompt, err));
    HN_TRY(hn_row_add(row, e->prompt.id, NULL, e->prompt.n, err));
    for (size_t i = 0; i < row->n; i++) row->label[i] = HN_NO_TARGET;
    return HN_OK;
}

const hn_format hn_format_prompt = {.name = "prompt",
                                    .about = "a column \"prompt\" alone, to generate from",
                                    .needs_tokenizer = true,
                                    .detect = detect,
                                    .completion_only = hn_format_always,
                                    .encode = encode};
