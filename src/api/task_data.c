/* task_data.c - looking at data: takes the settings of a fine-tuning run, so that its command line can be used as it is. */
#include "api/api.h"

const hn_task hn_task_data = {
    .name = "data",
    .about = "rows as the model sees them, and what is wrong with them",
    .parts = HN_PART_MODEL | HN_PART_TOKENS | HN_PART_DATA | HN_PART_SFT | HN_PART_TRAIN,
};
