/* oasst_impl.h - a message tree of OpenAssistant, however a file holds it: nested, or flat with parent_id. */
#ifndef HN_OASST_IMPL_H
#define HN_OASST_IMPL_H

#include "data/formats_impl.h"

typedef struct hn_post {
    hn_json *text;     /* a reference of its own; NULL: the message must not be used, nor what answers it */
    const char *role;  /* "user" or "assistant" */
    int64_t rank;      /* 0: the best among its siblings; INT64_MAX: none given */
    int64_t child, sibling, last_child; /* indices; -1: none. Children stand in the order of the file */
} hn_post;

typedef struct hn_posts { /* {0} is empty */
    hn_post *v;
    int64_t n, cap;
    int64_t refused; /* deleted, failed in review, or spam */
} hn_posts;

bool hn_tree_closed(const hn_json *record); /* tree_state: halted by a moderator, or aborted for its low grade */
/* A message object (its replies aside) becomes post *index, below parent (-1: a root). */
hn_status hn_posts_add(hn_posts *p, const hn_json *message, int64_t *index, hn_error *err) HN_MUST;
void hn_posts_link(hn_posts *p, int64_t parent, int64_t child);
void hn_posts_release(hn_posts *p);
/* The examples of the tree below a root: for conversations the path of the best answers, for pairs every two ranked
 * answers to the same message. */
hn_status hn_posts_convert(const hn_posts *p, int64_t root, const hn_convert_opts *o, hn_examples *out, hn_error *err) HN_MUST;

#endif
