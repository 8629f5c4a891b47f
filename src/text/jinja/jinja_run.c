/* jinja_run.c - a template from its source, and one rendering from its variables to text; bounds and errors. */
#include "text/jinja/jinja_ast_impl.h"

#include <stdlib.h>

void *hn_jmem_get(hn_jmem *m, size_t bytes) {
    if (bytes > m->most || m->used > m->most - bytes) return NULL;
    m->used += bytes + 16;
    return hn_arena_alloc(&m->arena, bytes);
}

/* ---- templates */

hn_status hn_jtemplate_new(hn_str source, const char *name, hn_jtemplate **out, hn_error *err) {
    *out = NULL;
    size_t bad;
    if (source.n > HN_J_SOURCE) return hn_fail(err, HN_EFORMAT, "%s: a template of more than %d MiB", name, HN_J_SOURCE >> 20);
    if (!hn_utf8_valid(source.p, source.n, &bad)) return hn_fail(err, HN_EFORMAT, "%s: not UTF-8 at byte %zu", name, bad);
    hn_jtemplate *t = hn_calloc(1, sizeof *t);
    if (!t) return hn_nomem(err, sizeof *t);
    t->mem.most = HN_J_MEMORY;
    hn_jparser p = {.t = t, .source_name = name, .err = err};
    bool fine = hn_jp_lex(&p, source) && hn_jp_template(&p) && hn_jp_scopes(&p);
    hn_free(p.tok);
    if (fine) {
        *out = t;
        return HN_OK;
    }
    hn_jtemplate_free(t);
    return p.status != HN_OK ? p.status : hn_fail(err, HN_EFORMAT, "%s: not a template", name);
}

void hn_jtemplate_free(hn_jtemplate *t) {
    if (!t) return;
    hn_arena_release(&t->mem.arena);
    hn_free(t);
}

/* ---- errors and bounds */

bool hn_j_fail(hn_jrun *r, hn_jerr err, const char *fmt, ...) {
    if (r->err != HN_J_OK) return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->msg, sizeof r->msg, fmt, ap);
    va_end(ap);
    r->err = err;
    return false;
}

void hn_j_forgive(hn_jrun *r) { r->err = HN_J_OK; }

bool hn_j_nomem(hn_jrun *r) {
    if (r->mem.used > r->mem.most / 2)
        return hn_j_fail(r, HN_J_LIMIT, "the template needs more than %zu MiB of memory", HN_J_MEMORY >> 20);
    return hn_j_fail(r, HN_J_NO_MEMORY, "out of memory");
}

void *hn_j_alloc(hn_jrun *r, size_t bytes) {
    void *p = hn_jmem_get(&r->mem, bytes);
    if (!p) {
        if (bytes > r->mem.most / 2)
            hn_j_fail(r, HN_J_LIMIT, "the template needs more than %zu MiB of memory", HN_J_MEMORY >> 20);
        else hn_j_nomem(r);
    }
    return p;
}

bool hn_j_box(hn_jrun *r, hn_jkind kind, const void *what, size_t bytes, hn_jval *out) {
    void *p = hn_j_alloc(r, bytes);
    if (!p) return false;
    memcpy(p, what, bytes);
    return hn_j_set(out, (hn_jval){.kind = (uint8_t)kind, .p = p});
}

bool hn_j_burn_out(hn_jrun *r) { return hn_j_fail(r, HN_J_LIMIT, "the template runs too long"); }

bool hn_j_enter(hn_jrun *r) {
    if (++r->depth <= HN_J_RECURSION) return true;
    r->depth--;
    return hn_j_fail(r, HN_J_LIMIT, "the template nests too deeply");
}

/* ---- one rendering */

bool hn_jrun_init(hn_jrun *r, const hn_jtemplate *t, bool spans) {
    *r = (hn_jrun){.t = t, .fuel = HN_J_FUEL, .want_spans = spans, .dice = 0x9E3779B9u};
    r->mem.most = HN_J_MEMORY;
    r->ctx = hn_jmem_get(&r->mem, sizeof *r->ctx);
    if (!r->ctx) return false;
    r->ctx->parent = hn_jmem_get(&r->mem, (t->name_n + 1) * sizeof(hn_jval));
    r->ctx->vars = t->blocks.n ? hn_jmem_get(&r->mem, (t->name_n + 1) * sizeof(hn_jval)) : NULL;
    if (!r->ctx->parent || (t->blocks.n && !r->ctx->vars)) return false;
    for (uint32_t i = 0; i < t->name_n; i++)
        if (t->global[i]) r->ctx->parent[i] = (hn_jval){.kind = HN_J_FUNC, .func = t->global[i]};
    return true;
}

void hn_jrun_set(hn_jrun *r, const char *name, hn_jval v) {
    int32_t id = hn_jtemplate_name(r->t, hn_str_of(name));
    if (id >= 0) r->ctx->parent[id] = v;
}

static hn_status take_spans(const hn_jout *o, hn_rendered *out, hn_error *err) {
    if (o->spans > out->cap) {
        hn_byte_span *grown = hn_realloc_array(out->span, o->spans, sizeof *grown);
        if (!grown) return hn_nomem(err, o->spans * sizeof *grown);
        out->span = grown;
        out->cap = o->spans;
    }
    out->spans = 0;
    for (size_t i = 0; i < o->spans; i++) {
        hn_byte_span s = o->span[i];
        if (s.begin == s.end) continue;
        if (out->spans && out->span[out->spans - 1].end >= s.begin) {
            if (out->span[out->spans - 1].end < s.end) out->span[out->spans - 1].end = s.end;
        } else {
            out->span[out->spans++] = s;
        }
    }
    return HN_OK;
}

static hn_status report(const hn_jrun *r, hn_error *err) {
    hn_status st = r->err == HN_J_NO_MEMORY ? HN_ENOMEM : HN_EFORMAT;
    hn_fail(err, st, "%s", r->msg);
    if (r->line > 0) hn_error_detail(err, "line %d of the chat template", (int)r->line);
    return st;
}

hn_status hn_jrun_render(hn_jrun *r, hn_rendered *out, hn_error *err) {
    hn_jout top = {.text = out->text};
    hn_jout *only = &top;
    hn_buf_clear(&top.text);
    r->outs = hn_calloc(8, sizeof *r->outs);
    if (!r->outs) return hn_nomem(err, 8 * sizeof *r->outs);
    r->out_cap = 8;
    r->outs[0] = only;
    hn_jframe *f = hn_j_frame(r, &r->t->fn, NULL, r->ctx);
    if (f) {
        if (r->t->uses_self) f->slot[r->t->self_slot] = (hn_jval){.kind = HN_J_SELF, .p = r->ctx};
        hn_j_scope_in(f, &r->t->scope);
        if (hn_j_exec(r, f, &r->t->body) == HN_FLOW_FAIL && r->err == HN_J_OK) hn_j_fail(r, HN_J_RUNTIME, "the template stopped");
    }
    r->outs[0] = NULL;
    if (r->err == HN_J_OK && top.text.failed) hn_j_fail(r, HN_J_NO_MEMORY, "out of memory");
    hn_buf_add(&top.text, "", 0); /* never NULL */
    out->text = top.text;
    out->spans = 0;
    hn_status st = r->err == HN_J_OK ? take_spans(&top, out, err) : report(r, err);
    hn_free(top.span);
    return st;
}

void hn_jrun_release(hn_jrun *r) {
    for (size_t i = 0; i < r->out_cap; i++) {
        if (!r->outs[i]) continue;
        hn_buf_release(&r->outs[i]->text);
        hn_free(r->outs[i]->span);
        hn_free(r->outs[i]);
    }
    hn_free(r->outs);
    hn_free(r->marked);
    hn_arena_release(&r->mem.arena);
    r->outs = NULL;
    r->out_cap = 0;
}

void hn_rendered_release(hn_rendered *r) {
    hn_buf_release(&r->text);
    hn_free(r->span);
    *r = (hn_rendered){0};
}
