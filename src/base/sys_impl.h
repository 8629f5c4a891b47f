/* sys_impl.h - what the thread pool asks of the system. */
#ifndef HN_SYS_IMPL_H
#define HN_SYS_IMPL_H

/* Processors this process may use: affinity and the cgroup's quota, the smaller; at least 1. */
int hn_cpu_count(void);

#endif
