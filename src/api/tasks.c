/* tasks.c - the tasks a config can be made for, from tasks.def. */
#include "api/api.h"

#define HN_TASK(name) extern const hn_task hn_task_##name;
#include "api/tasks.def"
#undef HN_TASK

static const hn_task *const tasks[] = {
#define HN_TASK(name) &hn_task_##name,
#include "api/tasks.def"
#undef HN_TASK
};

const hn_task *hn_task_find(const char *name, hn_error *err) {
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (hn_streq(tasks[i]->name, name)) return tasks[i];
    hn_fail(err, HN_EARG, "no task is called '%s'", name);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) hn_error_detail(err, "%s: %s", tasks[i]->name, tasks[i]->about);
    return NULL;
}
