/* toy_world.c - facts, sentences and instructions of the toy world.
 *
 * A fact: NAME has a COLOUR THING in the PLACE. An instruction states a fact and asks for the colour, the place, the owner or
 * the thing. Held-out rows use names and things that never meet in training rows. */
#include <string.h>

#include "cli/toy.h"

enum { NAMES = 16, COLOURS = 8, THINGS = 12, PLACES = 8 };
static const char *const names[NAMES] = {"Ada", "Ben", "Cara", "Dan", "Eva", "Finn", "Gus", "Hana",
                                         "Ivo", "Jon", "Kim", "Lea", "Max", "Nia", "Otto", "Pia"};
static const char *const colours[COLOURS] = {"red", "blue", "green", "black", "white", "yellow", "brown", "pink"};
static const char *const things[THINGS] = {"ball", "book", "cup",  "hat", "kite", "lamp",
                                           "coin", "drum", "boat", "key", "shoe", "bell"};
static const char *const places[PLACES] = {"garden", "kitchen", "school", "tower", "market", "forest", "cellar", "harbour"};
static const char *const other[] = {"has", "a", "in", "the", "is", "What", "colour", "Where", "Who", "does", "have", "and",
                                    "Question", "Answer", "owns", "thing", "The"};

const char *toy_word(size_t i) {
    const struct { const char *const *v; size_t n; } lists[] = {
        {names, NAMES}, {colours, COLOURS}, {things, THINGS}, {places, PLACES}, {other, sizeof other / sizeof *other}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        if (i < lists[l].n) return lists[l].v[i];
        i -= lists[l].n;
    }
    return NULL;
}

static size_t draw(const hn_rng_key *key, uint64_t *at, size_t n) { return (size_t)(hn_rng_uniform(key, (*at)++) * (double)n); }

typedef struct fact { size_t name, colour, thing, place; } fact;

/* Names and things whose numbers add up to a multiple of five meet in held-out rows only. */
static fact draw_fact(const hn_rng_key *key, uint64_t *at, bool held_out) {
    fact f = {0, draw(key, at, COLOURS), 0, draw(key, at, PLACES)};
    do {
        f.name = draw(key, at, NAMES);
        f.thing = draw(key, at, THINGS);
    } while (((f.name + f.thing) % 5 == 0) != held_out);
    return f;
}

static void say_fact(hn_buf *b, const fact *f) {
    hn_buf_printf(b, "%s has a %s %s in the %s.", names[f->name], colours[f->colour], things[f->thing], places[f->place]);
}

/* A question about the fact, and the one right answer. */
static void ask(const hn_rng_key *key, uint64_t *at, const fact *w, hn_buf *question, hn_buf *answer) {
    switch (draw(key, at, 4)) {
    case 0:
        hn_buf_printf(question, "What colour is the %s?", things[w->thing]);
        hn_buf_printf(answer, " %s", colours[w->colour]);
        break;
    case 1:
        hn_buf_printf(question, "Where is the %s?", things[w->thing]);
        hn_buf_printf(answer, " in the %s", places[w->place]);
        break;
    case 2:
        hn_buf_printf(question, "Who owns the %s?", things[w->thing]);
        hn_buf_printf(answer, " %s", names[w->name]);
        break;
    default:
        hn_buf_printf(question, "What thing does %s have?", names[w->name]);
        hn_buf_printf(answer, " a %s %s", colours[w->colour], things[w->thing]);
        break;
    }
}

void toy_text_row(hn_buf *out, const hn_rng_key *key, int64_t i) {
    hn_buf text = {0};
    uint64_t at = 0;
    (void)i;
    fact f = draw_fact(key, &at, false);
    say_fact(&text, &f);
    /* Plain prose goes on about the fact without the form of an instruction. */
    if (draw(key, &at, 2))
        hn_buf_printf(&text, " The %s is %s and is in the %s.", things[f.thing], colours[f.colour], places[f.place]);
    else
        hn_buf_printf(&text, " %s owns the %s.", names[f.name], things[f.thing]);
    hn_buf_puts(out, "{\"text\": ");
    hn_json_write_str(out, text.p ? text.p : "", text.n);
    hn_buf_puts(out, "}\n");
    out->failed = out->failed || text.failed;
    hn_buf_release(&text);
}

static void instruction_row(hn_buf *out, const hn_rng_key *key, bool held_out) {
    hn_buf prompt = {0}, question = {0}, answer = {0};
    uint64_t at = 0;
    fact f = draw_fact(key, &at, held_out);
    say_fact(&prompt, &f);
    ask(key, &at, &f, &question, &answer);
    hn_buf_puts(&prompt, "\nQuestion: ");
    hn_buf_add(&prompt, question.p ? question.p : "", question.n);
    hn_buf_puts(&prompt, "\nAnswer:");
    hn_buf_puts(out, "{\"prompt\": ");
    hn_json_write_str(out, prompt.p ? prompt.p : "", prompt.n);
    hn_buf_puts(out, ", \"completion\": ");
    hn_json_write_str(out, answer.p ? answer.p : "", answer.n);
    hn_buf_puts(out, "}\n");
    out->failed = out->failed || prompt.failed || question.failed || answer.failed;
    hn_buf_release(&prompt);
    hn_buf_release(&question);
    hn_buf_release(&answer);
}

void toy_train_row(hn_buf *out, const hn_rng_key *key, int64_t i) {
    (void)i;
    instruction_row(out, key, false);
}

void toy_test_row(hn_buf *out, const hn_rng_key *key, int64_t i) {
    (void)i;
    instruction_row(out, key, true);
}
