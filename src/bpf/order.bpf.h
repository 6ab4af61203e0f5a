/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_ORDER_BPF_H
#define SCRY_ORDER_BPF_H
/*
 * In which order others see what is written here, user space included.
 *
 * The rule: what says that something is there, or over (a head, a key, an owner, a lock, an odd or
 * even seq), is written with order__publish. Whoever reads it on another CPU and goes on to what it
 * speaks of puts order__reads between, unless a compare-and-swap that succeeded stands there. User
 * space does the same with Volatile.Read and Volatile.Write, or Interlocked.
 *
 * x86 keeps stores in their order, and loads in theirs: there the compiler alone must be told.
 * arm64 keeps neither. BPF has no barrier for it before Linux 6.15 (its load-acquire,
 * store-release), but an atomic operation that fetches is a full one. What is written after a test
 * of what was read needs none: a store does not come before the branch that decides on it.
 *
 * The order in which one thread sees its own writes needs nothing, whatever CPUs it runs on.
 */

#if defined(__TARGET_ARCH_x86)

/* Writes a __u32 or __u64 behind all that was written before. */
#define order__publish(to, value)                          \
	do {                                               \
		barrier();                                 \
		*(volatile typeof(*(to)) *)(to) = (value); \
		barrier();                                 \
	} while (0)

/* Reads nothing that follows before what came before. `at` is any __u32 or __u64 that may be
 * written. */
#define order__reads(at) barrier()
#define ORDER_READS	 0 /* whether that costs something */

#else

#define order__publish(to, value)                                     \
	do {                                                          \
		barrier();                                            \
		__sync_lock_test_and_set(to, (typeof(*(to)))(value)); \
		barrier();                                            \
	} while (0)

/* What it fetches is kept, since an operation without that is no barrier. */
#define order__reads(at)                                              \
	do {                                                          \
		typeof(*(at)) fetched = __sync_fetch_and_or((at), 0); \
                                                                      \
		barrier_var(fetched);                                 \
	} while (0)
#define ORDER_READS 1

#endif
#endif
