/* readers_impl.h - files a tokenizer can be read from, one reader each (tokenizer_readers.def). */
#ifndef HN_TEXT_READERS_IMPL_H
#define HN_TEXT_READERS_IMPL_H

#include "text/text_impl.h"

typedef struct hn_tokenizer_reader {
    const char *name; /* "SentencePiece model" */
    const char *about;
    const char *const *files; /* names looked for in a folder, ends with NULL; "*.x": any file of that ending */
    /* Is a file of this name, beginning so, one of these? */
    bool (*is)(const char *base, hn_str head);
    /* Fills in the parts. bytes: the whole file, mapped; path: for what stands beside it. tokenizer_config.json has been
     * read (t->config). */
    hn_status (*read)(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err);
} hn_tokenizer_reader;

/* tokenizer_json.c: parts from the text of a tokenizer.json, which t keeps. Takes text. */
hn_status hn_tokenizer_take_json(hn_tokenizer *t, hn_buf *text, const char *name, hn_error *err);
/* A token for a role that tokenizer_config.json does not name. */
void hn_tokenizer_default(hn_tokenizer *t, hn_special which, int32_t id);
bool hn_ends_with(const char *s, const char *end);

#endif
