/* replay.c - runs a fuzz target once over every file of a folder: the corpus as an ordinary test.
 *
 * No folder, or an empty one, is a failure: a target without a corpus tests nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t n = 0, cap = 1 << 16;
    uint8_t *data = malloc(cap);
    for (size_t got; data && (got = fread(data + n, 1, cap - n, f)) > 0;) {
        n += got;
        if (n < cap) continue;
        uint8_t *grown = realloc(data, cap *= 2);
        if (!grown) break;
        data = grown;
    }
    fclose(f);
    if (!data) return 1;
    uint8_t *exact = malloc(n ? n : 1); /* of the exact size, so that the sanitizer sees a read behind the end */
    if (exact) {
        memcpy(exact, data, n);
        LLVMFuzzerTestOneInput(exact, n);
    }
    free(exact);
    free(data);
    return exact ? 0 : 1;
}

int main(int argc, char **argv) {
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (!dir) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    int files = 0, failed = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        failed += run_file(path);
        files++;
    }
    closedir(dir);
    printf("%d inputs replayed\n", files);
    return files == 0 || failed ? 1 : 0;
}
