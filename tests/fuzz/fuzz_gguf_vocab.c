/* rooms: text base */
/* fuzz_gguf_vocab.c - the vocabulary of a GGUF file of any bytes, read and put to use. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n <= 1 << 16) fuzz_tokens("m.gguf", p, n);
    return 0;
}
