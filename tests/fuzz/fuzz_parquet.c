/* rooms: data text base */
/* fuzz_parquet.c - a Parquet file of any bytes: footer, schema, pages, values and records. */
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n > 1 << 16) return 0;
    fuzz_read(fuzz_file(".parquet", p, n), 1 << 16, 2000);
    return 0;
}
