/* format_oasst_trees.c - OpenAssistant, one tree a record: {"message_tree_id", "prompt": {"text", "role", "replies"}}, or the
 * root message itself with its replies. */
#include "data/oasst_impl.h"

static const hn_json *root_of(const hn_json *record) {
    const hn_json *prompt = hn_json_get(record, "prompt");
    if (hn_json_type(prompt) == HN_JSON_OBJECT) return prompt;
    return hn_json_type(hn_json_get(record, "replies")) == HN_JSON_ARRAY ? record : NULL;
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const hn_json *root = root_of(record);
    if (!root || !hn_is_text(root, "text") || !hn_is_text(root, "role")) return false;
    if (root == record) return hn_because(reason, "columns \"text\", \"role\" and \"replies\": a message with what follows it");
    return hn_because(reason, "column \"prompt\" with \"text\", \"role\" and \"replies\": a message tree");
}

static hn_status add(hn_posts *p, const hn_json *message, int64_t parent, hn_error *err) {
    int64_t at;
    HN_TRY(hn_posts_add(p, message, &at, err));
    if (parent >= 0) hn_posts_link(p, parent, at);
    const hn_json *replies = hn_json_get(message, "replies");
    for (size_t i = 0; i < hn_json_len(replies); i++) HN_TRY(add(p, hn_json_at(replies, i), at, err));
    return HN_OK;
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const hn_json *root = root_of(record);
    if (hn_tree_closed(record)) {
        hn_examples_note(out, "message trees that were halted or aborted: left out", 1);
        return HN_OK;
    }
    hn_posts p = {0};
    hn_status st = root ? add(&p, root, -1, err) : hn_bad_row(err, "no message with \"replies\" stands here, nor in \"prompt\"");
    if (st == HN_OK) st = hn_posts_convert(&p, 0, o, out, err);
    if (st == HN_OK && p.refused)
        hn_examples_note(out, "messages deleted, refused in review or spam: left out with what follows them", p.refused);
    hn_posts_release(&p);
    return st;
}

const hn_format hn_format_oasst_trees = {.name = "oasst-trees",
                                         .about =
                                             "OpenAssistant message trees: \"prompt\" with \"text\", \"role\" and \"replies\"",
                                         .kinds = HN_KIND_BIT(HN_KIND_MESSAGES) | HN_KIND_BIT(HN_KIND_PREFERENCE),
                                         .detect = detect,
                                         .convert = convert};
