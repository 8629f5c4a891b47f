/* reader_sentencepiece.c - tokenizer.model, spiece.model and their like: SentencePiece's protocol buffer. */
#include "text/readers_impl.h"
#include "text/sp_impl.h"

static bool is(const char *base, hn_str head) {
    bool piece_first = head.n > 2 && head.p[0] == 0x0A && head.p[2] == 0x0A; /* field 1, and in it field 1 */
    return piece_first || hn_ends_with(base, ".model") || hn_ends_with(base, ".spm");
}

/* As transformers 5 frames a text where there is no tokenizer.json. */
static hn_sp_frame frame_of(const hn_tokenizer *t) {
    const char *class = hn_json_cstr(hn_json_get(t->config, "tokenizer_class"));
    bool t5 = class && strncmp(class, "T5Tokenizer", 11) == 0;
    return (hn_sp_frame){.bos = hn_json_bool(hn_json_get(t->config, "add_bos_token"), false),
                         .eos = t5 || hn_json_bool(hn_json_get(t->config, "add_eos_token"), false)};
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    hn_sp *sp = hn_sp_new();
    if (!sp) return hn_nomem(err, sizeof *sp);
    hn_status st = hn_sp_parse(bytes, sp, err);
    if (st == HN_OK) st = hn_sp_build(sp, err);
    if (st == HN_OK) st = hn_sp_install(t, sp, frame_of(t), err);
    else hn_sp_free(sp);
    if (st != HN_OK) hn_error_context(err, "%s", path);
    return st;
}

static const char *const files[] = {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "spm.model", "sentencepiece.model", NULL};
const hn_tokenizer_reader hn_reader_sentencepiece = {
    .name = "SentencePiece model", .about = "BPE or Unigram, a protocol buffer", .files = files, .is = is, .read = read};
