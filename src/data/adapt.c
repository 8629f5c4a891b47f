/* adapt.c - examples of one kind made into those another task takes, as TRL's helpers do.
 *
 *   sft        preference: prompt and chosen; unpaired: prompt and completion where the label is true
 *   kto        preference: chosen with label true, rejected with label false (unpair_preference_dataset; unpair.c has the order)
 *   prompt     everything that has a prompt; messages without the last answer; text as it is
 *   text       preference and unpaired, as for sft */
#include "data/formats_impl.h"

#include <string.h>

static hn_status copy(const hn_json *from, const char *key, hn_json *to, const char *as, hn_error *err) {
    return hn_put(to, as, hn_json_ref(hn_json_get(from, key)), err);
}

/* What travels with a conversation. */
static void copy_extras(const hn_json *from, hn_json *to) {
    static const char *const names[] = {"tools", "documents", "chat_template_kwargs"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hn_json *v = hn_json_get(from, names[i]);
        if (v) hn_json_set(to, names[i], hn_json_ref(v));
    }
}

static hn_status completion(const hn_example *from, const char *answer, hn_examples *out, hn_error *err) {
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_COMPLETION, &x, err));
    copy_extras(from->value, x);
    HN_TRY(copy(from->value, "prompt", x, "prompt", err));
    return copy(from->value, answer, x, "completion", err);
}

static hn_status to_completion(const hn_example *from, hn_examples *out, hn_error *err) {
    if (from->kind == HN_KIND_PREFERENCE) {
        hn_examples_note(out, "preference rows: the prompt and the chosen answer are used", 1);
        return completion(from, "chosen", out, err);
    }
    if (hn_json_bool(hn_json_get(from->value, "label"), false)) return completion(from, "completion", out, err);
    hn_examples_note(out, "rows with label false: left out", 1);
    return HN_OK;
}

static hn_status to_unpaired(const hn_example *from, hn_examples *out, hn_error *err) {
    for (int good = 1; good >= 0; good--) {
        hn_json *x;
        HN_TRY(hn_examples_add(out, HN_KIND_UNPAIRED, &x, err));
        copy_extras(from->value, x);
        HN_TRY(copy(from->value, "prompt", x, "prompt", err));
        HN_TRY(copy(from->value, good ? "chosen" : "rejected", x, "completion", err));
        HN_TRY(hn_put(x, "label", hn_json_new_bool(good), err));
        out->v[out->n - 1].second = !good;
    }
    return HN_OK;
}

static hn_status to_prompt(const hn_example *from, hn_examples *out, hn_error *err) {
    hn_json *x;
    const hn_json *v = from->value, *list = hn_json_get(v, "messages");
    if (from->kind == HN_KIND_MESSAGES) {
        size_t n = hn_json_len(list);
        while (n && hn_streq(hn_json_cstr(hn_json_get(hn_json_at(list, n - 1), "role")), "assistant")) n--;
        if (n == 0) {
            hn_examples_note(out, "conversations in which only the assistant speaks: left out", 1);
            return HN_OK;
        }
        HN_TRY(hn_examples_add(out, HN_KIND_PROMPT, &x, err));
        copy_extras(v, x);
        return hn_put(x, "prompt", n == hn_json_len(list) ? hn_json_ref(hn_json_get(v, "messages")) : hn_json_slice(list, 0, n),
                      err);
    }
    HN_TRY(hn_examples_add(out, HN_KIND_PROMPT, &x, err));
    copy_extras(v, x);
    return copy(v, from->kind == HN_KIND_TEXT ? "text" : "prompt", x, "prompt", err);
}

typedef hn_status adapt_fn(const hn_example *from, hn_examples *out, hn_error *err);

static adapt_fn *way(hn_view view, hn_kind from) {
    bool pair = from == HN_KIND_PREFERENCE;
    switch (view) {
    case HN_VIEW_SFT:
    case HN_VIEW_TEXT: return pair || from == HN_KIND_UNPAIRED ? to_completion : NULL;
    case HN_VIEW_KTO: return pair ? to_unpaired : NULL;
    case HN_VIEW_PROMPT:
        return pair || from == HN_KIND_UNPAIRED || from == HN_KIND_COMPLETION || from == HN_KIND_MESSAGES ||
                       from == HN_KIND_TEXT || from == HN_KIND_STEPWISE
                   ? to_prompt
                   : NULL;
    default: return NULL;
    }
}

bool hn_view_adapts(hn_view view, hn_kind kind) { return way(view, kind) != NULL; }

hn_status hn_examples_adapt(hn_examples *x, hn_view view, hn_error *err) {
    size_t i = 0;
    while (i < x->n && hn_view_takes(view, x->v[i].kind)) i++;
    if (i == x->n) return HN_OK;
    hn_examples old = *x;
    x->v = NULL;
    x->n = x->cap = 0;
    hn_status st = HN_OK;
    for (i = 0; i < old.n && st == HN_OK; i++) {
        adapt_fn *adapt = way(view, old.v[i].kind);
        hn_json *value;
        if (adapt) st = adapt(&old.v[i], x, err);
        else if (hn_view_takes(view, old.v[i].kind)) {
            st = hn_examples_add(x, old.v[i].kind, &value, err);
            if (st != HN_OK) break;
            hn_json_free(value);
            x->v[x->n - 1].value = hn_json_ref(old.v[i].value);
        } else {
            st = hn_bad_row(err, "a %s row cannot be used for task %s", hn_kind_name(old.v[i].kind), hn_view_name(view));
        }
    }
    hn_examples_release(&old);
    return st;
}
