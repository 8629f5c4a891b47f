/* conversation.c - sides of an example, strings or message lists, to rows of tokens, as TRL's trainers prepare them.
 *
 * A string is tokenised with the tokenizer's special tokens and gets the end token; a message list is rendered by the chat
 * template, which writes its own special tokens, and tokenised without. What the assistant wrote goes from the token of its
 * first character to the token of its last one, as transformers' return_assistant_tokens_mask has it. */
#include <string.h>

#include "data/encode_impl.h"

static bool is_list(const hn_json *v) { return hn_json_type(v) == HN_JSON_ARRAY; }

/* "tools" may be JSON in a string. *out is the caller's. */
static hn_status take_tools(const hn_json *x, hn_json **out, hn_error *err) {
    hn_str text;
    hn_json *v = hn_json_get(x, "tools");
    *out = NULL;
    if (!hn_json_text(v, &text)) {
        *out = v ? hn_json_ref(v) : NULL;
        return HN_OK;
    }
    hn_error why = {0};
    hn_status st = hn_json_parse(text.p, text.n, "tools", 1, out, &why);
    return st == HN_EFORMAT ? hn_bad_row(err, "column \"tools\" is a string, but no JSON: %s", why.msg) : st;
}

/* The same with the special tokens that the conversation spells kept apart from the template's. Takes tools. */
static hn_status render_marked(hn_encoder *e, const hn_json *messages, hn_json *tools, const hn_json *x, bool generation_prompt,
                               bool spans, hn_error *err) {
    const hn_json *from[] = {messages, tools, hn_json_get(x, "documents")};
    hn_json *marked[3] = {NULL};
    hn_status st = HN_OK;
    for (int i = 0; i < 3 && st == HN_OK; i++) st = hn_plain_mark(e->tok, from[i], &marked[i], err);
    hn_chat_in in = {.messages = marked[0],
                     .tools = marked[1],
                     .documents = marked[2],
                     .kwargs = hn_json_get(x, "chat_template_kwargs"),
                     .generation_prompt = generation_prompt,
                     .spans = spans};
    if (st == HN_OK) st = hn_chat_render(e->o->chat, &in, &e->rendered, err);
    if (st == HN_OK) st = hn_plain_unmark(e, err);
    for (int i = 0; i < 3; i++) hn_json_free(marked[i]);
    hn_json_free(tools);
    return st;
}

static hn_status render(hn_encoder *e, const hn_json *x, const hn_json *messages, bool generation_prompt, bool spans,
                        hn_error *err) {
    hn_json *tools;
    const hn_json *kwargs = hn_json_get(x, "chat_template_kwargs");
    if (!e->o->chat) {
        hn_status st = hn_encoder_no_template(err);
        if (e->look && err) err->code = st = HN_EFORMAT;
        return st;
    }
    if (kwargs && hn_json_type(kwargs) != HN_JSON_OBJECT)
        return hn_bad_row(err, "column \"chat_template_kwargs\" is %s, an object is expected", hn_json_what(kwargs));
    HN_TRY(take_tools(x, &tools, err));
    if (e->o->split_special) return render_marked(e, messages, tools, x, generation_prompt, spans, err);
    e->plains = 0;
    hn_chat_in in = {.messages = messages, .tools = tools, .documents = hn_json_get(x, "documents"), .kwargs = kwargs,
                     .generation_prompt = generation_prompt, .spans = spans};
    hn_status st = hn_chat_render(e->o->chat, &in, &e->rendered, err);
    hn_json_free(tools);
    return st;
}

/* The token whose text holds the byte; -1: none. */
static int64_t token_at(const hn_encoding *e, size_t from, size_t byte) {
    for (size_t i = from; i < e->n; i++)
        if (e->span[i].begin <= byte && byte < e->span[i].end) return (int64_t)i;
    return -1;
}

static size_t char_before(hn_str text, size_t end) {
    do end--;
    while (end > 0 && ((unsigned char)text.p[end] & 0xC0) == 0x80);
    return end;
}

/* Only what the assistant wrote stays a target. */
static hn_status mask_others(hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str text = {e->rendered.text.p, e->rendered.text.n};
    size_t done = 0, from = 0;
    bool any = false;
    for (size_t i = 0; i < e->rendered.spans; i++) {
        hn_byte_span s = e->rendered.span[i];
        int64_t first = token_at(&e->whole, from, s.begin),
                last = s.end > 0 ? token_at(&e->whole, from, char_before(text, s.end)) : -1;
        if (first < 0) break;
        size_t end = last > 0 ? (size_t)last + 1 : row->n; /* no token has the last character: to the end of the row */
        if ((size_t)first > done) hn_row_mask(row, done, (size_t)first);
        any = any || end > (size_t)first;
        if (end > done) done = end;
        from = (size_t)first;
    }
    hn_row_mask(row, done < row->n ? done : row->n, row->n);
    if (any) return HN_OK;
    return hn_bad_row(err, "no token of the conversation was written by the assistant, and only those are trained on");
}

static hn_status keep_spans(hn_encoder *e, hn_row *row, hn_error *err) {
    size_t n = e->rendered.spans;
    if (n > row->wrote_cap) {
        hn_byte_span *p = hn_realloc_array(row->wrote, n, sizeof *p);
        if (!p) return hn_nomem(err, n * sizeof *p);
        row->wrote = p;
        row->wrote_cap = n;
    }
    if (n) memcpy(row->wrote, e->rendered.span, n * sizeof *row->wrote);
    row->wrotes = n;
    return HN_OK;
}

static hn_status whole_conversation(hn_encoder *e, const hn_json *x, const hn_json *messages, hn_row *row, hn_error *err) {
    bool mask = e->assistant_only;
    HN_TRY(render(e, x, messages, false, mask, err));
    e->places = mask;
    hn_status st = hn_row_tokenize(e, (hn_str){e->rendered.text.p, e->rendered.text.n}, false, row, err);
    e->places = false;
    if (st != HN_OK || !mask) return st;
    if (e->look) HN_TRY(keep_spans(e, row, err));
    return mask_others(e, row, err);
}

/* head, then tail, as one list. */
static hn_json *joined(const hn_json *head, const hn_json *tail) {
    hn_json *list = hn_json_new_array();
    for (size_t i = 0; list && i < hn_json_len(head); i++) hn_json_push(list, hn_json_ref(hn_json_at(head, i)));
    for (size_t i = 0; list && i < hn_json_len(tail); i++) hn_json_push(list, hn_json_ref(hn_json_at(tail, i)));
    return list;
}

static hn_status not_both(const char *head, const char *tail, const hn_json *a, const hn_json *b, hn_error *err) {
    return hn_bad_row(err, "column \"%s\" is %s, \"%s\" is %s: two strings or two message lists are expected", head,
                      hn_json_what(a), tail, hn_json_what(b));
}

hn_status hn_encode_whole(hn_encoder *e, const hn_json *x, const char *head, const char *tail, hn_row *row, hn_error *err) {
    const hn_json *a = head ? hn_json_get(x, head) : NULL, *b = hn_json_get(x, tail);
    if (is_list(b) && !head) return whole_conversation(e, x, b, row, err);
    if (head && is_list(a) != is_list(b)) return not_both(head, tail, a, b, err);
    if (!is_list(b)) {
        hn_str before = {"", 0}, text, all;
        if (head) HN_TRY(hn_column_text(x, head, &before, err));
        HN_TRY(hn_column_text(x, tail, &text, err));
        if (e->o->add_eos && !e->eos.p) return hn_encoder_no_eos(err);
        HN_TRY(hn_encoder_join(e, before, text, &all, err));
        return hn_row_tokenize(e, all, true, row, err);
    }
    hn_json *list = joined(a, b);
    if (!list) return hn_nomem(err, 64);
    hn_status st = whole_conversation(e, x, list, row, err);
    hn_json_free(list);
    return st;
}

hn_status hn_encode_head(hn_encoder *e, const hn_json *x, const char *head, hn_error *err) {
    const hn_json *a = hn_json_get(x, head);
    hn_str text;
    if (is_list(a)) {
        HN_TRY(render(e, x, a, true, false, err));
        return hn_tokenizer_encode_parts(e->tok, (hn_str){e->rendered.text.p, e->rendered.text.n}, e->plain, e->plains, 0,
                                         &e->prompt, err);
    }
    HN_TRY(hn_column_text(x, head, &text, err));
    HN_TRY(hn_plain_whole(e, text.n, err));
    return hn_tokenizer_encode_parts(e->tok, text, e->plain, e->plains, HN_ENCODE_SPECIAL, &e->prompt, err);
}

hn_status hn_encode_alone(hn_encoder *e, const hn_json *x, const char *head, hn_row *row, hn_error *err) {
    const hn_json *a = hn_json_get(x, head);
    hn_str text;
    if (is_list(a)) {
        HN_TRY(render(e, x, a, true, false, err));
        return hn_row_tokenize(e, (hn_str){e->rendered.text.p, e->rendered.text.n}, false, row, err);
    }
    HN_TRY(hn_column_text(x, head, &text, err));
    HN_TRY(hn_plain_whole(e, text.n, err));
    return hn_row_tokenize(e, text, true, row, err);
}

void hn_row_split(const hn_encoder *e, hn_row *row) {
    size_t most = e->prompt.n < row->n ? e->prompt.n : row->n;
    row->prompt = 0;
    while (row->prompt < most && e->prompt.id[row->prompt] == row->id[row->prompt]) row->prompt++;
    row->prompt_alone = e->prompt.n;
}

/* As TRL asks the template once: a turn of the assistant, followed by the user's, must end with a token that is no ordinary text.
 */
hn_status hn_encoder_check_stop(hn_encoder *e, bool *trained, hn_error *err) {
    static const char dummy[] =
        "{\"messages\": [{\"role\": \"user\", \"content\": \"dummy\"}, {\"role\": \"assistant\", \"content\": \"dummy\"}, "
        "{\"role\": \"user\", \"content\": \"dummy\"}]}";
    hn_json *x;
    hn_encoded out = {0};
    hn_row *row = &out.row[0];
    *trained = false;
    HN_TRY(hn_json_parse(dummy, sizeof dummy - 1, "dummy", 1, &x, err));
    hn_status st = whole_conversation(e, x, hn_json_get(x, "messages"), row, NULL);
    for (size_t i = row->n; st == HN_OK && i-- > 0;) {
        hn_buf text = {0};
        if (row->label[i] == HN_NO_TARGET) continue;
        st = hn_tokenizer_decode(e->tok, &row->id[i], 1, false, &text, err);
        size_t blank = st == HN_OK && text.n ? strspn(text.p, " \t\r\n\v\f") : 0;
        bool says = blank < text.n;
        hn_buf_release(&text);
        if (!says) continue;
        *trained = hn_tokenizer_is_added(e->tok, row->id[i]);
        break;
    }
    hn_json_free(x);
    hn_encoded_release(&out);
    return st == HN_ENOMEM ? st : HN_OK; /* a template that refuses the dummy says nothing */
}
