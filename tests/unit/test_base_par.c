/* rooms: base */
/* test_base_par.c - the thread pool: every index once, the cut independent of the threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

enum { N = 10007 };

typedef struct job {
    int hits[N];
    int64_t begin_of[N], grain;
    _Atomic int bad;
} job;
static job shared;

static void mark(void *ctx, int64_t begin, int64_t end) {
    job *j = ctx;
    if (begin % j->grain != 0 || end <= begin || end - begin > j->grain)
        atomic_fetch_add(&j->bad, 1);
    if (end != N && end - begin != j->grain) atomic_fetch_add(&j->bad, 1);
    for (int64_t i = begin; i < end; i++) {
        j->hits[i]++;
        j->begin_of[i] = begin;
    }
}

static void test_every_index_once(void **state) {
    (void)state;
    static const int64_t grains[] = {1, 3, 64, 5000, N - 1, N, N + 1, INT64_MAX};
    for (int threads = 1; threads <= 5; threads++) {
        hn_par_set_threads(threads);
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            memset(&shared, 0, sizeof shared);
            shared.grain = grains[g];
            hn_par_for(N, grains[g], mark, &shared);
            assert_int_equal(atomic_load(&shared.bad), 0);
            for (int i = 0; i < N; i++) {
                assert_int_equal(shared.hits[i], 1);
                assert_int_equal(shared.begin_of[i], i / grains[g] * grains[g]);
            }
        }
    }
    hn_par_for(0, 1, mark, &shared);
    hn_par_for(-5, 1, mark, &shared);
    hn_par_shutdown();
}

static void add_one(void *ctx, int64_t begin, int64_t end) {
    int *v = ctx;
    for (int64_t i = begin; i < end; i++) v[i]++;
}

static void test_many_small_jobs(void **state) {
    (void)state;
    enum { JOBS = 20000, W = 16 };
    int v[W] = {0};
    hn_par_set_threads(4);
    for (int i = 0; i < JOBS; i++) {
        hn_par_for(W, 1, add_one, v);
        if (i % 4000 == 0) usleep(1000); /* long enough for the workers to fall asleep */
    }
    for (int i = 0; i < W; i++) assert_int_equal(v[i], JOBS);
    hn_par_shutdown();
    hn_par_shutdown();
    hn_par_for(W, 1, add_one, v); /* starts again */
    for (int i = 0; i < W; i++) assert_int_equal(v[i], JOBS + 1);
    hn_par_shutdown();
}

typedef struct nest {
    int inner[64][64];
    _Atomic int strangers;
} nest;
static nest nested;

typedef struct row {
    int *v;
    pthread_t owner;
    nest *all;
} row;

static void inner(void *ctx, int64_t begin, int64_t end) {
    row *r = ctx;
    if (!pthread_equal(r->owner, pthread_self())) atomic_fetch_add(&r->all->strangers, 1);
    add_one(r->v, begin, end);
}

static void outer(void *ctx, int64_t begin, int64_t end) {
    nest *n = ctx;
    for (int64_t i = begin; i < end; i++) {
        row r = {.v = n->inner[i], .owner = pthread_self(), .all = n};
        hn_par_for(64, 4, inner, &r);
    }
}

static void test_nested_calls_are_serial(void **state) {
    (void)state;
    hn_par_set_threads(4);
    for (int round = 0; round < 50; round++) {
        memset(&nested, 0, sizeof nested);
        hn_par_for(64, 1, outer, &nested);
        for (int i = 0; i < 64; i++) {
            for (int k = 0; k < 64; k++) assert_int_equal(nested.inner[i][k], 1);
        }
        assert_int_equal(atomic_load(&nested.strangers), 0);
    }
    hn_par_shutdown();
}

static void *caller(void *arg) {
    for (int i = 0; i < 500; i++) hn_par_for(256, 8, add_one, arg);
    return NULL;
}

static void test_several_callers(void **state) {
    (void)state;
    static int v[3][256];
    pthread_t t[3];
    hn_par_set_threads(3);
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&t[i], NULL, caller, v[i]), 0);
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 256; k++) assert_int_equal(v[i][k], 500);
    }
    hn_par_shutdown();
}

static void test_counts(void **state) {
    (void)state;
#ifdef HONE_SERIAL
    assert_int_equal(hn_par_threads(), 1);
#else
    setenv("OMP_NUM_THREADS", "3,2", 1);
    hn_par_set_threads(0);
    assert_int_equal(hn_par_threads(), 3);
    hn_par_set_threads(2); /* what is asked for wins over the environment */
    assert_int_equal(hn_par_threads(), 2);
    unsetenv("OMP_NUM_THREADS");
    hn_par_set_threads(0);
    assert_true(hn_par_threads() >= 1 && hn_par_threads() <= sysconf(_SC_NPROCESSORS_ONLN));
#endif
}

#if !defined(__SANITIZE_THREAD__) /* its runtime cannot start threads in the child of a fork */
static void test_fork(void **state) {
    (void)state;
    int v[64] = {0};
    hn_par_set_threads(4);
    hn_par_for(64, 1, add_one, v);
    pid_t child = fork();
    if (child == 0) {
        hn_par_for(64, 1, add_one, v);
        for (int i = 0; i < 64; i++) {
            if (v[i] != 2) _exit(1);
        }
        hn_par_shutdown();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    hn_par_for(64, 1, add_one, v); /* the parent's pool is as it was */
    for (int i = 0; i < 64; i++) assert_int_equal(v[i], 2);
    hn_par_shutdown();
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_index_once),
        cmocka_unit_test(test_many_small_jobs),
        cmocka_unit_test(test_nested_calls_are_serial),
        cmocka_unit_test(test_several_callers),
        cmocka_unit_test(test_counts),
#if !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_fork),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
