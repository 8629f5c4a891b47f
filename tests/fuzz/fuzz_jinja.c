/* rooms: text base */
/* fuzz_jinja.c - a template and its variables, both hostile: rendered, or refused, within the bounds.
 *
 * The input is the source up to its first zero byte and the variables as a JSON object behind it. */
#include <stdint.h>
#include <string.h>

#include "text/jinja/jinja_ast_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char usual[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"\"}]}";

static void render(const hn_jtemplate *t, const hn_json *variables) {
    hn_jrun r;
    hn_json_iter it;
    hn_rendered out = {0};
    hn_error err = {0};
    if (hn_jrun_init(&r, t, true)) {
        for (bool more = hn_json_first(variables, &it); more; more = hn_json_next(&it)) hn_jrun_set(&r, it.key, hn_j_from_json(it.value));
        hn_status st = hn_jrun_render(&r, &out, &err);
        for (size_t i = 0; st == HN_OK && i < out.spans; i++) {
            if (out.span[i].begin > out.span[i].end || out.span[i].end > out.text.n) __builtin_trap();
        }
    }
    hn_jrun_release(&r);
    hn_rendered_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n == 0 || n > 1 << 14) return 0;
    const uint8_t *zero = memchr(p, 0, n);
    const size_t source = zero ? (size_t)(zero - p) : n;
    const char *json = zero ? (const char *)zero + 1 : usual;
    hn_error err = {0};
    hn_jtemplate *t = NULL;
    hn_json *variables = NULL;
    if (hn_jtemplate_new((hn_str){(const char *)p, source}, "t", &t, &err) != HN_OK) return 0;
    if (hn_json_parse(json, zero ? n - source - 1 : strlen(json), "variables", 1, &variables, &err) == HN_OK &&
        hn_json_type(variables) == HN_JSON_OBJECT)
        render(t, variables);
    hn_json_free(variables);
    hn_jtemplate_free(t);
    return 0;
}
