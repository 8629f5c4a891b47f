/* dec_sequence.c - several decoders, one after the other: decode.c makes each of them a stage of its own. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    return hn_parts_make(&hn_decoders, hn_json_get(spec, "decoders"), state, err);
}

const hn_dec hn_dec_sequence = {
    .part = {.type = "Sequence", .about = "several decoders, one after the other", .make = make, .drop = hn_parts_drop},
};
