/* log.c - the library's only voice: a function of the caller's, or silence. */
#include "base/base.h"

#include <pthread.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static hn_log_fn *log_sink;
static void *log_user;

void hn_log_set(hn_log_fn *fn, void *user) {
    pthread_mutex_lock(&log_lock);
    log_sink = fn;
    log_user = user;
    pthread_mutex_unlock(&log_lock);
}

void hn_log(hn_log_level level, const char *fmt, ...) {
    pthread_mutex_lock(&log_lock);
    hn_log_fn *sink = log_sink;
    void *user = log_user;
    pthread_mutex_unlock(&log_lock);
    if (!sink) return;
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0) return;
    if ((size_t)n < sizeof text) {
        sink(level, text, user);
        return;
    }
    char *longer = hn_alloc((size_t)n + 1);
    if (!longer) { /* better cut than lost */
        sink(level, text, user);
        return;
    }
    va_start(ap, fmt);
    vsnprintf(longer, (size_t)n + 1, fmt, ap);
    va_end(ap);
    sink(level, longer, user);
    hn_free(longer);
}
