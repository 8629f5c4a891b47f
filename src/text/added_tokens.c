/* added_tokens.c - tokens cut out of the text before anything else sees it: their list, ids and places.
 *
 * The id is the model's if its vocabulary has the text, else the next free one, in the order of the file. Tokens with
 * normalized false are looked for in the raw text, the others (normalised themselves) in the normalised rest. */
#include "text/text_impl.h"

void hn_added_release(hn_added *a) {
    for (size_t i = 0; i < a->n; i++) {
        hn_free((char *)(uintptr_t)a->v[i].text.p);
        hn_free((char *)(uintptr_t)a->v[i].spelled.p);
    }
    hn_free(a->v);
    hn_vocab_free(a->ids);
    hn_free(a->by_id);
    hn_matcher_free(a->raw);
    hn_matcher_free(a->normalized);
    *a = (hn_added){0};
}

const hn_added_token *hn_added_of(const hn_tokenizer *t, int32_t id) {
    const hn_added *a = &t->added;
    return id >= 0 && id < a->end && a->by_id[id] >= 0 ? &a->v[a->by_id[id]] : NULL;
}

bool hn_added_special(const hn_tokenizer *t, hn_str text) {
    const hn_added_token *token = t->added.ids ? hn_added_of(t, hn_vocab_id(t->added.ids, text.p, text.n)) : NULL;
    return token && token->special;
}

static hn_status room_for_id(hn_added *a, int32_t id, hn_error *err) {
    if (id < a->end) return HN_OK;
    int32_t end = id + 256;
    int32_t *by_id = hn_realloc_array(a->by_id, (size_t)end, sizeof *by_id);
    if (!by_id) return hn_nomem(err, (size_t)end * sizeof *by_id);
    for (int32_t i = a->end; i < end; i++) by_id[i] = -1;
    a->by_id = by_id;
    a->end = end;
    return HN_OK;
}

/* The text as the normalizer leaves it. */
static hn_status spell(const hn_tokenizer *t, hn_added_token *token, hn_error *err) {
    hn_work *w = hn_calloc(1, sizeof *w);
    if (!w) return hn_nomem(err, sizeof *w);
    hn_view_original(&w->text, token->text.p, 0, token->text.n);
    hn_status st = hn_work_check(w, err);
    if (st == HN_OK && token->normalized) st = hn_step_run(&t->normalizer, w, err);
    if (st == HN_OK) {
        token->spelled = (hn_str){hn_strndup(w->text.p, w->text.n), w->text.n};
        if (!token->spelled.p) st = hn_nomem(err, w->text.n);
    }
    hn_work_free(w);
    return st;
}

static int32_t next_free(const hn_tokenizer *t) {
    bool list = t->sp || hn_streq(t->model.desc->type, "Unigram"); /* whose pieces count even where a text stands twice */
    int32_t highest = t->added.n ? t->added.highest : -1,
            size = list ? hn_vocab_end(t->vocab) : (int32_t)hn_vocab_count(t->vocab);
    return highest >= size || (size == 0 && highest >= 0) ? highest + 1 : size;
}

static int32_t id_of(const hn_tokenizer *t, hn_str text) {
    int32_t id = t->added.ids ? hn_vocab_id(t->added.ids, text.p, text.n) : -1;
    return id >= 0 ? id : hn_vocab_id(t->vocab, text.p, text.n);
}

hn_status hn_added_put(hn_tokenizer *t, const hn_added_token *token, hn_error *err) {
    hn_added *a = &t->added;
    hn_added_token new = *token;
    if (token->text.n == 0) return HN_OK;
    if (!a->ids && !(a->ids = hn_vocab_new(64))) return hn_nomem(err, 64);
    new.id = id_of(t, token->text);
    if (new.id < 0) new.id = next_free(t);
    HN_TRY(room_for_id(a, new.id, err));
    HN_TRY(hn_vocab_add(a->ids, token->text, new.id, err));
    if (a->n == a->cap && a->by_id[new.id] < 0) {
        size_t cap = a->cap ? 2 * a->cap : 32;
        hn_added_token *v = hn_realloc_array(a->v, cap, sizeof *v);
        if (!v) return hn_nomem(err, cap * sizeof *v);
        a->v = v;
        a->cap = cap;
    }
    char *copy = hn_strndup(token->text.p, token->text.n);
    if (!copy) return hn_nomem(err, token->text.n);
    new.text.p = copy;
    hn_status st = spell(t, &new, err);
    if (st != HN_OK) {
        hn_free(copy);
        return st;
    }
    if (a->by_id[new.id] < 0) {
        if (a->n == 0 || new.id > a->highest) a->highest = new.id;
        a->by_id[new.id] = (int32_t)a->n++;
    } else {
        hn_added_token *old = &a->v[a->by_id[new.id]];
        hn_free((char *)(uintptr_t)old->text.p);
        hn_free((char *)(uintptr_t)old->spelled.p);
    }
    a->v[a->by_id[new.id]] = new;
    return HN_OK;
}

hn_status hn_added_load(hn_tokenizer *t, const hn_json *list, hn_error *err) {
    for (size_t i = 0; i < hn_json_len(list); i++) {
        const hn_json *j = hn_json_at(list, i);
        hn_added_token token = {
            .single_word = hn_json_bool(hn_json_get(j, "single_word"), false),
            .lstrip = hn_json_bool(hn_json_get(j, "lstrip"), false),
            .rstrip = hn_json_bool(hn_json_get(j, "rstrip"), false),
            .normalized = hn_json_bool(hn_json_get(j, "normalized"), true),
            .special = hn_json_bool(hn_json_get(j, "special"), false),
        };
        if (!hn_json_text(hn_json_get(j, "content"), &token.text))
            return hn_fail(err, HN_EFORMAT, "added_tokens[%zu] has no \"content\"", i);
        HN_TRY_CTX(hn_added_put(t, &token, err), err, "added_tokens[%zu]", i);
        int64_t written = hn_json_int(hn_json_get(j, "id"), -1);
        int32_t id = id_of(t, token.text);
        if (written >= 0 && written != id && token.text.n > 0)
            hn_warn("tokenizer.json gives the added token \"%.*s\" the id %lld; it is %d", (int)(token.text.n & 0xFF),
                    token.text.p, (long long)written, id);
    }
    return HN_OK;
}

hn_status hn_added_build(hn_tokenizer *t, hn_error *err) {
    hn_added *a = &t->added;
    hn_matcher_free(a->raw);
    hn_matcher_free(a->normalized);
    a->raw = hn_matcher_new();
    a->normalized = hn_matcher_new();
    bool good = a->raw && a->normalized;
    for (size_t i = 0; i < a->n && good; i++) {
        const hn_added_token *token = &a->v[i];
        hn_str text = token->normalized ? token->spelled : token->text;
        if (text.n == 0)
            hn_warn("the normalizer leaves nothing of the added token \"%.*s\": it is never found in a text (the tokenizers "
                    "package cuts every text between its bytes there)", (int)(token->text.n & 0xFF), token->text.p);
        good = hn_matcher_add(token->normalized ? a->normalized : a->raw, text.p, text.n, token->id);
    }
    return good ? HN_OK : hn_nomem(err, a->n);
}

static bool word_before(hn_str text, size_t at) {
    if (at == 0) return false;
    int len;
    do at--;
    while (at > 0 && ((unsigned char)text.p[at] & 0xC0) == 0x80);
    return hn_is_word(hn_cp_at(text.p + at, &len));
}

static size_t spaces_before(hn_str text, size_t at) {
    while (at > 0) {
        size_t last = at - 1;
        int len;
        while (last > 0 && ((unsigned char)text.p[last] & 0xC0) == 0x80) last--;
        if (!hn_is_space(hn_cp_at(text.p + last, &len))) break;
        at = last;
    }
    return at;
}

static size_t spaces_behind(hn_str text, size_t at) {
    int len;
    while (at < text.n && hn_is_space(hn_cp_at(text.p + at, &len))) at += (size_t)len;
    return at;
}

static bool is_plain(const hn_plain *plain, hn_token_span span) {
    size_t low = 0, high = plain->n; /* the first part that ends behind the token's begin */
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (plain->v[mid].end <= span.begin) low = mid + 1;
        else high = mid;
    }
    return plain->all || (low < plain->n && plain->v[low].begin < span.end);
}

bool hn_tokenizer_find_special(const hn_tokenizer *t, hn_str text, size_t *at, hn_byte_span *where) {
    static const hn_plain nowhere;
    const hn_matcher *lists[] = {t->added.raw, t->added.normalized};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        hn_token_span span;
        int32_t id;
        size_t from = *at;
        if (!lists[i] || hn_matcher_empty(lists[i])) continue;
        while (hn_added_next(t, lists[i], text, &from, from, &nowhere, &span, &id)) {
            if (!hn_added_of(t, id)->special) continue;
            if (!found || span.begin < where->begin) *where = (hn_byte_span){span.begin, span.end};
            found = true;
            break;
        }
    }
    if (found) *at = where->end;
    return found;
}

bool hn_added_next(const hn_tokenizer *t, const hn_matcher *m, hn_str text, size_t *at, size_t taken, const hn_plain *plain,
                   hn_token_span *span, int32_t *id) {
    int len;
    while (hn_matcher_next(m, text.p, text.n, *at, span, id)) {
        *at = span->end;
        const hn_added_token *token = hn_added_of(t, *id);
        if (token->special && is_plain(plain, *span)) continue;
        if (token->single_word && (word_before(text, span->begin) ||
                                   (span->end < text.n && hn_is_word(hn_cp_at(text.p + span->end, &len)))))
            continue;
        if (token->lstrip) {
            size_t begin = spaces_before(text, span->begin);
            span->begin = (uint32_t)(begin > taken ? begin : taken);
        }
        if (token->rstrip) span->end = (uint32_t)spaces_behind(text, span->end);
        if (span->begin >= span->end) continue; /* white space that the token before has taken */
        return true;
    }
    return false;
}
