/* check_table.c - findings for people: what, where, what it costs, what to do. */
#include <string.h>

#include "cli/data_cmd.h"

static const char *const colors[] = {"\033[36m", "\033[33m", "\033[1;31m"};

void put_visible(hn_buf *out, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i], next = i + 1 < n ? (unsigned char)p[i + 1] : 0;
        bool c1 = c == 0xC2 && next >= 0x80 && next < 0xA0;
        if (c1) i++;
        if (c1 || c == 0x7F || (c < 0x20 && c != '\t' && c != '\n')) hn_buf_printf(out, "\\x%02x", (unsigned)(c1 ? next : c));
        else hn_buf_putc(out, p[i]);
    }
}

/* Text broken at blanks to lines of width, each behind indent blanks; the first begins behind used columns. */
static void wrap(hn_buf *out, const char *text, int indent, int used, int width) {
    int at = used;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        if (at > indent && at + 1 + (int)n > width) {
            hn_buf_printf(out, "\n%*s", indent, "");
            at = indent;
        } else if (p != text) {
            hn_buf_putc(out, ' ');
            at++;
        }
        put_visible(out, p, n);
        at += (int)n;
        p += n;
        while (*p == ' ') p++;
    }
    hn_buf_putc(out, '\n');
}

static void places(hn_buf *out, const hn_finding *f, int indent) {
    if (!f->places) return;
    hn_buf_printf(out, "%*s", indent, "");
    for (int i = 0; i < f->places; i++) {
        const hn_place *p = &f->place[i];
        bool same = i > 0 && hn_streq(f->place[i - 1].file, p->file);
        hn_buf_printf(out, "%s%s:%lld", i ? ", " : "", same ? "" : p->file, (long long)p->line);
    }
    if (f->rows > f->places) hn_buf_printf(out, " and %lld more", (long long)(f->rows - f->places));
    hn_buf_putc(out, '\n');
}

void check_table(hn_buf *out, const hn_report *r, bool color, int width) {
    enum { INDENT = 7 };
    if (width > 140) width = 140;
    for (size_t i = 0; i < r->n; i++) {
        const hn_finding *f = &r->v[i];
        hn_buf_printf(out, "\n%s%-5s%s  %s%s%s\n", color ? colors[f->severity] : "", hn_severity_name(f->severity), color ? "\033[0m" : "",
                      color ? "\033[1m" : "", f->id, color ? "\033[0m" : "");
        hn_buf_printf(out, "%*s", INDENT, "");
        wrap(out, f->message, INDENT, INDENT, width);
        places(out, f, INDENT);
        hn_buf_printf(out, "%*scosts: ", INDENT, "");
        wrap(out, f->cost, INDENT + 7, INDENT + 7, width);
        hn_buf_printf(out, "%*sfix:   ", INDENT, "");
        wrap(out, f->remedy, INDENT + 7, INDENT + 7, width);
    }
    int64_t errors = hn_report_count(r, HN_SEVERITY_ERROR), warnings = hn_report_count(r, HN_SEVERITY_WARN) - errors;
    hn_buf_printf(out, "\n%lld checks: %lld error%s, %lld warning%s, %lld note%s\n", (long long)r->checks, (long long)errors, errors == 1 ? "" : "s",
                  (long long)warnings, warnings == 1 ? "" : "s", (long long)((int64_t)r->n - errors - warnings),
                  (int64_t)r->n - errors - warnings == 1 ? "" : "s");
}
