/* template_probe.h - conversations rendered in pieces, for the checks of chat templates. */
#ifndef HN_TEMPLATE_PROBE_H
#define HN_TEMPLATE_PROBE_H

#include "check/check_impl.h"

enum { HN_PROBES = 200, HN_PROBES_QUICK = 20 }; /* conversations a check renders, from the start of the data */

typedef struct hn_probe { /* renderings of one conversation; {0} is empty */
    const hn_chat *chat;
    hn_chat_in in;         /* tools and kwargs of the row */
    const hn_json *part[2]; /* message lists that make up the conversation */
    hn_rendered out;
    int64_t done;          /* conversations rendered so far */
    bool failed;
} hn_probe;
/* Takes the row's messages; false: no conversation, or enough of them were looked at. */
bool hn_probe_row(hn_probe *p, const hn_check_ctx *c, const hn_look *row, const hn_facets *f);
/* A conversation of two questions and answers, for data without any. The messages are the caller's (hn_json_free). */
hn_json *hn_probe_sample(hn_probe *p, const hn_check_ctx *c);
/* Renders the first n messages; the text stays valid until the next call. False: the template raises. */
bool hn_probe_render(hn_probe *p, size_t n, bool generation_prompt, hn_str *text, hn_error *err);
/* A copy of text that lives until hn_probe_release or the next conversation. */
hn_str hn_probe_keep(hn_buf *room, hn_str text);
void hn_probe_release(hn_probe *p);

/* Copies s to out without <think>...</think> blocks and the white space behind them. */
void hn_without_thought(hn_str s, hn_buf *out);

#endif
