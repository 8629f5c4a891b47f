/* pair_rank.h - a small ranking model of pairs: can the chosen side be told by its words, and who contradicts the rest? */
#ifndef HN_PAIR_RANK_H
#define HN_PAIR_RANK_H

#include "check/check_impl.h"

typedef struct hn_pair_feature {
    uint16_t at;
    float value; /* chosen minus rejected */
} hn_pair_feature;
typedef struct hn_pair_rank {
    hn_pair_feature *feature;
    size_t features, cap;
    size_t *start; /* [pairs + 1] */
    int64_t pairs, room;
    bool failed;
} hn_pair_rank;
/* Adds a pair; texts are read up to their first 2,000 bytes. */
void hn_pair_rank_add(hn_pair_rank *r, hn_str prompt, hn_str chosen, hn_str rejected);
/* margin [pairs]: how much better the chosen side looks to a model trained on the other four fifths of the pairs. */
void hn_pair_rank_margins(hn_pair_rank *r, float *margin);
void hn_pair_rank_release(hn_pair_rank *r);

#endif
