/* tokenizer_add.c - more tokens for a tokenizer: new ones, and roles for special ones. */
#include "text/readers_impl.h"

hn_status hn_tokenizer_add(hn_tokenizer *t, const char *const *tokens, size_t n, bool special, int32_t *added, hn_error *err) {
    int32_t before = hn_tokenizer_size(t), fresh = 0;
    for (size_t i = 0; i < n; i++) {
        if (!tokens[i][0] || !hn_utf8_valid(tokens[i], strlen(tokens[i]), NULL))
            return hn_fail(err, HN_EARG, "token %zu to be added is empty or no UTF-8", i);
        hn_str text = hn_str_of(tokens[i]);
        fresh += hn_tokenizer_id(t, tokens[i]) < 0;
        const hn_added_token *known = t->added.ids ? hn_added_of(t, hn_vocab_id(t->added.ids, text.p, text.n)) : NULL;
        if (known && known->special == special) continue;
        hn_added_token token = known ? *known : (hn_added_token){.text = text};
        token.text = text;
        token.special = special;
        HN_TRY(hn_added_put(t, &token, err));
        t->changed = true;
    }
    if (added) *added = fresh;
    if (hn_tokenizer_size(t) < before + fresh)
        return hn_fail(err, HN_ESTATE, "new tokens got ids that are taken"); /* an odd vocabulary with gaps */
    return hn_tokenizer_seal(t, err);
}

hn_status hn_tokenizer_set_special(hn_tokenizer *t, hn_special which, const char *token, hn_error *err) {
    HN_TRY(hn_tokenizer_add(t, &token, 1, true, NULL, err));
    char *copy = hn_strdup(token);
    if (!copy) return hn_nomem(err, strlen(token));
    t->changed |= !hn_streq(t->special[which], token);
    hn_free(t->special[which]);
    t->special[which] = copy;
    t->special_id[which] = hn_tokenizer_id(t, token);
    return HN_OK;
}
