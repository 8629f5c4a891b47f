/* reader_gpt2_files.c - vocab.json and merges.txt: byte-level BPE as GPT-2 shipped it. The class in tokenizer_config.json
 * tells how text is split and framed. */
#include "text/json_reader.h"
#include "text/made_json.h"

typedef struct class_row {
    const char *names, *rule; /* rule: of split_rules.c */
    const char *bos, *eos, *unk, *pad, *mask; /* unless tokenizer_config.json names them; NULL: none */
    bool frames; /* bos in front, eos behind, as RoBERTa */
} class_row;

static const char end_of_text[] = "<|endoftext|>";
static const class_row classes[] = {
    {"GPT2|CodeGen|GPTNeo", "gpt-2", end_of_text, end_of_text, end_of_text, NULL, NULL, false},
    {"GPTNeoX", "gpt-neox", end_of_text, end_of_text, end_of_text, "<|padding|>", NULL, false},
    {"Qwen2", "qwen2", NULL, end_of_text, end_of_text, end_of_text, NULL, false},
    {"Roberta|Bart|LED|Longformer", "gpt-2", "<s>", "</s>", "<unk>", "<pad>", "<mask>", true},
};

/* "GPT2Tokenizer" and "GPT2TokenizerFast" are GPT2. */
static const class_row *class_of(const char *name) {
    if (!name || strncmp(name, "PreTrainedTokenizer", 19) == 0 || hn_streq(name, "TokenizersBackend")) return &classes[0];
    size_t n = strstr(name, "Tokenizer") ? (size_t)(strstr(name, "Tokenizer") - name) : strlen(name);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        for (const char *at = classes[i].names; at; at = strchr(at, '|')) {
            at += *at == '|';
            if (strncmp(at, name, n) == 0 && (at[n] == '|' || at[n] == '\0')) return &classes[i];
        }
    return NULL;
}

static hn_status no_class(const char *name, hn_error *err) {
    hn_fail(err, HN_ENOTSUP, "tokenizer_class is \"%.100s\": how it splits text is not known here", name);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) hn_error_detail(err, "known: %s", classes[i].names);
    hn_error_fix(err,
                 "convert it with transformers: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) writes a tokenizer.json");
    return HN_ENOTSUP;
}

static hn_status read_merges(hn_made *m, const char *path, hn_str text, hn_error *err) {
    size_t bad;
    if (!hn_utf8_valid(text.p, text.n, &bad)) return hn_fail(err, HN_EFORMAT, "%s: no UTF-8 at byte %zu", path, bad);
    int64_t number = 1;
    for (size_t at = 0; at < text.n; number++) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        hn_str line = {text.p + at, end ? (size_t)(end - text.p) - at : text.n - at};
        at += line.n + 1;
        if (line.n > 0 && line.p[line.n - 1] == '\r') line.n--;
        if (line.n == 0 || (line.n >= 8 && memcmp(line.p, "#version", 8) == 0)) continue;
        const char *space = memchr(line.p, ' ', line.n);
        size_t left = space ? (size_t)(space - line.p) : 0;
        if (left == 0 || left + 1 == line.n || memchr(space + 1, ' ', line.n - left - 1))
            return hn_fail(err, HN_EFORMAT, "%s:%lld: expected two tokens and a space between them", path, (long long)number);
        hn_made_merge(m, (hn_str){line.p, left}, (hn_str){space + 1, line.n - left - 1});
    }
    return HN_OK;
}

/* merges.txt beside PATHvocab.json. */
static hn_status open_merges(const char *path, char **name, hn_map *map, hn_error *err) {
    size_t n = strlen(path) - strlen("vocab.json");
    hn_buf at = {0};
    hn_buf_add(&at, path, n);
    hn_buf_puts(&at, "merges.txt");
    *name = hn_buf_take(&at);
    if (!*name) return hn_nomem(err, n);
    hn_status st = hn_map_open(*name, map, err);
    if (st != HN_OK) hn_error_fix(err, "vocab.json needs the merges.txt it was made with beside it");
    return st;
}

static void braces_off(hn_str *json) { /* the inside of {...} */
    while (json->n && strchr(" \t\r\n", json->p[0]) && json->p[0]) *json = (hn_str){json->p + 1, json->n - 1};
    while (json->n && strchr(" \t\r\n", json->p[json->n - 1]) && json->p[json->n - 1]) json->n--;
    if (json->n >= 2 && json->p[0] == '{' && json->p[json->n - 1] == '}') *json = (hn_str){json->p + 1, json->n - 2};
}

static int32_t named(const hn_tokenizer *t, const hn_vocab *v, const char *key, const char *usual, hn_str *text) {
    const hn_json *j = hn_json_get(t->config, key);
    if (!hn_json_text(j, text) && !hn_json_text(hn_json_get(j, "content"), text))
        *text = usual ? hn_str_of(usual) : (hn_str){"", 0};
    return text->n ? hn_vocab_id(v, text->p, text->n) : -1;
}

/* The special tokens of the class that the vocabulary has, and what it puts round a text. */
static void add_specials(hn_tokenizer *t, hn_made *m, const class_row *row, const hn_vocab *v) {
    static const char *const keys[] = {"bos_token", "eos_token", "pad_token", "unk_token", "mask_token"};
    const char *const usual[] = {row->bos, row->eos, row->pad, row->unk, row->mask};
    hn_end end[5];
    for (int i = 0; i < 5; i++) {
        end[i].id = named(t, v, keys[i], usual[i], &end[i].text);
        if (end[i].id < 0) continue;
        hn_made_added(m, end[i].text, end[i].id, true);
        if (i < HN_SPECIAL_COUNT) t->default_id[i] = end[i].id;
    }
    if (!row->frames) { /* without a tokenizer.json transformers 5 obeys these */
        hn_end none = {.id = -1};
        bool bos = hn_json_bool(hn_json_get(t->config, "add_bos_token"), false),
             eos = hn_json_bool(hn_json_get(t->config, "add_eos_token"), false);
        hn_template_write(&m->post, bos ? end[HN_BOS] : none, eos ? end[HN_EOS] : none, false);
        return;
    }
    bool prefix = hn_json_bool(hn_json_get(t->config, "add_prefix_space"), false);
    hn_buf_puts(&m->post, "{\"type\":\"RobertaProcessing\",\"sep\":[");
    hn_json_write_str(&m->post, end[HN_EOS].text.p, end[HN_EOS].text.n);
    hn_buf_printf(&m->post, ",%d],\"cls\":[", (int)end[HN_EOS].id);
    hn_json_write_str(&m->post, end[HN_BOS].text.p, end[HN_BOS].text.n);
    hn_buf_printf(&m->post, ",%d],\"trim_offsets\":true,\"add_prefix_space\":%s}", (int)end[HN_BOS].id,
                  prefix ? "true" : "false");
}

static void with_prefix_space(hn_buf *out, const char *pretokenizer) {
    static const char off[] = "\"add_prefix_space\":false";
    const char *at = strstr(pretokenizer, off);
    hn_buf_add(out, pretokenizer, at ? (size_t)(at - pretokenizer) : strlen(pretokenizer));
    if (!at) return;
    hn_buf_puts(out, "\"add_prefix_space\":true");
    hn_buf_puts(out, at + sizeof off - 1);
}

static hn_status read_both(hn_tokenizer *t, const char *path, hn_str bytes, const char *merges_path, hn_str merges,
                           hn_error *err) {
    const char *class = hn_json_cstr(hn_json_get(t->config, "tokenizer_class"));
    const class_row *row = class_of(class);
    if (!row) return no_class(class, err);
    const hn_split_rule *rule = hn_split_rule_find(row->rule);
    hn_made m = {.is_bpe = true, .decoder = hn_byte_decoder, .model = hn_byte_model, .normalizer = rule->normalizer};
    hn_vocab *v = NULL;
    hn_buf pretokenizer = {0};
    hn_status st;
    st = hn_vocab_load(bytes, &v, err);
    if (st != HN_OK) hn_error_context(err, "%s", path);
    if (st != HN_OK) goto done;
    HN_GO(st, read_merges(&m, merges_path, merges, err));
    add_specials(t, &m, row, v);
    if (hn_json_bool(hn_json_get(t->config, "add_prefix_space"), false)) with_prefix_space(&pretokenizer, rule->pretokenizer);
    else hn_buf_puts(&pretokenizer, rule->pretokenizer);
    m.pretokenizer = pretokenizer.p;
    braces_off(&bytes);
    hn_buf_add(&m.vocab, bytes.p, bytes.n);
    st = pretokenizer.failed ? hn_nomem(err, 1) : hn_made_take(t, &m, path, err);
done:
    hn_made_release(&m);
    hn_vocab_free(v);
    hn_buf_release(&pretokenizer);
    return st;
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    char *name = NULL;
    hn_map merges;
    hn_status st = open_merges(path, &name, &merges, err);
    if (st == HN_OK) {
        st = read_both(t, path, bytes, name, (hn_str){(const char *)merges.p, merges.n}, err);
        hn_map_close(&merges);
    }
    hn_free(name);
    return st;
}

static bool is(const char *base, hn_str head) {
    (void)head;
    return hn_ends_with(base, "vocab.json");
}

static const char *const files[] = {"vocab.json", NULL};
const hn_tokenizer_reader hn_reader_gpt2_files = {.name = "vocab.json with merges.txt",
                                                  .about = "byte-level BPE of GPT-2 and its like",
                                                  .files = files,
                                                  .is = is,
                                                  .read = read};
