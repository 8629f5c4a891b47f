/* converse.c - talk with a model: each line of standard input is a message, the answer is streamed.
 *
 *     cc converse.c $(pkg-config --cflags --libs hone) -o converse && ./converse ./model
 *
 * The conversation is kept as JSON and rendered whole for every answer; the prefix cache sees to it that only what is new is
 * computed. */
#include <hone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct text { char *p; size_t n, cap; } text;

static void add(text *t, const char *p, size_t n) {
    if (t->n + n + 1 > t->cap) {
        t->cap = 2 * (t->n + n + 1);
        t->p = realloc(t->p, t->cap);
        if (!t->p) abort();
    }
    memcpy(t->p + t->n, p, n);
    t->p[t->n += n] = '\0';
}

/* Appends a message to the array, whose closing bracket moves on. */
static void add_message(text *messages, const char *role, const char *p, size_t n) {
    char *content = hone_json_string(p, n);
    const char *const parts[] = {
        messages->n ? "," : "[", "{\"role\": \"", role, "\", \"content\": ", content ? content : "\"\"", "}]"};
    if (messages->n) messages->n--;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) add(messages, parts[i], strlen(parts[i]));
    hone_free(content);
}

static bool hear(const hone_piece *piece, void *user) {
    add(user, piece->text, piece->len);
    fwrite(piece->text, 1, piece->len, stdout);
    fflush(stdout);
    return true; /* false would end the answer */
}

static hone_status answer(hone_model *m, hone_tokenizer *tok, const hone_generate_opts *opts, text *messages) {
    const hone_chat_opts chat = {.struct_size = sizeof chat, .add_generation_prompt = true};
    char *prompt = NULL;
    text said = {0};
    hone_status st = hone_chat_render(tok, messages->p, &chat, &prompt, NULL, NULL, NULL);
    if (st == HONE_OK) st = hone_generate(m, tok, prompt, opts, hear, &said);
    if (st == HONE_OK) add_message(messages, "assistant", said.p ? said.p : "", said.n);
    hone_free(prompt);
    free(said.p);
    putchar('\n');
    return st;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s MODEL < messages\n", argv[0]);
        return 2;
    }
    hone_ctx *ctx = NULL;
    hone_model *m = NULL;
    hone_tokenizer *tok = NULL;
    hone_prefix_cache *cache = NULL;
    const hone_load_opts load = {.struct_size = sizeof load, .read_only = true};
    hone_status st = hone_ctx_new(NULL, &ctx);
    if (st == HONE_OK) st = hone_model_load(ctx, argv[1], &load, &m);
    if (st == HONE_OK) st = hone_tokenizer_load(ctx, argv[1], &tok);
    if (st == HONE_OK) st = hone_prefix_cache_new(m, &cache);
    hone_generate_opts opts = {.struct_size = sizeof opts, .max_new_tokens = 200, .raw_prompt = true, .prefix_cache = cache};
    text messages = {0};
    char line[4096];
    while (st == HONE_OK && fgets(line, sizeof line, stdin)) {
        add_message(&messages, "user", line, strcspn(line, "\n"));
        st = answer(m, tok, &opts, &messages);
    }
    if (st != HONE_OK) fprintf(stderr, "error: %s\n  fix: %s\n", hone_last_error(ctx), hone_last_error_fix(ctx));
    free(messages.p);
    hone_prefix_cache_free(cache);
    hone_tokenizer_free(tok);
    hone_model_free(m);
    hone_ctx_free(ctx);
    return hone_exit_code(st);
}
