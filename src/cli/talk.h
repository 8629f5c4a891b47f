/* talk.h - the history of a conversation and the model's next answer to it. */
#ifndef HN_CLI_TALK_H
#define HN_CLI_TALK_H

#include "api/api.h"

typedef struct hn_turn {
    const char *role; /* "user", "assistant"; static */
    char *text;
    size_t n;
} hn_turn;

typedef struct hn_talk {
    hn_dev *dev;
    hn_model *model;
    const hn_tokenizer *tok;
    const hn_chat *chat;
    hn_gen_opts gen;
    char *system; /* NULL: none */
    hn_turn *turn;
    size_t count, cap;
    hn_rendered rendered;
    hn_encoding ids;
} hn_talk;

hn_status hn_talk_set_system(hn_talk *t, const char *text, hn_error *err) HN_MUST;
hn_status hn_talk_add(hn_talk *t, const char *role, hn_str text, hn_error *err) HN_MUST;
void hn_talk_drop_last(hn_talk *t);
void hn_talk_reset(hn_talk *t); /* the system message stays */
/* Renders the history with the generation prompt and writes the answer. Where the model has too few positions for all of
 * it, the oldest exchanges are left out from now on, and a warning says so. */
hn_status hn_talk_answer(hn_talk *t, hn_gen_fn *fn, void *user, hn_error *err) HN_MUST;
hn_status hn_talk_save(const hn_talk *t, const char *path, hn_error *err) HN_MUST;
void hn_talk_release(hn_talk *t);

#endif
