/* format_flan.c - FLAN: inputs and targets, or prompt and completion beside template_type or task_source.
 *
 * FLAN was made for models that read the two apart. Where neither the prompt ends nor the target begins with white space,
 * a line break is put between them, so that "...yes or no?" and "yes" do not become one word. */
#include "data/formats_impl.h"

static const char *const names[][2] = {
    {"inputs_pretokenized", "targets_pretokenized"}, {"inputs", "targets"}, {"prompt", "completion"}};
enum { NAMES = sizeof names / sizeof *names, GENERAL = NAMES - 1 };

/* Which names the row has; -1: none. */
static int find(const hn_json *record) {
    for (int i = 0; i < NAMES; i++)
        if (hn_json_has(record, names[i][0]) && hn_json_has(record, names[i][1])) return i;
    return -1;
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    bool typed = hn_is_text(record, "template_type") || hn_is_text(record, "task_source");
    int k = find(record);
    if (k < 0 || (k == GENERAL && !typed)) return false;
    return hn_because(reason, "columns \"%s\" and \"%s\"%s", names[k][0], names[k][1], typed ? ", and the task's" : "");
}

static bool space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    int k = find(record);
    const char *const *name = names[k < 0 ? 1 : k];
    hn_instruction in = {0};
    hn_str target, prompt;
    HN_TRY(hn_column_text(record, name[0], &in.instruction, err));
    HN_TRY(hn_column_text(record, name[1], &target, err));
    if (hn_is_text(record, "definition")) { /* Natural Instructions: the task first */
        in.input = in.instruction;
        HN_TRY(hn_column_text(record, "definition", &in.instruction, err));
    }
    HN_TRY(hn_instruction_add(o, "plain", &in, hn_json_get(record, name[1]), out, err));
    hn_json *x = out->v[out->n - 1].value;
    if (o->prompt_style || !hn_json_text(hn_json_get(x, "prompt"), &prompt)) return HN_OK;
    if (prompt.n == 0 || target.n == 0 || space(prompt.p[prompt.n - 1]) || space(target.p[0])) return HN_OK;
    hn_buf b = {0};
    hn_buf_add(&b, prompt.p, prompt.n);
    hn_buf_putc(&b, '\n');
    hn_status st = b.failed ? hn_nomem(err, prompt.n) : hn_put(x, "prompt", hn_json_new_str(b.p, b.n), err);
    hn_buf_release(&b);
    return st;
}

const hn_format hn_format_flan = {
    .name = "flan",
    .about = "columns \"inputs\" and \"targets\", or \"prompt\" and \"completion\" with \"template_type\"",
    .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
    .detect = detect,
    .convert = convert};
