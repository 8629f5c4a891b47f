/* schedule.c - courses of the learning rate: rows of a table, each with transformers' formula.
 *
 * With s the step from 0, w the warm-up steps and T all steps: warm-up f = s / w, then p = (s - w) / (T - w):
 *   linear 1 - p;  cosine 0.5 (1 + cos 2 pi c p);  cosine_with_restarts 0.5 (1 + cos pi (c p mod 1));
 *   polynomial ((lr - e)(1 - p)^k + e) / lr;  inverse_sqrt sqrt(t / (s - w + t));  cosine_with_min_lr, warmup_stable_decay
 *   below. Written in the reference's order of operations: rates are equal to the last bit. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

#define PI 3.14159265358979323846

typedef struct course {
    double s, w, t, lr; /* step, warm-up, all steps, highest rate */
    const hn_json *kwargs;
} course;

typedef struct kind {
    const char *name;
    double (*factor)(const course *c); /* from the end of the warm-up on; the whole course where no_warmup */
    const char *kwargs;                /* names it takes, each followed by a blank */
    bool no_warmup;
} kind;

static double arg(const course *c, const char *name, double otherwise) {
    return hn_json_num(hn_json_get(c->kwargs, name), otherwise);
}

static double at_least_1(double x) { return x > 1.0 ? x : 1.0; }

static double positive(double x) { return x > 0.0 ? x : 0.0; }

static double progress(const course *c) { return (c->s - c->w) / at_least_1(c->t - c->w); }

static double linear(const course *c) { return positive((c->t - c->s) / at_least_1(c->t - c->w)); }

static double cosine(const course *c) { return positive(0.5 * (1.0 + cos(PI * arg(c, "num_cycles", 0.5) * 2.0 * progress(c)))); }

static double restarts(const course *c) {
    double p = progress(c);
    if (p >= 1.0) return 0.0;
    return positive(0.5 * (1.0 + cos(PI * fmod(arg(c, "num_cycles", 1.0) * p, 1.0))));
}

static double polynomial(const course *c) {
    double end = arg(c, "lr_end", 1e-7);
    if (c->s > c->t) return end / c->lr;
    double remaining = 1.0 - (c->s - c->w) / (c->t - c->w);
    double decay = (c->lr - end) * pow(remaining, arg(c, "power", 1.0)) + end;
    return decay / c->lr;
}

static double constant(const course *c) {
    (void)c;
    return 1.0;
}

static double inverse_sqrt(const course *c) {
    double scale = arg(c, "timescale", c->w > 0 ? c->w : 10000.0);
    return 1.0 / sqrt((c->s + (scale - c->w)) / scale);
}

static double cosine_min(const course *c) {
    double least = hn_json_has(c->kwargs, "min_lr") ? arg(c, "min_lr", 0) / c->lr : arg(c, "min_lr_rate", 0);
    double f = 0.5 * (1.0 + cos(PI * arg(c, "num_cycles", 0.5) * 2.0 * progress(c)));
    return positive(f * (1.0 - least) + least);
}

static const char *text_arg(const course *c, const char *name, const char *otherwise) {
    const char *s = hn_json_cstr(hn_json_get(c->kwargs, name));
    return s ? s : otherwise;
}

/* Up, level for num_stable_steps (the rest, unless given), down within num_decay_steps. */
static double stable_decay(const course *c) {
    double least = arg(c, "min_lr_ratio", 0), decay = arg(c, "num_decay_steps", 0);
    double stable = arg(c, "num_stable_steps", c->t - c->w - decay), f;
    if (c->s < c->w) {
        const char *how = text_arg(c, "warmup_type", "linear");
        double p = c->s / at_least_1(c->w);
        f = hn_streq(how, "cosine") ? 0.5 * (1.0 - cos(PI * p)) : hn_streq(how, "1-sqrt") ? 1.0 - sqrt(1.0 - p) : p;
        return positive(f * (1.0 - least) + least);
    }
    if (c->s < c->w + stable) return 1.0;
    if (c->s >= c->w + stable + decay) return least;
    const char *how = text_arg(c, "decay_type", "cosine");
    double p = (c->s - c->w - stable) / at_least_1(decay);
    if (hn_streq(how, "cosine")) f = 0.5 * (1.0 + cos(PI * arg(c, "num_cycles", 0.5) * 2.0 * p));
    else f = hn_streq(how, "1-sqrt") ? 1.0 - sqrt(p) : 1.0 - p;
    return positive(f * (1.0 - least) + least);
}

static const kind kinds[] = {
    {"linear", linear, "", false},
    {"cosine", cosine, "num_cycles ", false},
    {"cosine_with_restarts", restarts, "num_cycles ", false},
    {"polynomial", polynomial, "lr_end power ", false},
    {"constant", constant, "", true},
    {"constant_with_warmup", constant, "", false},
    {"inverse_sqrt", inverse_sqrt, "timescale ", false},
    {"cosine_with_min_lr", cosine_min, "num_cycles min_lr min_lr_rate ", false},
    {"warmup_stable_decay", stable_decay, "num_decay_steps num_stable_steps warmup_type decay_type min_lr_ratio num_cycles ",
     true},
};

static const kind *find(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hn_streq(kinds[i].name, name)) return &kinds[i];
    return NULL;
}

double hn_schedule(const char *type, const hn_json *kwargs, int64_t step, int64_t warmup, int64_t max_steps, double lr) {
    const kind *k = find(type);
    if (!k || !(lr > 0.0)) return 0.0;
    course c = {.s = (double)step, .w = (double)warmup, .t = (double)max_steps, .lr = lr, .kwargs = kwargs};
    if (!k->no_warmup && step < warmup) return lr * (c.s / at_least_1(c.w));
    return lr * k->factor(&c);
}

static bool takes(const kind *k, const char *name) {
    size_t n = strlen(name);
    for (const char *p = k->kwargs; *p; p = strchr(p, ' ') + 1)
        if (strncmp(p, name, n) == 0 && p[n] == ' ') return true;
    return false;
}

static hn_status check_values(const char *type, const hn_json *kwargs, hn_error *err) {
    hn_json_iter it;
    for (bool more = hn_json_first(kwargs, &it); more; more = hn_json_next(&it)) {
        const char *text = hn_json_cstr(it.value);
        bool word = hn_streq(it.key, "warmup_type") || hn_streq(it.key, "decay_type");
        if (word && !hn_streq(text, "linear") && !hn_streq(text, "cosine") && !hn_streq(text, "1-sqrt"))
            return hn_fail(err, HN_EARG, "lr_scheduler_kwargs: \"%s\" is linear, cosine or 1-sqrt", it.key);
        if (!word && !(hn_json_num(it.value, -1) >= 0))
            return hn_fail(err, HN_EARG, "lr_scheduler_kwargs: \"%s\" of %s is no number of at least 0", it.key, type);
    }
    return HN_OK;
}

hn_status hn_schedule_check(const char *type, const hn_json *kwargs, hn_error *err) {
    const kind *k = find(type);
    if (!k) return hn_fail(err, HN_EARG, "no course of the learning rate is called '%s'", type);
    if (kwargs && hn_json_type(kwargs) != HN_JSON_OBJECT) return hn_fail(err, HN_EARG, "lr_scheduler_kwargs is no JSON object");
    hn_json_iter it;
    for (bool more = hn_json_first(kwargs, &it); more; more = hn_json_next(&it)) {
        if (takes(k, it.key)) continue;
        hn_fail(err, HN_EARG, "lr_scheduler_kwargs: %s knows no \"%s\"", type, it.key);
        hn_error_detail(err, "it knows: %s", *k->kwargs ? k->kwargs : "nothing");
        return HN_EARG;
    }
    HN_TRY(check_values(type, kwargs, err));
    if (k->factor == cosine_min && hn_json_has(kwargs, "min_lr") == hn_json_has(kwargs, "min_lr_rate")) {
        hn_fail(err, HN_EARG, "%s needs min_lr or min_lr_rate, and not both", type);
        hn_error_fix(err, "for example --lr_scheduler_kwargs '{\"min_lr_rate\": 0.1}'");
        return HN_EARG;
    }
    if (k->factor == stable_decay && !hn_json_has(kwargs, "num_decay_steps")) {
        hn_fail(err, HN_EARG, "%s needs num_decay_steps", type);
        hn_error_fix(err, "for example --lr_scheduler_kwargs '{\"num_decay_steps\": 100}'");
        return HN_EARG;
    }
    return HN_OK;
}
