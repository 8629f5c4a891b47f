/* kinds.c - the kinds of examples by name, and which of them a task takes. */
#include "data/formats_impl.h"

const char *hn_kind_name(hn_kind kind) {
    static const char *const names[HN_KINDS] = {
        "tokens", "text",     "prompt-completion", "messages", "preference",        "unpaired-preference",
        "prompt", "stepwise", "classification",    "tags",     "question-answering"};
    return names[kind];
}

#define BIT(kind) HN_KIND_BIT(HN_KIND_##kind)
static const struct {
    const char *name;
    unsigned kinds;
} views[HN_VIEWS] = {
    [HN_VIEW_ANY] = {"any", ~0u},
    [HN_VIEW_SFT] = {"sft", BIT(TOKENS) | BIT(COMPLETION) | BIT(MESSAGES) | BIT(TEXT)},
    [HN_VIEW_PREFERENCE] = {"preference", BIT(PREFERENCE)},
    [HN_VIEW_KTO] = {"kto", BIT(UNPAIRED)},
    [HN_VIEW_PROMPT] = {"prompt", BIT(PROMPT) | BIT(TOKENS)},
    [HN_VIEW_TEXT] = {"text", BIT(TOKENS) | BIT(TEXT) | BIT(COMPLETION) | BIT(MESSAGES) | BIT(PROMPT)},
    [HN_VIEW_CLASSIFY] = {"classify", BIT(CLASSIFY)},
    [HN_VIEW_TAG] = {"tag", BIT(TAG)},
    [HN_VIEW_QA] = {"qa", BIT(QA)},
};
#undef BIT

bool hn_view_takes(hn_view view, hn_kind kind) { return (views[view].kinds & HN_KIND_BIT(kind)) != 0; }

const char *hn_view_name(hn_view view) { return views[view].name; }

bool hn_view_find(const char *name, hn_view *out) {
    for (int i = HN_VIEW_SFT; i < HN_VIEWS; i++) {
        if (!hn_streq(views[i].name, name)) continue;
        *out = (hn_view)i;
        return true;
    }
    return false;
}
