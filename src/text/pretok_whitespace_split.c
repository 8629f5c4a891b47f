/* pretok_whitespace_split.c - pieces are what stands between white space. */
#include "text/text_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_split_at_chars(w, hn_is_space, HN_SPLIT_REMOVED, err);
}

const hn_step hn_pretok_whitespace_split = {
    .part = {.type = "WhitespaceSplit", .about = "cuts at white space"},
    .run = run,
};
