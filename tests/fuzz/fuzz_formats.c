/* rooms: data text base */
/* fuzz_formats.c - a record of any shape, read as every format and for every task: refused or converted, never worse.
 *
 * The input is JSON: a record, or an array of records, which are what a file begins with. */
#include <stdint.h>
#include <string.h>

#include "data/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void gather(const hn_format *f, hn_json *const *record, size_t n, const hn_convert_opts *o) {
    hn_gather *g;
    hn_examples x = {0};
    bool more = true;
    int64_t line;
    if (hn_gather_new(f, &g, NULL) != HN_OK) return;
    for (size_t i = 0; i < n; i++)
        if (hn_gather_add(g, record[i], (int64_t)i, o, NULL) != HN_OK) break;
    while (more && hn_gather_next(g, o, &x, &line, &more, NULL) == HN_OK) {}
    hn_examples_release(&x);
    hn_gather_free(g);
}

static void read_as(const hn_format *f, hn_json *const *record, size_t n, const hn_convert_opts *o) {
    hn_examples x = {0};
    hn_error e = {0};
    hn_buf b = {0};
    if (hn_format_gathers(f)) {
        gather(f, record, n, o);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (hn_format_convert(f, record[i], o, &x, &e) != HN_OK) continue;
        for (size_t k = 0; k < x.n; k++) hn_json_write(&b, x.v[k].value, 0);
        hn_buf_clear(&b);
    }
    hn_examples_release(&x);
    hn_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    enum { MOST = 16 };
    static const char *const styles[] = {NULL, "chat", "messages"};
    hn_json *all, *record[MOST];
    if (n > 1 << 16 || hn_json_parse((const char *)p, n, "input", 1, &all, NULL) != HN_OK) return 0;
    size_t count = 0, most = hn_json_type(all) == HN_JSON_ARRAY ? hn_json_len(all) : 1;
    for (size_t i = 0; i < most && count < MOST; i++) record[count++] = hn_json_type(all) == HN_JSON_ARRAY ? hn_json_at(all, i) : all;
    for (int view = 0; view < HN_VIEWS; view++) {
        hn_convert_opts o;
        const hn_format *f;
        char reason[160];
        hn_convert_defaults(&o);
        o.view = (hn_view)view;
        o.prompt_style = styles[view % 3];
        if (hn_format_choose(record, count, &o, &f, reason, NULL) == HN_OK) read_as(f, record, count, &o);
        for (size_t i = 0; (f = hn_format_at(i)); i++) {
            o.format = hn_format_name(f);
            read_as(f, record, count, &o);
        }
    }
    hn_json_free(all);
    return 0;
}
