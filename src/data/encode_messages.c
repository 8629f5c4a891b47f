/* encode_messages.c - a conversation: every token of it is a target, or with assistant_only_loss what the assistant wrote. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    if (hn_json_type(hn_json_get(x, "messages")) != HN_JSON_ARRAY)
        return hn_bad_row(err, "column \"messages\" is %s, a list is expected", hn_json_what(hn_json_get(x, "messages")));
    out->n = 1;
    return hn_encode_whole(e, x, NULL, "messages", &out->row[0], err);
}

const hn_kind_encoder hn_encode_messages = {
    .kind = HN_KIND_MESSAGES, .about = "a conversation", .needs_tokenizer = true, .encode = encode};
