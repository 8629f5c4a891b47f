/* split_rules.c - how byte-level tokenizers split text before byte pair encoding, by name.
 *
 * The names are those of tokenizer.ggml.pre in GGUF files, which do not hold the patterns; the patterns are those of the
 * tokenizer.json of the models that the names come from. */
#include "text/made_json.h"

#define BYTES(regex) "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":" regex "}"
#define SPLIT(pattern) "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" pattern "\"},\"behavior\":\"Isolated\",\"invert\":false}"
#define SEQUENCE(steps) "{\"type\":\"Sequence\",\"pretokenizers\":[" steps "]}"
#define DIGITS "{\"type\":\"Digits\",\"individual_digits\":true}"
#define NFC "{\"type\":\"NFC\"}"

/* The pattern of Llama 3, with other runs of digits. */
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define LLAMA3(digits)                                                                                                           \
    CONTRACTIONS "|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|" digits                                                              \
                 "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
/* Words that begin with capitals or go on in small letters. */
#define UPPER "[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]"
#define LOWER "[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]"
#define CASED(tail, digits)                                                                                                      \
    "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?" UPPER "*" LOWER "+" tail "|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?" UPPER "+" LOWER "*" tail         \
    "|" digits "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
#define DEEPSEEK3                                                                                                                \
    "[!\\\"#$%&'()*+,\\\\-./:;<=>?@\\\\[\\\\\\\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\\\p{L}\\\\p{P}\\\\p{S}]?[\\\\p{L}\\\\p{M}]+"    \
    "| ?[\\\\p{P}\\\\p{S}]+[\\r\\n]*|\\\\s*[\\r\\n]+|\\\\s+(?!\\\\S)|\\\\s+"

static const hn_split_rule rules[] = {
    {"gpt-2|gpt2|mpt|olmo|phi-2", NULL, BYTES("true"), false},
    {"gpt-neox", NFC, BYTES("true"), false},
    {"llama-bpe|llama3|llama-v3|falcon3|smaug-bpe|dbrx|pixtral", NULL,
     SEQUENCE(SPLIT(LLAMA3("\\\\p{N}{1,3}")) "," BYTES("false")), true},
    {"qwen2|deepseek-r1-qwen|megrez", NFC, SEQUENCE(SPLIT(LLAMA3("\\\\p{N}")) "," BYTES("false")), false},
    {"stablelm2", NULL, SEQUENCE(SPLIT(LLAMA3("\\\\p{N}")) "," BYTES("false")), false},
    {"smollm|starcoder|refact|codeshell|command-r", NULL, SEQUENCE(DIGITS "," BYTES("true")), false},
    {"deepseek-coder", NULL,
     SEQUENCE(SPLIT("[\\r\\n]") "," SPLIT("\\\\s?\\\\p{L}+") "," SPLIT("\\\\s?\\\\p{P}+") "," SPLIT(
         "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+") "," DIGITS "," BYTES("false")),
     false},
    {"deepseek-v3", NULL,
     SEQUENCE(
         SPLIT("\\\\p{N}{1,3}") "," SPLIT("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+") "," SPLIT(DEEPSEEK3) "," BYTES("false")),
     false},
    {"gpt-4o", NULL, SEQUENCE(SPLIT(CASED(CONTRACTIONS "?", "\\\\p{N}{1,3}")) "," BYTES("false")), false},
    {"tekken", NULL, SEQUENCE(SPLIT(CASED("", "\\\\p{N}")) "," BYTES("false")), true},
};
enum { RULES = sizeof rules / sizeof *rules };

const char hn_byte_decoder[] = "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}";
#define MODEL(ignore)                                                                                                  \
    "\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"  \
    "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":" ignore
const char hn_byte_model[] = MODEL("false"), hn_byte_model_ignoring[] = MODEL("true");

static bool among(const char *names, const char *name) {
    size_t n = strlen(name);
    for (const char *at = names; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, name, n) == 0 && (at[n] == '|' || at[n] == '\0')) return true;
    }
    return false;
}

const hn_split_rule *hn_split_rule_find(const char *name) {
    if (!*name) return NULL;
    for (size_t i = 0; i < RULES; i++)
        if (among(rules[i].names, name)) return &rules[i];
    return NULL;
}

void hn_split_rule_names(hn_buf *out) {
    for (size_t i = 0; i < RULES; i++) {
        if (i) hn_buf_puts(out, ", ");
        for (const char *p = rules[i].names; *p; p++) {
            if (*p == '|') hn_buf_puts(out, ", ");
            else hn_buf_putc(out, *p);
        }
    }
}
