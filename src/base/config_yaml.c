/* config_yaml.c - a file of settings: YAML, and JSON as its subset.
 *
 * libyaml resolves no types, so the option's row decides what a scalar is. A map or a list of maps
 * for a string option becomes JSON text (dictionaries of keyword arguments). The map "env" sets
 * environment variables. Every error names file:line:column. */
#include "base/base.h"
#include "base/config_impl.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { DEEPEST = 64, MOST_NODES = 100000 };

typedef struct reader {
    hn_config *c;
    const char *path;
    yaml_document_t *doc;
    long nodes; /* converted so far: aliases may repeat a subtree without end */
} reader;

static const yaml_node_t *node_at(const reader *r, int id) {
    return yaml_document_get_node(r->doc, id);
}

/* Put the place in front of the message. */
static hn_status placed(const reader *r, const yaml_node_t *node, hn_status code, hn_error *err) {
    yaml_mark_t m = node->start_mark;
    hn_error_context(err, "%s:%zu:%zu", r->path, m.line + 1, m.column + 1);
    return code;
}

static const char *scalar(const yaml_node_t *node) {
    return (const char *)node->data.scalar.value;
}

static bool has_nul(const yaml_node_t *node) {
    return memchr(scalar(node), '\0', node->data.scalar.length) != NULL;
}

static bool is_plain(const yaml_node_t *node) {
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool is_null(const yaml_node_t *node) {
    return node->type == YAML_SCALAR_NODE && is_plain(node) &&
           (!*scalar(node) || hn_null_word(scalar(node)));
}

/* Inside a dictionary no row types the plain scalars: booleans and numbers are as in JSON. */
static hn_json *plain_json(const char *s) {
    if (strcmp(s, "true") == 0 || strcmp(s, "True") == 0) return hn_json_new_bool(true);
    if (strcmp(s, "false") == 0 || strcmp(s, "False") == 0) return hn_json_new_bool(false);
    const char *p = s + (*s == '-' || *s == '+');
    if (isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1]))) {
        char *end;
        errno = 0;
        long long i = strtoll(s, &end, 10);
        if (*end == '\0' && errno == 0) return hn_json_new_int(i);
        bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
        double v = hn_strtod(s, &end);
        if (*end == '\0' && !hex && isfinite(v)) return hn_json_new_num(v);
    }
    return hn_json_new_str(s, strlen(s));
}

static hn_status to_json(reader *r, const yaml_node_t *node, int depth, hn_json **out,
                         hn_error *err);

static hn_status map_to_json(reader *r, const yaml_node_t *node, int depth, hn_json *obj,
                             hn_error *err) {
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
         p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = node_at(r, p->key);
        if (key->type != YAML_SCALAR_NODE || has_nul(key)) {
            return placed(r, key, hn_fail(err, HN_EARG, "a key must be a word"), err);
        }
        if (hn_json_has(obj, scalar(key))) {
            return placed(r, key, hn_fail(err, HN_EARG, "'%s' is given twice", scalar(key)), err);
        }
        hn_json *value;
        HN_TRY(to_json(r, node_at(r, p->value), depth + 1, &value, err));
        hn_json_set(obj, scalar(key), value);
    }
    return HN_OK;
}

static hn_status to_json(reader *r, const yaml_node_t *node, int depth, hn_json **out,
                         hn_error *err) {
    *out = NULL;
    if (depth > DEEPEST || r->nodes++ > MOST_NODES) {
        return placed(r, node, hn_fail(err, HN_EARG, "nested too deeply or repeated too often"),
                      err);
    }
    if (is_null(node) && strcasecmp(scalar(node), "none") != 0)
        return HN_OK; /* YAML knows no "none" */
    if (node->type == YAML_SCALAR_NODE) {
        size_t n = node->data.scalar.length;
        *out = is_plain(node) ? plain_json(scalar(node)) : hn_json_new_str(scalar(node), n);
        return *out ? HN_OK : hn_nomem(err, n);
    }
    bool map = node->type == YAML_MAPPING_NODE;
    hn_json *j = map ? hn_json_new_object() : hn_json_new_array();
    if (!j) return hn_nomem(err, 64);
    hn_status code = HN_OK;
    if (map) {
        code = map_to_json(r, node, depth, j, err);
    } else {
        const yaml_node_item_t *item = node->data.sequence.items.start;
        for (; item < node->data.sequence.items.top && code == HN_OK; item++) {
            hn_json *value;
            code = to_json(r, node_at(r, *item), depth + 1, &value, err);
            if (code == HN_OK) hn_json_push(j, value);
        }
    }
    if (code == HN_OK) *out = j;
    else hn_json_free(j);
    return code;
}

static hn_status json_value(reader *r, const hn_opt *opt, const yaml_node_t *node, hn_value *out,
                            hn_error *err) {
    hn_json *j;
    HN_TRY(to_json(r, node, 0, &j, err));
    hn_buf text = {0};
    hn_json_write(&text, j, 0);
    hn_json_free(j);
    hn_status code = text.failed ? hn_nomem(err, text.n) : hn_value_parse(opt, text.p, out, err);
    hn_buf_release(&text);
    return code == HN_EARG ? placed(r, node, code, err) : code;
}

static hn_status list_value(reader *r, const hn_opt *opt, const yaml_node_t *node, hn_value *out,
                            hn_error *err) {
    const yaml_node_item_t *start = node->data.sequence.items.start;
    size_t n = (size_t)(node->data.sequence.items.top - start);
    const char **items = hn_alloc_array(n, sizeof *items);
    if (!items) return hn_nomem(err, n * sizeof *items);
    hn_status code = HN_OK;
    for (size_t i = 0; i < n && code == HN_OK; i++) {
        const yaml_node_t *item = node_at(r, start[i]);
        if (item->type == YAML_SCALAR_NODE && !has_nul(item)) items[i] = scalar(item);
        else
            code = placed(r, item,
                          hn_fail(err, HN_EARG, "%s: a list of words is expected", opt->name), err);
    }
    if (code == HN_OK) {
        code = hn_value_list(opt, items, n, out, err);
        if (code == HN_EARG) {
            hn_error_context(err, "%s", opt->name);
            placed(r, node, code, err);
        }
    }
    hn_free(items);
    return code;
}

static hn_status scalar_value(reader *r, const hn_opt *opt, const yaml_node_t *node, hn_value *out,
                              hn_error *err) {
    hn_status code;
    if (has_nul(node)) code = hn_fail(err, HN_EARG, "holds a NUL character");
    else if (!is_null(node)) code = hn_value_parse(opt, scalar(node), out, err);
    else if (strcasecmp(scalar(node), "none") == 0) code = hn_value_parse(opt, "none", out, err);
    else code = hn_value_unset(opt, out, err);
    if (code == HN_OK || code == HN_ENOMEM) return code;
    hn_error_context(err, "%s", opt->name);
    return placed(r, node, code, err);
}

static hn_status read_value(reader *r, const hn_opt *opt, const yaml_node_t *node, hn_value *out,
                            hn_error *err) {
    *out = (hn_value){0};
    if (opt->type == HN_OPT_NOOP) return HN_OK;
    if (node->type == YAML_SCALAR_NODE) return scalar_value(r, opt, node, out, err);
    if (opt->type == HN_OPT_LIST && node->type == YAML_SEQUENCE_NODE)
        return list_value(r, opt, node, out, err);
    if (opt->type == HN_OPT_STR && !opt->choices) return json_value(r, opt, node, out, err);
    const char *found = node->type == YAML_MAPPING_NODE ? "a map" : "a list";
    return placed(r, node,
                  hn_fail(err, HN_EARG, "%s: one value is expected, not %s", opt->name, found),
                  err);
}

static hn_status apply_env(reader *r, const yaml_node_t *node, hn_error *err) {
    if (is_null(node)) return HN_OK;
    if (node->type != YAML_MAPPING_NODE) {
        return placed(r, node, hn_fail(err, HN_EARG, "env: a map of variables is expected"), err);
    }
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
         p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = node_at(r, p->key), *value = node_at(r, p->value);
        bool words = key->type == YAML_SCALAR_NODE && value->type == YAML_SCALAR_NODE;
        if (!words || has_nul(key) || has_nul(value)) {
            return placed(r, key,
                          hn_fail(err, HN_EARG, "env: a variable and its text are expected"), err);
        }
        if (setenv(scalar(key), scalar(value), 1) == 0) continue;
        if (errno == ENOMEM) return hn_nomem(err, value->data.scalar.length);
        return placed(r, key,
                      hn_fail(err, HN_EARG, "env: '%s' is no name of a variable", scalar(key)),
                      err);
    }
    return HN_OK;
}

static hn_status read_pair(reader *r, const yaml_node_t *key, const yaml_node_t *node,
                           bool *env_seen, hn_error *err) {
    if (key->type != YAML_SCALAR_NODE || has_nul(key)) {
        return placed(r, key, hn_fail(err, HN_EARG, "the name of an option is expected"), err);
    }
    const char *alias, *name = scalar(key);
    size_t alias_len;
    hn_setting *s = hn_config_entry(r->c, name, &alias, &alias_len);
    if (!s && strcmp(name, "env") == 0) {
        if (*env_seen) return placed(r, key, hn_fail(err, HN_EARG, "'env' is given twice"), err);
        *env_seen = true;
        return apply_env(r, node, err);
    }
    if (!s && (hn_streq(name, "hone_version") || hn_streq(name, "hone_task"))) return HN_OK; /* of a training_args.json */
    if (!s) return placed(r, key, hn_config_unknown(r->c, name, name, err), err);
    if (s->seen_in == r->c->loads) {
        hn_fail(err, HN_EARG, "'%s' is given twice", s->opt->name);
        hn_error_detail(err, "first in line %zu, column %zu", s->line, s->column);
        hn_error_fix(err, "keep one of the two lines");
        return placed(r, key, HN_EARG, err);
    }
    s->seen_in = r->c->loads;
    s->line = key->start_mark.line + 1;
    s->column = key->start_mark.column + 1;
    hn_value v;
    HN_TRY(read_value(r, s->opt, node, &v, err));
    hn_config_put(s, &v, HN_FROM_FILE, alias, alias_len);
    return HN_OK;
}

static hn_status read_document(reader *r, hn_error *err) {
    const yaml_node_t *root = yaml_document_get_root_node(r->doc);
    if (!root || is_null(root)) return HN_OK; /* an empty file sets nothing */
    if (root->type != YAML_MAPPING_NODE) {
        return placed(r, root, hn_fail(err, HN_EARG, "a map of options is expected"), err);
    }
    bool env_seen = false;
    for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
         p < root->data.mapping.pairs.top; p++) {
        HN_TRY(read_pair(r, node_at(r, p->key), node_at(r, p->value), &env_seen, err));
    }
    return HN_OK;
}

static hn_status yaml_failed(const yaml_parser_t *p, const char *path, hn_error *err) {
    if (p->error == YAML_MEMORY_ERROR) return hn_nomem(err, 0);
    const char *what = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_READER_ERROR) {
        hn_fail(err, HN_EARG, "%s: byte %zu: %s", path, p->problem_offset, what);
        if (err) err->pos = p->problem_offset;
        return HN_EARG;
    }
    yaml_mark_t m = p->problem_mark;
    hn_fail(err, HN_EARG, "%s:%zu:%zu: %s", path, m.line + 1, m.column + 1, what);
    if (p->context) hn_error_detail(err, "%s", p->context);
    return HN_EARG;
}

static hn_status load_text(hn_config *c, const char *path, const hn_map *m, hn_error *err) {
    yaml_parser_t parser;
    yaml_document_t doc;
    if (!yaml_parser_initialize(&parser)) return hn_nomem(err, sizeof parser);
    yaml_parser_set_input_string(&parser, m->p, m->n);
    c->loads++;
    hn_status code = HN_OK;
    for (int documents = 0; code == HN_OK; documents++) {
        if (!yaml_parser_load(&parser, &doc)) {
            code = yaml_failed(&parser, path, err);
            break;
        }
        const yaml_node_t *root = yaml_document_get_root_node(&doc);
        reader r = {.c = c, .path = path, .doc = &doc};
        bool last = root == NULL;
        if (documents == 0) code = read_document(&r, err);
        else if (!last)
            code =
                placed(&r, root, hn_fail(err, HN_EARG, "a second document: one is expected"), err);
        yaml_document_delete(&doc);
        if (last) break;
    }
    yaml_parser_delete(&parser);
    return code;
}

hn_status hn_config_load(hn_config *c, const char *path, hn_error *err) {
    hn_map m;
    HN_TRY(hn_map_open(path, &m, err));
    hn_status code = load_text(c, path, &m, err);
    hn_map_close(&m);
    return code;
}

hn_status hn_yaml_parse(const char *p, size_t n, const char *name, hn_json **out, hn_error *err) {
    yaml_parser_t parser;
    yaml_document_t doc;
    *out = NULL;
    if (!yaml_parser_initialize(&parser)) return hn_nomem(err, sizeof parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)p, n);
    hn_status code = HN_OK;
    if (!yaml_parser_load(&parser, &doc)) {
        code = yaml_failed(&parser, name, err);
    } else {
        const yaml_node_t *root = yaml_document_get_root_node(&doc);
        reader r = {.path = name, .doc = &doc};
        if (root) code = to_json(&r, root, 0, out, err);
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
    return code;
}
