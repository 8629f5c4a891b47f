/* end_token.c - another end token than the model's, as TRL's --eos_token has it: config.json names it, generation stops at it and
 * at those it stopped at before. */
#include <string.h>

#include "model/model_impl.h"

/* "[id, those before]"; false: id is among them already. */
static bool ends(const hn_json *before, int32_t id, hn_buf *out) {
    hn_buf_printf(out, "[%d", id);
    if (hn_json_type(before) == HN_JSON_INT) {
        if (hn_json_int(before, -1) == id) return false;
        hn_buf_printf(out, ", %lld", (long long)hn_json_int(before, -1));
    }
    for (size_t i = 0; i < hn_json_len(before); i++) {
        if (hn_json_int(hn_json_at(before, i), -1) == id) return false;
        hn_buf_printf(out, ", %lld", (long long)hn_json_int(hn_json_at(before, i), -1));
    }
    hn_buf_putc(out, ']');
    return true;
}

hn_status hn_model_set_eos(hn_model *m, int32_t id, hn_error *err) {
    hn_json *generation = NULL;
    hn_buf list = {0};
    char one[16];
    snprintf(one, sizeof one, "%d", id);
    if (!m->generation_text.n) HN_TRY(hn_generation_text(m, &m->generation_text, err));
    HN_TRY(hn_json_parse(m->generation_text.p, m->generation_text.n, "generation_config.json", 1, &generation, err));
    hn_status st = HN_OK;
    if (ends(hn_json_get(generation, "eos_token_id"), id, &list))
        st = list.failed ? hn_nomem(err, list.n) : hn_config_patch(&m->generation_text, "eos_token_id", list.p, true, err);
    if (st == HN_OK) st = hn_config_patch(&m->config_text, "eos_token_id", one, true, err);
    hn_json_free(generation);
    hn_buf_release(&list);
    generation = NULL;
    if (st == HN_OK) {
        hn_json_set_int(m->config, "eos_token_id", id);
        st = hn_json_parse(m->generation_text.p, m->generation_text.n, "generation_config.json", 1, &generation, err);
    }
    if (st == HN_OK) hn_generation_tokens(generation, &m->info);
    hn_json_free(generation);
    return st;
}
