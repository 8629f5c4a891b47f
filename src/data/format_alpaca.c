/* format_alpaca.c - instruction, input (may be empty or absent), output, put into the two prompts that Stanford
 * Alpaca was trained with; the output is the completion. */
#include "data/formats_impl.h"

static const char with_input[] =
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response "
    "that appropriately completes the request.\n\n### Instruction:\n";
static const char without_input[] =
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n";

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "instruction") || !hn_json_has(record, "output")) return false;
    return hn_because(reason, "columns \"instruction\", \"input\" and \"output\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_str instruction, input = {"", 0}, output;
    HN_TRY(hn_column_text(record, "instruction", &instruction, err));
    HN_TRY(hn_column_text(record, "output", &output, err));
    if (hn_json_get(record, "input")) HN_TRY(hn_column_text(record, "input", &input, err));
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_COMPLETION, &x, err));
    hn_buf b = {0};
    hn_buf_puts(&b, input.n ? with_input : without_input);
    hn_buf_add(&b, instruction.p, instruction.n);
    if (input.n) {
        hn_buf_puts(&b, "\n\n### Input:\n");
        hn_buf_add(&b, input.p, input.n);
    }
    hn_buf_puts(&b, "\n\n### Response:\n");
    hn_status st = b.failed ? hn_nomem(err, b.n) : hn_put(x, "prompt", hn_json_new_str(b.p, b.n), err);
    hn_buf_release(&b);
    return st == HN_OK ? hn_put(x, "completion", hn_json_ref(hn_json_get(record, "output")), err) : st;
}

const hn_format hn_format_alpaca = {.name = "alpaca",
                                    .about = "columns \"instruction\", \"input\" (optional) and \"output\"",
                                    .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                    .detect = detect,
                                    .convert = convert};
