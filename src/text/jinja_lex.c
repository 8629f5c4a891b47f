/* jinja_lex.c - the tokens of a template: text, and what stands in {{ }}, {% %}; comments and raw blocks resolved.
 *
 * trim_blocks (a newline behind a block tag goes) and lstrip_blocks (blanks in front of one go) are on, as in the environment
 * that transformers makes. White space is Python's. */
#include "text/jinja_ast_impl.h"

typedef struct lexer {
    hn_jparser *p;
    const char *s, *end, *begin;
    int32_t line;
    bool line_starting; /* the last match ended a line */
    bool seen_newline;
} lexer;

static bool put(lexer *x, hn_jtok type, hn_jval value) {
    hn_jparser *p = x->p;
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 256;
        hn_jtoken *grown = hn_realloc_array(p->tok, cap, sizeof *grown);
        if (!grown) {
            p->status = hn_nomem(p->err, cap * sizeof *grown);
            return false;
        }
        p->tok = grown;
        p->cap = cap;
    }
    p->tok[p->n++] = (hn_jtoken){.type = (uint8_t)type, .line = x->line, .value = value};
    return true;
}

static void count_lines(lexer *x, const char *from, const char *to) {
    for (; from < to && (from = memchr(from, '\n', (size_t)(to - from))); from++) x->line++;
}

static bool starts(const lexer *x, const char *at, const char *what) {
    size_t n = strlen(what);
    return (size_t)(x->end - at) >= n && memcmp(at, what, n) == 0;
}

static const char *skip_space(const lexer *x, const char *at) {
    int n;
    while (at < x->end && hn_py_space(hn_cp_at(at, &n))) at += n;
    return at;
}

/* The end tag of a block or comment at at: with a sign, and what of the following white space goes with it. NULL: none there. */
static const char *end_tag(const lexer *x, const char *at, const char *tag, bool trim) {
    if (starts(x, at, tag)) {
        at += 2;
        return trim && at < x->end && *at == '\n' ? at + 1 : at;
    }
    if (at < x->end && *at == '-' && starts(x, at + 1, tag)) return skip_space(x, at + 3);
    if (trim && at < x->end && *at == '+' && starts(x, at + 1, tag)) return at + 3;
    return NULL;
}

/* {% raw %} or {% endraw %} at at; sign receives what stands behind the bracket. NULL: something else. */
static const char *raw_tag(const lexer *x, const char *at, const char *word, bool trim, char *sign) {
    if (!starts(x, at, "{%")) return NULL;
    at += 2;
    *sign = at < x->end && (*at == '-' || *at == '+') ? *at++ : '\0';
    at = skip_space(x, at);
    if (!starts(x, at, word)) return NULL;
    at = skip_space(x, at + strlen(word));
    if (!trim && at < x->end && *at == '+') return NULL;
    return end_tag(x, at, "%}", trim);
}

/* The text in front of a tag, as much of it as stays. */
static bool put_text(lexer *x, const char *from, const char *to, char sign, bool is_variable) {
    const char *keep = to;
    if (sign == '-') {
        keep = from + hn_py_rstrip((hn_str){from, (size_t)(to - from)}).n;
    } else if (sign != '+' && !is_variable) {
        const char *line = to;
        while (line > from && line[-1] != '\n') line--;
        if ((line > from || x->line_starting) && line < to && skip_space(x, line) >= to) keep = line;
    }
    bool fine = keep == from || put(x, HN_T_DATA, hn_j_str(from, (size_t)(keep - from)));
    count_lines(x, from, to);
    return fine;
}

/* ---- inside a tag */

static bool digits(const lexer *x, const char **at, bool (*is)(char)) { /* (_?digit)* */
    const char *p = *at;
    for (;;) {
        const char *q = p < x->end && *p == '_' ? p + 1 : p;
        if (q >= x->end || !is(*q)) break;
        p = q + 1;
    }
    bool any = p != *at;
    *at = p;
    return any;
}
static bool is_dec(char c) { return c >= '0' && c <= '9'; }
static bool is_bin(char c) { return c == '0' || c == '1'; }
static bool is_oct(char c) { return c >= '0' && c <= '7'; }
static bool is_hex(char c) { return is_dec(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool is_zero(char c) { return c == '0'; }

/* (digit+_)*digit+ */
static bool grouped(const lexer *x, const char **at) {
    if (*at >= x->end || !is_dec(**at)) return false;
    return digits(x, at, is_dec);
}

static const char *float_end(const lexer *x) {
    const char *p = x->s, *q;
    if ((p > x->begin && p[-1] == '.') || !grouped(x, &p)) return NULL;
    bool fraction = false;
    q = p + 1;
    if (p < x->end && *p == '.' && grouped(x, &q)) {
        fraction = true;
        p = q;
    }
    if (p < x->end && (*p == 'e' || *p == 'E')) {
        q = p + 1;
        if (q < x->end && (*q == '+' || *q == '-')) q++;
        if (grouped(x, &q)) return q;
    }
    return fraction ? p : NULL;
}

static bool put_number(lexer *x, bool *found) {
    char text[512];
    size_t n = 0;
    const char *to = float_end(x), *p = x->s;
    hn_jval v;
    *found = true;
    if (to) {
        for (; p < to && n + 1 < sizeof text; p++)
            if (*p != '_') text[n++] = *p;
        text[n] = '\0';
        if (p < to) return hn_jp_fail(x->p, x->line, "a number of more than 500 digits");
        x->s = to;
        return put(x, HN_T_FLOAT, hn_j_float(hn_strtod(text, NULL)));
    }
    static const struct { const char *prefix; int base; bool (*is)(char); } kinds[] = {
        {"0b", 2, is_bin}, {"0B", 2, is_bin}, {"0o", 8, is_oct}, {"0O", 8, is_oct}, {"0x", 16, is_hex}, {"0X", 16, is_hex}};
    int base = 10;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && base == 10; i++) {
        p = x->s + 2;
        if (starts(x, x->s, kinds[i].prefix) && digits(x, &p, kinds[i].is)) base = kinds[i].base;
    }
    if (base == 10) {
        p = x->s;
        if (!is_dec(*p)) {
            *found = false;
            return true;
        }
        p++;
        digits(x, &p, *x->s == '0' ? is_zero : is_dec);
    }
    const char *from = base == 10 ? x->s : x->s + 2;
    if (!hn_j_int_parse(&x->p->t->mem, (hn_str){from, (size_t)(p - from)}, base, false, &v))
        return hn_jp_fail(x->p, x->line, "an integer too large");
    x->s = p;
    return put(x, HN_T_INT, v);
}

static bool put_word(lexer *x, bool *found) {
    const char *p = x->s;
    int n;
    *found = false;
    if (!hn_py_identifier_start(hn_cp_at(p, &n))) return true;
    for (p += n; p < x->end && hn_py_identifier_part(hn_cp_at(p, &n));) p += n;
    *found = true;
    hn_jval name = hn_j_str(x->s, (size_t)(p - x->s));
    x->s = p;
    return put(x, HN_T_NAME, name);
}

static bool put_string(lexer *x, bool *found) {
    char quote = *x->s;
    *found = quote == '\'' || quote == '"';
    if (!*found) return true;
    const char *p = x->s + 1;
    bool escapes = false;
    while (p < x->end && *p != quote) {
        if (*p == '\\') {
            escapes = true;
            p++;
        }
        p++;
    }
    if (p >= x->end) {
        *found = false; /* then the quote is an unexpected character */
        return true;
    }
    hn_jval v = hn_j_str(x->s + 1, (size_t)(p - x->s - 1));
    if (escapes) {
        char *room = hn_jp_alloc(x->p, 2 * (size_t)v.n + 1);
        const char *wrong = NULL;
        size_t n = 0;
        if (!room) return false;
        if (!hn_py_unescape(hn_j_text(v), room, &n, &wrong)) return hn_jp_fail(x->p, x->line, "%s", wrong);
        v = hn_j_str(room, n);
    }
    bool fine = put(x, HN_T_STRING, v);
    count_lines(x, x->s, p);
    x->s = p + 1;
    return fine;
}

typedef struct operator_spec { char text[3]; uint8_t type; } operator_spec;
static const operator_spec operators[] = { /* longer ones first */
    {"//", HN_T_FLOORDIV}, {"**", HN_T_POW}, {"==", HN_T_EQ}, {"!=", HN_T_NE}, {">=", HN_T_GE}, {"<=", HN_T_LE}, {"+", HN_T_ADD},
    {"-", HN_T_SUB}, {"/", HN_T_DIV}, {"*", HN_T_MUL}, {"%", HN_T_MOD}, {"~", HN_T_TILDE}, {"[", HN_T_LBRACKET},
    {"]", HN_T_RBRACKET}, {"(", HN_T_LPAREN}, {")", HN_T_RPAREN}, {"{", HN_T_LBRACE}, {"}", HN_T_RBRACE}, {">", HN_T_GT},
    {"<", HN_T_LT}, {"=", HN_T_ASSIGN}, {".", HN_T_DOT}, {":", HN_T_COLON}, {"|", HN_T_PIPE}, {",", HN_T_COMMA},
    {";", HN_T_SEMICOLON}};

enum { DEEPEST_BRACKETS = 1000 };
typedef struct brackets { char open[DEEPEST_BRACKETS]; int n; } brackets;

static bool balance(lexer *x, brackets *b, const operator_spec *op) {
    char c = op->text[0];
    if (op->text[1]) return true;
    if (c == '{' || c == '(' || c == '[') {
        if (b->n == DEEPEST_BRACKETS) return hn_jp_fail(x->p, x->line, "brackets are nested too deeply");
        b->open[b->n++] = c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == '}' || c == ')' || c == ']') {
        if (b->n == 0) return hn_jp_fail(x->p, x->line, "unexpected '%c'", c);
        if (b->open[--b->n] != c) return hn_jp_fail(x->p, x->line, "unexpected '%c', expected '%c'", c, b->open[b->n]);
    }
    return true;
}

static bool put_operator(lexer *x, brackets *b, bool *found) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const operator_spec *op = &operators[i];
        if (!starts(x, x->s, op->text)) continue;
        *found = true;
        if (!balance(x, b, op) || !put(x, op->type, hn_j_cstr(op->text))) return false;
        x->s += strlen(op->text);
        return true;
    }
    return true;
}

/* Everything up to the end of a tag. */
static bool inside(lexer *x, bool is_block) {
    brackets b = {.n = 0};
    while (x->s < x->end) {
        const char *after = NULL;
        if (b.n == 0) after = is_block ? end_tag(x, x->s, "%}", true) : end_tag(x, x->s, "}}", false);
        if (after) {
            bool fine = put(x, is_block ? HN_T_BLOCK_END : HN_T_VAR_END, hn_j_missing());
            count_lines(x, x->s, after);
            x->line_starting = after[-1] == '\n';
            x->s = after;
            return fine;
        }
        after = skip_space(x, x->s);
        if (after > x->s) {
            count_lines(x, x->s, after);
            x->s = after;
            continue;
        }
        bool found = false;
        if (!put_number(x, &found)) return false;
        if (!found && !put_word(x, &found)) return false;
        if (!found && !put_string(x, &found)) return false;
        if (!found && !put_operator(x, &b, &found)) return false;
        if (!found) {
            int n;
            hn_cp_at(x->s, &n);
            return hn_jp_fail(x->p, x->line, "unexpected char '%.*s'", n, x->s);
        }
    }
    return true; /* the parser says what is missing */
}

static bool comment(lexer *x) {
    for (const char *p = x->s; p < x->end; p++) {
        const char *after = *p == '#' || *p == '-' || *p == '+' ? end_tag(x, p, "#}", true) : NULL;
        if (!after) continue;
        count_lines(x, x->s, after);
        x->line_starting = after[-1] == '\n';
        x->s = after;
        return true;
    }
    return x->s == x->end || hn_jp_fail(x->p, x->line, "Missing end of comment tag"); /* Jinja2 lets it pass at the very end */
}

static bool raw(lexer *x) {
    for (const char *p = x->s; p < x->end; p++) {
        char sign;
        const char *after = *p == '{' ? raw_tag(x, p, "endraw", true, &sign) : NULL;
        if (!after) continue;
        if (!put_text(x, x->s, p, sign, false)) return false;
        count_lines(x, p, after);
        x->line_starting = after[-1] == '\n';
        x->s = after;
        return true;
    }
    return x->s == x->end || hn_jp_fail(x->p, x->line, "Missing end of raw directive");
}

static bool tag(lexer *x, const char *at) {
    char kind = at[1], sign = '\0';
    const char *after = kind == '%' ? raw_tag(x, at, "raw", false, &sign) : NULL;
    bool is_raw = after != NULL;
    if (!is_raw) {
        after = at + 2;
        sign = after < x->end && (*after == '-' || *after == '+') ? *after++ : '\0';
    }
    if (!put_text(x, x->s, at, sign, kind == '{')) return false;
    count_lines(x, at, after);
    x->line_starting = after[-1] == '\n';
    x->s = after;
    if (is_raw) return raw(x);
    if (kind == '#') return comment(x);
    return put(x, kind == '%' ? HN_T_BLOCK_BEGIN : HN_T_VAR_BEGIN, hn_j_missing()) && inside(x, kind == '%');
}

bool hn_jp_lex(hn_jparser *p, hn_str source) {
    lexer x = {.p = p, .line = 1, .line_starting = true};
    char *text = hn_jp_alloc(p, source.n + 1);
    size_t n = 0;
    if (!text) return false;
    for (size_t i = 0; i < source.n; i++) {
        if (source.p[i] == '\r') {
            text[n++] = '\n';
            if (i + 1 < source.n && source.p[i + 1] == '\n') i++;
        } else {
            text[n++] = source.p[i];
        }
    }
    if (n && text[n - 1] == '\n') n--;
    x.begin = x.s = text;
    x.end = text + n;
    const char *at = text;
    while (at < x.end && (at = memchr(at, '{', (size_t)(x.end - at)))) {
        if (at + 1 >= x.end || (at[1] != '{' && at[1] != '%' && at[1] != '#')) {
            at++;
            continue;
        }
        if (!tag(&x, at)) return false;
        at = x.s;
    }
    if (x.s < x.end && !put(&x, HN_T_DATA, hn_j_str(x.s, (size_t)(x.end - x.s)))) return false;
    count_lines(&x, x.s, x.end);
    return put(&x, HN_T_EOF, hn_j_missing());
}
