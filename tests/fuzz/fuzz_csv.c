/* rooms: data text base */
/* fuzz_csv.c - tables with commas (an even first byte) or tabs (an odd one), quotes and all. */
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n == 0 || n > 1 << 16) return 0;
    fuzz_read(fuzz_file(p[0] % 2 ? ".tsv" : ".csv", p + 1, n - 1), 2048, 5000);
    return 0;
}
