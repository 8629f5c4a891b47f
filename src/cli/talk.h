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
    hone_model *model;
    hone_tokenizer *tok;
    hone_chat_opts chat;
    hone_generate_opts gen; /* its prefix cache is the talk's: a turn computes only what is new */
    char *system;           /* NULL: none */
    hn_turn *turn;
    size_t count, cap;
    size_t first;           /* turns before this one are left out of what the model sees */
} hn_talk;

/* gen from the settings of the task and the model, with a prefix cache. */
hn_status hn_talk_open(hn_talk *t, const hone_config *c, hone_model *m, hone_tokenizer *tok, hn_error *err) HN_MUST;
hn_status hn_talk_set_system(hn_talk *t, const char *text, hn_error *err) HN_MUST;
hn_status hn_talk_add(hn_talk *t, const char *role, hn_str text, hn_error *err) HN_MUST;
void hn_talk_drop_last(hn_talk *t);
void hn_talk_reset(hn_talk *t); /* the system message stays */
/* Renders the history with the generation prompt and writes the answer. Where the model has too few positions for it and an
 * answer, the oldest exchanges are left out from now on, and a warning says so. EARG: the last message alone is too long. */
hn_status hn_talk_answer(hn_talk *t, hone_piece_fn *fn, void *user, hn_error *err) HN_MUST;
hn_status hn_talk_save(const hn_talk *t, const char *path, hn_error *err) HN_MUST; /* the whole conversation */
void hn_talk_release(hn_talk *t);

#endif
