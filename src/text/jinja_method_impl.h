/* jinja_method_impl.h - shared by the files of methods. */
#ifndef HN_JINJA_METHOD_IMPL_H
#define HN_JINJA_METHOD_IMPL_H

#include "text/jinja_ast_impl.h"

#define HN_METHOD(name) HN_J_BUILTIN(hn_jm_##name)

/* A part of self, markup if self is. */
static inline hn_jval hn_j_part(hn_jval self, hn_str s) {
    return (hn_jval){.kind = HN_J_STR, .flag = self.flag & HN_J_MARKUP, .n = (uint32_t)s.n, .s = s.p};
}

#endif
