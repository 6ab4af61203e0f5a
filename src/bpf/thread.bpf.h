/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_THREAD_BPF_H
#define SCRY_THREAD_BPF_H
/*
 * What is known of each traced thread, found by its tid without a helper call: an array's slot is
 * chosen by the tid, or is one of the next few when there are more tids than slots. Tids that
 * follow each other, as those of a process's threads do, lie far apart: two such runs that met
 * would leave no slot free for yards. A slot belongs to its thread until that ends. With
 * SCRY_TARGET_TASKS having a slot is what makes a thread a target. User space reads and seeds slots
 * through mmap: the layout is part of the contract (wire.h).
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct scry_thread);
} threads SEC(".maps");

/* Threads that are targets now; written by user space too. */
__u64 thread_count;

static __always_inline struct scry_thread *thread__at(__u32 index)
{
	return bpf_map_lookup_elem(&threads, &index);
}

static __always_inline __u32 thread__index(__u32 tid, __u32 probe)
{
	return (tid * SCRY_THREAD_STRIDE + probe) & cfg.thread_mask;
}

/* What user space wrote of a thread before its tid; afterwards only the thread itself writes. */
static __always_inline struct scry_thread *thread__seen(struct scry_thread *thread)
{
	if (ORDER_READS && !(thread->state & SCRY_THREAD_ANNOUNCED))
		order__reads(&thread->tid);
	return thread;
}

/* The probes of a tid's slots. By a callback, which the verifier looks at once. */
struct probing {
	__u32 tid;
	__u32 tgid;
	__u32 displaced;
	__u32 found; /* index + 1 */
};

static long thread__elsewhere_probe(__u32 probe, struct probing *probing)
{
	__u32 index = thread__index(probing->tid, probe);
	struct scry_thread *thread;

	if (!probe || !(probing->displaced >> (probe & 31) & 1))
		return 0;
	thread = thread__at(index);
	if (!thread || thread->tid != probing->tid)
		return 0;
	probing->found = index + 1;
	return 1;
}

/* Index + 1 of a slot that is not the tid's first one; 0: it has none. */
__noinline __u32 thread__elsewhere(__u32 tid, __u32 displaced)
{
	struct probing probing = {.tid = tid, .displaced = displaced};

	bpf_loop(SCRY_THREAD_PROBES, thread__elsewhere_probe, &probing, 0);
	return probing.found;
}

static __always_inline struct scry_thread *thread__find(__u32 tid)
{
	struct scry_thread *thread = thread__at(thread__index(tid, 0));
	__u32 found;

	/* Free slots have the id that no task has. */
	if (!thread || (cfg.pid_level && !tid))
		return NULL;
	if (thread->tid == tid)
		return thread__seen(thread);
	if (!cfg.thread_probes || !thread->displaced)
		return NULL;
	found = thread__elsewhere(tid, thread->displaced);
	if (!found)
		return NULL;
	thread = thread__at(found - 1);
	return thread ? thread__seen(thread) : NULL;
}

static long thread__take_probe(__u32 probe, struct probing *probing)
{
	struct scry_thread *first = thread__at(thread__index(probing->tid, 0));
	__u32 index = thread__index(probing->tid, probe);
	struct scry_thread *thread = thread__at(index);

	if (!thread || thread->tid || __sync_val_compare_and_swap(&thread->tid, 0, probing->tid))
		return 0;
	thread->tgid = probing->tgid;
	thread->slot = index;
	thread->seq = 0;
	thread->state = 0;
	thread->signal = 0;
	if (probe && first)
		__sync_fetch_and_or(&first->displaced, 1U << (probe & 31));
	__sync_fetch_and_add(&thread_count, 1);
	probing->found = index + 1;
	return 1;
}

/* Index + 1 of a slot that is the tid's from now on; 0: there is none. */
__noinline __u32 thread__take(__u32 tid, __u32 tgid)
{
	struct probing probing = {.tid = tid, .tgid = tgid};

	bpf_loop(cfg.thread_probes ? SCRY_THREAD_PROBES : 1, thread__take_probe, &probing, 0);
	return probing.found;
}

static __always_inline struct scry_thread *thread__claim(__u32 tid, __u32 tgid)
{
	__u32 taken = thread__take(tid, tgid);

	return taken ? thread__at(taken - 1) : NULL;
}

struct former {
	__u32 tgid;
	__u32 tid;
	__u32 found; /* index + 1 */
};

static long former__look(__u32 i, struct former *former)
{
	struct scry_thread *thread = thread__at(i);

	if (!thread)
		return 1;
	if (!thread->tid || thread->tgid != former->tgid || thread->tid == former->tid)
		return 0;
	former->found = i + 1;
	return 1;
}

/*
 * The slot that the current task had before its execve, when it was not the leader. That execve
 * ended all other threads of its process; `old_tid` is of the initial pid namespace, and what it
 * was in another one the kernel does not know any more.
 */
static __always_inline struct scry_thread *thread__former(struct task_struct *task, __u32 old_tid)
{
	struct former former = {};

	if (!cfg.pid_level)
		return thread__find(old_tid);
	former.tid = task__tid(task);
	former.tgid = task__tgid(task);
	if (!former.tid)
		return NULL;
	bpf_loop(cfg.thread_mask + 1, former__look, &former, 0);
	return former.found ? thread__at(former.found - 1) : NULL;
}

static __always_inline void thread__release(struct scry_thread *thread)
{
	__u32 probe = (thread->slot - thread__index(thread->tid, 0)) & cfg.thread_mask;
	struct scry_thread *first = thread__at(thread__index(thread->tid, 0));

	thread->state = 0;
	if (probe && first)
		__sync_fetch_and_and(&first->displaced, ~(1U << (probe & 31)));
	order__publish(&thread->tid, 0);
	__sync_fetch_and_add(&thread_count, -1);
}

#endif
