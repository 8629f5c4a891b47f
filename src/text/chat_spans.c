/* chat_spans.c - what the assistant wrote, for templates without {% generation %}: the prefix rule. */
#include "text/chat_impl.h"

hn_span_source hn_chat_probe(const hn_chat *c) {
    (void)c;
    return HN_SPANS_NONE;
}

hn_status hn_chat_derive(const hn_chat *c, const hn_chat_in *in, hn_rendered *out, hn_error *err) {
    return hn_chat_run(c, in, hn_json_len(in->messages), in->generation_prompt, out, err);
}
