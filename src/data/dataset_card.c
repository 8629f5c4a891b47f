/* dataset_card.c - what the card of a data set on the hub says about its files: the list "configs" in the YAML head of README.md.
 *
 * configs: [{config_name: main, default: true, data_dir: ..., data_files: PATTERN | [PATTERN] | [{split: train, path: PATTERN |
 * [PATTERN]}]}]. Patterns are relative to the data set's folder; without splits they are train. */
#include <string.h>

#include "data/sources_impl.h"

enum { LONGEST_HEAD = 4 << 20 };

/* The YAML between the two lines of dashes a text begins with; n 0: there is none. */
static hn_str head_of(const hn_buf *text) {
    const char *from = text->n > 4 && memcmp(text->p, "---", 3) == 0 ? strchr(text->p, '\n') : NULL;
    const char *to = from ? strstr(from, "\n---") : NULL;
    return to ? (hn_str){from, (size_t)(to - from) + 1} : (hn_str){"", 0};
}

hn_status hn_card_configs(const char *root, hn_json **out, hn_error *err) {
    hn_buf text = {0};
    hn_json *card = NULL;
    *out = NULL;
    char *path = hn_path_join(root, "README.md");
    hn_status st = path ? HN_OK : hn_nomem(err, strlen(root));
    bool there = path && hn_path_exists(path) && !hn_path_is_dir(path) && hn_file_size(path) <= LONGEST_HEAD;
    if (there) st = hn_file_read(path, &text, err);
    hn_str head = there && st == HN_OK ? head_of(&text) : (hn_str){"", 0};
    hn_error why = {0};
    if (head.n) st = hn_yaml_parse(head.p, head.n, path, &card, &why);
    if (st == HN_EARG) {
        hn_warn("the head of %s is no YAML and is left out of account: %s", path, why.msg);
        st = HN_OK;
    } else if (head.n && st != HN_OK && err) {
        *err = why;
    }
    hn_json *list = hn_json_get(card, "configs");
    if (hn_json_type(list) == HN_JSON_ARRAY && hn_json_len(list) > 0) *out = hn_json_ref(list);
    hn_json_free(card);
    hn_buf_release(&text);
    hn_free(path);
    return st;
}

const char *hn_card_name(const hn_json *config) {
    const char *name = hn_json_cstr(hn_json_get(config, "config_name"));
    return name ? name : "default";
}

const hn_json *hn_card_config(const hn_json *configs, const char *name) {
    const hn_json *usual = hn_json_len(configs) == 1 ? hn_json_at(configs, 0) : NULL;
    for (size_t i = 0; i < hn_json_len(configs); i++) {
        const hn_json *c = hn_json_at(configs, i);
        if (name && hn_streq(hn_card_name(c), name)) return c;
        if (hn_json_bool(hn_json_get(c, "default"), false) || hn_streq(hn_card_name(c), "default")) usual = c;
    }
    return name ? NULL : usual;
}

static hn_status add_patterns(const hn_json *value, hn_strlist *out, hn_error *err) {
    size_t n = hn_json_cstr(value) ? 1 : hn_json_len(value);
    for (size_t i = 0; i < n; i++) {
        const char *one = hn_json_cstr(hn_json_cstr(value) ? value : hn_json_at(value, i));
        if (one) HN_TRY(hn_strlist_add(out, hn_strdup(one), err));
    }
    return HN_OK;
}

hn_status hn_card_patterns(const hn_json *config, const char *split, hn_strlist *out, hn_buf *splits, hn_error *err) {
    const hn_json *files = hn_json_get(config, "data_files");
    *out = (hn_strlist){0};
    bool by_split = hn_json_type(hn_json_at(files, 0)) == HN_JSON_OBJECT;
    if (!by_split) {
        hn_buf_puts(splits, "train");
        return hn_streq(split, "train") ? add_patterns(files, out, err) : HN_OK;
    }
    for (size_t i = 0; i < hn_json_len(files); i++) {
        const hn_json *one = hn_json_at(files, i);
        const char *name = hn_json_cstr(hn_json_get(one, "split"));
        if (!name) continue;
        hn_buf_printf(splits, "%s%.100s", splits->n ? ", " : "", name);
        if (hn_streq(name, split)) HN_TRY(add_patterns(hn_json_get(one, "path"), out, err));
    }
    return HN_OK;
}
