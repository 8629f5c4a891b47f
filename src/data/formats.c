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

const hn_format *hn_format_find(const char *name) {
    for (size_t i = 0; i < FORMATS; i++) {
        const char *a = formats[i]->name, *b = name;
        while (*a && (*a == *b || (*a == '-' && *b == '_') || (*a == '_' && *b == '-'))) a++, b++;
        if (!*a && !*b) return formats[i];
    }
    return NULL;
}

void hn_convert_defaults(hn_convert_opts *o) { *o = (hn_convert_opts){.view = HN_VIEW_SFT, .text_field = "text"}; }

static bool serves(const hn_format *f, hn_view view) {
    for (int k = 0; k < HN_KINDS; k++)
        if ((f->kinds & HN_KIND_BIT(k)) && hn_view_takes(view, (hn_kind)k)) return true;
    return false;
}

/* The first format that fits a record and serves the view; NULL: none. */
static const hn_format *fitting(const hn_json *record, const hn_convert_opts *o, char *reason) {
    for (size_t i = 0; i < FORMATS; i++)
        if (serves(formats[i], o->view) && formats[i]->detect(record, o, reason)) return formats[i];
    return NULL;
}

static hn_status unknown(const hn_convert_opts *o, hn_error *err) {
    hn_fail(err, HN_EARG, "no record format is called \"%s\"", o->format);
    for (size_t i = 0; i < FORMATS; i++) hn_error_detail(err, "%s: %s", formats[i]->name, formats[i]->about);
    hn_error_fix(err, "leave --dataset_format out: the columns decide");
    return HN_EARG;
}

static hn_status none_fits(const hn_json *record, const hn_convert_opts *o, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "column \"%s\" is missing, and no other record format fits", o->text_field);
    hn_columns_detail(record, err);
    for (size_t i = 0; i < FORMATS; i++)
        if (serves(formats[i], o->view)) hn_error_detail(err, "%s: %s", formats[i]->name, formats[i]->about);
    hn_error_fix(err, "rename the columns, or name the one that holds the text with --dataset_text_field");
    return HN_EFORMAT;
}

hn_status hn_format_choose(hn_json *const *record, size_t n, const hn_convert_opts *o, const hn_format **out, char *reason,
                           hn_error *err) {
    *out = NULL;
    if (o->format) {
        *out = hn_format_find(o->format);
        return *out && hn_because(reason, "as asked for") ? HN_OK : unknown(o, err);
    }
    for (size_t i = 0; i < FORMATS && n; i++) {
        size_t k = 0;
        while (serves(formats[i], o->view) && k < n && formats[i]->detect(record[k], o, NULL)) k++;
        if (k < n) continue;
        *out = formats[i];
        formats[i]->detect(record[0], o, reason);
        return HN_OK;
    }
    for (size_t k = 0; k < n && !*out; k++) *out = fitting(record[k], o, reason); /* the rows of another format are bad rows */
    return *out ? HN_OK : none_fits(n ? record[0] : NULL, o, err);
}

hn_status hn_format_convert(const hn_format *f, const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_examples_clear(out);
    if (!o->format && !f->detect(record, o, NULL)) {
        char reason[HN_REASON];
        const hn_format *other = fitting(record, o, reason);
        if (other) return hn_bad_row(err, "this row is in format %s (%s), the first rows are in format %s", other->name, reason, f->name);
    }
    HN_TRY(f->convert(record, o, out, err));
    for (size_t i = 0; i < out->n; i++)
        if (!hn_view_takes(o->view, out->v[i].kind))
            return hn_bad_row(err, "a %s row cannot be used for task %s", hn_kind_name(out->v[i].kind), hn_view_name(o->view));
    return HN_OK;
}
