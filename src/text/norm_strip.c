/* norm_strip.c - white space off the left end, the right end or both. */
#include "text/text_impl.h"

typedef struct strip {
    bool at_left, at_right;
} strip;

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    strip *s = hn_calloc(1, sizeof *s);
    if (!s) return hn_nomem(err, sizeof *s);
    s->at_left = hn_json_bool(hn_json_get(spec, "strip_left"), false);
    s->at_right = hn_json_bool(hn_json_get(spec, "strip_right"), false);
    *state = s;
    return HN_OK;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const strip *s = state;
    size_t begin = 0, end = w->text.n;
    int len;
    while (s->at_left && begin < end && hn_is_space(hn_cp_at(w->text.p + begin, &len))) begin += (size_t)len;
    while (s->at_right && end > begin) {
        size_t last = end - 1;
        while (((unsigned char)w->text.p[last] & 0xC0) == 0x80) last--;
        if (!hn_is_space(hn_cp_at(w->text.p + last, &len))) break;
        end = last;
    }
    if (begin == 0 && end == w->text.n) return HN_OK;
    hn_view_clear(&w->spare);
    hn_view_copy(&w->spare, &w->text, begin, end);
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_strip = {
    .part = {.type = "Strip", .about = "white space off the ends", .make = make, .drop = hn_free},
    .run = run,
};
