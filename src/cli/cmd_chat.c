/* cmd_chat.c - hone chat: a conversation with a model, through its chat template, streamed.
 *
 * Lines from standard input are the user's, or commands that begin with a slash; only the model's words go to standard
 * output. Where somebody types, Ctrl-C ends an answer, which stays in the history as far as it came; a second one, or one at the
 * prompt, ends the program. Where lines come from a file it ends the program at once. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/talk.h"

typedef struct opts {
    char *system_prompt, *chat_template_path, *chat_template_kwargs;
} opts;

#define AT(field) offsetof(opts, field)
static const hn_opt table[] = {
    {"system_prompt", "system message of the conversation", HN_OPT_STR, AT(system_prompt), NULL, 0, 0, NULL, "Chat", "system",
     HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"chat_template_path", "template to use instead of the model's own: a .jinja file, or a folder that has one", HN_OPT_STR,
     AT(chat_template_path), NULL, 0, 0, NULL, "Chat", "chat_template", HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"chat_template_kwargs", "JSON object of further variables for the template, like {\"enable_thinking\": false}", HN_OPT_STR,
     AT(chat_template_kwargs), NULL, 0, 0, NULL, "Chat", NULL, HN_OPT_NULLABLE},
    {0}};
#undef AT

static const char help[] =
    "/system TEXT   set the system message and begin anew (without TEXT: show it)\n"
    "/reset         forget the conversation, keep the system message\n"
    "/save FILE     write the conversation as one JSON line, {\"messages\": [...]}\n"
    "/help          this list\n"
    "/exit          leave (so does the end of input)\n"
    "Ctrl-C         stop the answer; at the prompt: leave\n"
    "A line that ends with \\ goes on in the next one; a message that begins with / is written with two: //\n";

static volatile sig_atomic_t interrupted;

static void note_interrupt(int sig) {
    if (interrupted) { /* the first one waits for a long prompt to be computed */
        signal(sig, SIG_DFL);
        raise(sig);
    }
    interrupted = 1;
}

typedef struct session {
    hn_cli *cli;
    hn_talk talk;
    bool tty;       /* somebody types: prompts and errors go on instead of ending the program */
    hn_buf answer;
    double started;
    int64_t tokens;
    bool cut;       /* the answer came to its longest length */
} session;

static bool put_piece(const hone_piece *p, void *user) {
    session *s = user;
    s->tokens += p->token >= 0;
    s->cut = p->finish_reason && hn_streq(p->finish_reason, "length");
    hn_buf_add(&s->answer, p->text, p->len);
    put_result(stdout, p->text, p->len);
    fflush(stdout);
    return !interrupted && !ferror(stdout) && !s->answer.failed;
}

static void tell_speed(const session *s) {
    const double seconds = hn_now() - s->started;
    const char *end = interrupted ? ", stopped" : "";
    if (s->cut)
        end = s->tokens == s->talk.gen.max_new_tokens ? ", cut off by --max_new_tokens"
                                                      : ", cut off: the model has no more positions";
    if (!s->tty || !s->tokens) return;
    say(s->cli, "[%lld tokens, %.1f a second%s]\n", (long long)s->tokens, (double)s->tokens / (seconds > 0 ? seconds : 1), end);
}

/* One exchange. A turn that fails, or is stopped before a word was said, leaves the history as it was. */
static hn_status answer(session *s, hn_str words, hn_error *err) {
    hn_buf_clear(&s->answer);
    s->tokens = 0;
    interrupted = 0;
    HN_TRY(hn_talk_add(&s->talk, "user", words, err));
    s->started = hn_now();
    hn_status st = hn_talk_answer(&s->talk, put_piece, s, err);
    if (st == HN_ECANCEL && interrupted) st = HN_OK;
    if (st == HN_OK) fputc('\n', stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) st = hn_fail_errno(err, HN_EIO, "cannot write to standard output");
    const bool silent = interrupted && s->answer.n == 0;
    if (st == HN_OK && !silent)
        st = hn_talk_add(&s->talk, "assistant", (hn_str){s->answer.p ? s->answer.p : "", s->answer.n}, err);
    if (st != HN_OK || silent) hn_talk_drop_last(&s->talk);
    if (st == HN_OK) tell_speed(s);
    if (s->tty) interrupted = 0; /* else it ends the program */
    return st;
}

static const char *argument(const char *line, const char *command) {
    const size_t n = strlen(command);
    if (strncmp(line, command, n) != 0 || (line[n] != '\0' && line[n] != ' ')) return NULL;
    return line + n + strspn(line + n, " ");
}

/* A line with a slash in front. *leave: the conversation is over. */
static hn_status command(session *s, const char *line, bool *leave, hn_error *err) {
    const char *text;
    *leave = argument(line, "/exit") || argument(line, "/quit");
    if (*leave) return HN_OK;
    if (argument(line, "/help")) {
        fputs(help, stderr);
        return HN_OK;
    }
    if (argument(line, "/reset")) {
        hn_talk_reset(&s->talk);
        say(s->cli, "[the conversation begins anew]\n");
        return HN_OK;
    }
    if ((text = argument(line, "/system"))) {
        if (*text == '\0') {
            say(s->cli, "[system message: %s]\n", s->talk.system ? s->talk.system : "none");
            return HN_OK;
        }
        hn_talk_reset(&s->talk);
        say(s->cli, "[system message set, the conversation begins anew]\n");
        return hn_talk_set_system(&s->talk, text, err);
    }
    if ((text = argument(line, "/save"))) {
        if (*text == '\0') return hn_fail(err, HN_EARG, "/save needs the name of a file");
        HN_TRY(hn_talk_save(&s->talk, text, err));
        say(s->cli, "[%zu messages written to %s]\n", s->talk.count + (s->talk.system != NULL), text);
        return HN_OK;
    }
    hn_fail(err, HN_EARG, "'%.40s' is no command", line);
    hn_error_fix(err, "/help lists them");
    return HN_EARG;
}

/* The next turn, with continued lines joined; false at the end of input. */
static bool read_turn(session *s, hn_buf *turn) {
    char *line = NULL;
    size_t cap = 0;
    bool more = true;
    hn_buf raw = {0};
    hn_buf_clear(turn);
    if (s->tty) fputs("> ", stderr);
    while (more) {
        ssize_t n = getline(&line, &cap, stdin);
        if (n < 0) break;
        if (n > 0 && line[n - 1] == '\n') n--;
        if (n > 0 && line[n - 1] == '\r') n--;
        more = n > 0 && line[n - 1] == '\\';
        hn_buf_add(&raw, line, (size_t)(more ? n - 1 : n));
        if (more) hn_buf_putc(&raw, '\n');
        if (more && s->tty) fputs("... ", stderr);
        if (!more) {
            hn_utf8_repair(turn, raw.p ? raw.p : "", raw.n);
            hn_buf_release(&raw);
            free(line); /* getline's own memory */
            return !turn->failed;
        }
    }
    hn_utf8_repair(turn, raw.p ? raw.p : "", raw.n);
    const bool something = raw.n > 0;
    hn_buf_release(&raw);
    free(line);
    return something && !turn->failed;
}

static int converse(session *s) {
    hn_buf turn = {0};
    hn_error err = {0};
    bool leave = false;
    int status = 0;
    const char *first = s->cli->task->gen.prompt;
    if (first && s->tty) say(s->cli, "> %s\n", first);
    hn_status st = first ? answer(s, hn_str_of(first), &err) : HN_OK;
    if (st != HN_OK) status = cli_fail(s->cli, &err);
    while (status == 0 && !leave && !interrupted && read_turn(s, &turn)) {
        if (turn.n == 0) continue;
        err = (hn_error){0};
        const size_t slashes = strspn(turn.p, "/");
        if (slashes == 1) st = command(s, turn.p, &leave, &err);
        else st = answer(s, (hn_str){turn.p + (slashes > 1), turn.n - (slashes > 1)}, &err);
        if (st == HN_OK) continue;
        status = cli_fail(s->cli, &err);
        if (s->tty && !ferror(stdout)) status = 0; /* said; whoever types goes on */
    }
    if (s->tty) fputc('\n', stderr);
    hn_buf_release(&turn);
    if (status == 0 && interrupted) status = 130;
    return status;
}

/* Template errors come before the first turn. *source: where the template stands. */
static hn_status open_chat(session *s, hone_model *m, hone_tokenizer *tok, const char **source, hn_error *err) {
    const opts *o = s->cli->own;
    const hn_chat *chat = NULL;
    if (o->chat_template_kwargs) {
        hn_json *kwargs = NULL;
        hn_status st = hn_chat_kwargs(o->chat_template_kwargs, &kwargs, err);
        hn_json_free(kwargs);
        HN_TRY(st);
    }
    hn_status st = hn_chat_of(tok, o->chat_template_path, &chat, err);
    if (st == HN_ENOENT && !o->chat_template_path)
        hn_error_detail(err,
                        "a model that was not trained to chat has none: `hone generate --prompt TEXT` lets it go on from a text");
    HN_TRY(st);
    *source = hn_chat_source(chat);
    s->talk.chat.template_path = o->chat_template_path;
    s->talk.chat.kwargs_json = o->chat_template_kwargs;
    HN_TRY(hn_talk_open(&s->talk, s->cli->task, m, tok, err));
    return o->system_prompt ? hn_talk_set_system(&s->talk, o->system_prompt, err) : HN_OK;
}

static int run(hn_cli *cli) {
    hone_model *m;
    hone_tokenizer *tok;
    const char *source = NULL;
    hn_error err = {0};
    session s = {.cli = cli, .tty = isatty(STDIN_FILENO)};
    int status = cli_context(cli);
    if (status >= 0 || (status = cli_load(cli, true, &m, &tok)) >= 0) return status;
    if (open_chat(&s, m, tok, &source, &err) != HN_OK) {
        status = cli_fail(cli, &err);
    } else {
        struct sigaction on = {.sa_handler = note_interrupt}, before; /* no SA_RESTART: it must wake a waiting read */
        sigaction(SIGINT, &on, &before);
        if (s.tty) say(cli, "%s, template from %s; /help lists the commands\n", hn_model_dir(m->m), source);
        status = converse(&s);
        sigaction(SIGINT, &before, NULL);
    }
    hn_talk_release(&s.talk);
    hn_buf_release(&s.answer);
    hone_tokenizer_free(tok);
    hone_model_free(m);
    return status;
}

const hn_command hn_command_chat = {
    .name = "chat", .about = "talk with a model through its chat template (/help: what else can be typed)", .group = "Use",
    .usage = "hone chat --model_name_or_path ./model\n"
             "hone chat --model_name_or_path ./model --system_prompt \"Be brief.\" --temperature 0.7 < questions.txt",
    .task = "chat", .table = table, .size = sizeof(opts), .run = run};
