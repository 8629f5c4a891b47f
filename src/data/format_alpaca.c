/* format_alpaca.c - instruction, input (may be empty or absent), output, put into the two prompts that Stanford
 * Alpaca was trained with; the output is the completion. */
#include "data/formats_impl.h"

#include <string.h>

static const char with_input[] =
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response "
    "that appropriately completes the request.\n\n### Instruction:\n";
static const char without_input[] =
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n";

static bool detect(const hn_json *record, const hn_encode_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "instruction") || !hn_json_has(record, "output")) return false;
    snprintf(reason, 160, "columns \"instruction\", \"input\" and \"output\"");
    return true;
}

static hn_status encode(const hn_json *record, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str instruction, input = {"", 0}, output;
    HN_TRY(hn_column_text(record, "instruction", &instruction, err));
    HN_TRY(hn_column_text(record, "output", &output, err));
    if (hn_json_get(record, "input")) HN_TRY(hn_column_text(record, "input", &input, err));
    hn_buf *b = &e->other;
    hn_buf_clear(b);
    hn_buf_puts(b, input.n ? with_input : without_input);
    hn_buf_add(b, instruction.p, instruction.n);
    if (input.n) {
        hn_buf_puts(b, "\n\n### Input:\n");
        hn_buf_add(b, input.p, input.n);
    }
    hn_buf_puts(b, "\n\n### Response:\n");
    if (b->failed) return hn_nomem(err, b->n);
    return hn_row_completion(e, (hn_str){b->p, b->n}, output, row, err);
}

const hn_format hn_format_alpaca = {.name = "alpaca",
                                    .about = "columns \"instruction\", \"input\" (optional) and \"output\"",
                                    .needs_tokenizer = true,
                                    .detect = detect,
                                    .completion_only = hn_format_always,
                                    .encode = encode};
