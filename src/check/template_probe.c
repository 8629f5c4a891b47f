/* template_probe.c - conversations rendered in pieces, for the checks of chat templates. */
#include <string.h>

#include "check/template_probe.h"

bool hn_probe_row(hn_probe *p, const hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    if (!f->chat || !c->setup->chat || p->done >= (c->setup->quick ? HN_PROBES_QUICK : HN_PROBES)) return false;
    const hn_json *v = f->value;
    bool messages = row->example->kind == HN_KIND_MESSAGES, pair = row->example->kind == HN_KIND_PREFERENCE;
    const hn_json *prompt = hn_json_get(v, "prompt");
    p->chat = c->setup->chat;
    p->in = (hn_chat_in){.tools = hn_json_get(v, "tools"),
                         .documents = hn_json_get(v, "documents"),
                         .kwargs = hn_json_get(v, "chat_template_kwargs")};
    if (hn_json_type(p->in.tools) != HN_JSON_ARRAY) p->in.tools = NULL;
    p->part[0] = messages ? hn_json_get(v, "messages") : hn_json_type(prompt) == HN_JSON_ARRAY ? prompt : NULL;
    p->part[1] = messages ? NULL : hn_json_get(v, pair ? "chosen" : "completion");
    p->done++;
    return true;
}

hn_json *hn_probe_sample(hn_probe *p, const hn_check_ctx *c) {
    static const char sample[] =
        "[{\"role\": \"user\", \"content\": \"What is the capital of France?\"}, {\"role\": \"assistant\", \"content\": "
        "\"Paris.\"},"
        " {\"role\": \"user\", \"content\": \"And of Italy?\"}, {\"role\": \"assistant\", \"content\": \"It is Rome.\"}]";
    hn_json *list = NULL;
    if (hn_json_parse(sample, sizeof sample - 1, "sample", 1, &list, NULL) != HN_OK) return NULL;
    p->chat = c->setup->chat;
    p->in = (hn_chat_in){0};
    p->part[0] = list;
    p->part[1] = NULL;
    return list;
}

bool hn_probe_render(hn_probe *p, size_t n, bool generation_prompt, hn_str *text, hn_error *err) {
    hn_json *list = hn_json_new_array();
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < hn_json_len(p->part[k]) && hn_json_len(list) < n; i++)
            hn_json_push(list, hn_json_ref(hn_json_at(p->part[k], i)));
    hn_chat_in in = p->in;
    in.messages = list;
    in.generation_prompt = generation_prompt;
    hn_status st = hn_chat_render(p->chat, &in, &p->out, err);
    hn_json_free(list);
    *text = (hn_str){p->out.text.p ? p->out.text.p : "", p->out.text.n};
    p->failed |= st == HN_ENOMEM;
    return st == HN_OK;
}

hn_str hn_probe_keep(hn_buf *room, hn_str text) {
    hn_buf_clear(room);
    hn_buf_add(room, text.p, text.n);
    return (hn_str){room->p ? room->p : "", room->n};
}

void hn_probe_release(hn_probe *p) {
    hn_rendered_release(&p->out);
    *p = (hn_probe){0};
}

void hn_without_thought(hn_str s, hn_buf *out) {
    static const char open[] = "<think>", close[] = "</think>";
    hn_buf_clear(out);
    for (size_t at; (at = hn_find_in(s, hn_str_of(open))) != SIZE_MAX;) {
        size_t stop = hn_find_in((hn_str){s.p + at, s.n - at}, hn_str_of(close));
        if (stop == SIZE_MAX) break;
        hn_buf_add(out, s.p, at);
        stop += at + strlen(close);
        while (stop < s.n && (s.p[stop] == '\n' || s.p[stop] == ' ')) stop++;
        s = (hn_str){s.p + stop, s.n - stop};
    }
    hn_buf_add(out, s.p, s.n);
}
