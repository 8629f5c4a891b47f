/* json_reader.h - the two large values of tokenizer.json, read straight from its text.
 *
 * Vocabularies may have the character U+0000 in their keys and scores must be the reference's to the last bit; and a
 * tree of half a million strings would be built only to be walked once. */
#ifndef HN_TEXT_JSON_READER_H
#define HN_TEXT_JSON_READER_H

#include "text/text_impl.h"

typedef struct hn_json_reader {
    const char *begin, *p, *end;
    hn_buf text; /* a string with escapes, undone */
} hn_json_reader;
void hn_reader_open(hn_json_reader *r, hn_str json);
void hn_reader_close(hn_json_reader *r);
/* Skips blanks; true if the next character is c, which is then passed. */
bool hn_reader_pass(hn_json_reader *r, char c);
/* A string: *out is good until the next call. False: none, or a malformed one. */
bool hn_reader_string(hn_json_reader *r, hn_str *out);
bool hn_reader_id(hn_json_reader *r, int64_t *out); /* a whole number, not negative */
/* A number as the reference's JSON reader rounds it: up to 19 digits as an integer, times or by a power of ten. */
bool hn_reader_score(hn_json_reader *r, double *out);
bool hn_reader_skip(hn_json_reader *r); /* any value */
/* "model.vocab: byte 17: what"; ENOMEM if that is why a string could not be read. */
hn_status hn_reader_fail(const hn_json_reader *r, const char *where, const char *what, hn_error *err);

/* What a model is made from: its settings, and the text of its vocabulary and merges (p NULL: absent). */
typedef struct hn_model_source {
    const hn_json *spec;
    hn_str vocab, merges;
} hn_model_source;
/* Finds both in the text of tokenizer.json and appends the text without them (null in their place) to rest. False: the
 * text is no JSON object; the whole text is for the JSON parser to judge. */
bool hn_model_cut(hn_str json, hn_model_source *out, hn_buf *rest);
/* {"token": id, ...} */
hn_status hn_vocab_load(hn_str json, hn_vocab **out, hn_error *err);

#endif
