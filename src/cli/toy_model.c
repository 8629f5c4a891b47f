/* toy_model.c - tokenizer and model config of the toy world.
 *
 * The tokenizer is a byte-level BPE in the GPT-2 manner. Its merges build each word of the world letter by letter, with and
 * without the blank before it, so that a word is one token and any other text still splits into bytes. */
#include <string.h>

#include "cli/toy.h"

enum { SPECIALS = 2, MOST = 4096 };

/* GPT-2's printable stand-in for a byte: itself where it is printable, else 256, 257, ... in order. */
static uint32_t byte_letter(int byte) {
    uint32_t next = 256;
    for (int b = 0; b < 256; b++) {
        bool plain = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        if (b == byte) return plain ? (uint32_t)b : next;
        next += !plain;
    }
    return 0;
}

static void put_letter(hn_buf *b, int byte) {
    char utf8[4];
    hn_buf_add(b, utf8, (size_t)hn_utf8_encode(byte_letter(byte), utf8));
}

static void put_piece(hn_buf *b, const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) put_letter(b, (unsigned char)bytes[i]);
}

typedef struct bpe {
    hn_buf vocab, merges;
    hn_strlist made; /* pieces that exist beside single bytes */
    char *list[MOST];
    int next;
} bpe;

static bool known(const bpe *m, const char *piece) {
    for (size_t i = 0; i < m->made.n; i++)
        if (strcmp(m->list[i], piece) == 0) return true;
    return false;
}

/* The merge that makes piece[0..n) from piece[0..n-1) and its last byte. */
static void add_merge(bpe *m, const char *piece, size_t n) {
    char key[32];
    if (n >= sizeof key || m->made.n == MOST) return;
    memcpy(key, piece, n);
    key[n] = '\0';
    if (known(m, key)) return;
    m->list[m->made.n] = hn_strdup(key);
    if (!m->list[m->made.n++]) m->vocab.failed = true;
    hn_buf_puts(&m->merges, m->made.n > 1 ? ",\n      [\"" : "\n      [\"");
    put_piece(&m->merges, piece, n - 1);
    hn_buf_puts(&m->merges, "\", \"");
    put_piece(&m->merges, piece + n - 1, 1);
    hn_buf_puts(&m->merges, "\"]");
    hn_buf_puts(&m->vocab, ",\n      \"");
    put_piece(&m->vocab, piece, n);
    hn_buf_printf(&m->vocab, "\": %d", m->next++);
}

static void add_bytes(bpe *m) {
    hn_buf_puts(&m->vocab, "\n      \"<s>\": 0,\n      \"</s>\": 1");
    m->next = SPECIALS;
    for (int b = 0; b < 256; b++) {
        hn_buf_puts(&m->vocab, ",\n      \"");
        if (b == '"' || b == '\\') hn_buf_putc(&m->vocab, '\\');
        put_letter(&m->vocab, b);
        hn_buf_printf(&m->vocab, "\": %d", m->next++);
    }
}

void toy_tokenizer(hn_buf *out) {
    bpe *m = hn_calloc(1, sizeof *m);
    if (!m) {
        out->failed = true;
        return;
    }
    add_bytes(m);
    char word[32];
    for (int blank = 0; blank < 2; blank++)
        for (size_t i = 0; toy_word(i); i++) {
            snprintf(word, sizeof word, "%s%s", blank ? " " : "", toy_word(i));
            for (size_t n = 2; n <= strlen(word); n++) add_merge(m, word, n);
        }
    hn_buf_puts(out, "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [\n");
    for (int i = 0; i < SPECIALS; i++)
        hn_buf_printf(out, "    {\"id\": %d, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, "
                           "\"normalized\": false, \"special\": true}%s\n", i, i ? "</s>" : "<s>", i ? "" : ",");
    hn_buf_puts(
        out,
        "  ],\n  \"normalizer\": null,\n  \"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, "
        "\"trim_offsets\": true, \"use_regex\": true},\n  \"post_processor\": {\"type\": \"TemplateProcessing\", "
        "\"single\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], "
        "\"pair\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}], "
        "\"special_tokens\": {\"<s>\": {\"id\": \"<s>\", \"ids\": [0], \"tokens\": [\"<s>\"]}}},\n  \"decoder\": {\"type\": "
        "\"ByteLevel\", \"add_prefix_space\": true, \"trim_offsets\": true, \"use_regex\": true},\n  \"model\": {\n    "
        "\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": null, "
        "\"end_of_word_suffix\": null, \"fuse_unk\": false, \"byte_fallback\": false, \"ignore_merges\": false,\n    \"vocab\": "
        "{");
    hn_buf_add(out, m->vocab.p ? m->vocab.p : "", m->vocab.n);
    hn_buf_puts(out, "\n    },\n    \"merges\": [");
    hn_buf_add(out, m->merges.p ? m->merges.p : "", m->merges.n);
    hn_buf_puts(out, "\n    ]\n  }\n}\n");
    out->failed = out->failed || m->vocab.failed || m->merges.failed;
    for (size_t i = 0; i < m->made.n; i++) hn_free(m->list[i]);
    hn_buf_release(&m->vocab);
    hn_buf_release(&m->merges);
    hn_free(m);
}

void toy_tokenizer_config(hn_buf *out) {
    hn_buf_puts(out,
                "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n  \"bos_token\": \"<s>\",\n  \"eos_token\": \"</s>\",\n"
                "  \"clean_up_tokenization_spaces\": false,\n  \"model_max_length\": 256\n}\n");
}

/* Vocabulary: specials, bytes and the pieces of all words, rounded up. */
void toy_model_config(hn_buf *out) {
    hn_buf_puts(out, "{\n  \"architectures\": [\"LlamaForCausalLM\"],\n  \"model_type\": \"llama\",\n  \"hidden_size\": 96,\n"
                     "  \"intermediate_size\": 256,\n  \"num_hidden_layers\": 4,\n  \"num_attention_heads\": 6,\n"
                     "  \"num_key_value_heads\": 3,\n  \"vocab_size\": 768,\n  \"max_position_embeddings\": 256,\n"
                     "  \"rms_norm_eps\": 1e-05,\n  \"rope_theta\": 10000.0,\n  \"hidden_act\": \"silu\",\n"
                     "  \"initializer_range\": 0.05,\n  \"tie_word_embeddings\": true,\n  \"bos_token_id\": 0,\n"
                     "  \"eos_token_id\": 1,\n  \"torch_dtype\": \"float32\"\n}\n");
}
