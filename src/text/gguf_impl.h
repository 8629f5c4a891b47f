/* gguf_impl.h - the part of a GGUF file that a tokenizer needs: its keys and values, no tensors. */
#ifndef HN_TEXT_GGUF_IMPL_H
#define HN_TEXT_GGUF_IMPL_H

#include "text/text_impl.h"

typedef struct hn_gguf_array { /* where it stands; n 0: absent or empty */
    uint32_t type;             /* of the elements */
    uint64_t n;
    const char *p, *end; /* end: of the file */
} hn_gguf_array;

enum { HN_GGUF_BOS, HN_GGUF_EOS, HN_GGUF_UNK, HN_GGUF_SEP, HN_GGUF_PAD, HN_GGUF_CLS, HN_GGUF_MASK, HN_GGUF_IDS };
typedef struct hn_gguf {
    hn_str architecture, model, pre, chat_template; /* p NULL: absent */
    hn_gguf_array tokens, scores, types, merges, charsmap;
    int64_t id[HN_GGUF_IDS]; /* -1: absent */
    int add_bos, add_eos, space_prefix, strips_extra; /* -1: absent */
} hn_gguf;

/* Reads the header and every key. Errors: EFORMAT with the byte and the key. */
hn_status hn_gguf_read(hn_str file, hn_gguf *out, hn_error *err);
/* Walks an array of strings; false: none is left. hn_gguf_read has checked every one. */
bool hn_gguf_string(hn_gguf_array *a, hn_str *out);
double hn_gguf_number(const hn_gguf_array *a, uint64_t i, double otherwise);

#endif
