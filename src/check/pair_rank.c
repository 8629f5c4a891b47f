/* pair_rank.c - logistic regression on hashed words, cross-validated.
 *
 * The log-odds that the chosen side is better is w . (x(chosen) - x(rejected)); x holds each word once, scaled by the number of
 * different words, and a few figures of style. Trained by AdaGrad over the rows in order: no randomness, no threads. */
#include <math.h>
#include <string.h>

#include "check/pair_rank.h"

enum { WORDS = 4096, STYLES = 5, WIDTH = WORDS + STYLES, BYTES = 2000, DISTINCT = 512, FOLDS = 5, ROUNDS = 24 };
static const float decay = 1e-3f, rate = 0.15f;

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '\'' ||
           (unsigned char)c >= 0x80;
}

typedef struct words { /* different words of a text, hashed; the rest of a long text is left out */
    uint64_t v[DISTINCT];
    size_t n, all;
} words;

/* Splits into runs of letters and single other characters. */
static void split(hn_str s, words *w) {
    size_t end = s.n < BYTES ? s.n : BYTES;
    w->n = w->all = 0;
    for (size_t i = 0; i < end && w->n < DISTINCT;) {
        size_t from = i++;
        if (letter(s.p[from]))
            while (i < end && letter(s.p[i])) i++;
        if (s.p[from] == ' ' || (s.p[from] >= '\t' && s.p[from] <= '\r')) continue;
        uint64_t h = hn_said_hash((hn_str){s.p + from, i - from});
        size_t k = 0;
        while (k < w->n && w->v[k] != h) k++;
        w->all++;
        if (k == w->n) w->v[w->n++] = h;
    }
}

static void put(hn_pair_rank *r, size_t at, float value) {
    if (value == 0 || r->failed) return;
    if (r->features == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 1024;
        hn_pair_feature *grown = hn_realloc_array(r->feature, cap, sizeof *grown);
        if (!grown) {
            r->failed = true;
            return;
        }
        r->feature = grown;
        r->cap = cap;
    }
    r->feature[r->features++] = (hn_pair_feature){(uint16_t)at, value};
}

/* Length, share of the prompt's words, variety, lines, whether it ends as a sentence does. */
static void style(hn_str s, const words *w, const words *prompt, float out[STYLES]) {
    size_t shared = 0, lines = 0;
    for (size_t i = 0; i < prompt->n; i++)
        for (size_t k = 0; k < w->n; k++) shared += prompt->v[i] == w->v[k];
    for (size_t i = 0; i < s.n; i++) lines += s.p[i] == '\n';
    hn_str t = hn_trimmed(s);
    out[0] = logf(1 + (float)s.n);
    out[1] = prompt->n ? (float)shared / (float)prompt->n : 0;
    out[2] = w->all ? (float)w->n / (float)w->all : 0;
    out[3] = lines < 5 ? (float)lines / 5 : 1;
    out[4] = t.n && strchr(".!?\"", t.p[t.n - 1]) ? 1 : 0;
}

static void side(hn_pair_rank *r, const words *w, float sign) {
    float scale = sign / sqrtf(w->n ? (float)w->n : 1);
    for (size_t i = 0; i < w->n; i++) put(r, (size_t)(w->v[i] % WORDS), scale);
}

void hn_pair_rank_add(hn_pair_rank *r, hn_str prompt, hn_str chosen, hn_str rejected) {
    words asked, a, b;
    float x[STYLES], y[STYLES];
    if (r->pairs == r->room) {
        int64_t room = r->room ? 2 * r->room : 256;
        size_t *grown = hn_realloc_array(r->start, (size_t)room + 1, sizeof *grown);
        if (!grown) {
            r->failed = true;
            return;
        }
        r->start = grown;
        r->room = room;
    }
    split(prompt, &asked);
    split(chosen, &a);
    split(rejected, &b);
    style(chosen, &a, &asked, x);
    style(rejected, &b, &asked, y);
    r->start[r->pairs++] = r->features;
    side(r, &a, 1);
    side(r, &b, -1);
    for (size_t i = 0; i < STYLES; i++) put(r, WORDS + i, x[i] - y[i]);
    r->start[r->pairs] = r->features;
}

static float dot(const hn_pair_rank *r, int64_t pair, const float *w) {
    float sum = 0;
    for (size_t i = r->start[pair]; i < r->start[pair + 1]; i++) sum += w[r->feature[i].at] * r->feature[i].value;
    return sum;
}

static void train(const hn_pair_rank *r, int64_t left_out, float *w, float *seen) {
    memset(w, 0, WIDTH * sizeof *w);
    memset(seen, 0, WIDTH * sizeof *seen);
    for (int round = 0; round < ROUNDS; round++) {
        for (int64_t p = 0; p < r->pairs; p++) {
            if (p % FOLDS == left_out) continue;
            float error = 1 / (1 + expf(dot(r, p, w))); /* of -log sigmoid(m): d/dm = -error */
            for (size_t i = r->start[p]; i < r->start[p + 1]; i++) {
                size_t at = r->feature[i].at;
                float g = error * r->feature[i].value - decay * w[at];
                seen[at] += g * g;
                w[at] += rate * g / (sqrtf(seen[at]) + 1e-3f);
            }
        }
    }
}

void hn_pair_rank_margins(hn_pair_rank *r, float *margin) {
    float *w = hn_alloc_array(2 * WIDTH, sizeof *w);
    r->failed |= !w;
    for (int64_t fold = 0; fold < FOLDS && w; fold++) {
        train(r, fold, w, w + WIDTH);
        for (int64_t p = fold; p < r->pairs; p += FOLDS) margin[p] = dot(r, p, w);
    }
    hn_free(w);
}

void hn_pair_rank_release(hn_pair_rank *r) {
    hn_free(r->feature);
    hn_free(r->start);
    *r = (hn_pair_rank){0};
}
