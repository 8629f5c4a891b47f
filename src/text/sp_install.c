/* sp_install.c - makes a tokenizer of a SentencePiece model: its parts, and special tokens. */
#include "text/made_json.h"
#include "text/sp_impl.h"

/* Control pieces and the unknown one become special tokens, cut out of the text as transformers does; SentencePiece itself
 * never takes them from text, nor does an encoding that splits special tokens. */
static hn_status add_special(hn_tokenizer *t, const hn_sp *sp, hn_error *err) {
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        if (sp->type[id] != HN_SP_CONTROL && sp->type[id] != HN_SP_UNKNOWN) continue;
        hn_added_token token = {.text = hn_vocab_text(sp->vocab, id), .special = true};
        HN_TRY(hn_added_put(t, &token, err));
    }
    return HN_OK;
}

static hn_end end_of(const hn_sp *sp, int32_t id, bool asked) {
    return asked && id >= 0 ? (hn_end){hn_vocab_text(sp->vocab, id), id} : (hn_end){.id = -1};
}

/* The post-processor, kept in t->spec as a tokenizer.json has it. */
static hn_status make_post(hn_tokenizer *t, const hn_sp *sp, hn_sp_frame frame, hn_error *err) {
    hn_buf post = {0}, text = {0};
    hn_template_write(&post, end_of(sp, sp->bos, frame.bos), end_of(sp, sp->eos, frame.eos), frame.as_bert);
    hn_buf_puts(&text, "{\"post_processor\":");
    hn_buf_puts(&text, post.n ? post.p : "null");
    hn_buf_putc(&text, '}');
    hn_status st =
        text.failed || post.failed ? hn_nomem(err, text.n) : hn_json_parse(text.p, text.n, "post_processor", 1, &t->spec, err);
    if (st == HN_OK) st = hn_part_make(&hn_postprocessors, hn_json_get(t->spec, "post_processor"), &t->post, err);
    hn_buf_release(&text);
    hn_buf_release(&post);
    return st;
}

/* What decides ids: pieces and settings. */
static hn_status take_hash(hn_tokenizer *t, const hn_sp *sp, hn_error *err) {
    hn_hash *h = hn_hash_new();
    if (!h) return hn_nomem(err, 1);
    const unsigned char flags[] = {sp->is_bpe, sp->byte_fallback, sp->dummy_prefix, sp->strips_extra, sp->escapes, sp->suffix};
    hn_hash_add(h, flags, sizeof flags);
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        hn_str text = hn_vocab_text(sp->vocab, id);
        hn_hash_add(h, text.p, text.n);
        hn_hash_add(h, &text.n, sizeof text.n);
    }
    hn_hash_add(h, sp->type, sp->n);
    hn_hash_add(h, sp->score, sp->n * sizeof *sp->score);
    if (sp->map) hn_hash_add(h, hn_charsmap_bytes(sp->map).p, hn_charsmap_bytes(sp->map).n);
    hn_hash_end(h, t->source_hash);
    return HN_OK;
}

hn_status hn_sp_install(hn_tokenizer *t, hn_sp *sp, hn_sp_frame frame, hn_error *err) {
    t->sp = sp;
    t->vocab = sp->vocab;
    t->model = (hn_part){sp->is_bpe ? &hn_sp_bpe_model.part : &hn_sp_unigram_model.part, sp}; /* owns sp */
    t->normalizer = (hn_part){&hn_sp_normalizer.part, sp};
    t->decoder = (hn_part){&hn_sp_decoder.part, sp};
    t->default_id[HN_BOS] = sp->bos;
    t->default_id[HN_EOS] = sp->eos;
    t->default_id[HN_PAD] = sp->pad;
    t->default_id[HN_UNK] = sp->unk;
    HN_TRY(take_hash(t, sp, err));
    HN_TRY(make_post(t, sp, frame, err));
    return add_special(t, sp, err);
}
