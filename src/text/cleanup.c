/* cleanup.c - text replaced throughout a buffer, and the reference's way of mending English spacing. */
#include "text/text_impl.h"

/* What the empty text matches: the place before every character, and the end. */
static void put_everywhere(hn_buf *text, hn_buf *spare, const char *by) {
    hn_buf_clear(spare);
    for (size_t at = 0; at < text->n; at++) {
        if (((unsigned char)text->p[at] & 0xC0) != 0x80) hn_buf_puts(spare, by);
        hn_buf_putc(spare, text->p[at]);
    }
    hn_buf_puts(spare, by);
    hn_buf old = *text;
    *text = *spare;
    *spare = old;
}

void hn_replace_all(hn_buf *text, hn_buf *spare, const char *what, size_t n, const char *by) {
    size_t from = 0;
    bool any = false;
    if (n == 0) {
        put_everywhere(text, spare, by);
        return;
    }
    if (text->n < n) return;
    for (size_t at = 0; at + n <= text->n;) {
        if (memcmp(text->p + at, what, n) != 0) {
            at++;
            continue;
        }
        if (!any) hn_buf_clear(spare);
        any = true;
        hn_buf_add(spare, text->p + from, at - from);
        hn_buf_puts(spare, by);
        from = at += n;
    }
    if (!any) return;
    hn_buf_add(spare, text->p + from, text->n - from);
    hn_buf old = *text;
    *text = *spare;
    *spare = old;
}

void hn_cleanup_english(hn_buf *text, hn_buf *spare) {
    static const char *const rules[][2] = {{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"},
                                           {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        hn_replace_all(text, spare, rules[i][0], strlen(rules[i][0]), rules[i][1]);
}
