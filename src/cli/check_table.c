/* check_table.c - findings for people: what, where, what it costs, what to do. */
#include <string.h>

#include "cli/data_cmd.h"

static const char *const colors[] = {"\033[36m", "\033[33m", "\033[1;31m"};

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
        hn_buf_puts(out, i ? ", " : "");
        if (!same) put_visible(out, p->file, strlen(p->file));
        hn_buf_printf(out, ":%lld", (long long)p->line);
    }
    if (f->rows > f->places) hn_buf_printf(out, " and %lld more", (long long)(f->rows - f->places));
    hn_buf_putc(out, '\n');
}

void check_table(hn_buf *out, const hn_report *r, bool color, int width) {
    enum { INDENT = 7 };
    if (width > 140) width = 140;
    for (size_t i = 0; i < r->n; i++) {
        const hn_finding *f = &r->v[i];
        hn_buf_printf(out, "\n%s%-5s%s  %s%s%s\n", color ? colors[f->severity] : "", hn_severity_name(f->severity),
                      color ? "\033[0m" : "", color ? "\033[1m" : "", f->id, color ? "\033[0m" : "");
        hn_buf_printf(out, "%*s", INDENT, "");
        wrap(out, f->message, INDENT, INDENT, width);
        places(out, f, INDENT);
        hn_buf_printf(out, "%*scosts: ", INDENT, "");
        wrap(out, f->cost, INDENT + 7, INDENT + 7, width);
        hn_buf_printf(out, "%*sfix:   ", INDENT, "");
        wrap(out, f->remedy, INDENT + 7, INDENT + 7, width);
    }
    int64_t errors = hn_report_count(r, HN_SEVERITY_ERROR), warnings = hn_report_count(r, HN_SEVERITY_WARN) - errors;
    hn_buf_printf(out, "\n%lld checks: %lld error%s, %lld warning%s, %lld note%s\n", (long long)r->checks, (long long)errors,
                  errors == 1 ? "" : "s", (long long)warnings, warnings == 1 ? "" : "s",
                  (long long)((int64_t)r->n - errors - warnings), (int64_t)r->n - errors - warnings == 1 ? "" : "s");
}
