/* task_chat.c - talking with a model: the sampling settings of task_generate.c. */
#include "api/api.h"

const hn_task hn_task_chat = {
    .name = "chat",
    .about = "talk with a model through its chat template",
    .parts = HN_PART_MODEL | HN_PART_SAMPLING,
};
