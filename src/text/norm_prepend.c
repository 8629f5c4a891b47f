/* norm_prepend.c - a fixed text in front of every normalised part that is not empty. Its characters take the span of
 * the first character. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *text = hn_json_cstr(hn_json_get(spec, "prepend"));
    if (!text) return hn_fail(err, HN_EFORMAT, "\"prepend\" is missing");
    *state = hn_strdup(text);
    return *state ? HN_OK : hn_nomem(err, strlen(text));
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const char *text = state;
    if (w->text.n == 0) return HN_OK;
    hn_view_clear(&w->spare);
    hn_view_add(&w->spare, text, strlen(text), hn_view_span(&w->text, 0));
    hn_view_copy(&w->spare, &w->text, 0, w->text.n);
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_prepend = {
    .part = {.type = "Prepend", .about = "puts a text in front", .make = make, .drop = hn_free},
    .run = run,
};
