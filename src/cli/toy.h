/* toy.h - the toy world's sentences (toy_world.c) and its tokenizer and model (toy_model.c). */
#ifndef HN_TOY_H
#define HN_TOY_H

#include "base/base.h"

/* Row i of a file as one JSON line; random choices depend on key (whose step is i) alone. */
void toy_text_row(hn_buf *out, const hn_rng_key *key, int64_t i);
void toy_train_row(hn_buf *out, const hn_rng_key *key, int64_t i);
void toy_test_row(hn_buf *out, const hn_rng_key *key, int64_t i);
/* Words of the world, i from 0 until NULL. */
const char *toy_word(size_t i);

void toy_tokenizer(hn_buf *out);        /* byte-level BPE whose merges build the world's words */
void toy_tokenizer_config(hn_buf *out);
void toy_model_config(hn_buf *out);     /* a tiny Llama */

#endif
