/* talk.c - the history of a conversation, rendered anew for every answer: a template may treat old turns differently once
 * new ones follow. */
#include "cli/talk.h"

#include <string.h>

hn_status hn_talk_set_system(hn_talk *t, const char *text, hn_error *err) {
    char *copy = hn_strdup(text);
    if (!copy) return hn_nomem(err, strlen(text));
    hn_free(t->system);
    t->system = copy;
    return HN_OK;
}

hn_status hn_talk_add(hn_talk *t, const char *role, hn_str text, hn_error *err) {
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        hn_turn *grown = hn_realloc_array(t->turn, cap, sizeof *grown);
        if (!grown) return hn_nomem(err, cap * sizeof *grown);
        t->turn = grown;
        t->cap = cap;
    }
    char *copy = hn_strndup(text.p, text.n);
    if (!copy) return hn_nomem(err, text.n);
    t->turn[t->count++] = (hn_turn){role, copy, text.n};
    return HN_OK;
}

void hn_talk_drop_last(hn_talk *t) {
    if (t->count) hn_free(t->turn[--t->count].text);
}

void hn_talk_reset(hn_talk *t) {
    while (t->count) hn_talk_drop_last(t);
}

static void push(hn_json *messages, const char *role, const char *text, size_t n) {
    hn_json *m = hn_json_new_object();
    hn_json_set(m, "role", hn_json_new_str(role, strlen(role)));
    hn_json_set(m, "content", hn_json_new_str(text, n));
    hn_json_push(messages, m);
}

static hn_json *messages_of(const hn_talk *t) {
    hn_json *messages = hn_json_new_array();
    if (t->system) push(messages, "system", t->system, strlen(t->system));
    for (size_t i = 0; i < t->count; i++) push(messages, t->turn[i].role, t->turn[i].text, t->turn[i].n);
    return messages;
}

static hn_status encode(hn_talk *t, hn_error *err) {
    hn_json *messages = messages_of(t);
    hn_status st = hn_chat_render(t->chat, &(hn_chat_in){.messages = messages, .generation_prompt = true}, &t->rendered, err);
    hn_json_free(messages);
    HN_TRY(st);
    const hn_buf *text = &t->rendered.text; /* special tokens are the template's affair: none are added */
    return hn_tokenizer_encode(t->tok, (hn_str){text->p ? text->p : "", text->n}, 0, &t->ids, err);
}

hn_status hn_talk_answer(hn_talk *t, hn_gen_fn *fn, void *user, hn_error *err) {
    const int64_t positions = hn_model_get_info(t->model)->max_position;
    size_t left_out = 0;
    HN_TRY(encode(t, err));
    while (positions > 0 && (int64_t)t->ids.n >= positions && t->count > 2) {
        for (size_t i = 0; i < 2; i++) hn_free(t->turn[i].text);
        t->count -= 2;
        memmove(t->turn, t->turn + 2, t->count * sizeof *t->turn);
        left_out += 2;
        HN_TRY(encode(t, err));
    }
    if (left_out) hn_warn("the model has %lld positions: the oldest %zu messages are left out from now on", (long long)positions, left_out);
    const hn_gen_prompt prompt = {t->ids.id, (int64_t)t->ids.n};
    return hn_generate(t->dev, t->model, t->tok, &prompt, 1, &t->gen, fn, user, err);
}

hn_status hn_talk_save(const hn_talk *t, const char *path, hn_error *err) {
    hn_buf b = {0};
    hn_json *row = hn_json_new_object();
    hn_json_set(row, "messages", messages_of(t));
    hn_json_write(&b, row, 0);
    hn_buf_putc(&b, '\n');
    hn_json_free(row);
    hn_status st = b.failed ? hn_nomem(err, b.n) : hn_file_write(path, b.p, b.n, err);
    hn_buf_release(&b);
    return st;
}

void hn_talk_release(hn_talk *t) {
    hn_talk_reset(t);
    hn_free(t->turn);
    hn_free(t->system);
    hn_rendered_release(&t->rendered);
    hn_encoding_release(&t->ids);
}
