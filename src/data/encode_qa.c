/* encode_qa.c - a question and the text that answers it, whole: windows are cut by the task. No token of it is a target. */
#include <string.h>

#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_str question, context;
    out->n = 1;
    HN_TRY(hn_column_text(x, "question", &question, err));
    HN_TRY(hn_column_text(x, "context", &context, err));
    while (question.n && strchr(" \t\r\n\v\f", *question.p) && *question.p)
        question = (hn_str){question.p + 1, question.n - 1}; /* as run_qa */
    hn_row *row = &out->row[0];
    HN_TRY(hn_row_pair(e, question, context, row, &row->prompt, err));
    row->prompt_alone = row->prompt;
    return HN_OK;
}

const hn_kind_encoder hn_encode_qa = {.kind = HN_KIND_QA,
                                      .about = "a question and the text that answers it",
                                      .needs_tokenizer = true,
                                      .encode = encode};
