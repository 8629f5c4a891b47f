/* svg.c - line charts as inline SVG. Colours come from the page's CSS classes (line0, line1 ...), light and dark. */
#include "cli/svg.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 260, LEFT = 56, RIGHT = 12, TOP = 30, BOTTOM = 36 };

typedef struct frame { double x0, x1, y0, y1; } frame;

void hn_html_escape(hn_buf *out, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        switch (p[i]) {
        case '&': hn_buf_puts(out, "&amp;"); break;
        case '<': hn_buf_puts(out, "&lt;"); break;
        case '>': hn_buf_puts(out, "&gt;"); break;
        case '"': hn_buf_puts(out, "&quot;"); break;
        default:
            if ((unsigned char)p[i] < 0x20 && p[i] != '\t' && p[i] != '\n')
                hn_buf_printf(out, "&#x24%02x;", (unsigned)p[i]); /* control pictures */
            else hn_buf_putc(out, p[i]);
        }
    }
}

static frame bounds(const hn_series *s, size_t n) {
    const double far = (double)INFINITY;
    frame f = {far, -far, far, -far};
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < s[k].n; i++) {
            if (!isfinite(s[k].y[i])) continue;
            f.x0 = fmin(f.x0, s[k].x[i]);
            f.x1 = fmax(f.x1, s[k].x[i]);
            f.y0 = fmin(f.y0, s[k].y[i]);
            f.y1 = fmax(f.y1, s[k].y[i]);
        }
    if (!(f.x1 > f.x0)) f.x1 = f.x0 + 1;
    if (!(f.y1 > f.y0)) f.y1 = f.y0 + (f.y0 != 0 ? fabs(f.y0) : 1) * 0.1;
    return f;
}

/* Distance between ticks: 1, 2 or 5 times a power of ten, about five of them. */
static double tick_step(double span) {
    double raw = span / 5, power = pow(10, floor(log10(raw))), m = raw / power;
    return power * (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10);
}

static double px(const frame *f, double x) { return LEFT + (x - f->x0) / (f->x1 - f->x0) * (WIDTH - LEFT - RIGHT); }
static double py(const frame *f, double y) { return HEIGHT - BOTTOM - (y - f->y0) / (f->y1 - f->y0) * (HEIGHT - TOP - BOTTOM); }

static void axes(hn_buf *out, const frame *f, const char *x_label) {
    double step = tick_step(f->y1 - f->y0);
    for (double v = ceil(f->y0 / step) * step; v <= f->y1 + step * 1e-9; v += step)
        hn_buf_printf(
            out,
            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"tick\" text-anchor=\"end\" x=\"%d\" "
            "y=\"%.1f\">%.4g</text>\n",
            LEFT, WIDTH - RIGHT, py(f, v), py(f, v), LEFT - 6, py(f, v) + 4, fabs(v) < step * 1e-9 ? 0 : v);
    step = tick_step(f->x1 - f->x0);
    for (double v = ceil(f->x0 / step) * step; v <= f->x1 + step * 1e-9; v += step)
        hn_buf_printf(out, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%.6g</text>\n", px(f, v),
                      HEIGHT - BOTTOM + 16, v);
    hn_buf_printf(out, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%s</text>\n", WIDTH - RIGHT, HEIGHT - 4,
                  x_label);
}

static void polyline(hn_buf *out, const frame *f, const hn_series *s, size_t number, const char *kind, double keep) {
    double smooth = 0, weight = 0;
    hn_buf_printf(out, "<polyline class=\"line%zu %s\" points=\"", number, kind);
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->y[i])) continue;
        smooth = keep * smooth + (1 - keep) * s->y[i];
        weight = keep * weight + (1 - keep);
        hn_buf_printf(out, "%.1f,%.1f ", px(f, s->x[i]), py(f, smooth / weight));
    }
    hn_buf_puts(out, "\"/>\n");
}

void hn_svg_lines(hn_buf *out, const char *title, const char *x_label, const hn_series *s, size_t n) {
    frame f = bounds(s, n);
    if (!isfinite(f.x0)) return;
    hn_buf_printf(out,
                  "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title><text class=\"head\" x=\"%d\" y=\"18\">%s</text>\n",
                  WIDTH, HEIGHT, title, LEFT, title);
    axes(out, &f, x_label);
    double legend = WIDTH - RIGHT;
    for (size_t k = n; k-- > 0;) {
        bool busy = s[k].n > 40;
        if (busy) polyline(out, &f, &s[k], k, "thin", 0);
        polyline(out, &f, &s[k], k, "thick", busy ? 0.9 : 0);
        if (n > 1)
            hn_buf_printf(out, "<text class=\"legend line%zu\" text-anchor=\"end\" x=\"%.0f\" y=\"18\">%s</text>\n", k, legend,
                          s[k].name);
        legend -= 9.0 * (double)strlen(s[k].name) + 14;
    }
    hn_buf_puts(out, "</svg>\n");
}
