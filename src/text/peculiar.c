/* peculiar.c - where transformers 5 gives other ids than the files as they stand.
 *
 * For tokenizer classes with a constructor of their own it takes vocabulary and merges from tokenizer.json and builds
 * normalizer and pre-tokenizer anew (read in 5.23); and add_bos_token and add_eos_token, which version 4 obeyed, count
 * for nothing beside a tokenizer.json. hone runs the file. */
#include "text/text_impl.h"

typedef struct class_row {
    const char *name; /* tokenizer_class, without "Fast" */
    const char *normalizer, *pretokenizer; /* what the constructor builds; NULL: none. @A: add_prefix_space, @S: the scheme */
    bool prefix_default;
    const char *model_flags; /* of a BPE: those the constructor sets */
} class_row;

#define QWEN2_SPLIT                                                                                                              \
    "{\"type\":\"Split\",\"behavior\":\"Isolated\",\"invert\":false,\"pattern\":{\"Regex\":\"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"      \
    "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| "                                                                         \
    "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"}}"
#define BYTE_LEVEL(regex) "{\"type\":\"ByteLevel\",\"add_prefix_space\":@A,\"use_regex\":" regex "}"
#define PLAIN_BPE "{\"ignore_merges\":false,\"byte_fallback\":false}"
#define META_BPE "{\"ignore_merges\":false,\"byte_fallback\":true,\"fuse_unk\":true}"

static const class_row classes[] = {
    {"BertTokenizer",
     "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":@C,\"strip_accents\":@P,\"lowercase\":@L}",
     "{\"type\":\"BertPreTokenizer\"}", false, NULL},
    {"GPT2Tokenizer", NULL, BYTE_LEVEL("true"), false, PLAIN_BPE},
    {"RobertaTokenizer", NULL, BYTE_LEVEL("true"), false, PLAIN_BPE},
    {"GPTNeoXTokenizer", "{\"type\":\"NFC\"}", BYTE_LEVEL("true"), false, PLAIN_BPE},
    {"Qwen2Tokenizer", "{\"type\":\"NFC\"}",
     "{\"type\":\"Sequence\",\"pretokenizers\":[" QWEN2_SPLIT "," BYTE_LEVEL("false") "]}", false, PLAIN_BPE},
    {"LlamaTokenizer", NULL,
     "{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"@S\",\"split\":false}", true, META_BPE},
    {"GemmaTokenizer", "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xE2\x96\x81\"}",
     "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"MergedWithPrevious\",\"invert\":false}", false, META_BPE},
};

/* model_type of config.json to the class registered for it; Backend runs the file. wrong: the class named in
 * tokenizer_config.json is not believed. */
static const struct {
    const char *model_type, *name;
    bool wrong;
} registered[] = {
    {"bert", "BertTokenizer", false},     {"distilbert", "BertTokenizer", false}, {"electra", "BertTokenizer", false},
    {"gpt2", "GPT2Tokenizer", false},     {"gptj", "GPT2Tokenizer", false},       {"gpt_neo", "GPT2Tokenizer", false},
    {"opt", "GPT2Tokenizer", false},      {"phi", "GPT2Tokenizer", false},        {"starcoder2", "GPT2Tokenizer", false},
    {"roberta", "RobertaTokenizer", false}, {"gpt_neox", "GPTNeoXTokenizer", false}, {"olmo", "GPTNeoXTokenizer", false},
    {"qwen2", "Qwen2Tokenizer", true},    {"qwen2_moe", "Qwen2Tokenizer", false}, {"qwen3", "Qwen2Tokenizer", false},
    {"qwen3_moe", "Qwen2Tokenizer", false}, {"gemma", "GemmaTokenizer", false},   {"gemma2", "GemmaTokenizer", false},
    {"gemma3", "GemmaTokenizer", false},  {"gemma3_text", "GemmaTokenizer", false}, {"mistral", "Backend", false},
    {"mixtral", "Backend", false},        {"ministral", "Backend", false},        {"phi3", "Backend", true},
    {"olmo2", "Backend", false},          {"granite", "Backend", false},          {"stablelm", "Backend", false},
    {"gpt_bigcode", "Backend", false},    {"glm", "Backend", false},              {"glm4", "Backend", false},
};

static bool is_backend(const char *name) {
    return !name || hn_streq(name, "Backend") || hn_streq(name, "TokenizersBackend") || hn_streq(name, "PreTrainedTokenizer") ||
           hn_streq(name, "PreTrainedTokenizerFast");
}

static bool has_byte_level(const hn_json *part) {
    if (hn_streq(hn_json_cstr(hn_json_get(part, "type")), "ByteLevel")) return true;
    const hn_json *list = hn_json_get(part, "pretokenizers");
    for (size_t i = 0; i < hn_json_len(list); i++)
        if (has_byte_level(hn_json_at(list, i))) return true;
    return false;
}

/* The class transformers makes; NULL: the one that runs the file. named: room for a name without "Fast". */
static const char *class_of(const hn_tokenizer *t, const char *model_type, char named[64]) {
    const char *written = hn_json_cstr(hn_json_get(t->config, "tokenizer_class")), *known = NULL;
    bool wrong = false;
    for (size_t i = 0; i < sizeof registered / sizeof *registered; i++)
        if (hn_streq(registered[i].model_type, model_type)) {
            known = registered[i].name;
            wrong = registered[i].wrong;
        }
    if (!written) return is_backend(known) ? NULL : known;
    snprintf(named, 64, "%s", written);
    size_t n = strlen(named);
    if (n > 4 && strcmp(named + n - 4, "Fast") == 0) named[n - 4] = '\0';
    if (hn_streq(named, "LlamaTokenizer") && !wrong && has_byte_level(hn_json_get(t->spec, "pre_tokenizer"))) return NULL;
    if (known && !hn_streq(known, named)) {
        if (is_backend(known)) return NULL;
        if (wrong) return known;
    }
    return is_backend(named) ? NULL : named;
}

/* ------------------------------------------------------------------ the chain of the file against the one built */

static bool same(const hn_json *file, const hn_json *built);

static bool same_members(const hn_json *file, const hn_json *built) {
    hn_json_iter it;
    for (bool more = hn_json_first(built, &it); more; more = hn_json_next(&it)) {
        const hn_json *have = hn_json_get(file, it.key);
        bool absent_default = !have && hn_json_type(it.value) == HN_JSON_BOOL &&
                              hn_json_bool(it.value, false) == hn_streq(it.key, "use_regex");
        if (!absent_default && !same(have, it.value)) return false;
    }
    return true;
}

static bool same(const hn_json *file, const hn_json *built) {
    hn_json_kind kind = hn_json_type(built);
    hn_str a, b;
    if (kind != hn_json_type(file)) return false;
    if (kind == HN_JSON_OBJECT) return same_members(file, built);
    if (kind == HN_JSON_BOOL) return hn_json_bool(file, false) == hn_json_bool(built, false);
    if (hn_json_text(built, &b)) return hn_json_text(file, &a) && a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
    if (hn_json_len(file) != hn_json_len(built)) return false;
    for (size_t i = 0; i < hn_json_len(built); i++)
        if (!same(hn_json_at(file, i), hn_json_at(built, i))) return false;
    return true;
}

/* A sequence of one is that one, of none is nothing. */
static const hn_json *unwrapped(const hn_json *part) {
    const hn_json *list = hn_json_get(part, "normalizers");
    if (!list) list = hn_json_get(part, "pretokenizers");
    return !list || hn_json_len(list) > 1 ? part : hn_json_at(list, 0);
}

static void put_setting(hn_buf *out, const hn_tokenizer *t, char which, bool prefix_default) {
    const hn_json *c = t->config;
    bool prefix = hn_json_bool(hn_json_get(c, "add_prefix_space"), prefix_default);
    const hn_json *accents = hn_json_get(c, "strip_accents");
    bool value = which == 'A' ? prefix : which == 'C' ? hn_json_bool(hn_json_get(c, "tokenize_chinese_chars"), true)
                                       : hn_json_bool(hn_json_get(c, "do_lower_case"), true);
    if (which == 'S') hn_buf_puts(out, !prefix ? "never" : hn_json_bool(hn_json_get(c, "legacy"), false) ? "always" : "first");
    else if (which == 'P') hn_buf_puts(out, !accents ? "null" : hn_json_bool(accents, false) ? "true" : "false");
    else hn_buf_puts(out, value ? "true" : "false");
}

static bool builds(const hn_tokenizer *t, const char *pattern, bool prefix_default, const hn_json *file) {
    if (!pattern) return file == NULL;
    hn_buf text = {0};
    for (const char *p = pattern; *p; p++) {
        if (*p == '@') put_setting(&text, t, *++p, prefix_default);
        else hn_buf_putc(&text, *p);
    }
    hn_json *built = NULL;
    bool is = !text.failed && hn_json_parse(text.p, text.n, "class", 1, &built, NULL) == HN_OK && same(file, built);
    hn_json_free(built);
    hn_buf_release(&text);
    return is;
}

static void compare_chain(const hn_tokenizer *t, const char *name, hn_peculiar *out, size_t *n) {
    const class_row *row = NULL;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (hn_streq(classes[i].name, name)) row = &classes[i];
    if (!row) return; /* a class whose constructor is not known here */
    const hn_json *model = hn_json_get(t->spec, "model");
    bool normal = builds(t, row->normalizer, row->prefix_default, unwrapped(hn_json_get(t->spec, "normalizer")));
    bool split = builds(t, row->pretokenizer, row->prefix_default, unwrapped(hn_json_get(t->spec, "pre_tokenizer")));
    bool merges = !row->model_flags || builds(t, row->model_flags, false, model);
    if (normal && split && merges) return;
    bool meta = hn_streq(name, "LlamaTokenizer") && !normal;
    hn_peculiar *p = &out[(*n)++];
    p->id = "tokenizer_rebuilt";
    snprintf(p->text, sizeof p->text, "transformers 5 builds %s's own %s%s%s instead of running tokenizer.json: %s", name,
             normal ? "" : "normalizer", normal || split ? "" : " and ", split ? normal ? "merging" : "" : "pre-tokenizer",
             meta ? "ids differ for text that begins with a space, and behind special tokens" : "ids can differ");
    snprintf(p->fix, sizeof p->fix,
             "set \"tokenizer_class\": \"PreTrainedTokenizerFast\" in tokenizer_config.json, and it runs the file");
}

/* ------------------------------------------------------------------ add_bos_token, add_eos_token */

static void compare_ends(const hn_tokenizer *t, hn_peculiar *out, size_t *n) {
    static const char *const keys[] = {"add_bos_token", "add_eos_token"}, *const sides[] = {"in front", "at the end"};
    hn_encoding e = {0};
    if (hn_tokenizer_encode(t, (hn_str){"", 0}, HN_ENCODE_SPECIAL, &e, NULL) != HN_OK) e.n = 0;
    for (int i = 0; i < 2; i++) {
        const hn_json *said = hn_json_get(t->config, keys[i]);
        int32_t id = t->special_id[i == 0 ? HN_BOS : HN_EOS];
        if (hn_json_type(said) != HN_JSON_BOOL || id < 0) continue;
        bool asked = hn_json_bool(said, false), put = e.n > 0 && e.id[i == 0 ? 0 : e.n - 1] == id;
        if (asked == put) continue;
        hn_peculiar *p = &out[(*n)++];
        const char *token = t->special[i == 0 ? HN_BOS : HN_EOS];
        p->id = keys[i];
        snprintf(p->text, sizeof p->text,
                 "tokenizer_config.json says %s %s, but the post-processor of tokenizer.json puts %s\"%.60s\" %s: hone and "
                 "transformers 5 follow tokenizer.json, version 4 obeyed the setting",
                 keys[i], asked ? "true" : "false", asked ? "no " : "", token, sides[i]);
        snprintf(p->fix, sizeof p->fix, "make the post_processor of tokenizer.json say what is meant, or set %s to %s", keys[i],
                 put ? "true" : "false");
    }
    hn_encoding_release(&e);
}

size_t hn_tokenizer_peculiar(const hn_tokenizer *t, const char *model_type, hn_peculiar out[HN_PECULIAR_MOST]) {
    size_t n = 0;
    char named[64];
    const char *name = class_of(t, model_type, named);
    if (t->sp || t->made) {
        out[n].id = "tokenizer_converted";
        snprintf(out[n].text, sizeof out[n].text,
                 "there is no tokenizer.json: transformers 5 converts the vocabulary by rules of its own, and ids "
                 "can differ (runs of spaces, text behind special tokens)");
        snprintf(out[n].fix, sizeof out[n].fix, "load the tokenizer from a folder that hone saved: it holds a tokenizer.json");
        n++;
    } else if (name) {
        compare_chain(t, name, out, &n);
    }
    compare_ends(t, out, &n);
    return n;
}
