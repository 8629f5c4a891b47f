/* tasks.c - the tasks a config can be made for: which option tables they read and which defaults differ. */
#include "api/api.h"

static const hn_task_default sft_defaults[] = {
    {"learning_rate", "2e-5"}, {"logging_steps", "10"}, {"output_dir", "trainer_output"}, {NULL, NULL}};
static const hn_task_default pretrain_defaults[] = {
    {"learning_rate", "5e-5"}, {"logging_steps", "10"}, {"output_dir", "trainer_output"}, {NULL, NULL}};

static const hn_task task_sft = {
    "sft", "instruction tuning: supervised fine-tuning on text or prompt and completion",
    HN_PART_MODEL | HN_PART_DATA | HN_PART_SFT | HN_PART_TRAIN, "sft", sft_defaults};
static const hn_task task_pretrain = {
    "pretrain", "language modelling on plain text cut into blocks, from scratch or from a model",
    HN_PART_MODEL | HN_PART_CONFIG | HN_PART_DATA | HN_PART_PRETRAIN | HN_PART_TRAIN, "sft", pretrain_defaults};
static const hn_task task_generate = {
    "generate", "write text after a prompt, or after every prompt of a file",
    HN_PART_MODEL | HN_PART_DATA | HN_PART_GENERATE, NULL, NULL};
static const hn_task task_score = {
    "score", "log-probability of every row under a model", HN_PART_MODEL | HN_PART_DATA | HN_PART_SCORE, NULL, NULL};
static const hn_task task_eval = {
    "eval", "loss, perplexity and token accuracy of a model on a data set",
    HN_PART_MODEL | HN_PART_DATA | HN_PART_SFT | HN_PART_EVAL, NULL, NULL};

static const hn_task *const tasks[] = {
#define HN_TASK(name) &task_##name,
#include "api/tasks.def"
#undef HN_TASK
};

const hn_task *hn_task_find(const char *name) {
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (hn_streq(tasks[i]->name, name)) return tasks[i];
    return NULL;
}
