/* chat_spans.c - what the assistant wrote, for templates without {% generation %}: the prefix rule.
 *
 * For the assistant's message i the text of messages[:i] with a generation prompt is what the model is given; the text of
 * messages[:i+1] continues it, and the difference, with everything that ends the turn, is what the assistant wrote. That is so
 * only where a template does not change what it has written before, so both must be prefixes of the whole conversation's text;
 * else the row has no spans. Two habits of templates are allowed for, so that the spans equal those of the templates that TRL
 * marks by hand: a prompt that opens <think> itself (the tag counts as written), and an eos_token behind the last message only.
 */
#include "text/chat_impl.h"
#include "text/jinja/jinja_text_impl.h"

typedef struct deriving {
    const hn_chat *c;
    hn_chat_in in;
    hn_rendered *whole;
    hn_rendered before, after;
} deriving;

static bool begins_with(const hn_buf *text, const hn_buf *prefix, size_t n) {
    return prefix->n >= n && text->n >= n && (n == 0 || memcmp(text->p, prefix->p, n) == 0);
}

static hn_status add_span(hn_rendered *out, size_t begin, size_t end, hn_error *err) {
    if (begin >= end) return HN_OK;
    if (out->spans == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 8;
        hn_byte_span *grown = hn_realloc_array(out->span, cap, sizeof *grown);
        if (!grown) return hn_nomem(err, cap * sizeof *grown);
        out->span = grown;
        out->cap = cap;
    }
    out->span[out->spans++] = (hn_byte_span){begin, end};
    return HN_OK;
}

static hn_status not_prefix(size_t i, hn_error *err) {
    hn_fail(err, HN_EFORMAT,
            "messages[%zu]: the chat template writes the beginning of this conversation in another way once more follows", i);
    hn_error_detail(err, "what the assistant wrote cannot be told from the rest");
    hn_error_fix(err, "use a template with {%% generation %%} marks (--chat_template_path)");
    return HN_EFORMAT;
}

/* How much of the text in front of the answer the model is given: not the <think> that a prompt opens, nor one it closes at once.
 */
static size_t given_bytes(const hn_buf *before) {
    hn_str text = hn_py_rstrip((hn_str){before->p, before->n});
    if (hn_str_ends(text, hn_str_of("</think>"))) text = hn_py_rstrip((hn_str){text.p, text.n - strlen("</think>")});
    return hn_str_ends(text, hn_str_of("<think>")) ? text.n - strlen("<think>") : before->n;
}

static const char *eos_of(const hn_chat *c) {
    for (size_t i = 0; i < c->tokens; i++)
        if (hn_streq(c->token[i].name, "eos_token")) return c->token[i].text;
    return "";
}

static hn_status derive_one(deriving *d, size_t i, hn_error *err) {
    HN_TRY(hn_chat_run(d->c, &d->in, i + 1, false, &d->after, err));
    if (hn_chat_run(d->c, &d->in, i, true, &d->before, i ? err : NULL) != HN_OK) {
        return i ? HN_EFORMAT : not_prefix(i, err); /* few templates can begin with nothing */
    }
    const hn_buf *turn = &d->after.text;
    size_t begin = given_bytes(&d->before.text), end = turn->n;
    if (!begins_with(turn, &d->before.text, begin)) return not_prefix(i, err);
    if (!begins_with(&d->whole->text, turn, end)) {
        const char *eos = eos_of(d->c);
        size_t n = strlen(eos);
        if (n == 0 || end < begin + n || memcmp(turn->p + end - n, eos, n) != 0) return not_prefix(i, err);
        end -= n;
        if (!begins_with(&d->whole->text, turn, end)) return not_prefix(i, err);
    }
    return add_span(d->whole, begin, end, err);
}

hn_status hn_chat_derive(const hn_chat *c, const hn_chat_in *in, hn_rendered *out, hn_error *err) {
    deriving d = {.c = c, .in = *in, .whole = out};
    size_t n = hn_json_len(in->messages);
    d.in.spans = false;
    hn_status st = hn_chat_run(c, &d.in, n, in->generation_prompt, out, err);
    out->spans = 0;
    for (size_t i = 0; st == HN_OK && i < n; i++)
        if (hn_streq(hn_json_cstr(hn_json_get(hn_json_at(in->messages, i), "role")), "assistant")) st = derive_one(&d, i, err);
    hn_rendered_release(&d.before);
    hn_rendered_release(&d.after);
    return st;
}

static bool holds_for(const hn_chat *c, const char *text) {
    hn_json *messages = NULL;
    hn_rendered r = {0};
    if (hn_json_parse(text, strlen(text), "probe", 1, &messages, NULL) != HN_OK) return false;
    hn_chat_in in = {.messages = messages};
    bool found = hn_chat_derive(c, &in, &r, NULL) == HN_OK && r.spans == 1;
    if (found) {
        hn_str span = {r.text.p + r.span[0].begin, r.span[0].end - r.span[0].begin};
        found = hn_str_find(span, hn_str_of("Four."), 0) != SIZE_MAX;
    }
    hn_json_free(messages);
    hn_rendered_release(&r);
    return found;
}

/* One turn is enough for the template to be of use; conversations for which the rule fails are errors of their own. */
hn_span_source hn_chat_probe(const hn_chat *c) {
    static const char text[] =
        "[{\"role\": \"user\", \"content\": \"Two and two?\"}, {\"role\": \"assistant\", \"content\": \"Four.\"}]";
    static const char parts[] = "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"Two and two?\"}]}, "
                                "{\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"Four.\"}]}]";
    return holds_for(c, text) || holds_for(c, parts) ? HN_SPANS_DERIVED : HN_SPANS_NONE;
}
