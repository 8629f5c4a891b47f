/* reader_tiktoken.c - tiktoken's vocabularies: a line for each token, its bytes in base64 and its rank.
 *
 * The file does not say how text is split before merging. That is known where the number of tokens is that of a known
 * vocabulary, or where "pat_str" in tokenizer_config.json gives the pattern; else the file is refused. */
#include <stdlib.h>

#include "text/charsmap.h"
#include "text/made_json.h"

enum { LONGEST = 1024 }; /* bytes of a token */

static const struct {
    int64_t tokens;
    const char *rule;
} known[] = {{50256, "gpt-2"},      {50280, "gpt-2"},  {100256, "llama-bpe"},
             {128000, "llama-bpe"}, {151643, "qwen2"}, {199998, "gpt-4o"}};

/* "IQ== 0": the end of a line that is one, else NULL. */
static const char *line_end(const char *p, const char *end, hn_str *base64, int64_t *rank) {
    const char *from = p;
    while (p < end && *p != ' ' && *p != '\n') p++;
    *base64 = (hn_str){from, (size_t)(p - from)};
    if (p == from || p == end || *p != ' ') return NULL;
    const char *digits = ++p;
    for (*rank = 0; p < end && *p >= '0' && *p <= '9' && p - digits < 10; p++) *rank = *rank * 10 + (*p - '0');
    if (p == digits) return NULL;
    if (p < end && *p == '\r') p++;
    return p == end || *p == '\n' ? p : NULL;
}

static hn_status read_ranks(hn_str text, const char *path, hn_vocab *v, hn_error *err) {
    const char *end = text.p + text.n;
    hn_buf bytes = {0};
    hn_status st = HN_OK;
    int64_t number = 1;
    for (const char *p = text.p; p < end && st == HN_OK; number++) {
        hn_str base64;
        int64_t rank;
        hn_buf_clear(&bytes);
        const char *after = line_end(p, end, &base64, &rank);
        if (!after || !hn_base64_decode(base64, &bytes) || bytes.n == 0)
            st = hn_fail(err, HN_EFORMAT, "%s:%lld: expected base64 of a token, a space and its rank", path, (long long)number);
        else if (bytes.n > LONGEST || hn_vocab_id(v, bytes.p, bytes.n) >= 0 ||
                 hn_vocab_text(v, rank > INT32_MAX ? -1 : (int32_t)rank).p)
            st = hn_fail(err, HN_EFORMAT, "%s:%lld: the token or its rank stands there twice, or it is longer than %d bytes",
                         path, (long long)number, LONGEST);
        else
            st = hn_vocab_add(v, (hn_str){bytes.p, bytes.n}, rank, err);
        if (bytes.failed) st = hn_nomem(err, base64.n);
        p = after ? after + (after < end) : end;
    }
    hn_buf_release(&bytes);
    return st;
}

static void spell(hn_str bytes, hn_buf *out) {
    hn_buf_clear(out);
    for (size_t i = 0; i < bytes.n; i++) {
        char c[4];
        hn_buf_add(out, c, (size_t)hn_utf8_encode(hn_byte_char((unsigned char)bytes.p[i]), c));
    }
}

typedef struct cut { /* of a token into two others */
    int32_t left, right;
} cut;

static int by_ranks(const void *a, const void *b) {
    const cut *x = a, *y = b;
    return x->left != y->left ? (x->left > y->left) - (x->left < y->left) : (x->right > y->right) - (x->right < y->right);
}

/* The pieces by rank, and every way a token may come about by merging two. */
static hn_status write_model(hn_made *m, const hn_vocab *v, hn_error *err) {
    hn_buf left = {0}, right = {0};
    for (int32_t id = 0; id < hn_vocab_end(v); id++) {
        hn_str token = hn_vocab_text(v, id);
        if (!token.p) continue;
        spell(token, &left);
        hn_made_piece(m, (hn_str){left.p, left.n}, id);
        cut cuts[LONGEST];
        size_t n = 0;
        for (size_t i = 1; i < token.n; i++) {
            cut c = {hn_vocab_id(v, token.p, i), hn_vocab_id(v, token.p + i, token.n - i)};
            if (c.left >= 0 && c.right >= 0) cuts[n++] = c;
        }
        qsort(cuts, n, sizeof *cuts, by_ranks);
        for (size_t i = 0; i < n; i++) {
            spell(hn_vocab_text(v, cuts[i].left), &left);
            spell(hn_vocab_text(v, cuts[i].right), &right);
            hn_made_merge(m, (hn_str){left.p, left.n}, (hn_str){right.p, right.n});
        }
    }
    bool failed = left.failed || right.failed;
    hn_buf_release(&left);
    hn_buf_release(&right);
    return failed ? hn_nomem(err, LONGEST) : HN_OK;
}

static hn_status no_pattern(const char *path, int64_t tokens, hn_error *err) {
    hn_fail(err, HN_ENOTSUP, "%s: tiktoken files do not say how text is split, and %lld tokens are no known vocabulary's", path,
            (long long)tokens);
    hn_error_detail(err, "known numbers of tokens: 50256, 50280, 100256, 128000, 151643, 199998");
    hn_error_fix(err, "put \"pat_str\" with the pattern into a tokenizer_config.json beside the file, and name the folder");
    return HN_ENOTSUP;
}

static hn_status split_of(const hn_tokenizer *t, const char *path, int64_t tokens, hn_made *m, hn_buf *own, hn_error *err) {
    hn_str pattern;
    if (hn_json_text(hn_json_get(t->config, "pat_str"), &pattern)) {
        hn_buf_puts(own, "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":");
        hn_json_write_str(own, pattern.p, pattern.n);
        hn_buf_puts(own, "},\"behavior\":\"Isolated\",\"invert\":false},"
                         "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}]}");
        m->pretokenizer = own->p;
        return own->failed ? hn_nomem(err, pattern.n) : HN_OK;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].tokens != tokens) continue;
        const hn_split_rule *rule = hn_split_rule_find(known[i].rule);
        m->normalizer = rule->normalizer;
        m->pretokenizer = rule->pretokenizer;
        return HN_OK;
    }
    return no_pattern(path, tokens, err);
}

static hn_status check_bytes(const hn_vocab *v, const char *path, hn_error *err) {
    for (int b = 0; b < 256; b++) {
        char c = (char)b;
        if (hn_vocab_id(v, &c, 1) < 0)
            return hn_fail(err, HN_EFORMAT, "%s: there is no token for the byte 0x%02X", path, (unsigned)b);
    }
    return HN_OK;
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    hn_made m = {.is_bpe = true, .decoder = hn_byte_decoder, .model = hn_byte_model_ignoring};
    hn_buf own = {0};
    hn_vocab *v = hn_vocab_new(bytes.n / 16);
    if (!v) return hn_nomem(err, bytes.n);
    hn_status st;
    HN_GO(st, read_ranks(bytes, path, v, err));
    HN_GO(st, check_bytes(v, path, err));
    HN_GO(st, split_of(t, path, (int64_t)hn_vocab_count(v), &m, &own, err));
    HN_GO(st, write_model(&m, v, err));
    st = hn_made_take(t, &m, path, err);
done:
    hn_made_release(&m);
    hn_buf_release(&own);
    hn_vocab_free(v);
    return st;
}

static bool is(const char *base, hn_str head) {
    hn_str base64;
    int64_t rank;
    (void)base;
    hn_buf bytes = {0};
    size_t n = head.n < 4096 ? head.n : 4096;
    bool good = n > 0 && line_end(head.p, head.p + n, &base64, &rank) && hn_base64_decode(base64, &bytes) && bytes.n > 0;
    hn_buf_release(&bytes);
    return good;
}

static const char *const files[] = {"tokenizer.model", "tiktoken.model", "*.tiktoken", NULL};
const hn_tokenizer_reader hn_reader_tiktoken = {
    .name = "tiktoken", .about = "tokens in base64 and their ranks", .files = files, .is = is, .read = read};
