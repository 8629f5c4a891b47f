/* charsmap.h - SentencePiece's precompiled character map: texts that stand for others. */
#ifndef HN_TEXT_CHARSMAP_H
#define HN_TEXT_CHARSMAP_H

#include "text/text_impl.h"

typedef struct hn_charsmap hn_charsmap;
/* bytes: u32 bytes of the trie, the trie (a double array of u32 units), replacement texts, each ended by a NUL. Copied. */
hn_status hn_charsmap_new(hn_str bytes, hn_charsmap **out, hn_error *err);
void hn_charsmap_free(hn_charsmap *c);
hn_str hn_charsmap_bytes(const hn_charsmap *c);
/* A beginning of p[0, n) that is in the trie, the shortest or the longest: its replacement, and *used bytes of p. */
bool hn_charsmap_find(const hn_charsmap *c, const char *p, size_t n, bool longest, hn_str *by, size_t *used);

bool hn_base64_decode(hn_str in, hn_buf *out); /* false: a character that is none of base64's */
void hn_base64_encode(hn_str in, hn_buf *out);

#endif
