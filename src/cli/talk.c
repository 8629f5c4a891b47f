/* talk.c - the history of a conversation, on top of the public header.
 *
 * It is rendered anew for every answer, since a template may treat old turns differently once new ones follow; the prefix cache
 * finds how much of it the model has computed already. */
#include "cli/talk.h"

#include <string.h>

static hn_status from_context(const hone_ctx *ctx, hone_status st, hn_error *err) {
    if (st == HONE_OK) return HN_OK;
    *err = ctx->err;
    return err->code;
}

hn_status hn_talk_open(hn_talk *t, const hone_config *c, hone_model *m, hone_tokenizer *tok, hn_error *err) {
    t->model = m;
    t->tok = tok;
    t->chat.struct_size = sizeof t->chat;
    t->chat.add_generation_prompt = true;
    t->gen.struct_size = sizeof t->gen;
    HN_TRY(from_context(m->ctx, hone_prefix_cache_new(m, &t->gen.prefix_cache), err));
    return from_context(m->ctx, hone_config_generate_opts(c, m, &t->gen), err);
}

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
    t->first = 0;
}

static void push(hn_json *messages, const char *role, const char *text, size_t n) {
    hn_json *m = hn_json_new_object();
    hn_json_set_text(m, "role", role);
    hn_json_set(m, "content", hn_json_new_str(text, n));
    hn_json_push(messages, m);
}

static hn_json *messages_from(const hn_talk *t, size_t first) {
    hn_json *messages = hn_json_new_array();
    if (t->system) push(messages, "system", t->system, strlen(t->system));
    for (size_t i = first; i < t->count; i++) push(messages, t->turn[i].role, t->turn[i].text, t->turn[i].n);
    return messages;
}

/* What the model sees as tokens: ids is the caller's (hone_free). */
static hn_status encode(const hn_talk *t, int32_t **ids, size_t *n, hn_error *err) {
    hn_buf json = {0};
    hn_json *messages = messages_from(t, t->first);
    hn_json_write(&json, messages, 0);
    hn_json_free(messages);
    char *text = NULL;
    size_t len = 0;
    *ids = NULL;
    hn_status st = json.failed ? hn_nomem(err, json.n) : HN_OK;
    if (st == HN_OK) st = from_context(t->tok->ctx, hone_chat_render(t->tok, json.p, &t->chat, &text, &len, NULL, NULL), err);
    if (st == HN_OK) st = from_context(t->tok->ctx, hone_tokenize(t->tok, text, len, 0, ids, n), err);
    hn_buf_release(&json);
    hone_free(text);
    return st;
}

/* The oldest exchanges go until half of the positions are free, so that the next answers do not begin with this again. */
static hn_status leave_out_oldest(hn_talk *t, int64_t positions, int32_t **ids, size_t *n, hn_error *err) {
    const size_t before = t->first;
    hn_status st = HN_OK;
    while (st == HN_OK && 2 * (int64_t)*n > positions && t->count - t->first > 2) {
        t->first += 2;
        hone_free(*ids);
        st = encode(t, ids, n, err);
    }
    if (st == HN_OK && (int64_t)*n >= positions) {
        st = hn_fail(err, HN_EARG, "the message is %zu tokens in the chat template%s, the model has %lld positions", *n,
                     t->system ? ", with the system message" : "", (long long)positions);
        hn_error_fix(err, t->system ? "shorten it, or the system message" : "shorten it");
    }
    if (st != HN_OK) t->first = before;
    if (t->first > before)
        hn_warn("the model has %lld positions: the oldest %zu messages are left out from now on", (long long)positions,
                t->first - before);
    return st;
}

hn_status hn_talk_answer(hn_talk *t, hone_piece_fn *fn, void *user, hn_error *err) {
    const int64_t positions = hn_model_get_info(t->model->m)->max_position;
    const int64_t room = t->gen.max_new_tokens < positions / 4 ? t->gen.max_new_tokens : positions / 4; /* for the answer */
    int32_t *ids = NULL;
    size_t n = 0;
    hn_status st = encode(t, &ids, &n, err);
    if (st == HN_OK && positions > 0 && (int64_t)n + room > positions) st = leave_out_oldest(t, positions, &ids, &n, err);
    if (st == HN_OK) st = from_context(t->model->ctx, hone_generate_ids(t->model, t->tok, ids, n, &t->gen, fn, user), err);
    hone_free(ids);
    return st;
}

hn_status hn_talk_save(const hn_talk *t, const char *path, hn_error *err) {
    hn_buf b = {0};
    hn_json *row = hn_json_new_object();
    hn_json_set(row, "messages", messages_from(t, 0));
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
    hone_prefix_cache_free(t->gen.prefix_cache);
}
