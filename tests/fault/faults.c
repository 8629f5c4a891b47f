/* rooms: base */
/* faults.c - data for the fault bench: good rows of every kind, and the same rows with damage planted into a share of them.
 *
 *     faults good KIND N            N good rows (JSON lines) of sft, messages, preference, kto, classify, tag, qa
 *     faults plant DAMAGE PERCENT   reads such rows, damages that share of them, spread evenly
 *     faults list                   the names of damages */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static uint64_t seed = 20240917;
static size_t pick(size_t n) { /* splitmix64: the rows are the same on every machine */
    uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (size_t)((z ^ (z >> 31)) % n);
}
#define ONE_OF(list) (list)[pick(sizeof(list) / sizeof *(list))]

/* ------------------------------------------------------------------ good rows */

static const char *const names[] = {"Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Iris", "Jonas", "Klara", "Leo"};
static const char *const places[] = {"Paris", "Oslo", "Rome", "Vienna", "Lisbon", "Prague", "Athens", "Dublin"};
static const char *const things[] = {"a red kite", "two old maps", "some bread", "a brass key", "the blue lamp", "a wooden boat", "her violin", "his coat"};
static const char *const verbs[] = {"carries", "finds", "sells", "paints", "repairs", "hides"};

typedef struct world { /* a small scene; every row has one of its own */
    const char *who, *where, *what, *does;
    int day, year;
} world;
static world scene(void) {
    return (world){ONE_OF(names), ONE_OF(places), ONE_OF(things), ONE_OF(verbs), (int)pick(28) + 1, (int)pick(900) + 1100};
}

static void text(hn_json *j, const char *key, const char *fmt, ...) HN_PRINTF(3, 4);
static void text(hn_json *j, const char *key, const char *fmt, ...) {
    char b[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(b, sizeof b, fmt, ap);
    va_end(ap);
    hn_json_set(j, key, hn_json_new_str(b, strlen(b)));
}

static hn_json *message(const char *role, const char *content) {
    hn_json *m = hn_json_new_object();
    text(m, "role", "%s", role);
    text(m, "content", "%s", content);
    return m;
}

static void question(const world *w, char *q, char *a, size_t room) {
    switch (pick(4)) {
    case 0:
        snprintf(q, room, "What does %s do in %s on day %d of the year %d?", w->who, w->where, w->day, w->year);
        snprintf(a, room, "%s %s %s there.", w->who, w->does, w->what);
        break;
    case 1:
        snprintf(q, room, "It is the year %d, day %d. Who %s %s in %s?", w->year, w->day, w->does, w->what, w->where);
        snprintf(a, room, "That would be %s, as on every day from %d on.", w->who, w->day);
        break;
    case 2:
        snprintf(q, room, "Write a sentence about %s, %s and the number %d.", w->who, w->where, w->year);
        snprintf(a, room, "In %s, %s %s %s %d times.", w->where, w->who, w->does, w->what, w->year);
        break;
    default:
        snprintf(q, room, "Where is %s in %d, and what for (day %d)?", w->who, w->year, w->day);
        snprintf(a, room, "In %s. %s %s %s on day %d.", w->where, w->who, w->does, w->what, w->day);
    }
}

static hn_json *good_messages(void) {
    hn_json *j = hn_json_new_object(), *list = hn_json_new_array();
    size_t turns = pick(3) + 1;
    char q[512], a[512];
    if (pick(3) == 0) {
        world w = scene();
        snprintf(q, sizeof q, "You answer as a guide to %s in the year %d.", w.where, w.year);
        hn_json_push(list, message("system", q));
    }
    for (size_t i = 0; i < turns; i++) {
        world w = scene();
        question(&w, q, a, sizeof q);
        hn_json_push(list, message("user", q));
        hn_json_push(list, message("assistant", a));
    }
    hn_json_set(j, "messages", list);
    return j;
}

/* The better answer is on the point and polite; neither side is longer by rule. */
static void two_answers(const world *w, char *good, char *bad, size_t room) {
    const char *extra = pick(2) ? "" : ", as I am glad to tell you";
    const char *more = pick(2) ? "" : ", and that is all I will say about it today";
    snprintf(good, room, "Thank you for asking! %s %s %s in %s%s.", w->who, w->does, w->what, w->where, extra);
    snprintf(bad, room, "Who cares? Look it up yourself, %s is none of my business%s.", w->who, more);
}

static hn_json *good_pair(void) {
    hn_json *j = hn_json_new_object();
    world w = scene();
    char q[512], a[512], good[512], bad[512];
    question(&w, q, a, sizeof q);
    two_answers(&w, good, bad, sizeof good);
    text(j, "prompt", "%s", q);
    text(j, "chosen", "%s", good);
    text(j, "rejected", "%s", bad);
    return j;
}

static hn_json *good_kto(void) {
    hn_json *pair = good_pair(), *j = hn_json_new_object();
    bool liked = pick(2);
    hn_json_set(j, "prompt", hn_json_ref(hn_json_get(pair, "prompt")));
    hn_json_set(j, "completion", hn_json_ref(hn_json_get(pair, liked ? "chosen" : "rejected")));
    hn_json_set(j, "label", hn_json_new_bool(liked));
    hn_json_free(pair);
    return j;
}

static hn_json *good_label(void) {
    static const char *const labels[] = {"praise", "complaint", "question"};
    static const char *const forms[] = {"%s likes how %s %s %s (%d).", "%s is angry: %s never %s %s (%d).", "Can %s say whether %s %s %s by %d?"};
    hn_json *j = hn_json_new_object();
    world w = scene();
    size_t k = pick(3);
    char b[512];
    snprintf(b, sizeof b, forms[k], w.who, ONE_OF(names), w.does, w.what, w.year);
    text(j, "text", "%s", b);
    text(j, "label", "%s", labels[k]);
    return j;
}

static void word(hn_json *tokens, hn_json *tags, const char *w, const char *tag) {
    hn_json_push(tokens, hn_json_new_str(w, strlen(w)));
    hn_json_push(tags, hn_json_new_str(tag, strlen(tag)));
}

static hn_json *good_tags(void) {
    hn_json *j = hn_json_new_object(), *tokens = hn_json_new_array(), *tags = hn_json_new_array();
    world w = scene();
    char year[16];
    snprintf(year, sizeof year, "%d", w.year);
    word(tokens, tags, w.who, "B-PER");
    word(tokens, tags, ONE_OF(names), "I-PER");
    word(tokens, tags, w.does, "O");
    word(tokens, tags, "maps", "O");
    word(tokens, tags, "in", "O");
    word(tokens, tags, w.where, "B-LOC");
    word(tokens, tags, "since", "O");
    word(tokens, tags, year, "O");
    hn_json_set(j, "tokens", tokens);
    hn_json_set(j, "ner_tags", tags);
    return j;
}

static hn_json *good_qa(void) {
    hn_json *j = hn_json_new_object(), *answers = hn_json_new_object(), *texts = hn_json_new_array(), *starts = hn_json_new_array();
    world w = scene();
    char context[512];
    static const char lead[] = "Zoë wrote: „Früher war es schöner“. "; /* 36 code points in 42 bytes */
    snprintf(context, sizeof context, "%sIn %d %s %s %s, in %s.", lead, w.year, w.who, w.does, w.what, w.where);
    char *at = strstr(context + sizeof lead, w.who);
    int64_t points = 0;
    for (const char *p = context; p < at; p++) points += ((unsigned char)*p & 0xC0) != 0x80;
    text(j, "id", "%zu", pick(1u << 30));
    text(j, "context", "%s", context);
    text(j, "question", "Who %s %s in %d?", w.does, w.what, w.year);
    hn_json_push(texts, hn_json_new_str(w.who, strlen(w.who)));
    hn_json_push(starts, hn_json_new_int(points));
    hn_json_set(answers, "text", texts);
    hn_json_set(answers, "answer_start", starts);
    hn_json_set(j, "answers", answers);
    return j;
}

static hn_json *good_sft(void) {
    hn_json *j = hn_json_new_object();
    world w = scene();
    char q[512], a[512];
    question(&w, q, a, sizeof q);
    text(j, "prompt", "%s", q);
    text(j, "completion", " %s", a);
    return j;
}

static const struct { const char *name; hn_json *(*make)(void); } kinds[] = {
    {"sft", good_sft}, {"messages", good_messages}, {"preference", good_pair}, {"kto", good_kto}, {"classify", good_label}, {"tag", good_tags}, {"qa", good_qa}};

/* ------------------------------------------------------------------ damage: fn changes row i in place */

static const char *get(const hn_json *j, const char *key) {
    const char *s = hn_json_cstr(hn_json_get(j, key));
    return s ? s : "";
}
static hn_json *last_message(hn_json *j) {
    hn_json *list = hn_json_get(j, "messages");
    return hn_json_at(list, hn_json_len(list) - 1);
}
static void swap_keys(hn_json *j, const char *a, const char *b) {
    hn_json *x = hn_json_ref(hn_json_get(j, a)), *y = hn_json_ref(hn_json_get(j, b));
    hn_json_set(j, a, y);
    hn_json_set(j, b, x);
}
static void rename_key(hn_json **j, const char *from, const char *to) {
    hn_json *out = hn_json_new_object();
    hn_json_iter it;
    for (bool more = hn_json_first(*j, &it); more; more = hn_json_next(&it)) hn_json_set(out, hn_streq(it.key, from) ? to : it.key, hn_json_ref(it.value));
    hn_json_free(*j);
    *j = out;
}

static hn_json *first; /* the first row of the input, for damage that repeats one */

static void bos_in_text(hn_json **j) { text(*j, "prompt", "<s>%s", get(*j, "prompt")); }
static void long_prompt(hn_json **j) {
    hn_buf b = {0};
    for (int i = 0; i < 60; i++) hn_buf_printf(&b, "%s ", get(*j, "prompt"));
    hn_json_set(*j, "prompt", hn_json_new_str(b.p, b.n));
    hn_buf_release(&b);
}
static void wrong_role(hn_json **j) {
    hn_json *list = hn_json_get(*j, "messages");
    for (size_t i = 0; i < hn_json_len(list); i++)
        if (hn_streq(get(hn_json_at(list, i), "role"), "assistant")) text(hn_json_at(list, i), "role", "asistant");
}
static void swap_sides(hn_json **j) { swap_keys(*j, "chosen", "rejected"); }
static void same_sides(hn_json **j) { text(*j, "rejected", "%s", get(*j, "chosen")); }
static void repeat_row(hn_json **j) {
    hn_json_free(*j);
    *j = hn_json_ref(first);
}
static void long_chosen(hn_json **j) {
    text(*j, "chosen", "%s Let me add, to be complete, that this has been so for a long time and is not going to change, whatever people say.", get(*j, "chosen"));
}
static void one_label(hn_json **j) { text(*j, "label", "praise"); }
static void mojibake(hn_json **j) { text(*j, "completion", "%s CafÃ© â€œcrÃ¨meâ€\xc2\x9d itâ€™s.", get(*j, "completion")); }
static void control_tokens(hn_json **j) { text(*j, "prompt", "Ignore that.</s><s>%s", get(*j, "prompt")); }
static void no_answer(hn_json **j) { text(*j, "completion", "  "); }
static void no_prompt(hn_json **j) { text(*j, "prompt", "%s", ""); }
static void wrong_columns(hn_json **j) { rename_key(j, "completion", "reply"); }
static void other_format(hn_json **j) {
    hn_json *out = hn_json_new_object(), *list = hn_json_new_array();
    hn_json_push(list, message("user", get(*j, "prompt")));
    hn_json_push(list, message("assistant", get(*j, "completion")));
    hn_json_set(out, "messages", list);
    hn_json_free(*j);
    *j = out;
}
static void prompt_again(hn_json **j) { text(*j, "completion", "%s%s", get(*j, "prompt"), get(*j, "completion")); }
static void ends_with_user(hn_json **j) { hn_json_push(hn_json_get(*j, "messages"), message("user", "Thanks, and what then?")); }
static void same_role(hn_json **j) { hn_json_push(hn_json_get(*j, "messages"), message("assistant", get(last_message(*j), "content"))); }
static void one_answer(hn_json **j) { text(*j, "completion", " I am sorry, I cannot help with that."); }
static void many_labels(hn_json **j) { text(*j, "label", "ticket %zu", pick(1u << 30)); }
static void scores_bad(hn_json **j) { swap_keys(*j, "score_chosen", "score_rejected"); }
static void scores_bad_other(hn_json **j) { swap_keys(*j, "chosen_score", "rejected_score"); }
static void sides_and_scores(hn_json **j) {
    swap_sides(j);
    scores_bad(j);
}
/* A list with its first element replaced, or dropped if by is NULL. */
static void first_of(hn_json *j, const char *key, hn_json *by) {
    hn_json *old = hn_json_get(j, key), *list = hn_json_new_array();
    if (by) hn_json_push(list, by);
    for (size_t i = 1; i < hn_json_len(old); i++) hn_json_push(list, hn_json_ref(hn_json_at(old, i)));
    hn_json_set(j, key, list);
}
static hn_json *str(const char *s) { return hn_json_new_str(s, strlen(s)); }
static void tag_broken(hn_json **j) { first_of(*j, "ner_tags", str("O")); }
static void tag_missing(hn_json **j) { first_of(*j, "ner_tags", NULL); }
static void tag_unknown(hn_json **j) { first_of(*j, "ner_tags", str("PERSON")); }
static void offset_in_bytes(hn_json **j) {
    hn_json *answers = hn_json_get(*j, "answers");
    first_of(answers, "answer_start", hn_json_new_int(hn_json_int(hn_json_at(hn_json_get(answers, "answer_start"), 0), 0) + 6));
}
static void answer_absent(hn_json **j) { first_of(hn_json_get(*j, "answers"), "text", str("Nobody at all")); }
static void liked(hn_json **j) { hn_json_set(*j, "label", hn_json_new_bool(true)); }
static void other_label(hn_json **j) {
    text(*j, "text", "%s", get(first, "text"));
    text(*j, "label", "%s", hn_streq(get(first, "label"), "praise") ? "complaint" : "praise");
}
static void swap_first(hn_json **j) {
    repeat_row(j);
    hn_json *copy = hn_json_new_object();
    text(copy, "prompt", "%s", get(*j, "prompt"));
    text(copy, "chosen", "%s", get(*j, "rejected"));
    text(copy, "rejected", "%s", get(*j, "chosen"));
    hn_json_free(*j);
    *j = copy;
}

/* ---- columns that every row gets before the damage */
static void with_scores(hn_json *j) {
    hn_json_set(j, "score_chosen", hn_json_new_int(6 + (int64_t)pick(4)));
    hn_json_set(j, "score_rejected", hn_json_new_int(1 + (int64_t)pick(5)));
}
static void with_other_scores(hn_json *j) {
    hn_json_set(j, "chosen_score", hn_json_new_num(0.6 + (double)pick(4) / 10));
    hn_json_set(j, "rejected_score", hn_json_new_num((double)pick(5) / 10));
}
static void with_reference(hn_json *j) { text(j, "reference", "%s", get(j, "chosen")); }
/* Rows as another program prepared them: the prompt is masked. Ids of </s> and <s> are those of the bench's tokenizer. */
static void as_tokens(hn_json *j, bool mask_end) {
    hn_json *ids = hn_json_new_array(), *labels = hn_json_new_array();
    size_t n = pick(6) + 6;
    for (size_t i = 0; i < n; i++) {
        int64_t id = i == 0 ? 0 : i + 1 == n ? 1 : (int64_t)pick(200) + 20;
        bool target = i >= n / 2 && !(mask_end && i + 1 == n);
        hn_json_push(ids, hn_json_new_int(id));
        hn_json_push(labels, hn_json_new_int(target ? id : -100));
    }
    hn_json_set(j, "input_ids", ids);
    hn_json_set(j, "labels", labels);
}
static void tokens_end_masked(hn_json **j) { as_tokens(*j, true); }
static void with_tokens(hn_json *j) { as_tokens(j, false); }

static const struct { const char *name, *kind, *about; void (*before)(hn_json *); void (*damage)(hn_json **); } damages[] = {
    {"double_bos", "sft", "the start token in the text once more", NULL, bos_in_text},
    {"eos_masked", "sft", "prepared rows whose end token is masked", with_tokens, tokens_end_masked},
    {"long_prompt", "sft", "prompts that leave no room for the answer", NULL, long_prompt},
    {"control_tokens", "sft", "control tokens in user text", NULL, control_tokens},
    {"empty_answers", "sft", "answers of white space", NULL, no_answer},
    {"empty_prompts", "sft", "prompts of nothing", NULL, no_prompt},
    {"wrong_columns", "sft", "a column under another name", NULL, wrong_columns},
    {"mixed_formats", "sft", "messages among prompts and completions", NULL, other_format},
    {"prompt_repeated", "sft", "the prompt at the start of the answer", NULL, prompt_again},
    {"shared_answer", "sft", "one answer to many prompts", NULL, one_answer},
    {"mojibake", "sft", "text in a wrong encoding", NULL, mojibake},
    {"duplicates", "sft", "one row again and again", NULL, repeat_row},
    {"wrong_roles", "messages", "a role that is misspelt", NULL, wrong_role},
    {"ends_with_user", "messages", "conversations that end with the user", NULL, ends_with_user},
    {"same_role", "messages", "the same role twice in a row", NULL, same_role},
    {"swapped", "preference", "chosen and rejected swapped, no scores", NULL, swap_sides},
    {"swapped_scored", "preference", "chosen and rejected swapped with their scores", with_scores, sides_and_scores},
    {"scores", "preference", "sides that contradict score_chosen, score_rejected", with_scores, scores_bad},
    {"other_scores", "preference", "sides that contradict chosen_score, rejected_score", with_other_scores, scores_bad_other},
    {"reference", "preference", "sides that contradict a reference column", with_reference, swap_sides},
    {"opposite", "preference", "a pair again with its sides swapped", NULL, swap_first},
    {"same_sides", "preference", "chosen equals rejected", NULL, same_sides},
    {"length_bias", "preference", "chosen is always the longer one", NULL, long_chosen},
    {"one_label", "classify", "nearly all rows have one label", NULL, one_label},
    {"many_labels", "classify", "nearly as many labels as rows", NULL, many_labels},
    {"label_conflict", "classify", "one text under two labels", NULL, other_label},
    {"only_liked", "kto", "hardly any answer is disliked", NULL, liked},
    {"tag_broken", "tag", "entities that begin with I-", NULL, tag_broken},
    {"tag_missing", "tag", "fewer tags than words", NULL, tag_missing},
    {"tag_unknown", "tag", "a tag outside the scheme", NULL, tag_unknown},
    {"offset_bytes", "qa", "answer_start counted in bytes", NULL, offset_in_bytes},
    {"answer_absent", "qa", "answers that the context does not hold", NULL, answer_absent},
};

/* ------------------------------------------------------------------ main */

static void put(const hn_json *j) {
    hn_buf b = {0};
    hn_json_write(&b, j, 0);
    puts(b.p);
    hn_buf_release(&b);
}

static int good(const char *kind, long n) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (!hn_streq(kinds[k].name, kind)) continue;
        for (long i = 0; i < n; i++) {
            hn_json *j = kinds[k].make();
            put(j);
            hn_json_free(j);
        }
        return 0;
    }
    return 2;
}

/* Every row whose share of the percentage passes a whole number is damaged. */
static int plant(const char *name, long percent) {
    size_t d = 0;
    while (d < sizeof damages / sizeof *damages && !hn_streq(damages[d].name, name)) d++;
    if (d == sizeof damages / sizeof *damages) return 2;
    char line[65536];
    for (long i = 0; fgets(line, sizeof line, stdin); i++) {
        hn_json *j = NULL;
        hn_error err = {0};
        if (hn_json_parse(line, strlen(line), "row", i + 1, &j, &err) != HN_OK) return fprintf(stderr, "%s\n", err.msg), 1;
        if (damages[d].before) damages[d].before(j);
        if (!first) first = hn_json_ref(j);
        if (i > 0 && (i + 1) * percent / 100 > i * percent / 100) damages[d].damage(&j);
        if (damages[d].before == with_tokens) {
            hn_json *tokens = hn_json_new_object();
            hn_json_set(tokens, "input_ids", hn_json_ref(hn_json_get(j, "input_ids")));
            hn_json_set(tokens, "labels", hn_json_ref(hn_json_get(j, "labels")));
            hn_json_free(j);
            j = tokens;
        }
        put(j);
        hn_json_free(j);
    }
    hn_json_free(first);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && hn_streq(argv[1], "good")) return good(argv[2], atol(argv[3]));
    if (argc == 4 && hn_streq(argv[1], "plant")) return plant(argv[2], atol(argv[3]));
    if (argc != 2 || !hn_streq(argv[1], "list")) return fputs("faults good KIND N | plant DAMAGE PERCENT | list\n", stderr), 2;
    for (size_t d = 0; d < sizeof damages / sizeof *damages; d++) printf("%s\t%s\t%s\n", damages[d].name, damages[d].kind, damages[d].about);
    return 0;
}
