/* pretok_unicode_scripts.c - cuts where the script changes. Hiragana and Katakana count as Han; spaces and what has no
 * script join what they stand in, but at the very start, as in the reference, they are lost. */
#include "text/class_tables.h"
#include "text/text_impl.h"

static int script_of(uint32_t cp) { /* 0: any */
    size_t lo = 0, hi = hn_script_ranges_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (hn_script_ranges[mid].last < cp) lo = mid + 1;
        else hi = mid;
    }
    return lo < hn_script_ranges_count && hn_script_ranges[lo].first <= cp ? hn_script_ranges[lo].script : 0;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        size_t begin = w->pieces.v[i].begin, end = w->pieces.v[i].end;
        int before = 0;
        for (size_t at = begin; at < end;) {
            int len, script = script_of(hn_cp_at(w->text.p + at, &len));
            if (script && script != before) {
                if (before) hn_pieces_add(&w->spare_pieces, begin, at);
                begin = at;
                before = script;
            }
            at += (size_t)len;
        }
        if (before) hn_pieces_add(&w->spare_pieces, begin, end);
    }
    hn_work_swap_pieces(w);
    return hn_work_check(w, err);
}

const hn_step hn_pretok_unicode_scripts = {
    .part = {.type = "UnicodeScripts", .about = "cuts where the script changes"},
    .run = run,
};
