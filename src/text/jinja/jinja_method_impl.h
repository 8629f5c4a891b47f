/* jinja_method_impl.h - shared by the files of methods. */
#ifndef HN_JINJA_METHOD_IMPL_H
#define HN_JINJA_METHOD_IMPL_H

#include "text/jinja/jinja_ast_impl.h"

#define HN_METHOD(name) HN_J_BUILTIN(hn_jm_##name)

#endif
