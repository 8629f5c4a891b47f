/* inspect_page.c - data inspect as one HTML page without anything from elsewhere, for light and dark screens. */
#include <string.h>

#include "cli/inspect.h"
#include "cli/svg.h"

static const char style[] =
    ":root{--bg:#fff;--fg:#1c1e21;--dim:#6a7078;--line:#d9dde2;--card:#f6f7f9;--target:#d3f0d8;--edge:#8cc79a;--special:#1f5fbf;--cut:#b5bac1;--bar:#6aa9e9}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e4e7ea;--dim:#98a0a9;--line:#323840;--card:#1d2126;--target:#1d4729;--edge:#3f8a55;"
    "--special:#8ab8ff;--cut:#5b636c;--bar:#3f74b0}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1.2rem 4rem;max-width:60rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}p{margin:.2rem 0 .8rem}.dim{color:var(--dim)}"
    "table{border-collapse:collapse;margin:.6rem 0}td{padding:.15rem 1.2rem .15rem 0;vertical-align:top}td:first-child{color:var(--dim)}"
    ".h{display:grid;grid-template-columns:9rem 1fr;gap:.15rem .8rem;align-items:center;font-size:.85rem}.h span{text-align:right;color:var(--dim)}"
    ".h div{display:flex;align-items:center;gap:.5rem}.h i{display:block;height:.85rem;background:var(--bar);border-radius:2px;min-width:2px}"
    "article{border:1px solid var(--line);background:var(--card);border-radius:8px;padding:.8rem 1rem;margin:.8rem 0}"
    "article>header{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem;color:var(--dim);margin-bottom:.5rem}article b{color:var(--fg)}"
    ".t{white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.75 ui-monospace,Consolas,monospace;margin:.2rem 0 .6rem}"
    ".t span{border-right:1px solid var(--line)}.t .l{background:var(--target);border-right-color:var(--edge)}.t .s{color:var(--special);font-weight:600}"
    ".t .c{color:var(--cut);text-decoration:line-through}.k{padding:0 .3rem;border-radius:3px;font-family:ui-monospace,Consolas,monospace}"
    ".k.l{background:var(--target)}.k.s{color:var(--special);font-weight:600}.k.c{color:var(--cut);text-decoration:line-through}"
    ".nl{color:var(--dim)}.part{font-size:.85rem;color:var(--dim);border-top:1px solid var(--line);padding-top:.4rem}.part:first-of-type{border:0;padding:0}"
    ".bad{color:#c0392b}";

static void put_text(hn_buf *out, const char *s) { hn_html_escape(out, s, strlen(s)); }

/* A token, with its line ends to be seen. */
static void put_token(hn_buf *out, const char *p, size_t n) {
    for (const char *end; n && (end = memchr(p, '\n', n)); n -= (size_t)(end + 1 - p), p = end + 1) {
        hn_html_escape(out, p, (size_t)(end - p));
        hn_buf_puts(out, "<i class=nl>&#8629;</i>\n");
    }
    hn_html_escape(out, p, n);
}

static void line(hn_buf *out, const char *name, const char *fmt, ...) HN_PRINTF(3, 4);
static void line(hn_buf *out, const char *name, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    hn_buf_printf(out, "<tr><td>%s</td><td>", name);
    put_text(out, text);
    hn_buf_puts(out, "</td></tr>\n");
}

static void figures(const inspection *s, hn_buf *out) {
    hn_buf_puts(out, "<table>\n");
    line(out, "format", "%s (%s)", s->format[0] ? s->format : "no format fits",
         s->format[0] ? s->reason : "see `hone data formats`");
    line(out, "rows", "%lld as %s", (long long)s->rows, hn_view_name(s->set->view));
    line(out, "tokens", "%lld, %.1f %% of them targets", (long long)s->tokens,
         s->tokens ? 100.0 * (double)s->targets / (double)s->tokens : 0);
    line(out, "length", "longest %lld, half below %lld, 95 %% below %lld", (long long)s->longest,
         (long long)inspect_quantile(s, 0.5) + 1, (long long)inspect_quantile(s, 0.95) + 1);
    if (s->cut)
        line(out, "cut", "%lld rows at --max_length %lld, %lld tokens lost", (long long)s->cut, (long long)s->set->o.max_length,
             (long long)s->lost);
    if (s->dropped) line(out, "dropped", "%lld rows: no target is left, or a side is too long", (long long)s->dropped);
    if (s->unusable) line(out, "unusable", "%lld row%s", (long long)s->unusable, s->unusable == 1 ? "" : "s");
    if (s->packing)
        line(out, "packing", "%s: %lld rows, %lld tokens", s->packing, (long long)s->packed_rows, (long long)s->packed_tokens);
    for (int i = 0; i < s->roles; i++) line(out, i ? "" : "roles", "%s: %lld messages", s->role[i].name, (long long)s->role[i].n);
    if (s->roles && s->set->o.chat) line(out, "template", "%s", hn_chat_source(s->set->o.chat));
    hn_buf_puts(out, "</table>\n");
}

static void lengths(const inspection *s, hn_buf *out) {
    length_bin bin[24];
    int n = inspect_bins(s, bin);
    int64_t most = 1;
    for (int i = 0; i < n; i++) most = bin[i].n > most ? bin[i].n : most;
    hn_buf_puts(out, "<h2>Length in tokens</h2>\n<div class=h>\n");
    for (int i = 0; i < n; i++)
        hn_buf_printf(out, "<span>%lld&ndash;%lld</span><div><i style=\"width:%.1f%%\"></i>%lld</div>\n", (long long)bin[i].from,
                      (long long)bin[i].to, 85.0 * (double)bin[i].n / (double)most, (long long)bin[i].n);
    hn_buf_puts(out, "</div>\n");
}

static void tokens(const inspection *s, const shown_part *p, const char *text, const size_t *at, hn_buf *out) {
    hn_buf_puts(out, "<div class=t>");
    for (int64_t i = 0; i < p->n; i++) {
        unsigned marks = token_marks(s, p, i);
        hn_buf_printf(out, "<span class=\"%s%s%s\" title=\"%lld: id %d%s\">", marks & TOKEN_TARGET ? "l " : "",
                      marks & TOKEN_SPECIAL ? "s " : "", marks & TOKEN_CUT ? "c" : "", (long long)i, p->id[i],
                      marks & TOKEN_TARGET ? ", target"
                      : marks & TOKEN_CUT  ? ", cut"
                                           : "");
        put_token(out, text + at[i], at[i + 1] - at[i]);
        hn_buf_puts(out, "</span>");
    }
    hn_buf_puts(out, "</div>\n");
}

static hn_status row(const inspection *s, const shown_row *r, hn_buf *text, hn_buf *out, hn_error *err) {
    hn_buf_printf(out, "<article><header><b>row %lld</b>", (long long)r->index);
    if (r->file) {
        hn_buf_puts(out, "<span>");
        put_text(out, r->file);
        hn_buf_printf(out, ":%lld</span>", (long long)r->line);
    }
    hn_buf_printf(out, "<span>%s%s</span></header>\n", r->kind, r->dropped ? ", dropped" : "");
    if (r->problem) {
        hn_buf_puts(out, "<p class=bad>cannot be used: ");
        put_text(out, r->problem);
        hn_buf_puts(out, "</p>\n");
    }
    if (r->label) {
        hn_buf_puts(out, "<p>label: ");
        put_text(out, r->label);
        hn_buf_puts(out, "</p>\n");
    }
    for (size_t i = 0; i < r->parts; i++) {
        const shown_part *p = &r->part[i];
        size_t *at = NULL;
        HN_TRY(token_pieces(s->set->tok, p->id, p->n, text, &at, err));
        hn_buf_printf(out, "<div class=part><b>%s</b>: %lld tokens, %lld of them targets", p->name, (long long)p->kept,
                      (long long)part_targets(p));
        if (p->kept < p->n) hn_buf_printf(out, ", %lld cut", (long long)(p->n - p->kept));
        hn_buf_puts(out, "</div>\n");
        tokens(s, p, text->p, at, out);
        hn_free(at);
    }
    hn_buf_puts(out, "</article>\n");
    return HN_OK;
}

hn_status inspect_page(const inspection *s, hn_buf *out, hn_error *err) {
    hn_buf text = {0};
    hn_status st = HN_OK;
    const char *name = hn_sources_name(&s->set->train);
    hn_buf_puts(out, "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport "
                     "content=\"width=device-width,initial-scale=1\">\n<title>");
    put_text(out, hn_path_base(name));
    hn_buf_printf(out, "</title>\n<style>%s</style>\n<h1>What the model sees</h1>\n<p class=dim>", style);
    put_text(out, name);
    hn_buf_puts(out, "</p>\n");
    figures(s, out);
    if (s->parts) lengths(s, out);
    hn_buf_puts(out, "<h2>Rows</h2>\n<p class=dim><span class=\"k l\">target</span> <span class=\"k s\">special token</span> "
                     "<span class=\"k c\">cut by truncation</span>"
                     " &middot; point at a token for its id</p>\n");
    for (size_t i = 0; i < s->count && st == HN_OK; i++) st = row(s, &s->shown[i], &text, out, err);
    hn_buf_puts(out, "</html>\n");
    hn_buf_release(&text);
    return st == HN_OK && out->failed ? hn_nomem(err, out->n) : st;
}
