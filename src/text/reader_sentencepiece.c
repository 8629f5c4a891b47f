/* reader_sentencepiece.c - tokenizer.model, spiece.model and their like: SentencePiece's protocol buffer. */
#include "text/readers_impl.h"
#include "text/sp_impl.h"

static bool is(const char *base, hn_str head) {
    bool piece_first = head.n > 2 && head.p[0] == 0x0A && head.p[2] == 0x0A; /* field 1, and in it field 1 */
    return piece_first || hn_ends_with(base, ".model") || hn_ends_with(base, ".spm");
}

/* Classes of transformers that number the pieces anew or change the text in ways of their own: the file's ids are not the
 * model's. */
static const char *const strangers[] = {"XLMRoberta", "Camembert", "MBart", "MBart50", "Nllb",    "XGLM",    "Barthez", "PLBart",
                                        "M2M100",     "Pegasus",   "XLNet", "Albert",  "BigBird", "RemBert", "Cpm",     NULL};

static hn_status check_class(const hn_tokenizer *t, const char *path, hn_error *err) {
    const char *class = hn_json_cstr(hn_json_get(t->config, "tokenizer_class"));
    bool strange = !class && hn_ends_with(path, "sentencepiece.bpe.model"); /* XLM-R's name for it, and that of its kin */
    for (const char *const *s = strangers; class && *s; s++) {
        size_t n = strlen(*s);
        strange |= strncmp(class, *s, n) == 0 && (hn_streq(class + n, "Tokenizer") || hn_streq(class + n, "TokenizerFast"));
    }
    if (!strange) return HN_OK;
    hn_status st = hn_fail(err, HN_EFORMAT, "%s: %s gives other ids than this file does", path,
                           class ? class : "XLM-R's tokenizer (by the file's name)");
    hn_error_fix(err, "have the folder's tokenizer.json written: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
    return st;
}

static bool piece_is(const hn_sp *sp, int32_t id, const char *text) {
    return id >= 0 && hn_str_eq(hn_vocab_text(sp->vocab, id), text);
}

/* As transformers 5 frames a text where there is no tokenizer.json. DeBERTa's folders name no class: its pieces tell. */
static hn_sp_frame frame_of(const hn_tokenizer *t, const hn_sp *sp) {
    if (piece_is(sp, sp->bos, "[CLS]") && piece_is(sp, sp->eos, "[SEP]")) return (hn_sp_frame){true, true, true};
    const char *class = hn_json_cstr(hn_json_get(t->config, "tokenizer_class"));
    bool t5 = class && strncmp(class, "T5Tokenizer", 11) == 0;
    return (hn_sp_frame){.bos = hn_json_bool(hn_json_get(t->config, "add_bos_token"), false),
                         .eos = t5 || hn_json_bool(hn_json_get(t->config, "add_eos_token"), false)};
}

static hn_status read(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    HN_TRY(check_class(t, path, err));
    hn_sp *sp = hn_sp_new();
    if (!sp) return hn_nomem(err, sizeof *sp);
    hn_status st = hn_sp_parse(bytes, sp, err);
    if (st == HN_OK) st = hn_sp_build(sp, err);
    if (st == HN_OK) st = hn_sp_install(t, sp, frame_of(t, sp), err);
    else hn_sp_free(sp);
    if (st != HN_OK) hn_error_context(err, "%s", path);
    return st;
}

static const char *const files[] = {"tokenizer.model", "spiece.model",        "sentencepiece.bpe.model",
                                    "spm.model",       "sentencepiece.model", NULL};
const hn_tokenizer_reader hn_reader_sentencepiece = {
    .name = "SentencePiece model", .about = "BPE or Unigram, a protocol buffer", .files = files, .is = is, .read = read};
