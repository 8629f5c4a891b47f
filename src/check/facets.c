/* facets.c - what a row says, whatever its kind: the messages, what is asked, what is learnt, and hashes of them. */
#include <string.h>

#include "check/check_impl.h"

static hn_str text_of(const hn_json *j) {
    hn_str s;
    return hn_json_text(j, &s) ? s : (hn_str){NULL, 0};
}

/* Content of a message: a string, or the text parts of a list joined. */
static hn_str content_of(hn_facet_work *w, const hn_json *content) {
    if (hn_json_type(content) != HN_JSON_ARRAY) return text_of(content);
    hn_buf b = {0};
    for (size_t i = 0; i < hn_json_len(content); i++) {
        const hn_json *part = hn_json_at(content, i);
        hn_str s = hn_json_type(part) == HN_JSON_STR ? text_of(part) : text_of(hn_json_get(part, "text"));
        hn_buf_add(&b, s.p, s.n);
    }
    char *kept = b.n ? hn_arena_strndup(&w->arena, b.p, b.n) : NULL;
    w->failed |= b.failed || (b.n && !kept);
    hn_str out = {kept ? kept : "", kept ? b.n : 0};
    hn_buf_release(&b);
    return out;
}

static void add_turns(hn_facet_work *w, hn_facets *f, const hn_json *list) {
    for (size_t i = 0; i < hn_json_len(list); i++) {
        if (f->turns == w->cap) {
            size_t cap = w->cap ? 2 * w->cap : 16;
            hn_turn *grown = hn_realloc_array(w->turn, cap, sizeof *grown);
            if (!grown) {
                w->failed = true;
                return;
            }
            w->turn = grown;
            w->cap = cap;
        }
        const hn_json *m = hn_json_at(list, i);
        w->turn[f->turns++] = (hn_turn){text_of(hn_json_get(m, "role")), content_of(w, hn_json_get(m, "content")),
                                        hn_json_len(hn_json_get(m, "tool_calls")) > 0 || hn_json_get(m, "function_call") != NULL};
    }
    f->turn = w->turn;
}

static bool is_list(const hn_json *j) { return hn_json_type(j) == HN_JSON_ARRAY; }

/* The last message of a list that the assistant wrote; p NULL: none. */
static hn_str last_answer(const hn_facets *f, size_t from, size_t to) {
    for (size_t i = to; i > from; i--)
        if (hn_str_eq(f->turn[i - 1].role, "assistant")) return f->turn[i - 1].text;
    return (hn_str){NULL, 0};
}

static hn_str asked_before(const hn_facets *f, size_t to) {
    for (size_t i = to; i > 0; i--)
        if (!hn_str_eq(f->turn[i - 1].role, "assistant") && !hn_str_eq(f->turn[i - 1].role, "system")) return f->turn[i - 1].text;
    return (hn_str){NULL, 0};
}

static void add_answer(hn_facets *f, hn_str s) { f->answer[f->answers++] = s; }

/* Two texts without a prompt of their own: what they share is the prompt, up to the last turn of the assistant where the text
 * is a transcript. */
static void split_pair(hn_facets *f, hn_str a, hn_str b) {
    static const char mark[] = "\n\nAssistant:";
    size_t n = 0, cut;
    while (n < a.n && n < b.n && a.p[n] == b.p[n]) n++;
    for (cut = n; cut > 0; cut--)
        if (cut >= sizeof mark - 1 && memcmp(a.p + cut - (sizeof mark - 1), mark, sizeof mark - 1) == 0) break;
    if (cut) n = cut;
    while (n > 0 && n < a.n && ((unsigned char)a.p[n] & 0xC0) == 0x80) n--;
    if (n == a.n || n == b.n) n = cut;
    f->prompt = (hn_str){a.p, n};
    add_answer(f, (hn_str){a.p + n, a.n - n});
    add_answer(f, (hn_str){b.p + n, b.n - n});
}

static void read_side(hn_facet_work *w, hn_facets *f, const hn_json *side) {
    if (!is_list(side)) {
        add_answer(f, text_of(side));
        return;
    }
    size_t from = f->turns;
    add_turns(w, f, side);
    hn_str s = last_answer(f, from, f->turns);
    add_answer(f, s.p ? s : f->turns > from ? f->turn[f->turns - 1].text : s);
}

static void read_prompted(hn_facet_work *w, hn_facets *f, const hn_json *x, const char *a, const char *b) {
    const hn_json *prompt = hn_json_get(x, "prompt"), *first = hn_json_get(x, a), *second = b ? hn_json_get(x, b) : NULL;
    f->chat = is_list(prompt) || is_list(first);
    if (!f->chat && !prompt && second) {
        split_pair(f, text_of(first), text_of(second));
        return;
    }
    if (is_list(prompt)) add_turns(w, f, prompt);
    if (!is_list(prompt)) f->prompt = text_of(prompt);
    f->prompt_turns = f->turns;
    if (b) { /* the second side's messages are read and let go: pairs show prompt and chosen */
        read_side(w, f, second);
        f->turns = f->prompt_turns;
    }
    read_side(w, f, first);
    if (b) {
        hn_str other = f->answer[0];
        f->answer[0] = f->answer[1];
        f->answer[1] = other;
    }
    if (f->chat && !f->prompt.p) {
        size_t to = f->turns;
        while (to > 0 && !hn_str_eq(f->turn[to - 1].role, "assistant")) to--;
        f->prompt = asked_before(f, f->prompt_turns ? f->prompt_turns : to);
    }
}

static void read_messages(hn_facet_work *w, hn_facets *f, const hn_json *list) {
    f->chat = true;
    add_turns(w, f, list);
    size_t to = f->turns;
    while (to > 0 && !hn_str_eq(f->turn[to - 1].role, "assistant")) to--;
    if (to) add_answer(f, f->turn[to - 1].text);
    f->prompt_turns = to ? to - 1 : f->turns;
    f->prompt = asked_before(f, f->prompt_turns);
}

static uint64_t hash_list(const hn_json *list) {
    hn_buf b = {0};
    hn_json_write(&b, list, 0);
    uint64_t h = hn_said_hash((hn_str){b.p ? b.p : "", b.n});
    hn_buf_release(&b);
    return h;
}

/* whole: everything the row is learnt from; asked: what leads to the answer. */
static void hash(hn_facets *f, hn_kind kind) {
    f->asked = 0;
    size_t given = f->prompt_turns < f->turns ? f->prompt_turns : f->turns;
    for (size_t i = 0; i < given; i++) f->asked = hn_hash_mix(f->asked, hn_said_hash(f->turn[i].text));
    if (!given && f->prompt.p) f->asked = hn_said_hash(f->prompt);
    f->whole = f->asked;
    for (size_t i = given; i < f->turns; i++) f->whole = hn_hash_mix(f->whole, hn_said_hash(f->turn[i].text));
    for (int i = 0; i < f->answers; i++) {
        f->said[i] = hn_said_hash(f->answer[i]);
        if (!f->turns || i) f->whole = hn_hash_mix(f->whole, f->said[i]);
    }
    switch (kind) {
    case HN_KIND_TOKENS: f->whole = hash_list(hn_json_get(f->value, "input_ids")); break;
    case HN_KIND_TAG: f->asked = f->whole = hash_list(hn_json_get(f->value, "tokens")); break;
    case HN_KIND_CLASSIFY: {
        hn_str pair = text_of(hn_json_get(f->value, "text_pair"));
        if (pair.p) f->asked = f->whole = hn_hash_mix(f->asked, hn_said_hash(pair));
        break;
    }
    case HN_KIND_QA: f->asked = f->whole = hn_hash_mix(f->asked, hn_said_hash(text_of(hn_json_get(f->value, "context")))); break;
    case HN_KIND_STEPWISE: f->whole = hn_hash_mix(f->asked, hash_list(hn_json_get(f->value, "completions"))); break;
    default: break;
    }
}

void hn_facets_read(hn_facet_work *w, const hn_example *x, hn_facets *out) {
    const hn_json *v = x->value;
    hn_arena_reset(&w->arena);
    *out = (hn_facets){.value = v};
    switch (x->kind) {
    case HN_KIND_TEXT: add_answer(out, text_of(hn_json_get(v, "text"))); break;
    case HN_KIND_COMPLETION:
    case HN_KIND_UNPAIRED: read_prompted(w, out, v, "completion", NULL); break;
    case HN_KIND_PREFERENCE: read_prompted(w, out, v, "chosen", "rejected"); break;
    case HN_KIND_MESSAGES: read_messages(w, out, hn_json_get(v, "messages")); break;
    case HN_KIND_PROMPT:
        if (is_list(hn_json_get(v, "prompt")))
            read_messages(w, out, hn_json_get(v, "prompt"));
        else
            out->prompt = text_of(hn_json_get(v, "prompt"));
        break;
    case HN_KIND_STEPWISE: out->prompt = text_of(hn_json_get(v, "prompt")); break;
    case HN_KIND_CLASSIFY: out->prompt = text_of(hn_json_get(v, "text")); break;
    case HN_KIND_QA: out->prompt = text_of(hn_json_get(v, "question")); break;
    case HN_KIND_TOKENS:
    case HN_KIND_TAG:
    case HN_KINDS: break;
    }
    hash(out, x->kind);
}

void hn_facets_left_out(hn_facet_work *w, const hn_json *record, hn_facets *out) {
    *out = (hn_facets){.value = record};
    if (!hn_json_get(record, "chosen") || !hn_json_get(record, "rejected")) return;
    hn_arena_reset(&w->arena);
    out->left_out = true;
    read_prompted(w, out, record, "chosen", "rejected");
    hash(out, HN_KIND_PREFERENCE);
}

void hn_facet_work_release(hn_facet_work *w) {
    hn_arena_release(&w->arena);
    hn_free(w->turn);
    *w = (hn_facet_work){0};
}
