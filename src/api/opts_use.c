/* opts_use.c - option tables of the tasks that use a model: generate, score, eval. */
#include "api/api.h"

#define AT(field) offsetof(hn_generate_cli, field)
const hn_opt hn_generate_table[] = {
    {"prompt", "text to go on from", HN_OPT_STR, AT(prompt), NULL, 0, 0, NULL, "Generation", "p", HN_OPT_COMMON},
    {"max_new_tokens", "most tokens of an answer", HN_OPT_INT, AT(max_new_tokens), "256", 1, 1e9, NULL, "Generation",
     "max_tokens|n_predict", HN_OPT_COMMON},
    {"num_return_sequences", "answers for each prompt", HN_OPT_INT, AT(samples), "1", 1, 1e6, NULL, "Generation", NULL,
     HN_OPT_COMMON},
    {"do_sample", "draw tokens instead of taking the most probable; on when temperature, top_k, top_p or min_p is given",
     HN_OPT_BOOL, AT(do_sample), "false", 0, 0, NULL, "Generation", NULL, HN_OPT_COMMON},
    {"temperature", "divides the logits before a draw", HN_OPT_FLOAT, AT(temperature), "1", 0, 1e6, NULL, "Generation", "temp",
     HN_OPT_COMMON},
    {"top_k", "draw among the k most probable tokens only; 0: all", HN_OPT_INT, AT(top_k), "0", 0, 1e9, NULL, "Generation", NULL,
     HN_OPT_COMMON},
    {"top_p", "draw among the most probable tokens that together reach p", HN_OPT_FLOAT, AT(top_p), "1", 0, 1, NULL,
     "Generation", NULL, HN_OPT_COMMON},
    {"min_p", "draw among tokens at least min_p times as probable as the best", HN_OPT_FLOAT, AT(min_p), "0", 0, 1, NULL,
     "Generation", NULL, 0},
    {"repetition_penalty", "makes tokens already seen less probable if above 1", HN_OPT_FLOAT, AT(repetition_penalty), "1", 0, 1e3,
     NULL, "Generation", NULL, 0},
    {"stop", "strings that end an answer", HN_OPT_LIST, AT(stop), NULL, 0, 0, NULL, "Generation", "stop_strings", 0},
    {"seed", "same seed, same answers", HN_OPT_INT, AT(seed), "42", 0, 9e18, NULL, "Generation", NULL, HN_OPT_COMMON},
    {"stream", "print text as it comes; with a file of prompts this is off", HN_OPT_BOOL, AT(stream), "true", 0, 0, NULL,
     "Generation", NULL, 0},
    {"ignore_eos", "go on after the end token", HN_OPT_BOOL, AT(ignore_eos), "false", 0, 0, NULL, "Generation", NULL, 0},
    {"keep_special_tokens", "print special tokens as well", HN_OPT_BOOL, AT(keep_special), "false", 0, 0, NULL, "Generation", NULL,
     0},
    {"add_special_tokens", "put the tokenizer's start token before the prompt", HN_OPT_BOOL, AT(add_special_tokens), "true", 0, 0,
     NULL, "Generation", NULL, 0},
    {"batch_size", "answers that are written at once", HN_OPT_INT, AT(batch), "64", 1, 1e5, NULL, "Generation", NULL, 0},
    {"output_file", "write the JSON lines there instead of to standard output", HN_OPT_STR, AT(output_file), NULL, 0, 0, NULL,
     "Generation", NULL, HN_OPT_NULLABLE},
    {0}};
#undef AT

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

#define AT(field) offsetof(hn_eval_opts, field)
const hn_opt hn_eval_table[] = {
    {"per_device_eval_batch_size", "rows that are computed at once", HN_OPT_INT, AT(batch), "8", 1, 1e6, NULL, "Evaluation",
     "batch_size", HN_OPT_COMMON},
    {"exact_match", "also write an answer to every prompt and count those equal to the completion", HN_OPT_BOOL, AT(exact_match),
     "false", 0, 0, NULL, "Evaluation", NULL, HN_OPT_COMMON},
    {"max_new_tokens", "most tokens of such an answer", HN_OPT_INT, AT(max_new_tokens), "64", 1, 1e9, NULL, "Evaluation", NULL, 0},
    {"max_loss", "exit with 4 if the loss is above this", HN_OPT_FLOAT, AT(max_loss), NULL, 0, 0, NULL, "Evaluation", NULL,
     HN_OPT_NULLABLE},
    {"min_accuracy", "exit with 4 if the token accuracy is below this", HN_OPT_FLOAT, AT(min_accuracy), NULL, 0, 1, NULL,
     "Evaluation", NULL, HN_OPT_NULLABLE},
    {0}};
#undef AT
