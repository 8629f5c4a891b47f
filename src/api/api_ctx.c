/* api_ctx.c - contexts, error texts and what the build is. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

const char *hone_version(void) { return HONE_VERSION; }
void hone_free(void *p) { hn_free(p); }

char *hone_json_string(const char *text, size_t n) {
    hn_buf whole = {0}, out = {0};
    hn_utf8_repair(&whole, text, n);
    hn_json_write_str(&out, whole.p ? whole.p : "", whole.n);
    if (whole.failed) out.failed = true;
    hn_buf_release(&whole);
    return hn_buf_take(&out);
}

/* The public codes are the internal ones under names of their own. */
hone_status hone_status_of(hn_status st) {
    switch (st) {
    case HN_OK: return HONE_OK;
    case HN_ENOMEM: return HONE_NO_MEMORY;
    case HN_EIO: return HONE_IO;
    case HN_ENUMERIC: return HONE_NOT_FINITE;
    case HN_ESTATE: return HONE_BAD_STATE;
    case HN_EARG: return HONE_BAD_ARGUMENT;
    case HN_ENOENT: return HONE_NOT_FOUND;
    case HN_EFORMAT: return HONE_BAD_FORMAT;
    case HN_ESHAPE: return HONE_BAD_SHAPE;
    case HN_ENOTSUP: return HONE_NOT_SUPPORTED;
    case HN_EGATE: return HONE_GATE;
    case HN_ECANCEL: return HONE_CANCELLED;
    }
    return HONE_BAD_STATE;
}

int hone_exit_code(hone_status st) {
    static const hn_status back[] = {
        [HONE_OK] = HN_OK,           [HONE_NO_MEMORY] = HN_ENOMEM,     [HONE_IO] = HN_EIO,
        [HONE_NOT_FINITE] = HN_ENUMERIC, [HONE_BAD_STATE] = HN_ESTATE, [HONE_BAD_ARGUMENT] = HN_EARG,
        [HONE_NOT_FOUND] = HN_ENOENT, [HONE_BAD_FORMAT] = HN_EFORMAT,  [HONE_BAD_SHAPE] = HN_ESHAPE,
        [HONE_NOT_SUPPORTED] = HN_ENOTSUP, [HONE_GATE] = HN_EGATE,     [HONE_CANCELLED] = HN_ECANCEL};
    if (st == HONE_DONE) return 0;
    return (size_t)st < sizeof back / sizeof *back ? hn_status_exit(back[st]) : 1;
}

hone_status hone_keep(hone_ctx *ctx, hn_status st, const hn_error *err) {
    if (st != HN_OK && ctx && err != &ctx->err) ctx->err = *err;
    return hone_status_of(st);
}

hn_status hn_opts_take(void *to, size_t size, const void *from, const char *type, hn_error *err) {
    size_t given = 0;
    memset(to, 0, size);
    if (!from) return HN_OK;
    memcpy(&given, from, sizeof given);
    if (given < sizeof given) {
        hn_fail(err, HN_EARG, "struct_size of a %s is not set", type);
        hn_error_fix(err, ".struct_size = sizeof(%s)", type);
        return HN_EARG;
    }
    memcpy(to, from, given < size ? given : size);
    return HN_OK;
}

const char *hone_last_error(const hone_ctx *ctx) { return ctx ? ctx->err.msg : ""; }
const char *hone_last_error_detail(const hone_ctx *ctx) { return ctx ? ctx->err.detail : ""; }
const char *hone_last_error_fix(const hone_ctx *ctx) { return ctx ? ctx->err.fix : ""; }

static void forward_log(hn_log_level level, const char *text, void *user) {
    const hone_ctx *ctx = user;
    ctx->log((hone_log_level)level, text, ctx->log_user);
}

hone_status hone_ctx_new(const hone_ctx_opts *opts, hone_ctx **out) {
    hone_ctx_opts o;
    *out = NULL;
    hone_ctx *ctx = hn_calloc(1, sizeof *ctx);
    if (!ctx) return HONE_NO_MEMORY;
    *out = ctx; /* on failure too, so that the reason can be read from it */
    hn_status st = HN_OPTS_TAKE(o, opts, hone_ctx_opts, &ctx->err);
    if (st != HN_OK) return hone_keep(ctx, st, &ctx->err);
    ctx->log = o.log;
    ctx->log_user = o.log_user;
    ctx->progress = o.progress;
    ctx->progress_user = o.progress_user;
    if (o.log) hn_log_set(forward_log, ctx);
    hn_par_set_threads(o.threads);
    return hone_keep(ctx, hn_dev_cpu_new(o.gemm, &ctx->dev, &ctx->err), &ctx->err);
}

void hone_ctx_free(hone_ctx *ctx) {
    if (!ctx) return;
    if (ctx->log) hn_log_set(NULL, NULL);
    hn_dev_free(ctx->dev);
    hn_par_shutdown();
    hn_free(ctx);
}

char *hone_build_info_json(void) {
    hn_buf b = {0};
    hn_json *j = hn_json_new_object(), *isa = hn_json_new_array(), *families = hn_json_new_array();
    hn_json_set_text(j, "version", HONE_VERSION);
    hn_json_set_text(j, "compiler", __VERSION__);
    size_t n = 0;
    const hn_isa *levels = hn_dev_isas(&n);
    for (size_t i = 0; i < n; i++) {
        hn_json *row = hn_json_new_object();
        hn_json_set_text(row, "name", levels[i].name);
        hn_json_set_bool(row, "built", levels[i].built);
        hn_json_set_bool(row, "usable", levels[i].usable);
        hn_json_push(isa, row);
    }
    hn_json_set(j, "kernels", isa);
    for (size_t i = 0; hn_family_at(i); i++) {
        const char *name = hn_family_at(i)->model_type;
        hn_json_push(families, hn_json_new_str(name, strlen(name)));
    }
    hn_json_set(j, "families", families);
    hn_json_write(&b, j, 0);
    hn_json_free(j);
    return hn_buf_take(&b);
}
