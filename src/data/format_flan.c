/* format_flan.c - FLAN: inputs and targets, or prompt and completion beside template_type or task_source.
 *
 * FLAN was made for models that read the two apart. Where neither the prompt ends nor the target begins with white space,
 * a line break is put between them, so that "...yes or no?" and "yes" do not become one word. */
#include "data/formats_impl.h"

static const char *const asks[] = {"inputs", "prompt", NULL}, *const answers[] = {"targets", "completion", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *ask = hn_column_of(record, asks), *answer = hn_column_of(record, answers);
    bool own = hn_json_has(record, "inputs") && hn_json_has(record, "targets");
    bool typed = hn_is_text(record, "template_type") || hn_is_text(record, "task_source");
    if (!own && !(typed && ask && answer)) return false;
    return hn_because(reason, "columns \"%s\" and \"%s\"%s", own ? "inputs" : ask, own ? "targets" : answer, typed ? ", and the task's" : "");
}

static bool space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    bool own = hn_json_has(record, "inputs") || hn_json_has(record, "targets");
    const char *answer = own ? "targets" : "completion";
    hn_instruction in = {0};
    hn_str target, prompt;
    HN_TRY(hn_column_text(record, own ? "inputs" : "prompt", &in.instruction, err));
    HN_TRY(hn_column_text(record, answer, &target, err));
    HN_TRY(hn_instruction_add(o, "plain", &in, hn_json_get(record, answer), out, err));
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

const hn_format hn_format_flan = {.name = "flan",
                                  .about = "columns \"inputs\" and \"targets\", or \"prompt\" and \"completion\" with \"template_type\"",
                                  .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                  .detect = detect,
                                  .convert = convert};
