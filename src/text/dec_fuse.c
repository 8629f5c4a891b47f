/* dec_fuse.c - all tokens become one: the stages behind see a single token that goes on to the end. */
#include "text/text_impl.h"

static hn_status put(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err) {
    (void)more;
    return hn_dec_pass(s, p, n, true, err);
}

const hn_dec hn_dec_fuse = {
    .part = {.type = "Fuse", .about = "all tokens as one text"},
    .put = put,
};
