/* format_tags.c - words and a tag for each (CoNLL and its JSON form): tokens with ner_tags, tags, pos_tags or chunk_tags.
 *
 * Tags come out as IOB2. The CoNLL-2003 distribution is IOB1: an entity begins with "I-" unless it follows another of its
 * type. An "I-" that continues nothing is therefore a beginning; in IOB2 there is none. */
#include "data/formats_impl.h"

#include <string.h>

static const char *const words[] = {"tokens", "words", NULL}, *const tags[] = {"ner_tags",   "tags", "labels", "pos_tags",
                                                                               "chunk_tags", "upos", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *word = hn_column_of(record, words), *tag = hn_column_of(record, tags);
    if (!word || !tag || hn_json_type(hn_json_get(record, word)) != HN_JSON_ARRAY ||
        hn_json_type(hn_json_get(record, tag)) != HN_JSON_ARRAY)
        return false;
    return hn_because(reason, "columns \"%s\" and \"%s\"", word, tag);
}

static bool continues(hn_str tag, hn_str before) {
    return before.n == tag.n && before.n > 2 && (before.p[0] == 'B' || before.p[0] == 'I') &&
           memcmp(tag.p + 1, before.p + 1, tag.n - 1) == 0;
}

/* The tags as IOB2; *turned: some had to be changed. Other schemes (IOBES, plain names) pass unchanged. */
static hn_json *iob2(const hn_json *list, bool *turned) {
    hn_json *out = hn_json_new_array();
    hn_str before = {"O", 1}, tag;
    *turned = false;
    for (size_t i = 0; out && i < hn_json_len(list); i++) {
        hn_json *value = hn_json_at(list, i);
        bool begins = hn_json_text(value, &tag) && tag.n > 2 && memcmp(tag.p, "I-", 2) == 0 && !continues(tag, before);
        before = hn_json_text(value, &tag) ? tag : (hn_str){"O", 1};
        if (begins) {
            char *b = hn_strndup(tag.p, tag.n);
            if (b) b[0] = 'B';
            hn_json_push(out, b ? hn_json_new_str(b, tag.n) : NULL);
            hn_free(b);
            *turned = true;
        } else {
            hn_json_push(out, hn_json_ref(value));
        }
    }
    return out;
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    const char *word = hn_column_of(record, words), *tag = hn_column_of(record, tags);
    hn_json *x, *list = word ? hn_json_get(record, word) : NULL, *marks = tag ? hn_json_get(record, tag) : NULL;
    if (hn_json_type(list) != HN_JSON_ARRAY || hn_json_type(marks) != HN_JSON_ARRAY) {
        hn_bad_row(err, "column \"%s\" is no array, or missing", hn_json_type(list) != HN_JSON_ARRAY ? "tokens" : "ner_tags");
        hn_columns_detail(record, err);
        return HN_EFORMAT;
    }
    size_t n = hn_json_len(list);
    if (hn_json_len(marks) != n)
        return hn_bad_row(err, "\"%s\" has %zu entries, \"%s\" has %zu", tag, hn_json_len(marks), word, n);
    if (n == 0) {
        hn_examples_note(out, "sentences without a word: left out", 1);
        return HN_OK;
    }
    for (size_t i = 0; i < n; i++) {
        hn_json_kind kind = hn_json_type(hn_json_at(marks, i));
        if (hn_json_type(hn_json_at(list, i)) != HN_JSON_STR) return hn_bad_row(err, "\"%s\"[%zu] is no string", word, i);
        if (kind != HN_JSON_STR && kind != HN_JSON_INT)
            return hn_bad_row(err, "\"%s\"[%zu] is neither a string nor an integer", tag, i);
    }
    bool turned;
    HN_TRY(hn_examples_add(out, HN_KIND_TAG, &x, err));
    HN_TRY(hn_put(x, "tokens", hn_json_ref(list), err));
    HN_TRY(hn_put(x, "tags", iob2(marks, &turned), err));
    if (turned) hn_examples_note(out, "sentences tagged in IOB1 (entities that begin with \"I-\"): read as IOB2", 1);
    return HN_OK;
}

const hn_format hn_format_tags = {
    .name = "tags",
    .about = "columns \"tokens\" and \"ner_tags\" (or \"tags\", \"pos_tags\", \"chunk_tags\"); .conll files",
    .kinds = HN_KIND_BIT(HN_KIND_TAG),
    .detect = detect,
    .convert = convert};
