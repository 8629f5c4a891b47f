/* task_score.c - log-probabilities of rows. */
#include "api/api.h"

#define AT(field) offsetof(hn_score_opts, field)
const hn_opt hn_score_table[] = {
    {"token_logprobs", "also print the log-probability of every token but the first", HN_OPT_BOOL, AT(token_logprobs), "false", 0,
     0, NULL, "Scoring", NULL, HN_OPT_COMMON},
    {"text", "score this text instead of a data set", HN_OPT_STR, AT(text), NULL, 0, 0, NULL, "Scoring", NULL,
     HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"max_length", "longest row in tokens; longer ones are cut", HN_OPT_INT, AT(max_length), NULL, 1, 9e18, NULL, "Scoring", NULL,
     HN_OPT_NULLABLE},
    {"batch_size", "rows that are computed at once", HN_OPT_INT, AT(batch), "8", 1, 1e6, NULL, "Scoring",
     "per_device_eval_batch_size", 0},
    {0}};
#undef AT

const hn_task hn_task_score = {
    .name = "score",
    .about = "log-probability of every row under a model",
    .parts = HN_PART_MODEL | HN_PART_DATA | HN_PART_SCORE,
};
