/* config_sample.h - an options struct of every type, for the tests of hn_config. */
#ifndef CONFIG_SAMPLE_H
#define CONFIG_SAMPLE_H

#include <math.h>
#include <stddef.h>

#include "base/base.h"

typedef struct sample {
    bool packing, shuffle;
    int64_t batch, steps, seed;
    double rate, beta, warmup;
    char *model, *strategy, *resume, *kwargs, *run_name;
    hn_strlist modules, report_to;
} sample;

typedef struct other {
    double temperature;
} other;

#define AT(field) offsetof(sample, field)
static const hn_opt sample_table[] = {
    {.name = "packing",
     .help = "join rows",
     .type = HN_OPT_BOOL,
     .offset = AT(packing),
     .def = "false"},
    {.name = "shuffle",
     .help = "mix rows",
     .type = HN_OPT_BOOL,
     .offset = AT(shuffle),
     .def = "true"},
    {.name = "per_device_train_batch_size",
     .help = "rows a step",
     .type = HN_OPT_INT,
     .offset = AT(batch),
     .def = "8",
     .min = 1,
     .max = INFINITY,
     .aliases = "micro_batch_size|batch_size"},
    {.name = "max_steps", .help = "steps", .type = HN_OPT_INT, .offset = AT(steps), .def = "-1"},
    {.name = "data_seed", .help = "seed", .type = HN_OPT_INT, .offset = AT(seed)},
    {.name = "learning_rate",
     .help = "rate",
     .type = HN_OPT_FLOAT,
     .offset = AT(rate),
     .def = "5e-5",
     .min = 0,
     .max = INFINITY,
     .flags = HN_OPT_COMMON},
    {.name = "beta",
     .help = "strength",
     .type = HN_OPT_FLOAT,
     .offset = AT(beta),
     .def = "0.1",
     .min = 0,
     .max = 1},
    {.name = "warmup_steps",
     .help = "warm-up",
     .type = HN_OPT_FLOAT,
     .offset = AT(warmup),
     .def = "0.5",
     .flags = HN_OPT_NULLABLE},
    {.name = "model_name_or_path",
     .help = "model",
     .type = HN_OPT_STR,
     .offset = AT(model),
     .aliases = "model_name"},
    {.name = "eval_strategy",
     .help = "when",
     .type = HN_OPT_STR,
     .offset = AT(strategy),
     .def = "no",
     .choices = "no|steps|epoch|none",
     .aliases = "evaluation_strategy"},
    {.name = "resume_from_checkpoint",
     .help = "go on",
     .type = HN_OPT_STR,
     .offset = AT(resume),
     .flags = HN_OPT_BARE},
    {.name = "chat_template_kwargs",
     .help = "dictionary",
     .type = HN_OPT_STR,
     .offset = AT(kwargs)},
    {.name = "run_name",
     .help = "name",
     .type = HN_OPT_STR,
     .offset = AT(run_name),
     .def = "run",
     .flags = HN_OPT_NULLABLE},
    {.name = "lora_target_modules", .help = "modules", .type = HN_OPT_LIST, .offset = AT(modules)},
    {.name = "report_to",
     .help = "trackers",
     .type = HN_OPT_LIST,
     .offset = AT(report_to),
     .def = "none",
     .choices = "none|tensorboard|trackio"},
    {.name = "ddp_timeout", .help = "one process needs none", .type = HN_OPT_NOOP},
    {.name = "no_cuda", .help = "hidden", .type = HN_OPT_NOOP, .flags = HN_OPT_HIDDEN},
    {0},
};
static const hn_opt other_table[] = {
    {.name = "temperature", .help = "t", .type = HN_OPT_FLOAT, .def = "0.7"},
    {0},
};
#undef AT

#endif
