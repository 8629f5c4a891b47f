/* rooms: data text base */
/* fuzz_unpack.c - what gzip and zstd files may be: members and frames, cut short, followed by other things, packed without measure. */
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n == 0 || n > 1 << 16) return 0;
    fuzz_read(fuzz_file(p[0] % 2 ? ".txt.zst" : ".txt.gz", p + 1, n - 1), 4096, 5000);
    return 0;
}
