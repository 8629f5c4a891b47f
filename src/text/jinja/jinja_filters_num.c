/* jinja_filters_num.c - filters on numbers. */
#include "text/jinja/jinja_filter_impl.h"

#include <math.h>

HN_FILTER(abs) {
    if (a[0].kind == HN_J_FLOAT) return hn_j_set(out, hn_j_float(fabs(a[0].f)));
    if (!hn_j_is_int(a[0])) return hn_j_fail(r, HN_J_TYPE, "bad operand type for abs(): '%s'", hn_j_type(a[0]));
    *out = hn_j_as_int(a[0]);
    return hn_j_int_cmp(*out, hn_j_int(0)) >= 0 || hn_j_unary(r, HN_JN_NEG, *out, out);
}

static bool forgivable(hn_jrun *r, bool overflow) {
    if (r->err != HN_J_TYPE && r->err != HN_J_VALUE && !(overflow && r->err == HN_J_OVERFLOW)) return false;
    hn_j_forgive(r);
    return true;
}

HN_FILTER(int) { /* value default base */
    int64_t base = 10;
    double f;
    bool fine;
    if (a[0].kind == HN_J_STR) fine = hn_j_arg_int(r, a[2], false, &base) && hn_j_str_to_int(r, hn_j_text(a[0]), base, out);
    else fine = hn_j_to_int(r, a[0], out);
    if (fine) return true;
    if (!forgivable(r, false)) return false;
    if (hn_j_to_float(r, a[0], &f) && hn_j_int_of_double(r, f, out)) return true;
    if (!forgivable(r, true)) return false;
    return hn_j_set(out, hn_j_or(a[1], hn_j_int(0)));
}

HN_FILTER(float) { /* value default */
    double f;
    if (hn_j_to_float(r, a[0], &f)) return hn_j_set(out, hn_j_float(f));
    if (!forgivable(r, false)) return false;
    return hn_j_set(out, hn_j_or(a[1], hn_j_float(0)));
}

HN_FILTER(round) { /* value precision method */
    hn_jval precision = hn_j_or(a[1], hn_j_int(0)), unit, scaled;
    bool ceiling = hn_j_is(a[2], "ceil");
    double f;
    if (hn_j_given(a[2]) && !hn_j_is(a[2], "common") && !ceiling && !hn_j_is(a[2], "floor"))
        return hn_j_fail(r, HN_J_RUNTIME, "method must be common, ceil or floor");
    if (!hn_j_given(a[2]) || hn_j_is(a[2], "common")) return hn_j_round(r, a[0], precision, out);
    if (!hn_j_binary(r, HN_JN_POW, hn_j_int(10), precision, &unit) || !hn_j_binary(r, HN_JN_MUL, a[0], unit, &scaled))
        return false;
    if (!hn_j_is_number(scaled)) return hn_j_fail(r, HN_J_TYPE, "must be real number, not %s", hn_j_type(scaled));
    if (scaled.kind == HN_J_FLOAT) {
        f = ceiling ? ceil(scaled.f) : floor(scaled.f);
        if (!hn_j_int_of_double(r, f, &scaled)) return false;
    }
    return hn_j_binary(r, HN_JN_DIV, scaled, unit, out);
}

HN_FILTER(filesizeformat) { /* value binary */
    static const char prefix[] = "kMGTPEZY";
    bool binary = hn_j_arg_flag(a[1], false);
    double bytes, base = binary ? 1024 : 1000, unit = base;
    char text[64];
    if (!hn_j_to_float(r, a[0], &bytes)) return false;
    if (bytes == 1) return hn_j_set(out, hn_j_cstr("1 Byte"));
    int n;
    if (bytes < base) {
        n = snprintf(text, sizeof text, "%.0f Bytes", fmax(trunc(bytes), -1e40) + 0.0); /* no negative zero */
    } else {
        int i = 0;
        for (; i < 8; i++) {
            unit *= base;
            if (bytes < unit) break;
        }
        if (i == 8) i = 7;
        hn_buf b = {0};
        bool fine = true;
        if (isfinite(base * bytes / unit)) fine = hn_j_double_text(r, base * bytes / unit, 'f', 1, false, &b);
        else hn_buf_puts(&b, isnan(bytes) ? "nan" : "inf");
        n = snprintf(text, sizeof text, "%.40s %c%s", b.p ? b.p : "", binary && i == 0 ? 'K' : prefix[i], binary ? "iB" : "B");
        fine = fine && !b.failed;
        hn_buf_release(&b);
        if (!fine) return hn_j_nomem(r);
    }
    return hn_j_copy(r, text, (size_t)n, out);
}
