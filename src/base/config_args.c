/* config_args.c - the command line, as users of HfArgumentParser type it.
 *
 * --snake_name or --kebab-name, value behind a blank or "="; a boolean may stand bare, take a word
 * (--packing false) or be negated (--no_packing); a list takes all that follows up to the next
 * option. No abbreviations. "--" ends the options. */
#include "base/base.h"
#include "base/config_impl.h"

#include <string.h>

typedef struct cursor {
    int argc, at;
    char **argv;
} cursor;

static const char *peek(const cursor *c) {
    return c->at < c->argc ? c->argv[c->at] : NULL;
}

static bool is_value(const char *arg) {
    return arg && strncmp(arg, "--", 2) != 0;
}

static hn_status take_list(hn_config *c, cursor *cur, const char *name, hn_error *err) {
    hn_buf all = {0};
    while (is_value(peek(cur))) {
        if (all.n) hn_buf_putc(&all, ',');
        hn_buf_puts(&all, cur->argv[cur->at++]);
    }
    hn_status code = HN_OK;
    if (all.failed) code = hn_nomem(err, all.n);
    else if (!all.p) code = hn_fail(err, HN_EARG, "--%s needs at least one value", name);
    else code = hn_config_set(c, name, all.p, HN_FROM_FLAG, err);
    hn_buf_release(&all);
    return code;
}

static hn_status take_value(hn_config *c, cursor *cur, const hn_opt *opt, const char *name,
                            hn_error *err) {
    const char *next = peek(cur);
    bool word;
    switch (opt->type) {
    case HN_OPT_BOOL: /* a word that is no boolean is not ours: it stays for the rest */
        if (!next || !hn_bool_word(next, &word))
            return hn_config_set(c, name, "true", HN_FROM_FLAG, err);
        break;
    case HN_OPT_LIST: return take_list(c, cur, name, err);
    case HN_OPT_NOOP:
        while (is_value(peek(cur))) cur->at++; /* it may have been a list: --report_to wandb tensorboard */
        return hn_config_set(c, name, "", HN_FROM_FLAG, err);
    case HN_OPT_STR:
        if (!is_value(next) && (opt->flags & HN_OPT_BARE))
            return hn_config_set(c, name, "true", HN_FROM_FLAG, err);
        break;
    case HN_OPT_INT:
    case HN_OPT_FLOAT: break;
    }
    if (!is_value(next)) {
        hn_fail(err, HN_EARG, "--%s needs a value", name);
        if (next) hn_error_fix(err, "a value that starts with dashes is written --%s=VALUE", name);
        return HN_EARG;
    }
    cur->at++;
    return hn_config_set(c, name, next, HN_FROM_FLAG, err);
}

/* "no_packing" where packing is a boolean: the name behind "no_", else NULL. */
static const char *negated(const hn_config *c, const char *name) {
    if (strncmp(name, "no_", 3) != 0 && strncmp(name, "no-", 3) != 0) return NULL;
    const hn_opt *opt = hn_config_find(c, name + 3, NULL);
    return opt && opt->type == HN_OPT_BOOL ? name + 3 : NULL;
}

static hn_status take_option(hn_config *c, cursor *cur, hn_error *err) {
    const char *arg = cur->argv[cur->at++];
    size_t n = strcspn(arg + 2, "=");
    const char *value = arg[2 + n] ? arg + 2 + n + 1 : NULL;
    char *name = hn_strndup(arg + 2, n);
    if (!name) return hn_nomem(err, n + 1);
    hn_status code;
    const hn_opt *opt = hn_config_find(c, name, NULL);
    const char *positive = opt ? NULL : negated(c, name);
    if (positive) {
        if (value) code = hn_fail(err, HN_EARG, "--%s takes no value", name);
        else code = hn_config_set(c, positive, "false", HN_FROM_FLAG, err);
    } else if (!opt || value) {
        code = hn_config_set(c, name, value ? value : "", HN_FROM_FLAG, err);
    } else {
        code = take_value(c, cur, opt, name, err);
    }
    hn_free(name);
    return code;
}

hn_status hn_config_args(hn_config *c, int argc, char **argv, const char **rest, int *nrest,
                         hn_error *err) {
    cursor cur = {.argc = argc, .argv = argv};
    *nrest = 0;
    while (cur.at < argc) {
        const char *arg = argv[cur.at];
        if (strcmp(arg, "--") == 0) {
            for (cur.at++; cur.at < argc; cur.at++) rest[(*nrest)++] = argv[cur.at];
        } else if (is_value(arg)) {
            rest[(*nrest)++] = arg;
            cur.at++;
        } else {
            HN_TRY(take_option(c, &cur, err));
        }
    }
    return HN_OK;
}
