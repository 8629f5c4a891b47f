/* tokenizer_save.c - writes a tokenizer into a model folder, for transformers to load with equal ids.
 *
 * What was read from tokenizer.json and has not been changed since is copied as it is. Else tokenizer.json is written from the
 * parts, with the vocabulary's own text where there is one, and tokenizer_config.json names the class that runs that file. */
#include "text/json_reader.h"
#include "text/sp_impl.h"

static hn_status write_file(const char *dir, const char *name, const char *p, size_t n, hn_error *err) {
    char *path = hn_path_join(dir, name);
    if (!path) return hn_nomem(err, strlen(dir));
    hn_status st = hn_file_write(path, p, n, err);
    hn_free(path);
    return st;
}

/* ------------------------------------------------------------------ tokenizer.json */

typedef struct source { /* of what is written */
    const hn_json *spec;
    hn_json *own; /* spec, where it was made for this */
    hn_str vocab, merges; /* with their brackets; p NULL: none */
    hn_buf vocab_text, merges_text, rest;
} source;

static void release(source *s) {
    hn_json_free(s->own);
    hn_buf_release(&s->vocab_text);
    hn_buf_release(&s->merges_text);
    hn_buf_release(&s->rest);
}

static void bracket(hn_buf *b, const hn_buf *inside, const char *brackets) {
    hn_buf_putc(b, brackets[0]);
    hn_buf_add(b, inside->p, inside->n);
    hn_buf_putc(b, brackets[1]);
}

static hn_status open_pieces(const hn_tokenizer *t, source *s, hn_error *err) {
    hn_buf vocab = {0}, merges = {0}, inexact = {0};
    hn_status st = hn_sp_spec(t->sp, &s->own, err);
    if (st == HN_OK) st = hn_sp_write_vocab(t->sp, &vocab, &merges, &inexact, err);
    bracket(&s->vocab_text, &vocab, t->sp->is_bpe ? "{}" : "[]");
    bracket(&s->merges_text, &merges, "[]");
    s->vocab = (hn_str){s->vocab_text.p, s->vocab_text.n};
    if (t->sp->is_bpe) s->merges = (hn_str){s->merges_text.p, s->merges_text.n};
    if (st == HN_OK && (s->vocab_text.failed || s->merges_text.failed)) st = hn_nomem(err, vocab.n);
    if (st == HN_OK && inexact.n) hn_warn("ids in transformers can differ from SentencePiece's for: %s", inexact.p);
    hn_buf_release(&vocab);
    hn_buf_release(&merges);
    hn_buf_release(&inexact);
    if (st != HN_OK) return st;
    hn_json_set(s->own, "post_processor", hn_json_ref(hn_json_get(t->spec, "post_processor")));
    s->spec = s->own;
    return HN_OK;
}

static hn_status open_source(const hn_tokenizer *t, source *s, hn_error *err) {
    if (t->sp) return open_pieces(t, s, err);
    hn_model_source cut = {0};
    const struct hn_kept_file *json = &t->kept[HN_KEPT_JSON];
    if (!hn_model_cut((hn_str){json->p, json->n}, &cut, &s->rest)) return hn_nomem(err, json->n);
    s->spec = t->spec;
    s->vocab = cut.vocab;
    s->merges = cut.merges;
    return HN_OK;
}

static void put_added(hn_buf *out, int32_t id, hn_str text, const hn_added_token *flags, bool *any) {
    static const char *const truth[] = {"false", "true"};
    hn_buf_printf(out, "%s\n    {\"id\": %d, \"content\": ", *any ? "," : "", (int)id);
    hn_json_write_str(out, text.p, text.n);
    hn_buf_printf(out, ", \"single_word\": %s, \"lstrip\": %s, \"rstrip\": %s, \"normalized\": %s, \"special\": %s}",
                  truth[flags->single_word], truth[flags->lstrip], truth[flags->rstrip], truth[flags->normalized],
                  truth[flags->special]);
    *any = true;
}

/* By id, as the reference numbers new ones in the order of the list. */
static void write_added(const hn_tokenizer *t, hn_buf *out) {
    bool any = false;
    hn_buf_putc(out, '[');
    for (int32_t id = 0, end = hn_tokenizer_size(t); id < end; id++) {
        const hn_added_token *a = hn_added_of(t, id);
        if (a) {
            put_added(out, id, a->text, a, &any);
        } else if (t->sp && t->sp->is_bpe && id < (int32_t)t->sp->n && t->sp->type[id] == HN_SP_USER) {
            hn_str text = hn_vocab_text(t->sp->vocab, id);
            bool spelled = memmem(text.p, text.n, "\xE2\x96\x81", 3) != NULL;
            put_added(out, id, text, &(hn_added_token){.normalized = spelled}, &any);
        }
    }
    hn_buf_puts(out, any ? "\n  ]" : "]");
}

static void write_model(const source *s, const hn_json *model, hn_buf *out) {
    hn_json_iter it;
    bool any = false;
    hn_buf_putc(out, '{');
    for (bool more = hn_json_first(model, &it); more; more = hn_json_next(&it)) {
        if (hn_streq(it.key, "vocab") || hn_streq(it.key, "merges")) continue;
        hn_buf_printf(out, "%s\n    ", any ? "," : "");
        hn_json_write_str(out, it.key, strlen(it.key));
        hn_buf_puts(out, ": ");
        hn_json_write(out, it.value, 0);
        any = true;
    }
    hn_buf_printf(out, "%s\n    \"vocab\": ", any ? "," : "");
    hn_buf_add(out, s->vocab.p, s->vocab.n);
    if (s->merges.p) {
        hn_buf_puts(out, ",\n    \"merges\": ");
        hn_buf_add(out, s->merges.p, s->merges.n);
    }
    hn_buf_puts(out, "\n  }");
}

static void write_json(const hn_tokenizer *t, const source *s, hn_buf *out) {
    hn_json_iter it;
    bool any = false, added = false;
    hn_buf_puts(out, "{");
    for (bool more = hn_json_first(s->spec, &it); more; more = hn_json_next(&it)) {
        hn_buf_printf(out, "%s\n  ", any ? "," : "");
        hn_json_write_str(out, it.key, strlen(it.key));
        hn_buf_puts(out, ": ");
        if (hn_streq(it.key, "model")) write_model(s, it.value, out);
        else if (hn_streq(it.key, "added_tokens")) write_added(t, out);
        else hn_json_write(out, it.value, 0);
        added |= hn_streq(it.key, "added_tokens");
        any = true;
    }
    if (!added) {
        hn_buf_puts(out, ",\n  \"added_tokens\": ");
        write_added(t, out);
    }
    hn_buf_puts(out, "\n}\n");
}

/* ------------------------------------------------------------------ tokenizer_config.json */

/* Would transformers build another chain than the file's for the class that is named? */
static bool is_rebuilt(const hn_tokenizer *t) {
    hn_peculiar p[HN_PECULIAR_MOST];
    size_t n = hn_tokenizer_peculiar(t, NULL, p);
    for (size_t i = 0; i < n; i++)
        if (hn_streq(p[i].id, "tokenizer_rebuilt")) return true;
    return false;
}

static hn_json *token_text(const hn_json *token) {
    hn_str s;
    return hn_json_text(token, &s) || hn_json_text(hn_json_get(token, "content"), &s) ? hn_json_new_str(s.p, s.n) : NULL;
}

/* What only special_tokens_map.json of an older folder says: sep_token and the like, and further special tokens. */
static void take_roles(hn_json *j, const hn_json *specials) {
    hn_json_iter it;
    for (bool more = hn_json_first(specials, &it); more; more = hn_json_next(&it)) {
        bool list = hn_json_type(it.value) == HN_JSON_ARRAY;
        if (hn_json_has(j, it.key) || (list && hn_json_has(j, "extra_special_tokens"))) continue;
        hn_json *v = list ? hn_json_new_array() : token_text(it.value);
        for (size_t i = 0; list && v && i < hn_json_len(it.value); i++) hn_json_push(v, token_text(hn_json_at(it.value, i)));
        if (v) hn_json_set(j, it.key, v);
    }
}

static hn_json *config_of(const hn_tokenizer *t) {
    static const char *const roles[HN_SPECIAL_COUNT] = {"bos_token", "eos_token", "pad_token", "unk_token"};
    hn_json *j = hn_json_new_object();
    hn_json_iter it;
    if (!j) return NULL;
    for (bool more = hn_json_first(t->config, &it); more; more = hn_json_next(&it)) {
        if (hn_streq(it.key, "added_tokens_decoder")) continue; /* tokenizer.json holds them, flags and all */
        hn_json_set(j, it.key, hn_json_ref(it.value));
    }
    if (t->sp || t->made || is_rebuilt(t) || !hn_json_get(t->config, "tokenizer_class"))
        hn_json_set_text(j, "tokenizer_class", "PreTrainedTokenizerFast");
    for (int i = 0; i < HN_SPECIAL_COUNT; i++)
        if (t->special[i]) hn_json_set_text(j, roles[i], t->special[i]);
    take_roles(j, t->specials);
    if (!hn_json_has(j, "clean_up_tokenization_spaces")) hn_json_set_bool(j, "clean_up_tokenization_spaces", false);
    if (t->max_length == INT64_MAX) hn_json_set_num(j, "model_max_length", 1e30);
    return j;
}

/* The length of files that know none is 1e30 as an integer, which is beyond those of JSON here. */
static void put_config(hn_buf *out, const hn_json *j) {
    static const char real[] = "\"model_max_length\": 1e+30", whole[] = "\"model_max_length\": 1000000000000000019884624838656";
    hn_buf text = {0};
    hn_json_write(&text, j, 2);
    hn_buf_putc(&text, '\n');
    const char *at = text.p ? strstr(text.p, real) : NULL;
    if (at) {
        hn_buf_add(out, text.p, (size_t)(at - text.p));
        hn_buf_puts(out, whole);
        hn_buf_puts(out, at + sizeof real - 1);
    } else {
        hn_buf_add(out, text.p, text.n);
    }
    out->failed |= text.failed;
    hn_buf_release(&text);
}

static hn_status write_config(const hn_tokenizer *t, const char *dir, hn_error *err) {
    hn_buf text = {0};
    hn_json *j = config_of(t);
    if (!j) return hn_nomem(err, 256);
    put_config(&text, j);
    hn_status st = text.failed ? hn_nomem(err, text.n) : write_file(dir, "tokenizer_config.json", text.p, text.n, err);
    hn_buf_release(&text);
    hn_json_free(j);
    return st;
}

/* As they are, but for a class that would not run the file. */
static hn_status copy_kept(const hn_tokenizer *t, const char *dir, hn_error *err) {
    for (size_t i = 0; i < HN_KEPT_ADDED; i++) {
        if (!t->kept[i].p || i == HN_KEPT_TEMPLATE) continue;
        if (i == HN_KEPT_CONFIG && is_rebuilt(t)) HN_TRY(write_config(t, dir, err));
        else HN_TRY(write_file(dir, t->kept[i].name, t->kept[i].p, t->kept[i].n, err));
    }
    return HN_OK;
}

/* Files of its own, or one template instead of all of them. */
static hn_status write_templates(const hn_tokenizer *t, const char *dir, const char *instead, hn_error *err) {
    const struct hn_kept_file *jinja = &t->kept[HN_KEPT_TEMPLATE];
    bool in_config = hn_json_get(t->config, "chat_template") != NULL;
    if (instead) return write_file(dir, "chat_template.jinja", instead, strlen(instead), err);
    if (jinja->p) HN_TRY(write_file(dir, jinja->name, jinja->p, jinja->n, err));
    else if (t->chat_template && !in_config)
        HN_TRY(write_file(dir, "chat_template.jinja", t->chat_template, strlen(t->chat_template), err));
    if (t->nameds == 0) return HN_OK;
    char *folder = hn_path_join(dir, HN_NAMED_TEMPLATES);
    hn_status st = folder ? hn_dir_make(folder, err) : hn_nomem(err, strlen(dir));
    hn_free(folder);
    for (size_t i = 0; i < t->nameds && st == HN_OK; i++)
        st = write_file(dir, t->named[i].name, t->named[i].p, t->named[i].n, err);
    return st;
}

hn_status hn_tokenizer_save(const hn_tokenizer *t, const char *dir, const char *chat_template, hn_error *err) {
    HN_TRY(write_templates(t, dir, chat_template, err));
    if (!t->changed && !t->made && !t->sp) return copy_kept(t, dir, err);
    source s = {0};
    hn_buf text = {0};
    hn_status st = open_source(t, &s, err);
    if (st == HN_OK) write_json(t, &s, &text);
    if (st == HN_OK) st = text.failed ? hn_nomem(err, text.n) : write_file(dir, "tokenizer.json", text.p, text.n, err);
    if (st == HN_OK) st = write_config(t, dir, err);
    release(&s);
    hn_buf_release(&text);
    return st;
}
