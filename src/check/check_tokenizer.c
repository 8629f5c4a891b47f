/* check_tokenizer.c - a tokenizer folder that other programs read in another way than it stands, so that ids differ later. */
#include "check/check_impl.h"

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->tok != NULL;
}

static void end(void *self, hn_check_ctx *c) {
    (void)self;
    hn_peculiar p[HN_PECULIAR_MOST];
    size_t n = hn_tokenizer_peculiar(c->setup->tok, c->setup->model ? c->setup->model->model_type : NULL, p);
    for (size_t i = 0; i < n; i++) {
        hn_finding *f = hn_found(c, HN_SEVERITY_INFO, NULL, 0, "%s", p[i].text);
        hn_found_remedy(c, f, "%s", p[i].fix);
    }
}

const hn_check hn_check_tokenizer = {
    {.id = "tokenizer-differs",
     .about = "a tokenizer that transformers would rebuild to other ids, or flags that contradict tokenizer.json",
     .cost = "another program feeds the trained model other ids than training did",
     .remedy = "let tokenizer_config.json agree with tokenizer.json"},
    .views = HN_ALL_VIEWS,
    .begin = begin,
    .end = end};
