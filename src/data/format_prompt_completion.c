/* format_prompt_completion.c - columns prompt and completion; by default only the completion is trained on. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_encode_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "prompt") || !hn_json_has(record, "completion")) return false;
    snprintf(reason, 160, "columns \"prompt\" and \"completion\"");
    return true;
}

static hn_status encode(const hn_json *record, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str prompt, completion;
    HN_TRY(hn_column_text(record, "prompt", &prompt, err));
    HN_TRY(hn_column_text(record, "completion", &completion, err));
    return hn_row_completion(e, prompt, completion, row, err);
}

const hn_format hn_format_prompt_completion = {.name = "prompt-completion",
                                               .about = "columns \"prompt\" and \"completion\"",
                                               .needs_tokenizer = true,
                                               .detect = detect,
                                               .completion_only = hn_format_always,
                                               .encode = encode};
