/* text.h - the room of words: tokenizers (tokenizer.json and friends). Text in, token ids out.
 *
 * Truth is the Hugging Face tokenizers library running the file as it stands. */
#ifndef HN_TEXT_H
#define HN_TEXT_H

#include "base/base.h"

typedef struct hn_tokenizer hn_tokenizer; /* immutable after loading: any number of threads may encode */

typedef struct hn_token_span { /* bytes of the original text; specials of a post-processor: begin == end */
    uint32_t begin, end;
} hn_token_span;

typedef struct hn_byte_span { size_t begin, end; } hn_byte_span;

typedef struct hn_encoding { /* growing columns, reused between calls; {0} is empty */
    int32_t *id;
    hn_token_span *span;  /* filled only if asked for */
    uint8_t *special;     /* 1: put there by the post-processor; filled only if spans are asked for */
    size_t n, cap;
    struct hn_text_work *work; /* inner: memory and known words, reused by the next call of the same tokenizer */
} hn_encoding;

enum {
    HN_ENCODE_SPECIAL = 1, /* run the post-processor: BOS and so on */
    HN_ENCODE_SPANS = 2,
    HN_ENCODE_SPLIT_SPECIAL = 4, /* special tokens written in the text are plain text */
    /* With SPECIAL: the text is the first or the second of a pair, and gets what the post-processor puts before it, or behind it;
     * what stands between the two comes with the first. */
    HN_ENCODE_FIRST = 8,
    HN_ENCODE_SECOND = 16
};

/* path: a folder with the files of a tokenizer (tokenizer_readers.def: tokenizer.json before others, tokenizer_config.json and
 * friends beside it), or one such file alone. Errors: ENOENT, EFORMAT, ENOTSUP (unknown component, by name). */
hn_status hn_tokenizer_load(const char *path, hn_tokenizer **out, hn_error *err) HN_MUST;
/* The same from the bytes of one file; name: what it is called, which tells its kind where the bytes do not. */
hn_status hn_tokenizer_parse(const char *name, hn_str bytes, hn_tokenizer **out, hn_error *err) HN_MUST;
void hn_tokenizer_free(hn_tokenizer *t);

/* Replaces the contents of out. text must be valid UTF-8 (EARG otherwise) and may hold NULs. */
hn_status hn_tokenizer_encode(const hn_tokenizer *t, hn_str text, unsigned flags, hn_encoding *out, hn_error *err) HN_MUST;
/* The same, but special tokens that touch one of the parts of the text (ascending, apart) are ordinary text there. */
hn_status hn_tokenizer_encode_parts(const hn_tokenizer *t, hn_str text, const hn_byte_span *plain, size_t plains, unsigned flags,
                                    hn_encoding *out, hn_error *err) HN_MUST;
/* The next special token that the text spells at or after *at, which moves behind it; false: none. */
bool hn_tokenizer_find_special(const hn_tokenizer *t, hn_str text, size_t *at, hn_byte_span *where);
void hn_encoding_release(hn_encoding *e);

/* Appends the text of ids; skip_special leaves special tokens out. Unknown ids are skipped, as in the reference. */
hn_status hn_tokenizer_decode(const hn_tokenizer *t, const int32_t *id, size_t n, bool skip_special, hn_buf *out,
                              hn_error *err) HN_MUST;

/* Streaming decode: feed one id at a time; appends only what can no longer change and never part of a
 * UTF-8 character. End with hn_decode_stream_end. */
typedef struct hn_decode_stream hn_decode_stream;
hn_decode_stream *hn_decode_stream_new(const hn_tokenizer *t, bool skip_special) HN_MUST;
hn_status hn_decode_stream_put(hn_decode_stream *s, int32_t id, hn_buf *out, hn_error *err) HN_MUST;
hn_status hn_decode_stream_end(hn_decode_stream *s, hn_buf *out, hn_error *err) HN_MUST;
void hn_decode_stream_free(hn_decode_stream *s);

/* BPE dropout: while merging, each merge is left out with probability p (0: never, which is how every tokenizer is loaded,
 * whatever its file says). Drawn from the seed and the text, so the same text has the same ids. Errors: EARG, ENOTSUP. */
hn_status hn_tokenizer_set_dropout(hn_tokenizer *t, double p, uint64_t seed, hn_error *err) HN_MUST;

int32_t hn_tokenizer_size(const hn_tokenizer *t);  /* highest id + 1, added tokens included */
int32_t hn_tokenizer_id(const hn_tokenizer *t, const char *token); /* -1: none */
hn_str hn_tokenizer_token(const hn_tokenizer *t, int32_t id);      /* the vocabulary's spelling; p NULL: none */
bool hn_tokenizer_is_special(const hn_tokenizer *t, int32_t id);
bool hn_tokenizer_is_added(const hn_tokenizer *t, int32_t id); /* an added token, special or not */
/* From tokenizer_config.json (or special_tokens_map.json): token text and id; NULL and -1 where not set. */
typedef enum hn_special { HN_BOS, HN_EOS, HN_PAD, HN_UNK, HN_SPECIAL_COUNT } hn_special;
const char *hn_tokenizer_special(const hn_tokenizer *t, hn_special which);
int32_t hn_tokenizer_special_id(const hn_tokenizer *t, hn_special which);
int64_t hn_tokenizer_max_length(const hn_tokenizer *t); /* model_max_length; the 1e30 integer and absent: INT64_MAX */
const char *hn_tokenizer_chat_template(const hn_tokenizer *t); /* NULL: none */
/* Adds tokens that are cut out of text as they stand; special ones are left out of decoded text on request. Known tokens
 * take the flag. *added (may be NULL): how many are new, with the next free ids. While nobody encodes. Errors: EARG. */
hn_status hn_tokenizer_add(hn_tokenizer *t, const char *const *tokens, size_t n, bool special, int32_t *added,
                           hn_error *err) HN_MUST;
/* Gives a role to a token, which is added where it is new. */
hn_status hn_tokenizer_set_special(hn_tokenizer *t, hn_special which, const char *token, hn_error *err) HN_MUST;
/* Writes tokenizer.json, tokenizer_config.json, chat_template.jinja and additional_chat_templates/ into a model folder: copies of
 * what was read from a tokenizer.json and not changed since, else files that transformers loads to equal ids (where a
 * tokenizer.json cannot say what a SentencePiece model does, a warning tells). chat_template: the only one then, instead of
 * those the tokenizer has; NULL: none. */
hn_status hn_tokenizer_save(const hn_tokenizer *t, const char *dir, const char *chat_template, hn_error *err) HN_MUST;
bool hn_tokenizer_found(const char *dir); /* is there a file in dir that a tokenizer can be read from? */
/* Content hash of what decides ids (tokenizer.json and the special tokens), 32 hex digits. */
const char *hn_tokenizer_fingerprint(const hn_tokenizer *t);

/* Where transformers 5 gives other ids than the files as they stand, which is what hone runs (peculiar.c). model_type: of
 * config.json, which names the class where tokenizer_config.json does not; may be NULL. Returns how many were filled in. */
typedef struct hn_peculiar {
    const char *id;  /* "tokenizer_rebuilt", "tokenizer_converted", "add_bos_token", "add_eos_token" */
    char text[512];  /* what differs, and when */
    char fix[256];
} hn_peculiar;
enum { HN_PECULIAR_MOST = 4 };
size_t hn_tokenizer_peculiar(const hn_tokenizer *t, const char *model_type, hn_peculiar out[HN_PECULIAR_MOST]);

/* ------------------------------------------------------------------ chat templates (chat*.c, jinja/)
 *
 * Truth is Python's Jinja2 in the environment transformers makes for it. A template is untrusted input: output, loops,
 * recursion and time are bounded. */

typedef struct hn_rendered { /* growing, reused between calls; {0} is empty */
    hn_buf text;
    hn_byte_span *span; /* what the assistant wrote, in order, apart from each other; only where asked for */
    size_t spans, cap;
} hn_rendered;
void hn_rendered_release(hn_rendered *r);

typedef struct hn_chat hn_chat; /* templates and special tokens; immutable: any number of threads may render */
typedef struct hn_chat_opts {
    const char *template_path;       /* wins over the tokenizer's; NULL: none */
    const hn_json *kwargs;           /* --chat_template_kwargs; a row's win over them; NULL: none */
    const char *token[HN_SPECIAL_COUNT]; /* instead of the tokenizer's bos_token ...; NULL: the tokenizer's */
} hn_chat_opts;
/* tok may be NULL if a path is given. Errors: ENOENT (no template: says where one is looked for), EFORMAT (place in the
 * template). */
hn_status hn_chat_open(const hn_tokenizer *tok, const hn_chat_opts *o, hn_chat **out, hn_error *err) HN_MUST;
void hn_chat_free(hn_chat *c);

typedef struct hn_chat_in { /* borrowed; NULL: not given */
    const hn_json *messages, *tools, *documents, *kwargs;
    bool generation_prompt; /* add_generation_prompt */
    bool spans;             /* fill spans: the template's {% generation %} parts, else by the prefix rule */
} hn_chat_in;
/* Errors: EFORMAT with the template's own raise_exception text, or what Python's Jinja2 would raise. */
hn_status hn_chat_render(const hn_chat *c, const hn_chat_in *in, hn_rendered *out, hn_error *err) HN_MUST;
/* Where spans come from: marks in the template, the prefix rule (chat_spans.c), or nowhere (the template is not
 * prefix-preserving). */
typedef enum hn_span_source { HN_SPANS_NONE, HN_SPANS_MARKED, HN_SPANS_DERIVED } hn_span_source;
hn_span_source hn_chat_span_source(const hn_chat *c);
const char *hn_chat_text(const hn_chat *c);        /* the template itself; of several the one without a name or tools */
const char *hn_chat_source(const hn_chat *c);      /* where the template comes from: "chat_template.jinja", a path ... */
const char *hn_chat_fingerprint(const hn_chat *c); /* 32 hex digits: template, special tokens, kwargs */

#endif
