/* unigram_impl.h - what the two Unigram models share: the best way to each place of a text. */
#ifndef HN_TEXT_UNIGRAM_IMPL_H
#define HN_TEXT_UNIGRAM_IMPL_H

#include "text/text_impl.h"

typedef struct hn_best {
    double score;
    uint32_t from; /* where the last token begins; UINT32_MAX: not reached */
    int32_t id;
} hn_best;

struct hn_lattice {
    hn_best *v;
    size_t cap;
    hn_token_span *cut; /* the tokens, from the last to the first */
    size_t cuts;
};

/* Room for a text of n bytes in w->lattice. */
hn_status hn_lattice_room(hn_work *w, size_t n, hn_error *err);
/* The best way back, into cut; neighbouring tokens unk are joined. */
void hn_lattice_back(hn_lattice *l, size_t n, int32_t unk);

#endif
