/* jinja_lex.c - the tokens of a template: text, and what stands in {{ }}, {% %}; comments and raw blocks resolved.
 *
 * trim_blocks (a newline behind a block tag goes) and lstrip_blocks (blanks in front of one go) are on, as in the environment
 * that transformers makes. White space is Python's. */
#include "text/jinja/jinja_ast_impl.h"

enum { DEEPEST_BRACKETS = 1000 };
typedef struct lexer {
    hn_jparser *p;
    const char *s, *end, *begin;
    int32_t line;
    bool line_starting; /* the last match ended a line */
    char open[DEEPEST_BRACKETS]; /* inside a tag: what closes the brackets that are open */
    int brackets;
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

/* Goes on at to, behind a tag or white space. */
static void pass(lexer *x, const char *from, const char *to) {
    count_lines(x, from, to);
    x->line_starting = to[-1] == '\n';
    x->s = to;
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

/* ---- inside a tag. Each read_... knows one kind of token: 1: it was one; 0: something else stands at x->s; -1: failed. */

static int failed(lexer *x, const char *what) {
    hn_jp_fail(x->p, x->line, "%s", what);
    return -1;
}

static int take(lexer *x, const char *end, hn_jtok type, hn_jval value) {
    bool fine = put(x, type, value);
    count_lines(x, x->s, end);
    x->s = end;
    return fine ? 1 : -1;
}

static bool digits(const lexer *x, const char **at, int base) { /* (_?digit)* */
    const char *p = *at;
    for (;;) {
        const char *q = p < x->end && *p == '_' ? p + 1 : p;
        if (q >= x->end || hn_digit_value(*q) >= base) break;
        p = q + 1;
    }
    bool any = p != *at;
    *at = p;
    return any;
}

/* (digit+_)*digit+ */
static bool grouped(const lexer *x, const char **at) { return *at < x->end && hn_is_digit(**at) && digits(x, at, 10); }

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

static int read_float(lexer *x) {
    const char *end = float_end(x), *p = x->s;
    char text[512];
    size_t n = 0;
    if (!end) return 0;
    for (; p < end && n + 1 < sizeof text; p++)
        if (*p != '_') text[n++] = *p;
    text[n] = '\0';
    if (p < end) return failed(x, "a number of more than 500 digits");
    return take(x, end, HN_T_FLOAT, hn_j_float(hn_strtod(text, NULL)));
}

static int read_int(lexer *x) {
    const char *from = x->s, *p = from + 2;
    int base = hn_prefix_base((hn_str){from, (size_t)(x->end - from)});
    hn_jval v;
    if (base && digits(x, &p, base)) {
        from += 2;
    } else {
        if (!hn_is_digit(*from)) return 0;
        p = from + 1;
        digits(x, &p, *from == '0' ? 1 : 10); /* behind a zero more of them */
        base = 10;
    }
    if (!hn_j_int_parse(&x->p->t->mem, (hn_str){from, (size_t)(p - from)}, base, false, &v))
        return failed(x, "an integer too large");
    return take(x, p, HN_T_INT, v);
}

static int read_word(lexer *x) {
    const char *p = x->s;
    int n;
    if (!hn_py_identifier_start(hn_cp_at(p, &n))) return 0;
    for (p += n; p < x->end && hn_py_identifier_part(hn_cp_at(p, &n));) p += n;
    return take(x, p, HN_T_NAME, hn_j_str(x->s, (size_t)(p - x->s)));
}

static int read_string(lexer *x) {
    const char quote = *x->s, *p = x->s + 1, *wrong = NULL;
    bool escapes = false;
    if (quote != '\'' && quote != '"') return 0;
    for (; p < x->end && *p != quote; p++)
        if (*p == '\\') {
            escapes = true;
            p++;
        }
    if (p >= x->end) return 0; /* then the quote is an unexpected character */
    hn_jval v = hn_j_str(x->s + 1, (size_t)(p - x->s - 1));
    if (escapes) {
        char *room = hn_jp_alloc(x->p, 2 * (size_t)v.n + 1);
        size_t n = 0;
        if (!room) return -1;
        if (!hn_py_unescape(hn_j_text(v), room, &n, &wrong)) return failed(x, wrong);
        v = hn_j_str(room, n);
    }
    return take(x, p + 1, HN_T_STRING, v);
}

static bool balance(lexer *x, const char *op) {
    const char c = *op;
    if (c == '{' || c == '(' || c == '[') {
        if (x->brackets == DEEPEST_BRACKETS) return hn_jp_fail(x->p, x->line, "brackets are nested too deeply");
        x->open[x->brackets++] = c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == '}' || c == ')' || c == ']') {
        if (x->brackets == 0) return hn_jp_fail(x->p, x->line, "unexpected '%c'", c);
        if (x->open[--x->brackets] != c)
            return hn_jp_fail(x->p, x->line, "unexpected '%c', expected '%c'", c, x->open[x->brackets]);
    }
    return true;
}

static int read_operator(lexer *x) {
    static const struct { char text[3]; uint8_t type;
    } operators[] = {/* longer ones first */
                     {"//", HN_T_FLOORDIV}, {"**", HN_T_POW},   {"==", HN_T_EQ},      {"!=", HN_T_NE},      {">=", HN_T_GE},
                     {"<=", HN_T_LE},       {"+", HN_T_ADD},    {"-", HN_T_SUB},      {"/", HN_T_DIV},      {"*", HN_T_MUL},
                     {"%", HN_T_MOD},       {"~", HN_T_TILDE},  {"[", HN_T_LBRACKET}, {"]", HN_T_RBRACKET}, {"(", HN_T_LPAREN},
                     {")", HN_T_RPAREN},    {"{", HN_T_LBRACE}, {"}", HN_T_RBRACE},   {">", HN_T_GT},       {"<", HN_T_LT},
                     {"=", HN_T_ASSIGN},    {".", HN_T_DOT},    {":", HN_T_COLON},    {"|", HN_T_PIPE},     {",", HN_T_COMMA},
                     {";", HN_T_SEMICOLON}};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const char *op = operators[i].text;
        if (!starts(x, x->s, op)) continue;
        return balance(x, op) ? take(x, x->s + strlen(op), operators[i].type, hn_j_cstr(op)) : -1;
    }
    return 0;
}

/* Everything up to the end of a tag. */
static bool inside(lexer *x, bool is_block) {
    static int (*const readers[])(lexer *) = {read_float, read_int, read_word, read_string, read_operator};
    x->brackets = 0;
    while (x->s < x->end) {
        const char *after = NULL;
        if (x->brackets == 0) after = end_tag(x, x->s, is_block ? "%}" : "}}", is_block);
        if (after) {
            bool fine = put(x, is_block ? HN_T_BLOCK_END : HN_T_VAR_END, hn_j_missing());
            pass(x, x->s, after);
            return fine;
        }
        after = skip_space(x, x->s);
        int got = after > x->s, n;
        if (got) pass(x, x->s, after);
        for (size_t i = 0; got == 0 && i < sizeof readers / sizeof *readers; i++) got = readers[i](x);
        if (got < 0) return false;
        if (got == 0) {
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
        pass(x, x->s, after);
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
        pass(x, p, after);
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
    pass(x, at, after);
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
        bool cr = source.p[i] == '\r';
        text[n++] = cr ? '\n' : source.p[i];
        if (cr && i + 1 < source.n && source.p[i + 1] == '\n') i++;
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
