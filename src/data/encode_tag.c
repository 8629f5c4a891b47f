/* encode_tag.c - words with a tag each: every word is tokenised on its own, and its first token is the target. The label is the
 * tag where tags are numbers; names become numbers once all of them are known, here they are 0. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    const hn_json *words = hn_json_get(x, "tokens"), *tags = hn_json_get(x, "tags");
    hn_row *row = &out->row[0];
    size_t n = hn_json_len(words);
    out->n = 1;
    if (hn_json_type(words) != HN_JSON_ARRAY || hn_json_type(tags) != HN_JSON_ARRAY || hn_json_len(tags) != n)
        return hn_bad_row(err, "columns \"tokens\" and \"tags\" are not two lists of the same length");
    for (size_t i = 0; i < n; i++) {
        hn_str word;
        if (!hn_json_text(hn_json_at(words, i), &word))
            return hn_bad_row(err, "\"tokens\"[%zu] is %s, a string is expected", i, hn_json_what(hn_json_at(words, i)));
        if (i && e->look) hn_buf_putc(&row->text, ' ');
        size_t first = row->n;
        HN_TRY(hn_row_piece(e, word, i == 0, i + 1 == n, row, err));
        size_t leading = 0;
        while (i == 0 && leading < e->whole.n && e->whole.special[leading]) leading++;
        if (first + leading < row->n && !(i + 1 == n && e->whole.special[leading]))
            row->label[first + leading] = (int32_t)hn_json_int(hn_json_at(tags, i), 0);
    }
    return HN_OK;
}

const hn_kind_encoder hn_encode_tag = {
    .kind = HN_KIND_TAG, .about = "words with a tag each", .needs_tokenizer = true, .encode = encode};
