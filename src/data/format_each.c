/* format_each.c - files of mixed formats: every record in the format its own columns say. Only where it is asked for. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)record, (void)o, (void)reason;
    return false;
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const hn_format *f = hn_format_fitting(record, o, NULL);
    if (f && f->convert) return f->convert(record, o, out, err);
    hn_bad_row(err, f ? "rows of format %s must be gathered: they cannot stand among others" : "no record format fits%s",
               f ? f->name : "");
    hn_columns_detail(record, err);
    return HN_EFORMAT;
}

const hn_format hn_format_each = {.name = "each",
                                  .about = "every row in a format of its own; never chosen by itself",
                                  .kinds = ~0u,
                                  .detect = detect,
                                  .convert = convert};
