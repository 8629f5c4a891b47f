/* sp_install.c - makes a tokenizer of a SentencePiece model: its parts, and special tokens. */
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

static void put_end(hn_buf *out, const hn_sp *sp, int32_t id, hn_buf *tokens) {
    hn_str text = hn_vocab_text(sp->vocab, id);
    hn_buf_puts(out, "{\"SpecialToken\":{\"type_id\":0,\"id\":");
    hn_json_write_str(out, text.p, text.n);
    hn_buf_puts(out, "}}");
    if (tokens->n) hn_buf_putc(tokens, ',');
    hn_json_write_str(tokens, text.p, text.n);
    hn_buf_puts(tokens, ":{\"id\":");
    hn_json_write_str(tokens, text.p, text.n);
    hn_buf_printf(tokens, ",\"ids\":[%d],\"tokens\":[", (int)id);
    hn_json_write_str(tokens, text.p, text.n);
    hn_buf_puts(tokens, "]}");
}

/* {"type":"TemplateProcessing", ...}, or null where nothing is put round a text. */
static void write_post(hn_buf *out, const hn_sp *sp, bool bos, bool eos) {
    hn_buf tokens = {0};
    if (!bos && !eos) {
        hn_buf_puts(out, "null");
        return;
    }
    hn_buf_puts(out, "{\"type\":\"TemplateProcessing\"");
    for (int pair = 0; pair < 2; pair++) {
        hn_buf_puts(out, pair ? ",\"pair\":[" : ",\"single\":[");
        for (int side = 0; side <= pair; side++) {
            hn_buf_clear(&tokens);
            if (side) hn_buf_putc(out, ',');
            if (bos) put_end(out, sp, sp->bos, &tokens);
            hn_buf_printf(out, "%s{\"Sequence\":{\"id\":\"%c\",\"type_id\":0}}%s", bos ? "," : "", 'A' + side, eos ? "," : "");
            if (eos) put_end(out, sp, sp->eos, &tokens);
        }
        hn_buf_putc(out, ']');
    }
    hn_buf_puts(out, ",\"special_tokens\":{");
    hn_buf_add(out, tokens.p, tokens.n);
    hn_buf_puts(out, "}}");
    out->failed |= tokens.failed;
    hn_buf_release(&tokens);
}

static hn_status make_post(hn_tokenizer *t, const hn_sp *sp, hn_sp_frame frame, hn_error *err) {
    hn_buf text = {0};
    write_post(&text, sp, frame.bos && sp->bos >= 0, frame.eos && sp->eos >= 0);
    hn_json *spec = NULL;
    hn_status st = text.failed ? hn_nomem(err, text.n) : hn_json_parse(text.p, text.n, "post_processor", 1, &spec, err);
    if (st == HN_OK) st = hn_part_make(&hn_postprocessors, spec, &t->post, err);
    hn_buf_release(&text);
    hn_json_free(spec);
    return st;
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
    HN_TRY(make_post(t, sp, frame, err));
    return add_special(t, sp, err);
}
