/* task_eval.c - loss, perplexity, accuracy, and gates on them. */
#include "api/api.h"

#define AT(field) offsetof(hn_eval_opts, field)
const hn_opt hn_eval_table[] = {{"per_device_eval_batch_size", "rows that are computed at once", HN_OPT_INT, AT(batch), "8", 1,
                                 1e6, NULL, "Evaluation", "batch_size", HN_OPT_COMMON},
                                {"exact_match", "also write an answer to every prompt and count those equal to the completion",
                                 HN_OPT_BOOL, AT(exact_match), "false", 0, 0, NULL, "Evaluation", NULL, HN_OPT_COMMON},
                                {"max_new_tokens", "most tokens of such an answer", HN_OPT_INT, AT(max_new_tokens), "64", 1, 1e9,
                                 NULL, "Evaluation", NULL, 0},
                                {"max_loss", "exit with 4 if the loss is above this", HN_OPT_FLOAT, AT(max_loss), NULL, 0, 0,
                                 NULL, "Evaluation", NULL, HN_OPT_NULLABLE},
                                {"min_accuracy", "exit with 4 if the token accuracy is below this", HN_OPT_FLOAT,
                                 AT(min_accuracy), NULL, 0, 1, NULL, "Evaluation", NULL, HN_OPT_NULLABLE},
                                {0}};
#undef AT

const hn_task hn_task_eval = {
    .name = "eval",
    .about = "loss, perplexity and token accuracy of a model on a data set",
    .parts = HN_PART_MODEL | HN_PART_DATA | HN_PART_SFT | HN_PART_EVAL,
};
