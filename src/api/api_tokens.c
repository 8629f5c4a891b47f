/* api_tokens.c - the tokenizer of a run: the one that is named or the model's own, with the tokens the settings add. */
#include <string.h>

#include "api/api.h"

#define AT(field) offsetof(hn_token_opts, field)
const hn_opt hn_token_table[] = {
    {"add_tokens", "tokens to add; the embeddings of a model grow by rows that are the mean of the others", HN_OPT_LIST,
     AT(add_tokens), NULL, 0, 0, NULL, "Model", "tokens", 0},
    {"new_special_tokens", "special tokens to add", HN_OPT_LIST, AT(new_special_tokens), NULL, 0, 0, NULL, "Model",
     "add_special_tokens|additional_special_tokens", 0},
    {"special_tokens", "tokens for roles, added where they are new: {\"pad_token\": \"<pad>\", \"bos_token\": ...}", HN_OPT_STR,
     AT(special_tokens), NULL, 0, 0, NULL, "Model", NULL, HN_OPT_NULLABLE},
    {"resize_vocab", "embeddings always have a row for every token here", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Model", NULL,
     HN_OPT_HIDDEN},
    {0}};
#undef AT

static hn_status set_roles(const char *json, hn_tokenizer *t, hn_error *err) {
    static const char *const roles[HN_SPECIAL_COUNT] = {"bos_token", "eos_token", "pad_token", "unk_token"};
    hn_json *j = NULL;
    hn_json_iter it;
    HN_TRY(hn_json_parse(json, strlen(json), "--special_tokens", 1, &j, err));
    hn_status st = hn_json_type(j) == HN_JSON_OBJECT ? HN_OK : hn_fail(err, HN_EARG, "--special_tokens is no JSON object");
    for (bool more = hn_json_first(j, &it); more && st == HN_OK; more = hn_json_next(&it)) {
        const char *token = hn_json_cstr(it.value);
        int role = 0;
        while (role < HN_SPECIAL_COUNT && !hn_streq(it.key, roles[role])) role++;
        if (!token || role == HN_SPECIAL_COUNT) {
            st = hn_fail(err, HN_EARG, "--special_tokens: \"%.60s\" is no role with a token", it.key);
            hn_error_detail(err, "roles: bos_token, eos_token, pad_token, unk_token");
        } else {
            st = hn_tokenizer_set_special(t, (hn_special)role, token, err);
        }
    }
    hn_json_free(j);
    return st;
}

hn_status hn_tokens_apply(const hone_config *c, hn_tokenizer *t, hn_error *err) {
    const hn_token_opts *o = &c->tokens;
    int32_t plain = 0, special = 0, before = hn_tokenizer_size(t);
    if (o->add_tokens.n) HN_TRY(hn_tokenizer_add(t, (const char *const *)o->add_tokens.v, o->add_tokens.n, false, &plain, err));
    if (o->new_special_tokens.n)
        HN_TRY(hn_tokenizer_add(t, (const char *const *)o->new_special_tokens.v, o->new_special_tokens.n, true, &special, err));
    if (o->special_tokens) HN_TRY(set_roles(o->special_tokens, t, err));
    if (hn_tokenizer_size(t) > before)
        hn_info("%d tokens are new: the tokenizer has %d", (int)(hn_tokenizer_size(t) - before), (int)hn_tokenizer_size(t));
    return HN_OK;
}

bool hn_tokens_wanted(const hone_config *c) {
    return c->tokens.add_tokens.n || c->tokens.new_special_tokens.n || c->tokens.special_tokens;
}

hone_status hone_load_tokenizer_of(hone_config *c, const char *dir, hone_tokenizer **out) {
    hn_error err = {0};
    *out = NULL;
    const char *path = c->model.tokenizer_name ? c->model.tokenizer_name : dir;
    if (!path || (!c->model.tokenizer_name && !hn_tokenizer_found(path))) {
        if (!hn_tokens_wanted(c)) return HONE_OK; /* rows of token ids need none */
        return hone_keep(
            c->ctx, hn_fail(&err, HN_ENOENT, "tokens are to be added, but '%s' holds no tokenizer", path ? path : "."), &err);
    }
    hone_status st = hone_tokenizer_load(c->ctx, path, out);
    if (st != HONE_OK) return st;
    st = hone_keep(c->ctx, hn_tokens_apply(c, (*out)->t, &err), &err);
    if (st == HONE_OK) return st;
    hone_tokenizer_free(*out);
    *out = NULL;
    return st;
}

hone_status hone_load_tokenizer(hone_config *c, hone_model *m, hone_tokenizer **out) {
    return hone_load_tokenizer_of(c, m ? hn_model_dir(m->m) : NULL, out);
}
