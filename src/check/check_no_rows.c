/* check_no_rows.c - a data set without a single row: an empty file, a split that does not exist in it, a limit of nothing. A run
 * stops there by itself. */
#include "check/check_impl.h"

static void end(void *self, hn_check_ctx *c) {
    (void)self;
    if (c->rows == 0) hn_found(c, HN_SEVERITY_ERROR, NULL, 0, "the data set holds no records");
}

const hn_check hn_check_no_rows = {{.id = "no-rows",
                                    .about = "a data set without records",
                                    .cost = "there is nothing to train on",
                                    .remedy = "check --dataset_name and what the file holds"},
                                   .views = HN_ALL_VIEWS,
                                   .needs = HN_SLOW,
                                   .end = end};
