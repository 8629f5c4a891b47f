/* opts_common.c - option tables that tasks share: which model, which data. */
#include "api/api.h"

#define AT(field) offsetof(hn_model_opts, field)
const hn_opt hn_model_table[] = {
    {"model_name_or_path", "model folder, or org/name in the local hub cache", HN_OPT_STR, AT(model_name_or_path), NULL, 0, 0,
     NULL, "Model", "model|base_model|model_name", HN_OPT_COMMON},
    {"model_revision", "branch, tag or commit of a name in the hub cache", HN_OPT_STR, AT(model_revision), "main", 0, 0, NULL,
     "Model", NULL, 0},
    {"tokenizer_name", "folder or tokenizer.json, where it is not the model's own", HN_OPT_STR, AT(tokenizer_name), NULL, 0, 0,
     NULL, "Model", "tokenizer_name_or_path", HN_OPT_NULLABLE},
    {"dtype", "what to compute in; bfloat16 and float16 files are widened when they are read", HN_OPT_STR, AT(dtype), "float32",
     0, 0, "float32", "Model", "torch_dtype", 0},
    {"attn_implementation", "there is one attention here, exact for packed rows", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Model", NULL,
     HN_OPT_HIDDEN},
    {"trust_remote_code", "no code from a model folder is ever run", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Model", NULL,
     HN_OPT_HIDDEN},
    {0}};

const hn_opt hn_config_name_table[] = {
    {"config_name", "config.json (or its folder) of a model to start from random weights", HN_OPT_STR, AT(config_name), NULL, 0,
     0, NULL, "Model", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {0}};
#undef AT

#define AT(field) offsetof(hn_data_opts, field)
const hn_opt hn_data_table[] = {
    {"dataset_name",
     "a file, a folder with train*, validation*, test* files, a pattern ('data/*.jsonl'), or org/name in the local hub "
     "cache; several with commas",
     HN_OPT_STR, AT(dataset_name), NULL, 0, 0, NULL, "Data", "data|train_file|dataset", HN_OPT_COMMON},
    {"eval_dataset_name", "what to evaluate on, where it is not a split of the training set", HN_OPT_STR, AT(eval_dataset_name),
     NULL, 0, 0, NULL, "Data", "validation_file|eval_dataset", HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"dataset_train_split", "split to train on, or part of it: train[:1000], train[10%:], train+validation", HN_OPT_STR,
     AT(train_split), "train", 0, 0, NULL, "Data", NULL, 0},
    {"dataset_test_split", "split to evaluate on; where it is absent, validation", HN_OPT_STR, AT(test_split), "test", 0, 0, NULL,
     "Data", NULL, 0},
    {"dataset_config", "configuration: the folder of a data set, or beginning of its files' names, to take the splits from",
     HN_OPT_STR, AT(dataset_config), NULL, 0, 0, NULL, "Data", "dataset_config_name", HN_OPT_NULLABLE},
    {"val_size", "hold out so many rows (or such a share, below 1) of the training set to evaluate on", HN_OPT_FLOAT,
     AT(val_size), "0", 0, 9e15, NULL, "Data", "val_set_size|test_split_size", 0},
    {"datasets",
     "several data sets: [{\"path\": ..., \"split\": ..., \"columns\": ..., \"fraction\" or \"weight\": ..., \"max_samples\": "
     "..., \"format\": ...}, ...]",
     HN_OPT_STR, AT(datasets), NULL, 0, 0, NULL, "Data", NULL, HN_OPT_NULLABLE},
    {"mix_strategy", "how several data sets become one: one after the other, or row by row in turn or by weight", HN_OPT_STR,
     AT(mix_strategy), "concatenate", 0, 0, "concatenate|interleave|concat|interleave_under|interleave_over", "Data", NULL, 0},
    {"stopping_strategy", "when an interleaved mixture ends; all_exhausted repeats the smaller sets", HN_OPT_STR,
     AT(stopping_strategy), "first_exhausted", 0, 0, "first_exhausted|all_exhausted|all_exhausted_without_replacement", "Data",
     NULL, 0},
    {"interleave_probs", "weights of the data sets of an interleaved mixture, one each", HN_OPT_LIST, AT(interleave_probs), NULL,
     0, 0, NULL, "Data", NULL, 0},
    {"dataset_format",
     "record format, where detection from the columns is not wanted; each: every row its own (hone data formats lists them)",
     HN_OPT_STR, AT(format), NULL, 0, 0, NULL, "Data", NULL, HN_OPT_NULLABLE},
    {"dataset_text_field", "column that holds the text of language-modelling rows", HN_OPT_STR, AT(text_field), "text", 0, 0,
     NULL, "Data", "text_column_name|text_column", 0},
    {"columns", "columns to read as others: prompt=question,completion=answer", HN_OPT_STR, AT(columns), NULL, 0, 0, NULL, "Data",
     NULL, HN_OPT_NULLABLE},
    {"prompt_column", "column to read as prompt", HN_OPT_STR, AT(prompt_column), NULL, 0, 0, NULL, "Data", NULL, HN_OPT_NULLABLE},
    {"completion_column", "column to read as completion", HN_OPT_STR, AT(completion_column), NULL, 0, 0, NULL, "Data",
     "response_column", HN_OPT_NULLABLE},
    {"chosen_column", "column to read as chosen", HN_OPT_STR, AT(chosen_column), NULL, 0, 0, NULL, "Data", NULL, HN_OPT_NULLABLE},
    {"rejected_column", "column to read as rejected", HN_OPT_STR, AT(rejected_column), NULL, 0, 0, NULL, "Data", NULL,
     HN_OPT_NULLABLE},
    {"messages_column", "column to read as messages", HN_OPT_STR, AT(messages_column), NULL, 0, 0, NULL, "Data", "field_messages",
     HN_OPT_NULLABLE},
    {"label_column", "column to read as label", HN_OPT_STR, AT(label_column), NULL, 0, 0, NULL, "Data", "label_column_name",
     HN_OPT_NULLABLE},
    {"prompt_style",
     "how instructions become prompts: Alpaca's (instruct), axolotl's chat and chatml, question, plain, or messages for the chat "
     "template",
     HN_OPT_STR, AT(prompt_style), NULL, 0, 0, "instruct|chat|chatml|question|plain|messages", "Data", "alpaca_style",
     HN_OPT_NULLABLE},
    {"text_unit", "what a row of a plain text file is", HN_OPT_STR, AT(text_unit), "line", 0, 0, "line|paragraph|document",
     "Data", "sample_by", 0},
    {"on_bad_row", "what to do with a record that cannot be used", HN_OPT_STR, AT(on_bad_row), "error", 0, 0, "error|skip",
     "Data", NULL, 0},
    {"max_record_bytes", "longest line or record that is read", HN_OPT_INT, AT(max_record_bytes), "67108864", 1024, 1 << 30, NULL,
     "Data", NULL, 0},
    {"max_train_samples", "use at most so many rows for training", HN_OPT_INT, AT(max_train_samples), NULL, 1, 9e18, NULL, "Data",
     "max_samples", HN_OPT_NULLABLE},
    {"max_eval_samples", "use at most so many rows for evaluation", HN_OPT_INT, AT(max_eval_samples), NULL, 1, 9e18, NULL, "Data",
     NULL, HN_OPT_NULLABLE},
    {"prepared_data_dir",
     "folder that keeps prepared rows from run to run, for sets of more than 64 MB in hone's cache folder if unset; off: "
     "memory only",
     HN_OPT_STR, AT(prepared_data_dir), NULL, 0, 0, NULL, "Data", "dataset_prepared_path", HN_OPT_NULLABLE},
    {"prepared_data_limit",
     "gigabytes that folder may hold: the prepared sets used longest ago are removed, never one in use; 0: any number; unset: "
     "50 in hone's cache folder, any number in one that is named",
     HN_OPT_FLOAT, AT(prepared_data_limit), NULL, 0, 1e9, NULL, "Data", "dataset_cache_limit", HN_OPT_NULLABLE},
    {"overwrite_cache", "prepare the rows again though an earlier run has kept them", HN_OPT_BOOL, AT(overwrite_cache), "false",
     0, 0, NULL, "Data", NULL, 0},
    {"dataset_num_proc", "rows are always prepared on all threads", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Data", NULL,
     HN_OPT_HIDDEN},
    {"dataset_streaming", "rows are read as they come", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Data", "streaming", HN_OPT_HIDDEN},
    {0}};
#undef AT
