/* typist.c - somebody at a terminal: typist COMMAND... runs the command in a terminal of its own and does what the lines of
 * standard input say:
 *     type TEXT     the text and Return
 *     wait TEXT     until TEXT appears in what came since the last `type` or `interrupt`; a minute at most
 *     interrupt     Ctrl-C
 * Then it closes the terminal's input, waits for the end, prints all that was seen and `status N`, N as a shell has it.
 * Exit status: 0, 1 (something did not come), 2 (usage), 77 (this machine gives no terminal). */
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char seen[1 << 20];
static size_t n, since;

/* Takes in what comes within 50 ms; false: the other side is gone. */
static int take(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 50) <= 0) return 1;
    ssize_t got = n + 1 < sizeof seen ? read(fd, seen + n, sizeof seen - 1 - n) : 0;
    for (ssize_t i = 0, from = (ssize_t)n; i < got; i++)
        if (seen[from + i] != '\r') seen[n++] = seen[from + i];
    return got > 0;
}

static int wait_for(int fd, const char *text) {
    const time_t until = time(NULL) + 60;
    while (!memmem(seen + since, n - since, text, strlen(text))) {
        if (time(NULL) > until || !take(fd)) {
            printf("'%s' did not come\n", text);
            return 0;
        }
    }
    return 1;
}

static void put(int fd, const char *text) {
    since = n;
    if (write(fd, text, strlen(text)) < 0) perror("typist");
}

int main(int argc, char **argv) {
    char line[1024];
    int fd, status = 0, good = 1;
    if (argc < 2) {
        fputs("usage: typist COMMAND... < what-to-do\n", stderr);
        return 2;
    }
    pid_t pid = forkpty(&fd, NULL, NULL, NULL);
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        return 127;
    }
    if (pid < 0) {
        perror("typist: no terminal");
        return 77;
    }
    while (good && fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "type ", 5) == 0) put(fd, line + 5);
        else if (strncmp(line, "interrupt", 9) == 0) put(fd, "\003");
        else if (strncmp(line, "wait ", 5) == 0) good = (line[strcspn(line, "\n")] = '\0', wait_for(fd, line + 5));
    }
    put(fd, "\004");
    for (const time_t until = time(NULL) + 60; time(NULL) < until && take(fd);) {}
    if (waitpid(pid, &status, 0) < 0) return 1;
    fwrite(seen, 1, n, stdout);
    printf("\nstatus %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return good ? 0 : 1;
}
