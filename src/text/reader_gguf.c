/* reader_gguf.c - the vocabulary inside a GGUF file, as llama.cpp writes them: byte-level BPE ("gpt2"), SentencePiece BPE
 * ("llama") and Unigram ("t5"), WordPiece ("bert"). */
#include "text/gguf_impl.h"
#include "text/made_json.h"
#include "text/sp_impl.h"

enum { NORMAL = 1, UNKNOWN, CONTROL, USER };

static int type_of(const hn_gguf *g, uint64_t i) {
    double type = hn_gguf_number(&g->types, i, NORMAL);
    return type >= 1 && type <= 6 ? (int)type : NORMAL;
}

static hn_status bad_token(uint64_t i, hn_error *err) {
    return hn_fail(err, HN_EFORMAT, "tokenizer.ggml.tokens[%llu] is no UTF-8", (unsigned long long)i);
}

static hn_end token_of(const hn_gguf *g, int which, int64_t otherwise) {
    int64_t id = g->id[which] >= 0 ? g->id[which] : otherwise;
    hn_gguf_array tokens = g->tokens;
    hn_str text = {"", 0};
    if (id < 0 || (uint64_t)id >= tokens.n) return (hn_end){.id = -1};
    for (int64_t i = 0; i <= id; i++) hn_gguf_string(&tokens, &text);
    bool good = text.n > 0 && hn_utf8_valid(text.p, text.n, NULL);
    return good ? (hn_end){text, (int32_t)id} : (hn_end){.id = -1};
}

static bool flag(int given, bool otherwise) {
    return given < 0 ? otherwise : given != 0;
}

/* ------------------------------------------------------------------ llama, t5 */

static hn_status add_pieces(const hn_gguf *g, hn_sp *sp, hn_error *err) {
    hn_gguf_array tokens = g->tokens;
    hn_str text;
    for (uint64_t i = 0; hn_gguf_string(&tokens, &text); i++) {
        int type = type_of(g, i);
        bool unknown = g->id[HN_GGUF_UNK] >= 0 ? i == (uint64_t)g->id[HN_GGUF_UNK] : type == UNKNOWN && sp->unk < 0;
        if (unknown) sp->unk = (int32_t)i;
        if (type == UNKNOWN && !unknown) type = CONTROL; /* rows that only fill the vocabulary up */
        if (type == HN_SP_BYTE) sp->byte_fallback = true;
        if (type == USER) type = CONTROL; /* added below: cut out of the text as it stands, a space in front of what follows */
        HN_TRY(hn_sp_add(sp, text, hn_gguf_number(&g->scores, i, 0), unknown ? UNKNOWN : type, err));
    }
    return HN_OK;
}

static hn_status add_user_tokens(hn_tokenizer *t, const hn_gguf *g, hn_error *err) {
    hn_gguf_array tokens = g->tokens;
    hn_added_token token = {0};
    for (uint64_t i = 0; hn_gguf_string(&tokens, &token.text); i++)
        if (type_of(g, i) == USER) HN_TRY(hn_added_put(t, &token, err));
    return HN_OK;
}

static hn_status read_charsmap(const hn_gguf *g, hn_sp *sp, hn_error *err) {
    if (g->charsmap.n == 0 || g->charsmap.type > 1) return HN_OK; /* bytes */
    return hn_charsmap_new((hn_str){g->charsmap.p, (size_t)g->charsmap.n}, &sp->map, err);
}

static hn_status read_pieces(hn_tokenizer *t, const hn_gguf *g, bool is_bpe, hn_error *err) {
    hn_sp *sp = hn_sp_new();
    if (!sp) return hn_nomem(err, sizeof *sp);
    sp->is_bpe = is_bpe;
    sp->dummy_prefix = flag(g->space_prefix, true);
    sp->strips_extra = flag(g->strips_extra, !is_bpe);
    hn_status st = add_pieces(g, sp, err);
    if (st == HN_OK) st = read_charsmap(g, sp, err);
    sp->bos = token_of(g, HN_GGUF_BOS, -1).id;
    sp->eos = token_of(g, HN_GGUF_EOS, -1).id;
    sp->pad = token_of(g, HN_GGUF_PAD, -1).id;
    if (st == HN_OK) st = hn_sp_build(sp, err);
    if (st == HN_OK)
        st = hn_sp_install(t, sp, (hn_sp_frame){.bos = flag(g->add_bos, is_bpe), .eos = flag(g->add_eos, !is_bpe)}, err);
    else hn_sp_free(sp);
    return st == HN_OK ? add_user_tokens(t, g, err) : st;
}

/* ------------------------------------------------------------------ gpt2 */

static hn_status no_rule(const hn_gguf *g, hn_error *err) {
    hn_buf names = {0};
    hn_split_rule_names(&names);
    if (!g->pre.p) hn_fail(err, HN_ENOTSUP, "there is no tokenizer.ggml.pre: how text is split is not known");
    else
        hn_fail(err, HN_ENOTSUP, "tokenizer.ggml.pre is \"%.*s\": how that splits text is not known",
                g->pre.n > 60 ? 60 : (int)g->pre.n, g->pre.p);
    hn_error_detail(err, "known: %s", names.p ? names.p : "");
    hn_error_fix(err, "use the tokenizer.json of the model the file was made from");
    hn_buf_release(&names);
    return HN_ENOTSUP;
}

static const hn_split_rule *rule_of(const hn_gguf *g) {
    char name[64];
    hn_str pre = g->pre.p ? g->pre : hn_str_eq(g->architecture, "gptneox") ? hn_str_of("gpt-neox") : (hn_str){0};
    if (!pre.p || pre.n >= sizeof name) return NULL;
    snprintf(name, sizeof name, "%.*s", (int)pre.n, pre.p);
    return hn_split_rule_find(name);
}

static hn_status put_tokens(const hn_gguf *g, hn_made *m, hn_error *err) {
    hn_gguf_array tokens = g->tokens;
    hn_str text;
    for (uint64_t i = 0; hn_gguf_string(&tokens, &text); i++) {
        if (!hn_utf8_valid(text.p, text.n, NULL)) return bad_token(i, err);
        hn_made_piece(m, text, (int64_t)i);
        int type = type_of(g, i);
        if (type == CONTROL || type == USER) hn_made_added(m, text, (int64_t)i, type == CONTROL);
    }
    return HN_OK;
}

static hn_status put_merges(const hn_gguf *g, hn_made *m, hn_error *err) {
    hn_gguf_array merges = g->merges;
    hn_str text;
    for (uint64_t i = 0; hn_gguf_string(&merges, &text); i++) {
        const char *space = text.n > 1 ? memchr(text.p + 1, ' ', text.n - 1) : NULL; /* a token may be a space */
        if (!space || !hn_utf8_valid(text.p, text.n, NULL))
            return hn_fail(err, HN_EFORMAT, "tokenizer.ggml.merges[%llu] is not two tokens with a space between",
                           (unsigned long long)i);
        size_t left = (size_t)(space - text.p);
        hn_made_merge(m, (hn_str){text.p, left}, (hn_str){space + 1, text.n - left - 1});
    }
    return HN_OK;
}

static void set_defaults(hn_tokenizer *t, const hn_gguf *g) {
    t->default_id[HN_BOS] = token_of(g, HN_GGUF_BOS, -1).id;
    t->default_id[HN_EOS] = token_of(g, HN_GGUF_EOS, -1).id;
    t->default_id[HN_PAD] = token_of(g, HN_GGUF_PAD, -1).id;
    t->default_id[HN_UNK] = token_of(g, HN_GGUF_UNK, -1).id;
}

static hn_status read_bytes(hn_tokenizer *t, const hn_gguf *g, const char *path, hn_error *err) {
    const hn_split_rule *rule = rule_of(g);
    if (!rule) return no_rule(g, err);
    hn_made m = {.is_bpe = true, .normalizer = rule->normalizer, .pretokenizer = rule->pretokenizer, .decoder = hn_byte_decoder,
                 .model = rule->ignore_merges ? hn_byte_model_ignoring : hn_byte_model};
    hn_end none = {.id = -1};
    hn_status st = put_tokens(g, &m, err);
    if (st == HN_OK) st = put_merges(g, &m, err);
    if (st == HN_OK) {
        hn_template_write(&m.post, flag(g->add_bos, false) ? token_of(g, HN_GGUF_BOS, -1) : none,
                          flag(g->add_eos, false) ? token_of(g, HN_GGUF_EOS, -1) : none, false);
        set_defaults(t, g);
        st = hn_made_take(t, &m, path, err);
    }
    hn_made_release(&m);
    return st;
}

/* ------------------------------------------------------------------ bert */

/* U+2581 begins a word, the other tokens go on: the vocabulary of BERT spells it the other way round. */
static hn_status put_word_pieces(const hn_gguf *g, hn_made *m, hn_error *err) {
    hn_gguf_array tokens = g->tokens;
    hn_str text;
    hn_buf spelled = {0};
    hn_status st = HN_OK;
    for (uint64_t i = 0; st == HN_OK && hn_gguf_string(&tokens, &text); i++) {
        int type = type_of(g, i);
        bool begins = text.n > 3 && memcmp(text.p, "\xE2\x96\x81", 3) == 0;
        hn_buf_clear(&spelled);
        if (type != CONTROL && !begins) hn_buf_puts(&spelled, "##");
        hn_buf_add(&spelled, text.p + (type != CONTROL && begins ? 3 : 0), text.n - (type != CONTROL && begins ? 3 : 0));
        if (!hn_utf8_valid(text.p, text.n, NULL)) st = bad_token(i, err);
        else if (spelled.failed) st = hn_nomem(err, text.n);
        else hn_made_piece(m, (hn_str){spelled.p, spelled.n}, (int64_t)i);
        if (type == CONTROL && st == HN_OK) hn_made_added(m, text, (int64_t)i, true);
    }
    hn_buf_release(&spelled);
    return st;
}

static hn_status read_word_pieces(hn_tokenizer *t, const hn_gguf *g, const char *path, hn_error *err) {
    hn_made m = {.normalizer = "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":"
                               "null,\"lowercase\":true}",
                 .pretokenizer = "{\"type\":\"BertPreTokenizer\"}",
                 .decoder = "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}"};
    hn_end unk = token_of(g, HN_GGUF_UNK, 100), cls = token_of(g, HN_GGUF_CLS, g->id[HN_GGUF_BOS]),
           sep = token_of(g, HN_GGUF_SEP, g->id[HN_GGUF_EOS]);
    hn_buf model = {0};
    hn_buf_puts(&model, "\"type\":\"WordPiece\",\"unk_token\":");
    hn_json_write_str(&model, unk.text.p ? unk.text.p : "", unk.text.n);
    hn_buf_puts(&model, ",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100");
    m.model = model.p;
    hn_status st = model.failed ? hn_nomem(err, 64) : put_word_pieces(g, &m, err);
    if (st == HN_OK) {
        hn_end none = {.id = -1};
        hn_template_write(&m.post, flag(g->add_bos, true) ? cls : none, flag(g->add_eos, true) ? sep : none, true);
        set_defaults(t, g);
        st = hn_made_take(t, &m, path, err);
    }
    hn_made_release(&m);
    hn_buf_release(&model);
    return st;
}

/* ------------------------------------------------------------------ the reader */

static hn_status unknown_model(const hn_gguf *g, hn_error *err) {
    if (!g->model.p) return hn_fail(err, HN_EFORMAT, "there is no tokenizer.ggml.model");
    return hn_fail(err, HN_ENOTSUP, "tokenizer.ggml.model is \"%.*s\": gpt2, llama, t5 and bert are known",
                   g->model.n > 60 ? 60 : (int)g->model.n, g->model.p);
}

static hn_status read_model(hn_tokenizer *t, const hn_gguf *g, const char *path, hn_error *err) {
    if (g->tokens.n == 0 || g->tokens.type != 8) return hn_fail(err, HN_EFORMAT, "there is no tokenizer.ggml.tokens");
    if (hn_str_eq(g->model, "llama")) return read_pieces(t, g, true, err);
    if (hn_str_eq(g->model, "t5")) return read_pieces(t, g, false, err);
    if (hn_str_eq(g->model, "gpt2")) return read_bytes(t, g, path, err);
    if (hn_str_eq(g->model, "bert")) return read_word_pieces(t, g, path, err);
    return unknown_model(g, err);
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    hn_gguf g;
    HN_TRY_CTX(hn_gguf_read(bytes, &g, err), err, "%s", path);
    HN_TRY_CTX(read_model(t, &g, path, err), err, "%s", path);
    hn_str jinja = g.chat_template;
    if (!t->chat_template && jinja.p && hn_utf8_valid(jinja.p, jinja.n, NULL) && !memchr(jinja.p, 0, jinja.n)) {
        t->chat_template = hn_strndup(jinja.p, jinja.n);
        if (!t->chat_template) return hn_nomem(err, jinja.n);
    }
    return HN_OK;
}

static bool is(const char *base, hn_str head) {
    (void)base;
    return head.n >= 4 && memcmp(head.p, "GGUF", 4) == 0;
}

static const char *const files[] = {"*.gguf", NULL};
const hn_tokenizer_reader hn_reader_gguf = {
    .name = "GGUF", .about = "the vocabulary inside a model of llama.cpp", .files = files, .is = is, .read = read};
