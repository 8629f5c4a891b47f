/* rooms: text base */
/* fuzz_tokenizer_model.c - a SentencePiece model or a tiktoken file of any bytes, read and put to use. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n <= 1 << 16) fuzz_tokens("tokenizer.model", p, n);
    return 0;
}
