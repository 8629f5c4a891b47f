/* format_unpaired.c - one answer and whether it is wanted (KTO): prompt, completion, label; messages or conversations with
 * label or LLaMA-Factory's kto_tag; instruction, output and either. */
#include "data/formats_impl.h"

#include <string.h>

static const char *label_of(const hn_json *record, bool numbers) {
    static const char *const names[] = {"label", "kto_tag"};
    for (size_t i = 0; i < 2; i++) {
        const hn_json *v = hn_json_get(record, names[i]);
        int64_t n = numbers ? hn_json_int(v, -1) : -1;
        if (hn_label_says(v) || n == 0 || n == 1) return names[i];
    }
    return NULL;
}

/* The columns of the answer, for the reason. */
static const char *answer_of(const hn_json *record) {
    if (hn_json_has(record, "prompt") && hn_json_has(record, "completion")) return "\"prompt\", \"completion\"";
    if (hn_is_messages(hn_json_get(record, "messages"))) return "\"messages\"";
    if (hn_is_messages(hn_json_get(record, "conversations"))) return "\"conversations\"";
    return hn_json_has(record, "instruction") && hn_json_has(record, "output") ? "\"instruction\", \"output\"" : NULL;
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    const char *answer = answer_of(record), *label = label_of(record, o->view == HN_VIEW_KTO);
    return answer && label && hn_because(reason, "columns %s and \"%s\" of true and false", answer, label);
}

/* The conversation up to its last message, which must be the assistant's, and that one. */
static hn_status split(hn_json *list, hn_json *x, hn_error *err) {
    size_t n = hn_json_len(list);
    const char *role = n ? hn_json_cstr(hn_json_get(hn_json_at(list, n - 1), "role")) : NULL;
    if (!hn_streq(role, "assistant"))
        return hn_bad_row(err, "the conversation ends with %s, the answer to be judged is expected there",
                          role ? role : "nothing");
    HN_TRY(hn_put(x, "prompt", hn_json_slice(list, 0, n - 1), err));
    return hn_put(x, "completion", hn_json_slice(list, n - 1, n), err);
}

static hn_status from_instruction(const hn_json *record, const hn_convert_opts *o, hn_json *x, hn_error *err) {
    hn_instruction in = {0};
    hn_json *prompt;
    hn_str answer;
    HN_TRY(hn_column_text(record, "instruction", &in.instruction, err));
    HN_TRY(hn_column_maybe(record, "input", &in.input, err));
    HN_TRY(hn_column_maybe(record, "system", &in.system, err));
    HN_TRY(hn_column_text(record, "output", &answer, err));
    HN_TRY(hn_prompt_make(o, "instruct", &in, &prompt, err));
    HN_TRY(hn_put(x, "prompt", prompt, err));
    return hn_put(x, "completion", hn_answer_make(o, "instruct", hn_json_ref(hn_json_get(record, "output"))), err);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *label = label_of(record, true);
    hn_json *x, *list = NULL;
    bool good;
    HN_TRY(hn_label_take(record, label ? label : "label", &good, err));
    HN_TRY(hn_examples_add(out, HN_KIND_UNPAIRED, &x, err));
    if (hn_is_messages(hn_json_get(record, "messages"))) {
        HN_TRY(hn_messages_take(hn_json_get(record, "messages"), "messages", false, &list, err));
    } else if (hn_is_messages(hn_json_get(record, "conversations"))) {
        HN_TRY(hn_conversation_take(record, &list, err));
    } else if (hn_json_has(record, "instruction") && !hn_json_has(record, "prompt")) {
        HN_TRY(from_instruction(record, o, x, err));
    } else {
        HN_TRY(hn_sides_take(record, "completion", x, err));
        return hn_put(x, "label", hn_json_new_bool(good), err);
    }
    hn_status st = list ? split(list, x, err) : HN_OK;
    hn_json_free(list);
    if (st == HN_OK) st = hn_extras_take(record, x, err);
    return st == HN_OK ? hn_put(x, "label", hn_json_new_bool(good), err) : st;
}

const hn_format hn_format_unpaired = {.name = "unpaired-preference",
                                      .about =
                                          "columns \"prompt\", \"completion\" (or \"messages\") and \"label\": true or false",
                                      .kinds = HN_KIND_BIT(HN_KIND_UNPAIRED),
                                      .detect = detect,
                                      .convert = convert};
