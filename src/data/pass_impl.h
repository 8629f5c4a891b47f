/* pass_impl.h - a pass over the records of a data set: read in blocks, converted and encoded on all threads, handed on in their
 * order; for the files of this room. */
#ifndef HN_PASS_IMPL_H
#define HN_PASS_IMPL_H

#include "data/encode_impl.h"

typedef struct hn_item { /* a record, or the examples of a group of gathered ones, on its way */
    hn_raw raw;          /* where it stands */
    size_t at;           /* of its bytes in the block */
    hn_json *record;     /* parsed; only a look keeps it */
    hn_examples examples; /* only a look keeps them; the notes stay */
    size_t count;        /* examples */
    hn_encoded *encoded; /* [count] and more: they keep their memory */
    size_t room;
    hn_status st;        /* HN_OK, or what is wrong */
    hn_error *err;       /* of st, with the place; NULL where there was no memory for it */
    bool fatal;          /* nothing more can be read */
    bool gathered;       /* the examples are there without a record */
} hn_item;

typedef struct hn_pass hn_pass;
/* Called for every record in order, by one thread at a time but not always the same. */
typedef hn_status hn_item_fn(void *user, hn_pass *p, hn_item *item, hn_error *err);

typedef struct hn_pass_part { /* what is known of a source */
    const hn_format *format; /* NULL: not chosen yet */
    hn_convert_opts convert; /* those of the pass, with the source's own format */
    char first[400];         /* "FILE:1 is", of the row that decided; convert.first points here */
    char reason[HN_REASON];
    hn_gather *gather;       /* NULL: the format needs none */
    int64_t records, examples; /* read so far, bad ones among them; handed on */
} hn_pass_part;

struct hn_pass {
    const hn_sources *sources;
    bool held_out;
    const hn_tokenizer *tok;
    const hn_encode_opts *o;
    hn_convert_opts convert;
    bool look; /* records, examples, texts and places are kept for the call; which then comes from the caller's thread */
    bool stop_at_bad;      /* a format that does not fit the first records is an error */
    hn_item_fn *fn;
    void *user;
    /* what is known so far */
    hn_pass_part *part;    /* [sources->n] */
    char first_text[64];   /* beginning of the first example; unused bytes are zero */
    bool stop_untrained, conversational; /* hn_encoder's */
    int64_t read;          /* records taken from the files */
    uint64_t bytes;        /* of the files, read so far */
};
hn_status hn_pass_run(hn_pass *p, hn_error *err) HN_MUST;
/* Records on their way to p->fn; the rejected sides of pairs wait for the chosen ones of their group (unpair.c). {0} is empty. */
typedef struct hn_unpair {
    hn_item *held; /* [n] one example each */
    size_t n, cap;
} hn_unpair;
hn_status hn_unpair_pass(hn_unpair *u, hn_pass *p, hn_item *it, hn_error *err) HN_MUST; /* it: without an error, or with one */
hn_status hn_unpair_end(hn_unpair *u, hn_pass *p, hn_error *err) HN_MUST; /* no more will come */
void hn_unpair_release(hn_unpair *u);
void hn_pass_release(hn_pass *p);

#endif
