/* par.c - a pool of threads that stays.
 *
 * A job is cut into chunks claimed through one atomic counter. `gate` counts the workers inside the
 * job; the caller closes it when no chunk is left and waits until it is empty, so a worker that
 * wakes late finds it closed and never delays anybody. Idle workers spin for some tens of
 * microseconds (the gap between two operators), then sleep on a condition variable. */
#include "base/base.h"
#include "base/sys_impl.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifndef HONE_SERIAL
enum { MOST_THREADS = 1024 };

static _Atomic int wanted_threads; /* 0: not decided yet */

static int decide_threads(void) {
    const char *omp = getenv("OMP_NUM_THREADS");
    if (omp) {
        char *end;
        long n = strtol(omp, &end, 10); /* "4,2" sets nested levels as well: the first counts */
        if (end != omp && n >= 1 && n <= INT32_MAX) return (int)n;
    }
    return hn_cpu_count();
}
#endif

int hn_par_threads(void) {
#ifdef HONE_SERIAL
    return 1;
#else
    int n = atomic_load(&wanted_threads);
    if (n > 0) return n;
    n = decide_threads();
    if (n > MOST_THREADS) n = MOST_THREADS;
    int undecided = 0;
    if (!atomic_compare_exchange_strong(&wanted_threads, &undecided, n)) n = undecided;
    return n;
#endif
}

static void run_serially(int64_t n, int64_t grain, hn_par_fn *fn, void *ctx) {
    for (int64_t at = 0; at < n; at += grain) {
        int64_t end = n - at < grain ? n : at + grain;
        fn(ctx, at, end);
        if (end == n) break; /* at + grain could overflow */
    }
}

#ifdef HONE_SERIAL

void hn_par_for(int64_t n, int64_t grain, hn_par_fn *fn, void *ctx) {
    if (n > 0) run_serially(n, grain < 1 ? 1 : grain, fn, ctx);
}

void hn_par_set_threads(int threads) {
    (void)threads;
}

void hn_par_shutdown(void) {
}

#else

enum { SPIN_NANOSECONDS = 30000, SPIN_ROUND = 16 };
#define GATE_CLOSED 0x80000000u
#define GATE_WAITED 0x40000000u /* the caller sleeps until the gate is empty */

static struct pool {
    pthread_mutex_t submit; /* held by the caller of the one job there is */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    pthread_t threads[MOST_THREADS]; /* no block of hn_alloc: the pool outlives every leak check */
    int count;                       /* workers running */
    bool started;
    _Atomic uint32_t generation;
    _Atomic uint32_t gate;
    _Atomic int sleepers;
    _Atomic bool stop;
    _Atomic int64_t next; /* chunk to claim */
    int64_t n, grain, chunks;
    hn_par_fn *fn;
    void *ctx;
} pool = {
    .submit = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
    .gate = GATE_CLOSED,
};

static _Thread_local bool inside; /* this thread runs a chunk of a parallel job */

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void work(void) {
    inside = true;
    for (;;) {
        int64_t chunk = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
        if (chunk >= pool.chunks) break;
        int64_t begin = chunk * pool.grain;
        int64_t end = pool.n - begin < pool.grain ? pool.n : begin + pool.grain;
        pool.fn(pool.ctx, begin, end);
    }
    inside = false;
}

static void leave_gate(void) {
    uint32_t before = atomic_fetch_sub(&pool.gate, 1);
    if (before == (GATE_CLOSED | GATE_WAITED | 1)) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_signal(&pool.done);
        pthread_mutex_unlock(&pool.lock);
    }
}

static void await_generation(uint32_t seen) {
    double until = 0;
    for (int i = 0;; i++) {
        if (atomic_load_explicit(&pool.generation, memory_order_acquire) != seen) return;
        pause_briefly();
        if (i % SPIN_ROUND != SPIN_ROUND - 1) continue;
        double now = hn_now();
        if (until == 0) until = now + SPIN_NANOSECONDS * 1e-9;
        else if (now > until) break;
    }
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleepers, 1);
    while (atomic_load(&pool.generation) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void *worker(void *arg) {
    uint32_t seen = (uint32_t)(uintptr_t)arg;
    for (;;) {
        await_generation(seen);
        seen = atomic_load(&pool.generation);
        if (atomic_load(&pool.stop)) return NULL;
        if (!(atomic_fetch_add(&pool.gate, 1) & GATE_CLOSED)) work();
        leave_gate();
    }
}

static void next_generation(int64_t most) {
    atomic_fetch_add(&pool.generation, 1);
    int asleep = atomic_load(&pool.sleepers);
    if (asleep == 0) return;
    pthread_mutex_lock(&pool.lock);
    if (most < asleep) {
        for (int64_t i = 0; i < most; i++) pthread_cond_signal(&pool.wake);
    } else {
        pthread_cond_broadcast(&pool.wake);
    }
    pthread_mutex_unlock(&pool.lock);
}

/* In the child of a fork no worker exists and no lock is held. */
static void forget_after_fork(void) {
    pthread_mutex_init(&pool.submit, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.done, NULL);
    pool.started = false;
    pool.count = 0;
    atomic_store(&pool.gate, GATE_CLOSED);
    atomic_store(&pool.sleepers, 0);
    inside = false;
}

static void register_fork_handler(void) {
    pthread_atfork(NULL, NULL, forget_after_fork);
}

/* With submit held. As many workers as the system gives; none is fine too. */
static void start_pool(int workers) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_fork_handler);
    pool.started = true;
    atomic_store(&pool.stop, false);
    sigset_t all, before; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    void *seen = (void *)(uintptr_t)atomic_load(&pool.generation);
    while (pool.count < workers &&
           pthread_create(&pool.threads[pool.count], NULL, worker, seen) == 0)
        pool.count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_pool(void) {
    if (!pool.started) return;
    atomic_store(&pool.stop, true);
    next_generation(INT64_MAX);
    for (int i = 0; i < pool.count; i++) pthread_join(pool.threads[i], NULL);
    pool.started = false;
    pool.count = 0;
}

static void await_empty_gate(void) {
    uint32_t inside_now = atomic_fetch_or(&pool.gate, GATE_CLOSED) & ~GATE_CLOSED;
    double until = 0;
    for (int i = 0; inside_now != 0; i++) {
        inside_now = atomic_load_explicit(&pool.gate, memory_order_acquire) & ~GATE_CLOSED;
        pause_briefly();
        if (i % SPIN_ROUND != SPIN_ROUND - 1) continue;
        double now = hn_now();
        if (until == 0) until = now + SPIN_NANOSECONDS * 1e-9;
        else if (now > until) break;
    }
    if (inside_now == 0) return;
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_or(&pool.gate, GATE_WAITED);
    while (atomic_load(&pool.gate) != (GATE_CLOSED | GATE_WAITED))
        pthread_cond_wait(&pool.done, &pool.lock);
    atomic_fetch_and(&pool.gate, ~GATE_WAITED);
    pthread_mutex_unlock(&pool.lock);
}

void hn_par_for(int64_t n, int64_t grain, hn_par_fn *fn, void *ctx) {
    if (n <= 0) return;
    if (grain < 1) grain = 1;
    int threads = hn_par_threads();
    if (n <= grain || threads == 1 || inside || pthread_mutex_trylock(&pool.submit) != 0) {
        run_serially(n, grain, fn, ctx);
        return;
    }
    if (!pool.started) start_pool(threads - 1);
    pool.n = n;
    pool.grain = grain;
    pool.chunks = n / grain + (n % grain != 0);
    pool.fn = fn;
    pool.ctx = ctx;
    atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
    atomic_fetch_and(&pool.gate, ~GATE_CLOSED); /* opens: publishes the fields above */
    next_generation(pool.chunks - 1);
    work();
    await_empty_gate();
    pthread_mutex_unlock(&pool.submit);
}

void hn_par_set_threads(int threads) {
    if (inside) return; /* a job cannot change the pool it runs on */
    if (threads < 0) threads = 0;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    pthread_mutex_lock(&pool.submit);
    stop_pool();
    atomic_store(&wanted_threads, threads);
    pthread_mutex_unlock(&pool.submit);
}

void hn_par_shutdown(void) {
    if (inside) return;
    pthread_mutex_lock(&pool.submit);
    stop_pool();
    pthread_mutex_unlock(&pool.submit);
}

#endif
