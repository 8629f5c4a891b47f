/* fuzz_tokens.h - a tokenizer read from any bytes is put to use: ids, spans and text stay within their bounds. */
#ifndef FUZZ_TOKENS_H
#define FUZZ_TOKENS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static inline void fuzz_tokens(const char *name, const uint8_t *p, size_t n) {
    static const char *const texts[] = {"", "Hello  world, the <s> \xE2\x96\x81quick\xE2\x96\x81 brown\tfox\n\n",
                                        "na\xC3\xAF" "ve e\xCC\x81 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80\xE2\x80\x8D 12345 ''''ll ab abab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    hn_tokenizer *t;
    hn_error err = {0};
    if (hn_tokenizer_parse(name, (hn_str){(const char *)p, n}, &t, &err) != HN_OK) {
        if (!err.msg[0]) abort(); /* every refusal says why */
        return;
    }
    hn_encoding e = {0};
    hn_buf out = {0};
    hn_peculiar peculiar[HN_PECULIAR_MOST];
    const char *more[] = {"<new>"};
    if (hn_tokenizer_add(t, more, 1, true, NULL, NULL) == HN_OK && hn_tokenizer_id(t, "<new>") < 0) abort();
    if (hn_tokenizer_peculiar(t, "qwen2", peculiar) > HN_PECULIAR_MOST) abort();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hn_str text = hn_str_of(texts[i]);
        if (hn_tokenizer_encode(t, text, i % 2 ? HN_ENCODE_SPECIAL | HN_ENCODE_SPANS : HN_ENCODE_SPANS | HN_ENCODE_SPLIT_SPECIAL, &e, &err) != HN_OK) continue;
        for (size_t k = 0; k < e.n; k++)
            if (e.id[k] < 0 || e.span[k].begin > e.span[k].end || e.span[k].end > text.n) abort();
        hn_buf_clear(&out);
        if (hn_tokenizer_decode(t, e.id, e.n, i % 2 == 0, &out, &err) == HN_OK && !hn_utf8_valid(out.p, out.n, NULL)) abort();
    }
    hn_buf_release(&out);
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
}

#endif
