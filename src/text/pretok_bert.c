/* pretok_bert.c - cuts at white space, and punctuation stands alone. */
#include "text/text_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    HN_TRY(hn_split_at_chars(w, hn_is_space, HN_SPLIT_REMOVED, err));
    return hn_split_at_chars(w, hn_is_punct, HN_SPLIT_ISOLATED, err);
}

const hn_step hn_pretok_bert = {
    .part = {.type = "BertPreTokenizer", .about = "words and punctuation"},
    .run = run,
};
