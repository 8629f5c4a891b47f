/* chat_impl.h - inside the chat templates of a tokenizer: what they are, how a conversation becomes values. */
#ifndef HN_CHAT_IMPL_H
#define HN_CHAT_IMPL_H

#include "text/jinja/jinja_ast_impl.h"

typedef struct hn_chat_template { /* one of the named templates */
    char *name, *text, *source; /* source: for messages */
    hn_jtemplate *t;            /* NULL: it does not parse, wrong says why */
    hn_error wrong;
} hn_chat_template;

typedef struct hn_chat_token { char *name, *text; } hn_chat_token; /* "bos_token", "<s>" */

struct hn_chat {
    hn_chat_template *v;
    size_t n;
    hn_chat_token *token;
    size_t tokens;
    hn_json *kwargs; /* NULL: none */
    hn_span_source spans;
    char fingerprint[33];
};

/* chat_source.c: fills the templates (not parsed yet) and the special tokens. */
hn_status hn_chat_find(hn_chat *c, const hn_tokenizer *tok, const hn_chat_opts *o, hn_error *err) HN_MUST;
/* chat.c: renders with the template that in asks for; marks only where in->spans. count: the first so many messages. */
hn_status hn_chat_run(const hn_chat *c, const hn_chat_in *in, size_t count, bool prompt, hn_rendered *out, hn_error *err) HN_MUST;
const hn_chat_template *hn_chat_pick(const hn_chat *c, const hn_chat_in *in); /* NULL: none fits */
/* chat_spans.c: a rendering whose spans come from the prefix rule. EFORMAT: it does not hold for this conversation. */
hn_status hn_chat_derive(const hn_chat *c, const hn_chat_in *in, hn_rendered *out, hn_error *err) HN_MUST;
hn_span_source hn_chat_probe(const hn_chat *c); /* does it hold for a plain conversation? */

#endif
