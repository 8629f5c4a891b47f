/* regex.c - a compiled pattern and the search for its next match, as Oniguruma's find_iter goes on: an empty match
 * directly behind the match before it does not count. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "text/text_impl.h"

struct hn_regex {
    pcre2_code *code;
    bool jit;
};

struct hn_regex_room {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

enum { STACK_MOST = 8 << 20, STEPS_MOST = 50000000 };

void hn_regex_free(hn_regex *r) {
    if (!r) return;
    pcre2_code_free(r->code);
    hn_free(r);
}

hn_status hn_regex_new(hn_str pattern, hn_regex **out, hn_error *err) {
    *out = NULL;
    hn_buf ours = {0};
    hn_status st = hn_regex_translate(pattern, &ours, err);
    hn_regex *r = st == HN_OK ? hn_calloc(1, sizeof *r) : NULL;
    if (st == HN_OK && (!r || ours.failed)) st = hn_nomem(err, ours.n);
    if (st == HN_OK) {
        int code;
        PCRE2_SIZE at;
        /* MULTILINE: ^ and $ are always those of lines in Ruby's syntax */
        r->code = pcre2_compile((PCRE2_SPTR)ours.p, ours.n, PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NO_UTF_CHECK,
                                &code, &at, NULL);
        if (!r->code) {
            char why[160];
            pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
            st = hn_fail(err, HN_EFORMAT, "the pattern \"%.*s\": %s", pattern.n > 200 ? 200 : (int)pattern.n, pattern.p, why);
        } else {
            r->jit = pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0;
        }
    }
    hn_buf_release(&ours);
    if (st != HN_OK) hn_regex_free(r);
    else *out = r;
    return st;
}

void hn_regex_room_free(hn_regex_room *r) {
    if (!r) return;
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->context);
    if (r->stack) pcre2_jit_stack_free(r->stack);
    hn_free(r);
}

static hn_status room_of(hn_work *w, hn_error *err) {
    if (w->regex) return HN_OK;
    hn_regex_room *r = hn_calloc(1, sizeof *r);
    if (!r) return hn_nomem(err, sizeof *r);
    r->data = pcre2_match_data_create(1, NULL);
    r->context = pcre2_match_context_create(NULL);
    r->stack = pcre2_jit_stack_create(32 << 10, STACK_MOST, NULL); /* NULL where there is no JIT */
    w->regex = r;
    if (!r->data || !r->context) return hn_nomem(err, sizeof *r);
    pcre2_set_match_limit(r->context, STEPS_MOST);
    if (r->stack) pcre2_jit_stack_assign(r->context, NULL, r->stack);
    return HN_OK;
}

static int search(const hn_regex *r, hn_regex_room *room, const char *p, size_t n, size_t from) {
    int rc = PCRE2_ERROR_JIT_STACKLIMIT;
    if (r->jit) rc = pcre2_jit_match(r->code, (PCRE2_SPTR)p, n, from, 0, room->data, room->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) /* no JIT, or a match that needs more memory than its stack has */
        rc = pcre2_match(r->code, (PCRE2_SPTR)p, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, room->data, room->context);
    return rc;
}

hn_status hn_regex_next(const hn_regex *r, hn_work *w, const char *p, size_t n, size_t from, bool first,
                        bool *found, hn_token_span *where, hn_error *err) {
    *found = false;
    if (!w->regex || !w->regex->context) HN_TRY(room_of(w, err));
    for (size_t at = from; at <= n;) {
        int rc = search(r, w->regex, p, n, at);
        if (rc == PCRE2_ERROR_NOMATCH) return HN_OK;
        if (rc < 0) {
            char why[160];
            pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof why);
            return hn_fail(err, HN_ENOTSUP, "the splitting pattern gives up on a text of %zu bytes: %s", n, why);
        }
        const PCRE2_SIZE *pair = pcre2_get_ovector_pointer(w->regex->data);
        *where = (hn_token_span){(uint32_t)pair[0], (uint32_t)pair[1]};
        *found = pair[1] > pair[0] || pair[0] > from || first;
        if (*found) return HN_OK;
        at += at < n ? (size_t)hn_cp_len((unsigned char)p[at]) : 1;
    }
    return HN_OK;
}
