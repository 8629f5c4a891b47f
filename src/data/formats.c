/* formats.c - the table of record formats: which one a data set is in, and its records as examples. */
#include "data/formats_impl.h"

#define HN_FORMAT(name) extern const hn_format hn_format_##name;
#include "data/formats.def"
#undef HN_FORMAT

static const hn_format *const formats[] = {
#define HN_FORMAT(name) &hn_format_##name,
#include "data/formats.def"
#undef HN_FORMAT
};
enum { FORMATS = sizeof formats / sizeof *formats };

const hn_format *hn_format_at(size_t i) { return i < FORMATS ? formats[i] : NULL; }
const char *hn_format_name(const hn_format *f) { return f->name; }
const char *hn_format_about(const hn_format *f) { return f->about; }
bool hn_format_gives(const hn_format *f, hn_kind kind) { return (f->kinds & HN_KIND_BIT(kind)) != 0; }

const hn_format *hn_format_find(const char *name) {
    for (size_t i = 0; i < FORMATS; i++) {
        const char *a = formats[i]->name, *b = name;
        while (*a && (*a == *b || (*a == '-' && *b == '_') || (*a == '_' && *b == '-'))) a++, b++;
        if (!*a && !*b) return formats[i];
    }
    return NULL;
}

void hn_convert_defaults(hn_convert_opts *o) { *o = (hn_convert_opts){.view = HN_VIEW_SFT, .text_field = "text"}; }

/* Does the format give what the view takes: at once, or (adapted) by making its examples into others? */
static bool serves(const hn_format *f, hn_view view, bool adapted) {
    for (int k = 0; k < HN_KINDS; k++)
        if ((f->kinds & HN_KIND_BIT(k)) && (adapted ? hn_view_adapts(view, (hn_kind)k) : hn_view_takes(view, (hn_kind)k)))
            return true;
    return false;
}

const hn_format *hn_format_fitting(const hn_json *record, const hn_convert_opts *o, char *reason) {
    for (int adapted = 0; adapted < 2; adapted++)
        for (size_t i = 0; i < FORMATS; i++)
            if (serves(formats[i], o->view, adapted) && formats[i]->detect(record, o, reason)) return formats[i];
    return NULL;
}

/* A detail line with the names of the formats: all, or those that give what the view takes. */
static void list_formats(hn_view view, hn_error *err) {
    hn_buf b = {0};
    for (size_t i = 0; i < FORMATS; i++)
        if (serves(formats[i], view, false)) hn_buf_printf(&b, "%s%s", b.n ? ", " : "", formats[i]->name);
    hn_error_detail(err, "record formats%s%s: %s", view == HN_VIEW_ANY ? "" : " for task ",
                    view == HN_VIEW_ANY ? "" : hn_view_name(view), b.p ? b.p : "");
    hn_buf_release(&b);
}

static hn_status unknown(const hn_convert_opts *o, hn_error *err) {
    hn_fail(err, HN_EARG, "no record format is called \"%s\"", o->format);
    list_formats(HN_VIEW_ANY, err);
    hn_error_fix(err, "leave --dataset_format out: the columns decide");
    return HN_EARG;
}

static hn_status none_fits(const hn_json *record, const hn_convert_opts *o, hn_error *err) {
    char reason[HN_REASON];
    const hn_convert_opts any = {.view = HN_VIEW_ANY, .text_field = o->text_field};
    const hn_format *other = hn_format_fitting(record, &any, reason);
    if (other)
        hn_fail(err, HN_EFORMAT, "rows are in format %s (%s), which cannot be used for task %s", other->name, reason,
                hn_view_name(o->view));
    else hn_fail(err, HN_EFORMAT, "column \"%s\" is missing, and no other record format fits", o->text_field);
    hn_columns_detail(record, err);
    list_formats(o->view, err);
    hn_error_fix(
        err,
        "name the columns with --columns prompt=NAME,completion=NAME, or the one that holds the text with --dataset_text_field");
    return HN_EFORMAT;
}

static hn_status choose(hn_json *const *record, size_t n, const hn_convert_opts *o, const hn_format **out, char *reason,
                        hn_error *err) {
    for (int adapted = 0; adapted < 2 && n; adapted++)
        for (size_t i = 0; i < FORMATS; i++) {
            size_t k = 0;
            while (serves(formats[i], o->view, adapted) && k < n && formats[i]->detect(record[k], o, NULL)) k++;
            if (k < n) continue;
            *out = formats[i];
            formats[i]->detect(record[0], o, reason);
            return HN_OK;
        }
    for (size_t k = 0; k < n && !*out; k++)
        *out = hn_format_fitting(record[k], o, reason); /* rows of another format are bad rows */
    return *out ? HN_OK : none_fits(n ? record[0] : NULL, o, err);
}

hn_status hn_format_choose(hn_json *const *record, size_t n, const hn_convert_opts *o, const hn_format **out, char *reason,
                           hn_error *err) {
    *out = NULL;
    if (o->format) {
        *out = hn_format_find(o->format);
        return *out && hn_because(reason, "as asked for") ? HN_OK : unknown(o, err);
    }
    if (!o->columns) return choose(record, n, o, out, reason, err);
    hn_json **mapped = hn_calloc(n ? n : 1, sizeof *mapped);
    if (!mapped) return hn_nomem(err, n * sizeof *mapped);
    size_t have = 0; /* a row that lacks a column is a bad row, not a reason to stop */
    hn_status st = HN_OK;
    for (size_t i = 0; i < n; i++) {
        hn_status one = hn_columns_map(record[i], o, &mapped[have], have ? NULL : err);
        have += one == HN_OK;
        if (one != HN_OK && (st == HN_OK || one != HN_EFORMAT)) st = one;
    }
    if (have || n == 0) st = choose(mapped, have, o, out, reason, err);
    for (size_t i = 0; i < have; i++) hn_json_free(mapped[i]);
    hn_free(mapped);
    return st;
}

bool hn_format_fits(const hn_format *f, const hn_json *record, const hn_convert_opts *o) {
    hn_json *mapped;
    if (hn_columns_map(record, o, &mapped, NULL) != HN_OK) return false;
    bool fits = f->detect(mapped, o, NULL);
    hn_json_free(mapped);
    return fits;
}

static hn_status convert(const hn_format *f, const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    if (!o->format && !f->detect(record, o, NULL)) {
        char reason[HN_REASON];
        const hn_format *other = hn_format_fitting(record, o, reason);
        if (other) {
            hn_bad_row(err, "this row is in format %s (%s), %.300s in format %s", other->name, reason,
                       o->first ? o->first : "the first rows are", f->name);
            hn_columns_detail(record, err);
            hn_error_fix(err, "split the file, or let --dataset_format each find the format of every row");
            return HN_EFORMAT;
        }
    }
    if (!f->convert) return hn_fail(err, HN_ESTATE, "records of format %s are gathered", f->name);
    HN_TRY(f->convert(record, o, out, err));
    return hn_examples_adapt(out, o->view, err);
}

hn_status hn_format_convert(const hn_format *f, const hn_json *record, const hn_convert_opts *o, hn_examples *out,
                            hn_error *err) {
    hn_examples_clear(out);
    if (!o->columns) return convert(f, record, o, out, err);
    hn_json *mapped;
    HN_TRY(hn_columns_map(record, o, &mapped, err));
    hn_status st = convert(f, mapped, o, out, err);
    hn_json_free(mapped);
    return st;
}
