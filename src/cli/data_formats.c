/* data_formats.c - hone data formats: the record formats and the kinds of files that are read. */
#include <string.h>

#include "cli/data_cmd.h"

static hn_json *text(const char *s) { return hn_json_new_str(s, strlen(s)); }

static hn_json *kinds_of(const hn_format *f) {
    hn_json *list = hn_json_new_array();
    for (int k = 0; k < HN_KINDS; k++)
        if (hn_format_gives(f, (hn_kind)k)) hn_json_push(list, text(hn_kind_name((hn_kind)k)));
    return list;
}

static void print_json(void) {
    hn_json *all = hn_json_new_object(), *formats = hn_json_new_array(), *files = hn_json_new_array();
    const hn_format *f;
    hn_reader_info r;
    for (size_t i = 0; (f = hn_format_at(i)); i++) {
        hn_json *x = hn_json_new_object();
        hn_json_set(x, "name", text(hn_format_name(f)));
        hn_json_set(x, "about", text(hn_format_about(f)));
        hn_json_set(x, "kinds", kinds_of(f));
        hn_json_push(formats, x);
    }
    for (size_t i = 0; hn_reader_at(i, &r); i++) {
        hn_json *x = hn_json_new_object();
        hn_json_set(x, "name", text(r.name));
        hn_json_set(x, "about", text(r.about));
        hn_json_set(x, "extensions", text(r.extensions));
        hn_json_push(files, x);
    }
    hn_json_set(all, "formats", formats);
    hn_json_set(all, "files", files);
    hn_buf b = {0};
    hn_json_write(&b, all, 2);
    if (b.p) puts(b.p);
    hn_buf_release(&b);
    hn_json_free(all);
}

int data_formats(const hn_data_cmd *o) {
    const hn_format *f;
    hn_reader_info r;
    if (o->json) {
        print_json();
        return 0;
    }
    puts("Record formats (--dataset_format); of those that fit the first rows and serve the task, the first is taken");
    for (size_t i = 0; (f = hn_format_at(i)); i++) printf("  %-24s %s\n", hn_format_name(f), hn_format_about(f));
    puts("\nFiles, all but Parquet also compressed as .gz or .zst");
    for (size_t i = 0; hn_reader_at(i, &r); i++) printf("  %-24s %s\n", r.extensions, r.about);
    return 0;
}
