/* jinja_lists.c - filters, tests, global functions and methods by name, from their .def lists. */
#include "text/jinja/jinja_impl.h"

static const hn_jfunc filters[] = {
#define HN_J_FILTER(name, sig, fn) {name, sig, hn_jf_##fn},
#include "text/jinja/jinja_filters.def"
};
static const hn_jfunc tests[] = {
#define HN_J_TEST(name, sig, fn) {name, sig, hn_jt_##fn},
#include "text/jinja/jinja_tests.def"
};
static const hn_jfunc globals[] = {
#define HN_J_GLOBAL(name, sig, fn) {name, sig, hn_jg_##fn},
#include "text/jinja/jinja_globals.def"
};
typedef struct method { hn_jkind kind; hn_jfunc func; } method;
static const method methods[] = {
#define HN_J_METHOD(kind, name, sig, fn) {HN_J_##kind, {name, sig, hn_jm_##fn}},
#define HN_J_REFUSED(kind, name)
#include "text/jinja/jinja_methods.def"
};
static const struct { hn_jkind kind; const char *name; } refused[] = {
#define HN_J_METHOD(kind, name, sig, fn)
#define HN_J_REFUSED(kind, name) {HN_J_##kind, name},
#include "text/jinja/jinja_methods.def"
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The first byte decides most often: the lists are searched in every call. */
static bool is_named(hn_str name, const char *entry) { return name.n && *name.p == *entry && hn_str_eq(name, entry); }

static const hn_jfunc *find(const hn_jfunc *list, size_t n, hn_str name) {
    for (size_t i = 0; i < n; i++)
        if (is_named(name, list[i].name)) return &list[i];
    return NULL;
}

const hn_jfunc *hn_j_filter(hn_str name) { return find(filters, COUNT(filters), name); }
const hn_jfunc *hn_j_test(hn_str name) { return find(tests, COUNT(tests), name); }
const hn_jfunc *hn_j_global(hn_str name) { return find(globals, COUNT(globals), name); }

const hn_jfunc *hn_j_method(hn_jval obj, hn_str name) {
    if (obj.kind == HN_J_FUNC && !hn_streq(obj.func->name, "dict")) return NULL;
    const hn_jkind kind = obj.kind == HN_J_BOOL ? HN_J_INT : (hn_jkind)obj.kind;
    for (size_t i = 0; i < COUNT(methods); i++)
        if (methods[i].kind == kind && is_named(name, methods[i].func.name)) return &methods[i].func;
    return NULL;
}

bool hn_j_is_refused(hn_jval obj, hn_str name) {
    for (size_t i = 0; i < COUNT(refused); i++)
        if (refused[i].kind == (hn_jkind)obj.kind && is_named(name, refused[i].name)) return true;
    return false;
}
