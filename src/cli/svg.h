/* svg.h - line charts as inline SVG, for self-contained pages. */
#ifndef HN_SVG_H
#define HN_SVG_H

#include "base/base.h"

typedef struct hn_series { /* points of one line; the arrays are the caller's */
    const char *name;
    const double *x, *y;
    size_t n;
} hn_series;
/* A chart with axes, ticks and a legend; a thin line of the values with a smoothed one above where a series is long. */
void hn_svg_lines(hn_buf *out, const char *title, const char *x_label, const hn_series *s, size_t n);
void hn_html_escape(hn_buf *out, const char *p, size_t n);

#endif
