/* format_summarize.c - OpenAI's summarize_from_feedback comparisons: a post (or an article) and two summaries, choice names
 * the better one. The prompt is TRL's. */
#include "data/formats_impl.h"

#include <string.h>

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (hn_json_type(hn_json_get(record, "info")) != HN_JSON_OBJECT || hn_json_len(hn_json_get(record, "summaries")) != 2)
        return false;
    return hn_json_has(record, "choice") && hn_because(reason, "columns \"info\", \"summaries\" and \"choice\"");
}

/* The post without empty lines: runs of line breaks become one, two at a time as str.replace does. */
static void add_post(hn_buf *b, hn_str s) {
    for (size_t i = 0; i < s.n; i++) {
        hn_buf_putc(b, s.p[i]);
        if (s.p[i] == '\n' && i + 1 < s.n && s.p[i + 1] == '\n') i++;
    }
}

static hn_status prompt_of(const hn_json *info, hn_json **out, hn_error *err) {
    hn_str title, post, subreddit;
    bool article = hn_json_get(info, "article") != NULL;
    HN_TRY(hn_column_maybe(info, "title", &title, err));
    HN_TRY(hn_column_maybe(info, "subreddit", &subreddit, err));
    HN_TRY(hn_column_text(info, article ? "article" : "post", &post, err));
    hn_buf b = {0};
    if (article) {
        hn_buf_printf(&b, "TITLE: ");
        hn_buf_add(&b, title.p, title.n);
        hn_buf_puts(&b, "\n\n");
        hn_buf_add(&b, post.p, post.n);
    } else {
        hn_buf_puts(&b, "SUBREDDIT: r/");
        hn_buf_add(&b, subreddit.p, subreddit.n);
        hn_buf_puts(&b, "\n\nTITLE: ");
        hn_buf_add(&b, title.p, title.n);
        hn_buf_puts(&b, "\n\nPOST: ");
        add_post(&b, post);
    }
    hn_buf_puts(&b, "\n\nTL;DR:");
    *out = b.failed ? NULL : hn_json_new_str(b.p, b.n);
    hn_buf_release(&b);
    return *out ? HN_OK : hn_nomem(err, post.n);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x, *prompt, *summaries = hn_json_get(record, "summaries");
    int64_t best = hn_json_int(hn_json_get(record, "choice"), -1);
    if (best != 0 && best != 1) return hn_bad_row(err, "column \"choice\" is neither 0 nor 1");
    HN_TRY(hn_examples_add(out, HN_KIND_PREFERENCE, &x, err));
    HN_TRY(prompt_of(hn_json_get(record, "info"), &prompt, err));
    HN_TRY(hn_put(x, "prompt", prompt, err));
    HN_TRY(hn_column_move(hn_json_at(summaries, (size_t)best), "text", x, "chosen", err));
    return hn_column_move(hn_json_at(summaries, (size_t)!best), "text", x, "rejected", err);
}

const hn_format hn_format_summarize = {.name = "summarize-from-feedback",
                                       .about = "columns \"info\" (post, title, subreddit), \"summaries\" and \"choice\"",
                                       .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
                                       .detect = detect,
                                       .convert = convert};
