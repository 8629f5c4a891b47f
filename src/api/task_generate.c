/* task_generate.c - writing text: sampling settings, which a chat shares, and those of one prompt or a file of them. */
#include "api/api.h"

#define AT(field) offsetof(hn_generate_cli, field)
const hn_opt hn_sampling_table[] = {
    {"prompt", "text to go on from; in a chat the first message", HN_OPT_STR, AT(prompt), NULL, 0, 0, NULL, "Generation", "p",
     HN_OPT_COMMON},
    {"max_new_tokens", "most tokens of an answer", HN_OPT_INT, AT(max_new_tokens), "256", 1, 1e9, NULL, "Generation",
     "max_tokens|n_predict", HN_OPT_COMMON},
    {"do_sample", "draw tokens instead of taking the most probable; on when temperature, top_k, top_p or min_p is given",
     HN_OPT_BOOL, AT(do_sample), "false", 0, 0, NULL, "Generation", NULL, HN_OPT_COMMON},
    {"temperature", "divides the logits before a draw", HN_OPT_FLOAT, AT(temperature), "1", 0, 1e6, NULL, "Generation", "temp",
     HN_OPT_COMMON},
    {"top_k", "draw among the k most probable tokens only; 0: all", HN_OPT_INT, AT(top_k), "0", 0, 1e9, NULL, "Generation", NULL,
     HN_OPT_COMMON},
    {"top_p", "draw among the most probable tokens that together reach p", HN_OPT_FLOAT, AT(top_p), "1", 0, 1, NULL, "Generation",
     NULL, HN_OPT_COMMON},
    {"min_p", "draw among tokens at least min_p times as probable as the best", HN_OPT_FLOAT, AT(min_p), "0", 0, 1, NULL,
     "Generation", NULL, 0},
    {"repetition_penalty", "makes tokens already seen less probable if above 1", HN_OPT_FLOAT, AT(repetition_penalty), "1", 0,
     1e3, NULL, "Generation", NULL, 0},
    {"stop", "strings that end an answer; those with blanks or commas as JSON: [\"\\n\", \"The end\"]", HN_OPT_LIST, AT(stop),
     NULL, 0, 0, NULL, "Generation", "stop_strings", 0},
    {"seed", "same seed, same answers", HN_OPT_INT, AT(seed), "42", 0, 9e18, NULL, "Generation", NULL, HN_OPT_COMMON},
    {"ignore_eos", "go on after the end token", HN_OPT_BOOL, AT(ignore_eos), "false", 0, 0, NULL, "Generation", NULL, 0},
    {"keep_special_tokens", "print special tokens as well", HN_OPT_BOOL, AT(keep_special), "false", 0, 0, NULL, "Generation",
     NULL, 0},
    {0}};

const hn_opt hn_generate_table[] = {
    {"num_return_sequences", "answers for each prompt", HN_OPT_INT, AT(samples), "1", 1, 1e6, NULL, "Generation", NULL,
     HN_OPT_COMMON},
    {"stream", "print text as it comes; with a file of prompts this is off", HN_OPT_BOOL, AT(stream), "true", 0, 0, NULL,
     "Generation", NULL, 0},
    {"add_special_tokens", "put the tokenizer's start token before the prompt", HN_OPT_BOOL, AT(add_special_tokens), "true", 0, 0,
     NULL, "Generation", NULL, 0},
    {"batch_size", "answers that are written at once", HN_OPT_INT, AT(batch), "64", 1, 1e5, NULL, "Generation", NULL, 0},
    {"output_file", "write the JSON lines there instead of to standard output", HN_OPT_STR, AT(output_file), NULL, 0, 0, NULL,
     "Generation", NULL, HN_OPT_NULLABLE},
    {0}};
#undef AT

const hn_task hn_task_generate = {
    .name = "generate",
    .about = "write text after a prompt, or after every prompt of a file",
    .parts = HN_PART_MODEL | HN_PART_DATA | HN_PART_SAMPLING | HN_PART_GENERATE,
};
