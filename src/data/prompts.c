/* prompts.c - how an instruction becomes a prompt: --prompt_style.
 *
 * A style is a set of pieces around the instruction and its input. "instruct" is what Stanford Alpaca was trained with,
 * "chat" and "chatml" are axolotl's other two, "question" is StackLLaMA's, "plain" adds nothing; "messages" leaves it to the
 * model's chat template. */
#include "data/formats_impl.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *system_begin, *system_end; /* around what the system says */
    const char *begin, *input, *end;       /* around the instruction and the input */
    const char *turn_end;                  /* after the answer of an earlier turn */
    bool task;                             /* the system describes the task, where the row has no words of its own for it */
} style;

static const style styles[] = {
    {"instruct", "", "\n\n", "### Instruction:\n", "\n\n### Input:\n", "\n\n### Response:\n", "\n\n", true},
    {"chat", "SYSTEM: ", "\n", "USER: ", "\n", "\nASSISTANT:", "\n", true},
    {"chatml", "<|im_start|>system\n", "<|im_end|>\n", "<|im_start|>user\n", "\n", "<|im_end|>\n<|im_start|>assistant\n",
     "<|im_end|>\n", true},
    {"plain", "", "\n\n", "", "\n\n", "", "\n\n", false},
    {"question", "", "\n\n", "Question: ", "\n\n", "\n\nAnswer: ", "\n\n", false},
};

static const char with_input[] =
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.";
static const char without_input[] =
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.";

static const char *style_name(const hn_convert_opts *o, const char *standard) {
    return o->prompt_style ? o->prompt_style : standard;
}

bool hn_prompt_is_chat(const hn_convert_opts *o, const char *standard) { return hn_streq(style_name(o, standard), "messages"); }

static const style *style_of(const hn_convert_opts *o, const char *standard) {
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (hn_streq(styles[i].name, style_name(o, standard))) return &styles[i];
    return &styles[0];
}

static void add(hn_buf *b, hn_str s) { hn_buf_add(b, s.p, s.n); }

static void add_turn(hn_buf *b, const style *s, hn_str instruction, hn_str input) {
    hn_buf_puts(b, s->begin);
    add(b, instruction);
    if (input.n) hn_buf_puts(b, s->input);
    add(b, input);
    hn_buf_puts(b, s->end);
}

/* [[question, answer], ...] */
static hn_status earlier(const hn_json *history, size_t i, hn_str *question, hn_str *answer, hn_error *err) {
    const hn_json *turn = hn_json_at(history, i);
    if (hn_json_text(hn_json_at(turn, 0), question) && hn_json_text(hn_json_at(turn, 1), answer)) return HN_OK;
    return hn_bad_row(err, "\"history\"[%zu] is no pair of strings: question, answer", i);
}

static hn_status as_text(const style *s, const hn_instruction *in, hn_json **out, hn_error *err) {
    hn_buf b = {0};
    hn_status st = HN_OK;
    hn_str system = in->system;
    if (!system.n && s->task) system = hn_str_of(in->input.n ? with_input : without_input);
    if (system.n) hn_buf_puts(&b, s->system_begin);
    add(&b, system);
    if (system.n) hn_buf_puts(&b, s->system_end);
    for (size_t i = 0; i < hn_json_len(in->history) && st == HN_OK; i++) {
        hn_str question, answer;
        st = earlier(in->history, i, &question, &answer, err);
        if (st != HN_OK) break;
        add_turn(&b, s, question, (hn_str){"", 0});
        add(&b, answer);
        hn_buf_puts(&b, s->turn_end);
    }
    if (st == HN_OK) add_turn(&b, s, in->instruction, in->input);
    if (st == HN_OK && !b.failed) *out = hn_json_new_str(b.p ? b.p : "", b.n);
    if (st == HN_OK && !*out) st = hn_nomem(err, b.n);
    hn_buf_release(&b);
    return st;
}

static hn_status push(hn_json *list, const char *role, hn_str content, hn_error *err) {
    hn_json *m = hn_message_new(role, hn_json_new_str(content.p, content.n));
    if (!m) return hn_nomem(err, content.n);
    hn_json_push(list, m);
    return HN_OK;
}

static hn_status as_messages(const hn_instruction *in, hn_json *list, hn_error *err) {
    if (in->system.n) HN_TRY(push(list, "system", in->system, err));
    for (size_t i = 0; i < hn_json_len(in->history); i++) {
        hn_str question, answer;
        HN_TRY(earlier(in->history, i, &question, &answer, err));
        HN_TRY(push(list, "user", question, err));
        HN_TRY(push(list, "assistant", answer, err));
    }
    hn_buf b = {0};
    add(&b, in->instruction);
    if (in->input.n) hn_buf_puts(&b, "\n\n");
    add(&b, in->input);
    hn_status st = b.failed ? hn_nomem(err, b.n) : push(list, "user", (hn_str){b.p ? b.p : "", b.n}, err);
    hn_buf_release(&b);
    return st;
}

hn_status hn_prompt_make(const hn_convert_opts *o, const char *standard, const hn_instruction *in, hn_json **out, hn_error *err) {
    *out = NULL;
    if (!hn_prompt_is_chat(o, standard)) return as_text(style_of(o, standard), in, out, err);
    hn_json *list = hn_json_new_array();
    hn_status st = list ? as_messages(in, list, err) : hn_nomem(err, sizeof(void *));
    if (st == HN_OK) *out = list;
    else hn_json_free(list);
    return st;
}

hn_json *hn_answer_make(const hn_convert_opts *o, const char *standard, hn_json *answer) {
    return hn_prompt_is_chat(o, standard) ? hn_messages_of(hn_message_new("assistant", answer)) : answer;
}

hn_status hn_instruction_add(const hn_convert_opts *o, const char *standard, const hn_instruction *in, hn_json *answer,
                             hn_examples *out, hn_error *err) {
    hn_json *x, *prompt;
    HN_TRY(hn_examples_add(out, HN_KIND_COMPLETION, &x, err));
    HN_TRY(hn_prompt_make(o, standard, in, &prompt, err));
    HN_TRY(hn_put(x, "prompt", prompt, err));
    return hn_put(x, "completion", hn_answer_make(o, standard, hn_json_ref(answer)), err);
}
