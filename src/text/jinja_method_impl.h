/* jinja_method_impl.h - shared by the files of methods. */
#ifndef HN_JINJA_METHOD_IMPL_H
#define HN_JINJA_METHOD_IMPL_H

#include "text/jinja_ast_impl.h"
#include "text/jinja_text_impl.h"

#define HN_METHOD(name) bool hn_jm_##name(hn_jrun *r, const hn_jval *a, const hn_jargs *args, hn_jval *out)
#define HN_J_METHOD(kind, name, sig, fn) hn_jfn hn_jm_##fn;
#define HN_J_REFUSED(kind, name)
#include "text/jinja_methods.def"
#undef HN_J_METHOD
#undef HN_J_REFUSED

/* A part of self, markup if self is. */
static inline hn_jval hn_j_part(hn_jval self, hn_str s) {
    return (hn_jval){.kind = HN_J_STR, .flag = self.flag & HN_J_MARKUP, .n = (uint32_t)s.n, .s = s.p};
}
static inline bool hn_j_take(hn_jval *out, hn_jval v) {
    *out = v;
    return true;
}

#endif
