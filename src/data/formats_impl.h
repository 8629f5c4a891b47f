/* formats_impl.h - what a record format is: how a record of known columns becomes examples in TRL's shapes.
 *
 * A new format: one file with a descriptor, one line in formats.def. What becomes of an example (ids, targets) is decided by
 * its kind (encode_<kind>.c), and the same for all formats. */
#ifndef HN_FORMATS_IMPL_H
#define HN_FORMATS_IMPL_H

#include "data/data.h"

#define HN_KIND_BIT(kind) (1u << (kind))

struct hn_format {
    const char *name, *about;
    unsigned kinds; /* HN_KIND_BIT of what convert can give */
    /* Does a record have the columns? Then reason, if not NULL, says which. */
    bool (*detect)(const hn_json *record, const hn_convert_opts *o, char *reason);
    /* Adds the record's examples to out. Errors name the column, not the place. NULL: the format gathers. */
    hn_status (*convert)(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err);
    /* For formats that gather: state is theirs, zeroed at the start; next is called when all records are in. */
    size_t state;
    hn_status (*gather)(void *state, const hn_json *record, int64_t line, const hn_convert_opts *o, hn_error *err);
    hn_status (*next)(void *state, const hn_convert_opts *o, hn_examples *out, int64_t *line, bool *more, hn_error *err);
    void (*drop)(void *state);
};

bool hn_view_takes(hn_view view, hn_kind kind);
/* Can an example of this kind be made into one that the view takes? (adapt.c) */
bool hn_view_adapts(hn_view view, hn_kind kind);
/* Makes every example one that the view takes, or leaves it out with a note. EFORMAT: a kind that cannot be. */
hn_status hn_examples_adapt(hn_examples *x, hn_view view, hn_error *err) HN_MUST;
/* The first format that fits a record and serves the view, with the reason unless that is NULL; NULL: none. */
const hn_format *hn_format_fitting(const hn_json *record, const hn_convert_opts *o, char *reason);

/* ---- columns (columns.c) */
/* Writes the reason, where one is asked for; returns true. */
bool hn_because(char *reason, const char *fmt, ...) HN_PRINTF(2, 3);
/* "a string", "null" ...: what stands there, for messages. */
const char *hn_json_what(const hn_json *value);
/* A detail line with the columns of a record. */
void hn_columns_detail(const hn_json *record, hn_error *err);
/* A column of text. EFORMAT: absent (lists the columns there are), or not a string. */
hn_status hn_column_text(const hn_json *record, const char *name, hn_str *out, hn_error *err) HN_MUST;
/* A column that may be absent or null, which gives "". */
hn_status hn_column_maybe(const hn_json *record, const char *name, hn_str *out, hn_error *err) HN_MUST;
/* A column of text put into object as key: the string itself is shared, not copied. */
hn_status hn_column_move(const hn_json *record, const char *name, hn_json *object, const char *key, hn_error *err) HN_MUST;
/* The first of the names (ended by NULL) that is a column with a value; NULL: none. */
const char *hn_column_of(const hn_json *record, const char *const *names);
bool hn_is_text(const hn_json *record, const char *name); /* a column with a string */
/* Does the row have the column that --dataset_text_field names, other than the usual "text"? It wins over instructions. */
bool hn_text_asked(const hn_json *record, const hn_convert_opts *o);
/* The record with its columns renamed (o->columns), a new reference. */
hn_status hn_columns_map(const hn_json *record, const hn_convert_opts *o, hn_json **out, hn_error *err) HN_MUST;
/* EFORMAT with the usual remedy. */
hn_status hn_bad_row(hn_error *err, const char *fmt, ...) HN_PRINTF(2, 3);

/* ---- building examples (examples.c) */
/* Takes value (NULL: no memory, and an error). */
hn_status hn_put(hn_json *object, const char *key, hn_json *value, hn_error *err) HN_MUST;
/* A new example at the end; *value is its empty object, owned by out. */
hn_status hn_examples_add(hn_examples *out, hn_kind kind, hn_json **value, hn_error *err) HN_MUST;

/* ---- conversations (messages.c, extras.c) */
/* user, assistant, system, tool or developer for a role name in use anywhere; NULL: unknown. */
const char *hn_role_of(hn_str name);
/* A message, or a list of them, in form (a new reference; shared where it is in form already). map_roles: role names are
 * those of hn_role_of; else only where a message says "from". place, column: for messages ("messages[2]"). */
hn_status hn_message_take(const hn_json *m, const char *place, bool map_roles, hn_json **out, hn_error *err) HN_MUST;
hn_status hn_messages_take(const hn_json *list, const char *column, bool map_roles, hn_json **out, hn_error *err) HN_MUST;
bool hn_is_messages(const hn_json *value); /* a list that is empty or begins with a message */
/* {"role", "content"}; takes content. [message]; takes it. NULL: no memory, or NULL given. */
hn_json *hn_message_new(const char *role, hn_json *content);
hn_json *hn_messages_of(hn_json *message);
/* tools, documents and chat_template_kwargs of the record, where it has them. */
hn_status hn_extras_take(const hn_json *record, hn_json *x, hn_error *err) HN_MUST;
/* score_chosen, score_rejected and margin, by any of their names. */
void hn_scores_take(const hn_json *record, hn_json *x);
hn_json *hn_number_take(const hn_json *record,
                        const char *name); /* a number or a text that is one: a new reference; NULL: none */

/* A ShareGPT conversation with its system column in front, a new reference (format_sharegpt.c). */
hn_status hn_conversation_take(const hn_json *record, hn_json **out, hn_error *err) HN_MUST;

/* ---- a prompt and what follows it (sides.c) */
bool hn_is_list(const hn_json *record, const char *name); /* a message list, or one message */
/* The column as key of x: a string, or (chat) messages, a string then being said by role. */
hn_status hn_side_take(const hn_json *record, const char *name, bool chat, const char *role, hn_json *x, const char *key,
                       hn_error *err) HN_MUST;
/* prompt and the answer's column as prompt and completion, with what travels along. */
hn_status hn_sides_take(const hn_json *record, const char *answer, hn_json *x, hn_error *err) HN_MUST;
bool hn_label_says(const hn_json *label); /* true or false, or a string that says so */
hn_status hn_label_take(const hn_json *record, const char *name, bool *out, hn_error *err) HN_MUST; /* 0 and 1 too */

/* ---- instructions (prompts.c); standard: the style where none is asked for */
typedef struct hn_instruction {
    hn_str system, instruction, input; /* n 0: none */
    const hn_json *history;            /* [[question, answer], ...] or NULL */
} hn_instruction;
bool hn_prompt_is_chat(const hn_convert_opts *o, const char *standard);
hn_status hn_prompt_make(const hn_convert_opts *o, const char *standard, const hn_instruction *in, hn_json **out,
                         hn_error *err) HN_MUST;
/* The answer as the style has it: the string, or a list of one message. Takes answer. */
hn_json *hn_answer_make(const hn_convert_opts *o, const char *standard, hn_json *answer);
/* A prompt-completion example. */
hn_status hn_instruction_add(const hn_convert_opts *o, const char *standard, const hn_instruction *in, hn_json *answer,
                             hn_examples *out, hn_error *err) HN_MUST;

/* ---- pairs (preference.c): prompt, chosen and rejected where the prompt is what both begin with */
hn_status hn_preference_strings(const hn_json *chosen, const hn_json *rejected, hn_examples *out, hn_json *x,
                                hn_error *err) HN_MUST;
hn_status hn_preference_messages(const hn_json *chosen, const hn_json *rejected, hn_json *x, hn_error *err) HN_MUST;
/* An instruction, and two strings of the record as chosen and rejected. */
hn_status hn_preference_instruction(const hn_convert_opts *o, const char *standard, const hn_instruction *in, hn_json *chosen,
                                    hn_json *rejected, hn_examples *out, hn_json **x, hn_error *err) HN_MUST;
size_t hn_messages_part(const hn_json *a, const hn_json *b); /* messages before the answers */
hn_json *hn_json_slice(const hn_json *list, size_t from, size_t to);

#endif
