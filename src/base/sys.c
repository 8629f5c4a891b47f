/* sys.c - what Linux tells about time, memory and processors, cgroups v2 and v1 included.
 *
 * Containers limit through cgroups: v2 keeps cpu.max and memory.max in each folder of the one
 * hierarchy, v1 has a tree a controller. A limit holds for all folders below it, so the way from
 * this process's group up to the root is walked and the smallest taken. */
#include "base/base.h"
#include "base/sys_impl.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double hn_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A small file of the kernel's, NUL-terminated; false if there is none. */
static bool slurp(const char *path, char *out, size_t cap) {
    FILE *f = fopen(path, "re");
    if (!f) return false;
    size_t n = fread(out, 1, cap - 1, f);
    fclose(f);
    out[n] = '\0';
    return n > 0;
}

double hn_process_age(void) {
    char text[4096];
    if (!slurp("/proc/self/stat", text, sizeof text)) return 0;
    const char *p = strrchr(text, ')'); /* the name in front may hold anything */
    for (int field = 2; p && field < 22; field++) p = strchr(p + 1, ' ');
    if (!p) return 0;
    double started = (double)strtoull(p + 1, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
    struct timespec t;
    if (clock_gettime(CLOCK_BOOTTIME, &t) != 0) return 0;
    double age = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec - started;
    return age > 0 ? age : 0;
}

/* "VmHWM:   1234 kB" in text; 0 if it is not there. */
static uint64_t kilobytes(const char *text, const char *name) {
    const char *p = strstr(text, name);
    return p ? strtoull(p + strlen(name), NULL, 10) * 1024 : 0;
}

uint64_t hn_peak_rss(void) {
    char text[8192];
    return slurp("/proc/self/status", text, sizeof text) ? kilobytes(text, "VmHWM:") : 0;
}

typedef void group_fn(const char *folder, void *user);

/* Call fn for the folder of this process's group and each one above it: of a v1 controller or, with
 * NULL, of the v2 hierarchy. */
static void walk_groups(const char *controller, group_fn *fn, void *user) {
    char text[8192];
    if (!slurp("/proc/self/cgroup", text, sizeof text)) return;
    for (char *line = text, *end; *line; line = end) {
        end = strchrnul(line, '\n');
        if (*end) *end++ = '\0';
        char *names = strchr(line, ':');
        char *group = names ? strchr(names + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        names++;
        char list[512], wanted[64];
        snprintf(list, sizeof list, ",%s,", names);
        snprintf(wanted, sizeof wanted, ",%s,", controller ? controller : "");
        bool match = controller ? strstr(list, wanted) != NULL : *names == '\0';
        if (!match) continue;
        for (;;) {
            char folder[4200];
            bool root = hn_streq(group, "/") || *group == '\0';
            const char *tree = controller ? controller : "";
            snprintf(folder, sizeof folder, "/sys/fs/cgroup/%s%s", tree, root ? "" : group);
            fn(folder, user);
            if (root) return;
            *strrchr(group, '/') = '\0';
        }
    }
}

static bool read_in(const char *folder, const char *file, char *out, size_t cap) {
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return slurp(path, out, cap);
}

static void lower_cpus(double quota, double period, void *user) {
    double *least = user;
    if (quota > 0 && period > 0 && quota / period < *least) *least = quota / period;
}

static void cpus_v2(const char *folder, void *user) {
    char text[128], *end;
    if (!read_in(folder, "cpu.max", text, sizeof text)) return;
    double quota = strtod(text, &end); /* "max 100000": no limit, quota reads as 0 */
    lower_cpus(quota, end > text ? strtod(end, NULL) : 0, user);
}

static void cpus_v1(const char *folder, void *user) {
    char quota[64], period[64];
    if (!read_in(folder, "cpu.cfs_quota_us", quota, sizeof quota)) return;
    if (!read_in(folder, "cpu.cfs_period_us", period, sizeof period)) return;
    lower_cpus(strtod(quota, NULL), strtod(period, NULL), user); /* -1: no limit */
}

int hn_cpu_count(void) {
    int allowed = 0;
    for (int cpus = 1024; cpus <= 1 << 18 && allowed == 0; cpus *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set) break;
        size_t size = CPU_ALLOC_SIZE((size_t)cpus);
        if (sched_getaffinity(0, size, set) == 0) allowed = CPU_COUNT_S(size, set);
        CPU_FREE(set);
    }
    double limit = allowed > 0 ? (double)allowed : 1.0;
    walk_groups(NULL, cpus_v2, &limit);
    walk_groups("cpu", cpus_v1, &limit);
    int whole = (int)limit;
    if ((double)whole < limit) whole++; /* a quota of 1.5 feeds two threads */
    return whole < 1 ? 1 : whole;
}

static void lower_room(const char *limit, const char *used, const char *stat, void *user) {
    uint64_t *least = user;
    char *end;
    uint64_t most = strtoull(limit, &end, 10); /* "max": no limit */
    if (end == limit) return;
    uint64_t now = strtoull(used, NULL, 10), cache = 0;
    const char *p = strstr(stat, "inactive_file "); /* page cache the kernel gives back on demand */
    if (p) cache = strtoull(p + 14, NULL, 10);
    now = now > cache ? now - cache : 0;
    uint64_t room = most > now ? most - now : 0;
    if (room < *least) *least = room;
}

static void room_v2(const char *folder, void *user) {
    char limit[64], used[64], stat[8192];
    if (!read_in(folder, "memory.max", limit, sizeof limit)) return;
    if (!read_in(folder, "memory.current", used, sizeof used)) return;
    if (!read_in(folder, "memory.stat", stat, sizeof stat)) stat[0] = '\0';
    lower_room(limit, used, stat, user);
}

static void room_v1(const char *folder, void *user) {
    char limit[64], used[64], stat[8192];
    if (!read_in(folder, "memory.limit_in_bytes", limit, sizeof limit)) return;
    if (!read_in(folder, "memory.usage_in_bytes", used, sizeof used)) return;
    if (!read_in(folder, "memory.stat", stat, sizeof stat)) stat[0] = '\0';
    lower_room(limit, used, stat, user);
}

/* What `ulimit -v` leaves of the address space. */
static void room_of_addresses(uint64_t *least) {
    struct rlimit limit;
    char text[8192];
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    if (!slurp("/proc/self/status", text, sizeof text)) return;
    uint64_t now = kilobytes(text, "VmSize:"), most = (uint64_t)limit.rlim_cur, room = most > now ? most - now : 0;
    if (room < *least) *least = room;
}

uint64_t hn_memory_available(void) {
    char text[8192];
    uint64_t room = 0;
    if (slurp("/proc/meminfo", text, sizeof text)) room = kilobytes(text, "MemAvailable:");
    if (room == 0) room = UINT64_MAX;
    walk_groups(NULL, room_v2, &room);
    walk_groups("memory", room_v1, &room);
    room_of_addresses(&room);
    return room == UINT64_MAX ? 0 : room > 0 ? room : 1; /* 0 would say that nothing is known */
}
