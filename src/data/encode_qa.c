/* encode_qa.c - a question and the text that answers it, whole: windows are cut by the task. No token of it is a target. */
#include <string.h>

#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_str question, context;
    out->n = 1;
    HN_TRY(hn_column_text(x, "question", &question, err));
    HN_TRY(hn_column_text(x, "context", &context, err));
    while (question.n && strchr(" \t\r\n\v\f", *question.p) && *question.p) question = (hn_str){question.p + 1, question.n - 1}; /* as run_qa */
    HN_TRY(hn_row_piece(e, question, true, true, &out->row[0], err));
    out->row[0].prompt = out->row[0].prompt_alone = out->row[0].n;
    return hn_row_piece(e, context, false, true, &out->row[0], err);
}

const hn_kind_encoder hn_encode_qa = {.kind = HN_KIND_QA,
                                      .about = "a question and the text that answers it",
                                      .needs_tokenizer = true,
                                      .encode = encode};
