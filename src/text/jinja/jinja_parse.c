/* jinja_parse.c - statements of a template, and the parser's tools. The grammar is that of Jinja2 3.1 with the extensions
 * loopcontrols and transformers' {% generation %}. */
#include "text/jinja/jinja_ast_impl.h"

bool hn_jp_fail(hn_jparser *p, int32_t line, const char *fmt, ...) {
    char text[900];
    va_list ap;
    if (p->status != HN_OK) return false;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->status = hn_fail(p->err, HN_EFORMAT, "%s:%d: %s", p->source_name, (int)line, text);
    return false;
}

void *hn_jp_alloc(hn_jparser *p, size_t bytes) {
    void *got = hn_jmem_get(&p->t->mem, bytes);
    if (!got && p->status == HN_OK) p->status = hn_nomem(p->err, bytes);
    return got;
}

static void index_name(hn_jtemplate *t, uint32_t id) {
    uint64_t at = hn_text_hash(t->names[id].p, t->names[id].n);
    while (t->name_slot[at & (t->name_slots - 1)]) at++;
    t->name_slot[at & (t->name_slots - 1)] = id + 1;
}

static bool grow_names(hn_jparser *p) {
    hn_jtemplate *t = p->t;
    t->name_slots = t->name_slots ? 2 * t->name_slots : 128;
    t->name_cap = t->name_slots / 2;
    hn_str *names = hn_jp_alloc(p, t->name_cap * sizeof *names);
    t->name_slot = hn_jp_alloc(p, t->name_slots * sizeof *t->name_slot);
    if (!names || !t->name_slot) return false;
    if (t->name_n) memcpy(names, t->names, t->name_n * sizeof *names);
    t->names = names;
    for (uint32_t i = 0; i < t->name_n; i++) index_name(t, i);
    return true;
}

int32_t hn_jtemplate_name(const hn_jtemplate *t, hn_str name) {
    if (!t->name_slots) return -1;
    for (uint64_t at = hn_text_hash(name.p, name.n);; at++) {
        uint32_t slot = t->name_slot[at & (t->name_slots - 1)];
        if (!slot) return -1;
        if (hn_str_same(t->names[slot - 1], name)) return (int32_t)slot - 1;
    }
}

bool hn_jp_name(hn_jparser *p, hn_str text, uint32_t *id) {
    hn_jtemplate *t = p->t;
    int32_t known = hn_jtemplate_name(t, text);
    if (known < 0) {
        if (t->name_n == t->name_cap && !grow_names(p)) return false;
        t->names[t->name_n] = text;
        index_name(t, t->name_n);
        known = (int32_t)t->name_n++;
    }
    *id = (uint32_t)known;
    return true;
}

const char *hn_jp_describe(const hn_jtoken *t, char *room, size_t n) {
    switch ((hn_jtok)t->type) {
    case HN_T_EOF: return "end of template";
    case HN_T_DATA: return "template data / text";
    case HN_T_VAR_BEGIN: return "begin of print statement";
    case HN_T_VAR_END: return "end of print statement";
    case HN_T_BLOCK_BEGIN: return "begin of statement block";
    case HN_T_BLOCK_END: return "end of statement block";
    case HN_T_STRING: return "string";
    case HN_T_INT: return "integer";
    case HN_T_FLOAT: return "float";
    default: break;
    }
    snprintf(room, n, "%.*s", HN_J_SHORT(hn_j_text(t->value)));
    return room;
}

static bool unexpected(hn_jparser *p, const char *wanted) {
    char room[128];
    const hn_jtoken *t = hn_jp_cur(p);
    if (t->type == HN_T_EOF) return hn_jp_fail(p, t->line, "unexpected end of template, expected '%s'", wanted);
    return hn_jp_fail(p, t->line, "expected token '%s', got '%s'", wanted, hn_jp_describe(t, room, sizeof room));
}

const hn_jtoken *hn_jp_expect(hn_jparser *p, hn_jtok type) {
    static const char *const spelled[] = {
        [HN_T_VAR_END] = "end of print statement", [HN_T_BLOCK_END] = "end of statement block", [HN_T_NAME] = "name",
        [HN_T_RBRACKET] = "]", [HN_T_LPAREN] = "(", [HN_T_RPAREN] = ")", [HN_T_LBRACE] = "{", [HN_T_RBRACE] = "}",
        [HN_T_LBRACKET] = "[", [HN_T_ASSIGN] = "=", [HN_T_COLON] = ":", [HN_T_COMMA] = ",", [HN_T_SEMICOLON] = ";"};
    const hn_jtoken *t = hn_jp_cur(p);
    if (hn_jp_skip(p, type)) return t;
    unexpected(p, spelled[type] ? spelled[type] : "token");
    return NULL;
}

bool hn_jp_expect_name(hn_jparser *p, const char *name) { return hn_jp_skip_name(p, name) || unexpected(p, name); }

bool hn_jp_skip_name(hn_jparser *p, const char *name) {
    if (!hn_jp_is_name(p, name)) return false;
    hn_jp_next(p);
    return true;
}

/* ---- bodies */

static bool statement(hn_jparser *p, hn_jnodes *list);

static bool is_end(hn_jparser *p, const char *const *ends) {
    for (; ends && *ends; ends++)
        if (hn_jp_is_name(p, *ends)) return true;
    return false;
}

static bool add_output(hn_jparser *p, hn_jnodes *list, hn_jnode **output, hn_jnode *item) {
    if (!item) return false;
    if (!*output) {
        *output = hn_jp_node(p, HN_JN_OUTPUT, item->line);
        if (!hn_jp_push(p, list, *output)) return false;
    }
    return hn_jp_push(p, &(*output)->u.items, item);
}

/* Up to one of ends, which stays the current token, or to the end of the template if there are none. */
static bool subparse(hn_jparser *p, const char *const *ends, hn_jnodes *list) {
    hn_jnode *output = NULL;
    while (!hn_jp_is(p, HN_T_EOF)) {
        const hn_jtoken *t = hn_jp_cur(p);
        hn_jp_next(p);
        if (t->type == HN_T_DATA) {
            hn_jnode *text = hn_jp_constant(p, t->value, t->line);
            if (!text) return false;
            text->ctx = 1; /* template data: markup where escaping is on */
            if (!add_output(p, list, &output, text)) return false;
        } else if (t->type == HN_T_VAR_BEGIN) {
            if (!add_output(p, list, &output, hn_jp_tuple(p, 0, NULL)) || !hn_jp_expect(p, HN_T_VAR_END)) return false;
        } else {
            output = NULL;
            if (is_end(p, ends)) return true;
            if (!statement(p, list) || !hn_jp_expect(p, HN_T_BLOCK_END)) return false;
        }
    }
    return true;
}

static bool fail_eof(hn_jparser *p, const char *const *ends) {
    char wanted[200] = "";
    size_t n = 0;
    for (size_t i = 0; ends[i] && n < sizeof wanted - 40; i++)
        n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s'%s'", i ? " or " : "", ends[i]);
    return hn_jp_fail(p, hn_jp_cur(p)->line, "Unexpected end of template. Jinja was looking for the following tags: %s", wanted);
}

static bool statements(hn_jparser *p, const char *const *ends, bool drop, hn_jnodes *list) {
    hn_jp_skip(p, HN_T_COLON);
    if (!hn_jp_expect(p, HN_T_BLOCK_END)) return false;
    if (p->blocks >= HN_J_BLOCKS) return hn_jp_fail(p, hn_jp_cur(p)->line, "statements are nested too deeply");
    p->blocks++;
    bool fine = subparse(p, ends, list);
    p->blocks--;
    if (!fine) return false;
    if (hn_jp_is(p, HN_T_EOF)) return fail_eof(p, ends);
    if (drop) hn_jp_next(p);
    return true;
}
#define ENDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool body(hn_jparser *p, hn_jnode *n, const char *end) { return statements(p, ENDS(end), true, &n->body); }

/* ---- statements; the current token is the one behind the tag's name */

static void make_params(hn_jnode *n) {
    n->ctx = HN_CTX_PARAM;
    for (uint32_t i = 0; n->op == HN_JN_TUPLE && i < n->u.items.n; i++) make_params(n->u.items.v[i]);
}

static bool parse_for(hn_jparser *p, hn_jnode *n) {
    n->u.loop.target = hn_jp_target(p, false, "in");
    if (!n->u.loop.target || !hn_jp_expect_name(p, "in")) return false;
    make_params(n->u.loop.target);
    n->u.loop.iter = hn_jp_tuple(p, HN_TUPLE_NO_COND, "recursive");
    if (!n->u.loop.iter) return false;
    if (hn_jp_skip_name(p, "if") && !(n->u.loop.test = hn_jp_expression(p, true))) return false;
    n->u.loop.recursive = hn_jp_skip_name(p, "recursive");
    if (!statements(p, ENDS("endfor", "else"), false, &n->body)) return false;
    bool otherwise = hn_jp_is_name(p, "else");
    hn_jp_next(p);
    return !otherwise || statements(p, ENDS("endfor"), true, &n->otherwise);
}

static bool parse_if(hn_jparser *p, hn_jnode *n) {
    for (bool more = true; more;) {
        hn_jnode *branch = hn_jp_node(p, HN_JN_BRANCH, n->line);
        if (!hn_jp_push(p, &n->body, branch) || !(branch->u.bin.left = hn_jp_tuple(p, HN_TUPLE_NO_COND, NULL))) return false;
        if (!statements(p, ENDS("elif", "else", "endif"), false, &branch->body)) return false;
        more = hn_jp_is_name(p, "elif");
        bool otherwise = hn_jp_is_name(p, "else");
        hn_jp_next(p);
        if (otherwise && !statements(p, ENDS("endif"), true, &n->otherwise)) return false;
    }
    return true;
}

static bool signature(hn_jparser *p, hn_jsignature *s) {
    if (!hn_jp_expect(p, HN_T_LPAREN)) return false;
    while (!hn_jp_is(p, HN_T_RPAREN)) {
        if (s->args.n && !hn_jp_expect(p, HN_T_COMMA)) return false;
        hn_jnode *arg = hn_jp_target_name(p);
        if (!arg) return false;
        arg->ctx = HN_CTX_PARAM;
        if (hn_jp_skip(p, HN_T_ASSIGN)) {
            if (!hn_jp_push(p, &s->defaults, hn_jp_expression(p, true))) return false;
        } else if (s->defaults.n) {
            return hn_jp_fail(p, arg->line, "non-default argument follows default argument");
        }
        if (!hn_jp_push(p, &s->args, arg)) return false;
    }
    return hn_jp_expect(p, HN_T_RPAREN) != NULL;
}

static bool parse_macro(hn_jparser *p, hn_jnode *n) {
    hn_jnode *name = hn_jp_target_name(p);
    if (!name || !signature(p, &n->u.macro.sig)) return false;
    n->name = name->name;
    n->text = name->text;
    return body(p, n, "endmacro");
}

static bool parse_call(hn_jparser *p, hn_jnode *n) {
    n->op = HN_JN_CALLBLOCK;
    if (hn_jp_is(p, HN_T_LPAREN) && !signature(p, &n->u.macro.sig)) return false;
    n->u.macro.call = hn_jp_expression(p, true);
    if (!n->u.macro.call) return false;
    if (n->u.macro.call->op != HN_JN_CALL) return hn_jp_fail(p, n->line, "expected call");
    return body(p, n, "endcall");
}

static bool parse_generation(hn_jparser *p, hn_jnode *n) {
    n->op = HN_JN_CALLBLOCK;
    n->u.macro.generation = true;
    p->t->marks = true;
    return body(p, n, "endgeneration");
}

static bool parse_filter(hn_jparser *p, hn_jnode *n) {
    n->op = HN_JN_FILTERBLOCK;
    n->u.set.filter = hn_jp_filter(p, NULL, true);
    return n->u.set.filter && body(p, n, "endfilter");
}

static bool parse_set(hn_jparser *p, hn_jnode *n) {
    n->u.set.target = hn_jp_target(p, true, NULL);
    if (!n->u.set.target) return false;
    if (hn_jp_skip(p, HN_T_ASSIGN)) return (n->u.set.value = hn_jp_tuple(p, 0, NULL)) != NULL;
    n->op = HN_JN_SETBLOCK;
    if (hn_jp_is(p, HN_T_PIPE) && !(n->u.set.filter = hn_jp_filter(p, NULL, false))) return false;
    return body(p, n, "endset");
}

static bool parse_with(hn_jparser *p, hn_jnode *n) {
    while (!hn_jp_is(p, HN_T_BLOCK_END)) {
        if (n->u.with.targets.n && !hn_jp_expect(p, HN_T_COMMA)) return false;
        hn_jnode *target = hn_jp_target(p, false, NULL);
        if (!hn_jp_push(p, &n->u.with.targets, target) || !hn_jp_expect(p, HN_T_ASSIGN)) return false;
        make_params(target);
        if (!hn_jp_push(p, &n->u.with.values, hn_jp_expression(p, true))) return false;
    }
    return body(p, n, "endwith");
}

static bool only_blanks(const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->v[i]->op != HN_JN_OUTPUT) return false;
        for (uint32_t k = 0; k < list->v[i]->u.items.n; k++) {
            const hn_jnode *text = list->v[i]->u.items.v[k];
            if (text->op != HN_JN_CONST || text->ctx != 1) return false;
            for (uint32_t b = 0; b < text->u.value.n; b++)
                if (!strchr(" \t\n\v\f", text->u.value.s[b])) return false;
        }
    }
    return true;
}

static bool parse_block(hn_jparser *p, hn_jnode *n) {
    const hn_jtoken *name = hn_jp_expect(p, HN_T_NAME);
    if (!name || !hn_jp_name(p, hn_j_text(name->value), &n->name)) return false;
    n->text = hn_j_text(name->value);
    n->u.block.scoped = hn_jp_skip_name(p, "scoped");
    n->u.block.required = hn_jp_skip_name(p, "required");
    if (hn_jp_is(p, HN_T_SUB)) return hn_jp_fail(p, n->line, "Block names in Jinja may not contain hyphens");
    if (!body(p, n, "endblock")) return false;
    if (n->u.block.required && !only_blanks(&n->body))
        return hn_jp_fail(p, n->line, "Required blocks can only contain comments or whitespace");
    if (hn_jp_is(p, HN_T_NAME) && hn_str_same(hn_j_text(hn_jp_cur(p)->value), n->text)) hn_jp_next(p);
    for (uint32_t i = 0; i < p->t->blocks.n; i++)
        if (hn_str_same(p->t->blocks.v[i]->text, n->text))
            return hn_jp_fail(p, n->line, "block '%.*s' defined twice", (int)n->text.n, n->text.p);
    return hn_jp_push(p, &p->t->blocks, n);
}

static bool import_context(hn_jparser *p) {
    if ((!hn_jp_is_name(p, "with") && !hn_jp_is_name(p, "without")) || !hn_jp_look_is(p, "context")) return false;
    hn_jp_next(p);
    hn_jp_next(p);
    return true;
}

static bool parse_extends(hn_jparser *p, hn_jnode *n) { return (n->u.include.source = hn_jp_expression(p, true)) != NULL; }

static bool parse_include(hn_jparser *p, hn_jnode *n) {
    if (!parse_extends(p, n)) return false;
    if (hn_jp_is_name(p, "ignore") && hn_jp_look_is(p, "missing")) {
        n->u.include.ignore_missing = true;
        hn_jp_next(p);
        hn_jp_next(p);
    }
    import_context(p);
    return true;
}

static bool parse_import(hn_jparser *p, hn_jnode *n) {
    if (!parse_extends(p, n) || !hn_jp_expect_name(p, "as")) return false;
    if (!hn_jp_push(p, &n->u.include.names, hn_jp_target_name(p))) return false;
    import_context(p);
    return true;
}

static bool parse_from(hn_jparser *p, hn_jnode *n) {
    n->op = HN_JN_FROMIMPORT;
    if (!parse_extends(p, n) || !hn_jp_expect_name(p, "import")) return false;
    for (;;) {
        if (n->u.include.names.n && !hn_jp_expect(p, HN_T_COMMA)) return false;
        if (!hn_jp_is(p, HN_T_NAME)) return hn_jp_expect(p, HN_T_NAME) != NULL;
        if (import_context(p)) return true;
        hn_jnode *name = hn_jp_target_name(p);
        if (!name) return false;
        if (name->text.p[0] == '_') return hn_jp_fail(p, name->line, "names starting with an underline can not be imported");
        if (hn_jp_skip_name(p, "as") && !(name = hn_jp_target_name(p))) return false;
        if (!hn_jp_push(p, &n->u.include.names, name)) return false;
        if (import_context(p) || !hn_jp_is(p, HN_T_COMMA)) return true;
    }
}

static bool parse_print(hn_jparser *p, hn_jnode *n) {
    while (!hn_jp_is(p, HN_T_BLOCK_END)) {
        if (n->u.items.n && !hn_jp_expect(p, HN_T_COMMA)) return false;
        if (!hn_jp_push(p, &n->u.items, hn_jp_expression(p, true))) return false;
    }
    return true;
}

static bool parse_autoescape(hn_jparser *p, hn_jnode *n) {
    n->u.escaping.value = hn_jp_expression(p, true);
    return n->u.escaping.value && body(p, n, "endautoescape");
}

static bool parse_word(HN_J_MAYBE hn_jparser *p, HN_J_MAYBE hn_jnode *n) { return true; } /* break, continue */

static const struct { const char *tag; hn_jop op; bool (*parse)(hn_jparser *p, hn_jnode *n);
} tags[] = {{"for", HN_JN_FOR, parse_for},
            {"if", HN_JN_IF, parse_if},
            {"block", HN_JN_BLOCK, parse_block},
            {"extends", HN_JN_EXTENDS, parse_extends},
            {"print", HN_JN_OUTPUT, parse_print},
            {"macro", HN_JN_MACRO, parse_macro},
            {"include", HN_JN_INCLUDE, parse_include},
            {"from", HN_JN_FROMIMPORT, parse_from},
            {"import", HN_JN_IMPORT, parse_import},
            {"set", HN_JN_SET, parse_set},
            {"with", HN_JN_WITH, parse_with},
            {"autoescape", HN_JN_AUTOESCAPE, parse_autoescape},
            {"call", HN_JN_CALLBLOCK, parse_call},
            {"filter", HN_JN_FILTERBLOCK, parse_filter},
            {"generation", HN_JN_CALLBLOCK, parse_generation},
            {"break", HN_JN_BREAK, parse_word},
            {"continue", HN_JN_CONTINUE, parse_word}};

static bool statement(hn_jparser *p, hn_jnodes *list) {
    const hn_jtoken *t = hn_jp_cur(p);
    if (t->type != HN_T_NAME) return hn_jp_fail(p, t->line, "tag name expected");
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (!hn_j_is(t->value, tags[i].tag)) continue;
        hn_jnode *n = hn_jp_node(p, tags[i].op, t->line);
        hn_jp_next(p);
        return n && tags[i].parse(p, n) && hn_jp_push(p, list, n);
    }
    return hn_jp_fail(p, t->line, "Encountered unknown tag '%.*s'", HN_J_SHORT(hn_j_text(t->value)));
}

bool hn_jp_template(hn_jparser *p) { return subparse(p, NULL, &p->t->body); }
