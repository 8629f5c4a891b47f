/* tokenizer.c - what one can ask a tokenizer, and its end. */
#include "text/text_impl.h"

void hn_tokenizer_free(hn_tokenizer *t) {
    if (!t) return;
    hn_added_release(&t->added);
    hn_part_drop(&t->normalizer);
    hn_part_drop(&t->pretokenizer);
    hn_part_drop(&t->model);
    hn_part_drop(&t->post);
    hn_part_drop(&t->decoder);
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) hn_free(t->special[i]);
    hn_free(t->chat_template);
    hn_free(t->folder);
    hn_json_free(t->spec);
    hn_json_free(t->config);
    hn_json_free(t->specials);
    hn_json_free(t->added_file);
    for (size_t i = 0; i < HN_KEPT_COUNT; i++) hn_free(t->kept[i].p);
    for (size_t i = 0; i < t->nameds; i++) {
        hn_free((char *)(uintptr_t)t->named[i].name);
        hn_free(t->named[i].p);
    }
    hn_free(t->named);
    hn_free(t);
}

int32_t hn_tokenizer_size(const hn_tokenizer *t) {
    int32_t end = hn_vocab_end(t->vocab);
    for (size_t i = 0; i < t->added.n; i++)
        if (t->added.v[i].id >= end) end = t->added.v[i].id + 1;
    return end;
}

int32_t hn_tokenizer_id(const hn_tokenizer *t, const char *token) {
    size_t n = strlen(token);
    int32_t id = t->added.ids ? hn_vocab_id(t->added.ids, token, n) : -1;
    return id >= 0 ? id : hn_vocab_id(t->vocab, token, n);
}

hn_str hn_tokenizer_token(const hn_tokenizer *t, int32_t id) {
    const hn_added_token *added = hn_added_of(t, id);
    return added ? added->text : hn_vocab_text(t->vocab, id);
}

bool hn_tokenizer_is_added(const hn_tokenizer *t, int32_t id) { return hn_added_of(t, id) != NULL; }

bool hn_tokenizer_is_special(const hn_tokenizer *t, int32_t id) {
    const hn_added_token *added = hn_added_of(t, id);
    return added && added->special;
}

const char *hn_tokenizer_special(const hn_tokenizer *t, hn_special which) {
    return t->special[which];
}

int32_t hn_tokenizer_special_id(const hn_tokenizer *t, hn_special which) {
    return t->special_id[which];
}

int64_t hn_tokenizer_max_length(const hn_tokenizer *t) {
    return t->max_length;
}

const char *hn_tokenizer_chat_template(const hn_tokenizer *t) {
    return t->chat_template;
}

const char *hn_tokenizer_fingerprint(const hn_tokenizer *t) {
    return t->fingerprint;
}
