/* inspect_text.c - data inspect for the terminal: figures, lengths, rows with their targets marked.
 *
 * In colour targets are green, special tokens blue on any ground, what truncation takes away is dim; without colour targets stand
 * between [[ and ]], and what is cut behind a line that says so. */
#include <string.h>

#include "cli/inspect.h"

static void figures(const inspection *s, hn_buf *out) {
    hn_buf_printf(out, "%s: %lld rows as %s, %s (%s)\n", hn_sources_name(&s->set->train), (long long)s->rows,
                  hn_view_name(s->set->view), s->format[0] ? s->format : "no format fits",
                  s->format[0] ? s->reason : "see `hone data formats`");
    hn_buf_printf(out, "tokens    %lld, %.1f %% of them targets; longest %lld, mean %.1f, half below %lld, 95 %% below %lld\n",
                  (long long)s->tokens, s->tokens ? 100.0 * (double)s->targets / (double)s->tokens : 0, (long long)s->longest,
                  s->parts ? (double)(s->tokens + s->lost) / (double)s->parts : 0, (long long)inspect_quantile(s, 0.5) + 1,
                  (long long)inspect_quantile(s, 0.95) + 1);
    if (s->cut)
        hn_buf_printf(out, "cut       %lld rows at --max_length %lld, %lld tokens lost\n", (long long)s->cut,
                      (long long)s->set->o.max_length, (long long)s->lost);
    if (s->dropped) hn_buf_printf(out, "dropped   %lld rows: no target is left, or a side is too long\n", (long long)s->dropped);
    if (s->empty) hn_buf_printf(out, "left out  %lld records that hold no example\n", (long long)s->empty);
    if (s->unusable)
        hn_buf_printf(out, "unusable  %lld row%s: `hone data check` says why\n", (long long)s->unusable, s->unusable == 1 ? "" : "s");
    if (s->packing) {
        hn_buf_printf(out, "packing   %s: %lld rows of up to %lld tokens, %.1f %% full\n", s->packing, (long long)s->packed_rows,
                      (long long)s->set->o.max_length,
                      s->packed_rows ? 100.0 * (double)s->packed_tokens / ((double)s->packed_rows * (double)s->set->o.max_length)
                                     : 0);
    }
    if (s->roles) hn_buf_puts(out, "roles    ");
    for (int i = 0; i < s->roles; i++)
        hn_buf_printf(out, " %s %lld%s", s->role[i].name, (long long)s->role[i].n, i + 1 < s->roles ? "," : "\n");
    if (s->roles && s->set->o.chat) hn_buf_printf(out, "template  %s\n", hn_chat_source(s->set->o.chat));
}

static void lengths(const inspection *s, hn_buf *out) {
    length_bin bin[24];
    int n = inspect_bins(s, bin);
    int64_t most = 1;
    for (int i = 0; i < n; i++) most = bin[i].n > most ? bin[i].n : most;
    hn_buf_puts(out, "\nlength in tokens\n");
    for (int i = 0; i < n; i++) {
        int bar = (int)((50 * bin[i].n + most - 1) / most);
        hn_buf_printf(out, "%7lld-%-7lld %.*s%s%lld\n", (long long)bin[i].from, (long long)bin[i].to, bar,
                      "##################################################", bar ? " " : "", (long long)bin[i].n);
    }
}

static const char *color_of(unsigned marks) {
    if (marks & TOKEN_CUT) return "\033[2;9m";
    if (marks & TOKEN_SPECIAL) return marks & TOKEN_TARGET ? "\033[1;32m" : "\033[34m";
    return marks & TOKEN_TARGET ? "\033[32m" : "";
}

/* Tokens with the same marks in one piece. */
static void marked(const inspection *s, const shown_part *p, const char *text, const size_t *at, bool color, hn_buf *out) {
    for (int64_t i = 0, j; i < p->n; i = j) {
        unsigned marks = token_marks(s, p, i);
        for (j = i + 1; j < p->n; j++) {
            unsigned next = token_marks(s, p, j);
            if (color ? next != marks : (next ^ marks) & (TOKEN_TARGET | TOKEN_CUT)) break;
        }
        bool target = marks & TOKEN_TARGET, cut = marks & TOKEN_CUT;
        if (color) hn_buf_puts(out, color_of(marks));
        else if (cut) hn_buf_printf(out, "\n--- cut: %lld tokens ---\n", (long long)(j - i));
        else if (target) hn_buf_puts(out, "[[");
        put_visible(out, text + at[i], at[j] - at[i]);
        if (color) hn_buf_puts(out, *color_of(marks) ? "\033[0m" : "");
        else if (target) hn_buf_puts(out, "]]");
        else if (cut && j < p->n) hn_buf_puts(out, "\n--- end of cut ---\n");
    }
    hn_buf_putc(out, '\n');
}

static void listed(const inspection *s, const shown_part *p, const char *text, const size_t *at, bool color, hn_buf *out) {
    hn_buf quoted = {0};
    hn_buf_puts(out, "    pos       id  target  text\n");
    for (int64_t i = 0; i < p->n; i++) {
        unsigned marks = token_marks(s, p, i);
        hn_buf_printf(out, "%s%7lld %8d  %-6s  ", color ? color_of(marks) : "", (long long)i, p->id[i],
                      marks & TOKEN_CUT ? "cut" : marks & TOKEN_TARGET ? "yes" : ".");
        hn_buf_clear(&quoted);
        hn_json_write_str(&quoted, text + at[i], at[i + 1] - at[i]);
        put_visible(out, quoted.p ? quoted.p : "", quoted.n);
        if (color && *color_of(marks)) hn_buf_puts(out, "\033[0m");
        hn_buf_putc(out, '\n');
    }
    hn_buf_release(&quoted);
}

static hn_status show_row(const inspection *s, const shown_row *r, bool ids, bool color, hn_buf *text, hn_buf *out,
                          hn_error *err) {
    hn_buf_printf(out, "\n%srow %lld%s", color ? "\033[1m" : "", (long long)r->index, color ? "\033[0m" : "");
    if (r->file) {
        hn_buf_puts(out, " (");
        put_visible(out, r->file, strlen(r->file));
        hn_buf_printf(out, ":%lld)", (long long)r->line);
    }
    hn_buf_printf(out, "%s%s%s\n", *r->kind ? ", " : "", r->kind, r->dropped ? ", dropped" : "");
    if (r->problem) {
        hn_buf_puts(out, "cannot be used: ");
        put_visible(out, r->problem, strlen(r->problem));
        hn_buf_putc(out, '\n');
    }
    if (r->label) {
        hn_buf_puts(out, "label: ");
        put_visible(out, r->label, strlen(r->label));
        hn_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < r->parts; i++) {
        const shown_part *p = &r->part[i];
        size_t *at = NULL;
        HN_TRY(token_pieces(s->set->tok, p->id, p->n, text, &at, err));
        hn_buf_printf(out, "%s%s: %lld tokens, %lld of them targets", i ? "\n" : "", p->name, (long long)p->kept,
                      (long long)part_targets(p));
        if (p->kept < p->n) hn_buf_printf(out, ", %lld cut", (long long)(p->n - p->kept));
        if (p->prompt_alone > p->prompt) hn_buf_puts(out, "; the last token of the prompt and the first of the answer are one");
        hn_buf_puts(out, "\n");
        (ids ? listed : marked)(s, p, text->p, at, color, out);
        hn_free(at);
    }
    return HN_OK;
}

hn_status inspect_text(const inspection *s, hn_buf *out, bool ids, bool color, hn_error *err) {
    hn_buf text = {0};
    hn_status st = HN_OK;
    figures(s, out);
    if (s->parts) lengths(s, out);
    if (s->count && !ids) hn_buf_printf(out, "\ntargets are %s\n", color ? "green" : "between [[ and ]]");
    for (size_t i = 0; i < s->count && st == HN_OK; i++) st = show_row(s, &s->shown[i], ids, color, &text, out, err);
    hn_buf_release(&text);
    return st == HN_OK && out->failed ? hn_nomem(err, out->n) : st;
}
