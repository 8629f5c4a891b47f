/* reader_bert_vocab.c - vocab.txt: the WordPiece vocabulary of BERT, a token a line; its settings stand in
 * tokenizer_config.json. */
#include "text/made_json.h"

enum { UNK, SEP, PAD, CLS, MASK, ROLES };
static const char *const keys[ROLES] = {"unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};
static const char *const usual[ROLES] = {"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"};

typedef struct bert {
    hn_made made;
    hn_end role[ROLES];
    hn_buf normalizer, model;
    int64_t n;
} bert;

static void name_roles(const hn_tokenizer *t, bert *b) {
    for (int i = 0; i < ROLES; i++) {
        const hn_json *named = hn_json_get(t->config, keys[i]);
        if (!hn_json_text(named, &b->role[i].text) && !hn_json_text(hn_json_get(named, "content"), &b->role[i].text))
            b->role[i].text = hn_str_of(usual[i]);
        b->role[i].id = -1;
    }
}

static bool is_blank_at_end(hn_str s, size_t *len) { /* the last character, its bytes */
    size_t at = s.n - 1;
    int n;
    while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80) at--;
    *len = s.n - at;
    return hn_is_space(hn_cp_at(s.p + at, &n));
}

static void read_lines(bert *b, hn_str text) {
    for (size_t at = 0; at < text.n; b->n++) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        hn_str line = {text.p + at, end ? (size_t)(end - text.p) - at : text.n - at};
        at += line.n + 1;
        size_t len;
        while (line.n > 0 && is_blank_at_end(line, &len)) line.n -= len;
        hn_made_piece(&b->made, line, b->n);
        for (int i = 0; i < ROLES; i++)
            if (line.n == b->role[i].text.n && memcmp(line.p, b->role[i].text.p, line.n) == 0) b->role[i].id = (int32_t)b->n;
    }
}

static const char *truth(bool v) {
    return v ? "true" : "false";
}

static void write_parts(const hn_tokenizer *t, bert *b) {
    const hn_json *c = t->config, *accents = hn_json_get(c, "strip_accents");
    hn_buf_printf(
        &b->normalizer,
        "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":%s,\"strip_accents\":%s,\"lowercase\":%s}",
        truth(hn_json_bool(hn_json_get(c, "tokenize_chinese_chars"), true)),
        accents ? truth(hn_json_bool(accents, false)) : "null", truth(hn_json_bool(hn_json_get(c, "do_lower_case"), true)));
    hn_buf_puts(&b->model, "\"type\":\"WordPiece\",\"unk_token\":");
    hn_json_write_str(&b->model, b->role[UNK].text.p, b->role[UNK].text.n);
    hn_buf_puts(&b->model, ",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100");
    for (int i = 0; i < ROLES; i++) { /* those the file lacks become new ones behind it */
        if (b->role[i].id < 0) b->role[i].id = (int32_t)b->n++;
        hn_made_added(&b->made, b->role[i].text, b->role[i].id, true);
    }
    hn_template_write(&b->made.post, b->role[CLS], b->role[SEP], true);
    b->made.normalizer = b->normalizer.p;
    b->made.pretokenizer = "{\"type\":\"BertPreTokenizer\"}";
    b->made.decoder = "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}";
    b->made.model = b->model.p;
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    size_t bad;
    if (!hn_utf8_valid(bytes.p, bytes.n, &bad)) return hn_fail(err, HN_EFORMAT, "%s: no UTF-8 at byte %zu", path, bad);
    if (bytes.n == 0) return hn_fail(err, HN_EFORMAT, "%s: the vocabulary is empty", path);
    bert b = {0};
    name_roles(t, &b);
    read_lines(&b, bytes);
    write_parts(t, &b);
    hn_status st = b.normalizer.failed || b.model.failed ? hn_nomem(err, bytes.n) : hn_made_take(t, &b.made, path, err);
    if (st == HN_OK) {
        t->default_id[HN_UNK] = b.role[UNK].id;
        t->default_id[HN_PAD] = b.role[PAD].id;
    }
    hn_made_release(&b.made);
    hn_buf_release(&b.normalizer);
    hn_buf_release(&b.model);
    return st;
}

static bool is(const char *base, hn_str head) {
    (void)head;
    return hn_ends_with(base, "vocab.txt");
}

static const char *const files[] = {"vocab.txt", NULL};
const hn_tokenizer_reader hn_reader_bert_vocab = {
    .name = "vocab.txt", .about = "the WordPiece vocabulary of BERT", .files = files, .is = is, .read = read};
