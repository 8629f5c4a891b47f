/* rooms: data text base */
/* fuzz_records.c - JSON lines, arrays, objects over several lines and plain text: read to the end, or refused.
 *
 * The first byte chooses the name's extension, and with it the reader where the contents leave a choice. */
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    static const char *const extensions[] = {".jsonl", ".json", ".txt", "", ".conll"};
    if (n == 0 || n > 1 << 16) return 0;
    fuzz_read(fuzz_file(extensions[p[0] % 5], p + 1, n - 1), 2048, 5000);
    return 0;
}
