// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Every system call as one record: seen at entry, written at exit. See docs/ARCHITECTURE.md.
 *
 * All programs run in the context of a task. Those on sys_enter and sys_exit have preemption off up
 * to Linux 6.18; where they do not, scry_ring.busy turns an overlap into a counted loss.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "wire.h"

const volatile struct scry_config cfg;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct scry_variant_key);
	__type(value, struct scry_plan);
} variants SEC(".maps");

static __always_inline const struct scry_plan *plan__of(__u32 abi, __u32 nr)
{
	__u32 index = nr < SCRY_NR_MAX ? nr : SCRY_NR_MAX - 1;

	if (abi == SCRY_ABI_IA32)
		index += SCRY_NR_MAX;
	/* The compiler knows that the mask does nothing, the verifier does not. */
	barrier_var(index);
	return (const struct scry_plan *)&cfg.plans[index & (SCRY_ABI_COUNT * SCRY_NR_MAX - 1)];
}

#include "thread.bpf.h"
#include "ring.bpf.h"
#include "capture.bpf.h"

static __always_inline bool task__is_x32(__u32 nr)
{
	return (__s32)nr >= 0 && (nr & X32_SYSCALL_BIT);
}

static __always_inline __u32 task__abi(struct task_struct *task, __u32 nr)
{
	if (task->thread_info.status & TS_COMPAT)
		return SCRY_ABI_IA32;
	return task__is_x32(nr) ? SCRY_ABI_X32 : SCRY_ABI_X86_64;
}

/* The cgroup of the perf_event controller: an index that differs between kernels, so one load for
 * each. */
static __always_inline struct cgroup *task__perf_event_cgroup(struct task_struct *task)
{
	struct css_set *set = task->cgroups;

#define CASE(n) \
	case n: \
		return set->subsys[n]->cgroup;
	switch (bpf_core_enum_value(enum cgroup_subsys_id, perf_event_cgrp_id)) {
		CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
	}
#undef CASE
	return NULL;
}

static __always_inline bool task__in_cgroup(struct task_struct *task)
{
	struct cgroup *group;

	if (cfg.target == SCRY_TARGET_CGROUP)
		group = task->cgroups->dfl_cgrp;
	else
		group = task__perf_event_cgroup(task);
	if (!group)
		return 0;
	if (group->kn->id == cfg.cgroup_id)
		return 1;
	/* Only what is deeper can be below. */
	if (group->level <= (int)cfg.cgroup_level)
		return 0;
	if (bpf_core_field_exists(group->ancestors)) {
		/* Within the access it would be relocated itself. */
		__u32 level = cfg.cgroup_level;
		struct cgroup *ancestor = NULL;

		bpf_core_read(&ancestor, sizeof(ancestor), &group->ancestors[level]);
		return BPF_CORE_READ(ancestor, kn, id) == cfg.cgroup_id;
	} else {
		__u32 level = cfg.cgroup_level;
		struct cgroup___before_v6_1 *old = (void *)group;
		__u64 id = 0;

		bpf_core_read(&id, sizeof(id), &old->ancestor_ids[level]);
		return id == cfg.cgroup_id;
	}
}

/* Whether the current task is a target; with SCRY_TARGET_TASKS its slot tells. */
static __always_inline bool task__wanted(struct task_struct *task)
{
	if (task->tgid == cfg.self_tgid)
		return 0;
	switch (cfg.target) {
	case SCRY_TARGET_COMM: {
		__u64 *comm = (__u64 *)task->comm;

		return !((comm[0] ^ cfg.comm[0]) & cfg.comm_mask[0]) &&
		       !((comm[1] ^ cfg.comm[1]) & cfg.comm_mask[1]);
	}
	case SCRY_TARGET_UID:
		return task->cred->euid.val == cfg.uid;
	case SCRY_TARGET_CGROUP:
	case SCRY_TARGET_CGROUP_V1:
		return task__in_cgroup(task);
	}
	return 1;
}

static __always_inline void record__head(struct writer *w, struct scry_thread *thread, __u64 time,
					 __u32 size, __u32 detail, __u8 kind, __u8 flags)
{
	struct scry_record *record = (void *)w->base;

	record->time = time;
	record->size = size;
	record->tgid = thread->tgid;
	record->tid = thread->tid;
	record->seq = thread->seq;
	record->detail = detail;
	record->kind = kind;
	record->flags = flags;
	record->abi = 0;
	record->nargs = 0;
}

/* A TASK record of `task`, by its names as they are now; `comm` where it is about to change. */
static __noinline int task__write(struct task_struct *task, struct scry_thread *thread,
				  const char *comm, __u8 why)
{
	struct writer w;

	if (!thread || !ring__begin(&w))
		return 0;
	if (ring__room(&w, sizeof(struct scry_task))) {
		struct scry_task *record = (void *)w.base;

		record__head(&w, thread, bpf_ktime_get_ns(), sizeof(*record), 0, SCRY_RECORD_TASK,
			     why);
		/* Each step by pointer types would cost a search of the kernel's BTF at load. */
		record->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
		record->ppid = BPF_CORE_READ(task, real_parent, tgid);
		record->uid = BPF_CORE_READ(task, cred, euid.val);
		if (comm)
			bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), comm);
		else
			__builtin_memcpy(record->comm, task->comm, sizeof(record->comm));
		ring__publish(&w, sizeof(*record), SCRY_RECORD_TASK);
		thread->state |= SCRY_THREAD_ANNOUNCED;
	}
	thread->seq++;
	ring__end(&w);
	return 0;
}

/* The slot of a thread that is a target, claimed when it is its first call. */
static __always_inline struct scry_thread *thread__target(struct task_struct *task)
{
	struct scry_thread *thread;

	if (cfg.target == SCRY_TARGET_TASKS)
		return thread__find(task->pid);
	if (!task__wanted(task))
		return NULL;
	thread = thread__find(task->pid);
	if (thread)
		return thread;
	thread = thread__claim(task->pid, task->tgid);
	if (!thread) {
		struct scry_ring *ring = ring__this_cpu();

		if (ring)
			__sync_fetch_and_add(&ring->lost[SCRY_LOST_STATE], 1);
	}
	return thread;
}

static __always_inline void thread__take_args(struct scry_thread *thread, struct pt_regs *regs)
{
	if (thread->abi == SCRY_ABI_IA32) {
		thread->args[0] = (__u32)regs->bx;
		thread->args[1] = (__u32)regs->cx;
		thread->args[2] = (__u32)regs->dx;
		thread->args[3] = (__u32)regs->si;
		thread->args[4] = (__u32)regs->di;
		thread->args[5] = (__u32)regs->bp;
	} else {
		thread->args[0] = regs->di;
		thread->args[1] = regs->si;
		thread->args[2] = regs->dx;
		thread->args[3] = regs->r10;
		thread->args[4] = regs->r8;
		thread->args[5] = regs->r9;
	}
}

static __always_inline struct work *work__start(struct scry_ring *ring, struct scry_thread *thread,
						__u64 pos, __u64 room, __s64 result, bool to_record)
{
	struct work *work = (struct work *)ring->work;

	work->pos = pos;
	work->room = room;
	work->result = result;
	work->wide = thread->abi == SCRY_ABI_IA32 ? 4 : 8;
	work->slot = thread->slot;
	work->depot = 0;
	work->to_record = to_record;
	work->full = 0;
	work->cut = 0;
	return work;
}

/* A free depot for the thread: its number + 1, or 0 when those that may serve it are taken. */
static __noinline __u32 depot__claim(__u32 tid)
{
	for (__u32 i = 0; i < 4; i++) {
		__u32 index = (tid + i) & (DEPOTS - 1);
		struct depot *depot = bpf_map_lookup_elem(&depots, &index);

		if (depot && !__sync_val_compare_and_swap(&depot->owner, 0, tid))
			return index + 1;
	}
	return 0;
}

static __always_inline void depot__release(struct scry_thread *thread)
{
	__u32 index = thread->depot - 1;
	struct depot *depot = bpf_map_lookup_elem(&depots, &index);

	if (depot)
		depot->owner = 0;
	thread->depot = 0;
}

static __always_inline void call__over(struct scry_thread *thread)
{
	thread->state &= ~SCRY_THREAD_IN_CALL;
	if (thread->depot)
		depot__release(thread);
}

/* Copies what the plan wants of the caller's memory before the call. */
static __always_inline void call__stage(struct scry_thread *thread)
{
	struct work *work;
	struct writer w;

	if (!ring__begin(&w)) {
		thread->retry = 0xff;
		return;
	}
	work = work__start(w.ring, thread, 0, sizeof(struct stage), 0, 0);
	capture__all();
	if (work->full) {
		thread->depot = depot__claim(thread->tid);
		if (thread->depot) {
			work__start(w.ring, thread, 0, sizeof(((struct depot *)0)->data), 0, 0);
			work->depot = thread->depot;
			thread->retry = 0;
			capture__all();
		} else {
			thread->retry = 0xff;
			work->pos = 0;
		}
	}
	thread->staged = work->pos;
	ring__end(&w);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(trace_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scry_thread *thread = NULL;
	const struct scry_plan *plan;
	__u32 nr = id, abi;

	if (cfg.target == SCRY_TARGET_TASKS) {
		thread = thread__find(task->pid);
		if (!thread)
			return 0;
	} else if (!task__wanted(task)) {
		return 0;
	}
	abi = task__abi(task, nr);
	if (abi == SCRY_ABI_X32)
		nr &= ~X32_SYSCALL_BIT;
	plan = plan__of(abi, nr);
	if (thread && (thread->state & SCRY_THREAD_HUSH)) {
		if (!(plan->flags & SCRY_PLAN_EXECS))
			return 0;
		thread->state &= ~SCRY_THREAD_HUSH;
	}
	if (!(plan->flags & SCRY_PLAN_SELECTED)) {
		/* The slot may still hold a call whose exit was not seen. */
		if (thread)
			call__over(thread);
		return 0;
	}
	if (!thread)
		thread = thread__target(task);
	if (!thread)
		return 0;
	if (!(thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, NULL, SCRY_TASK_FIRST);
	thread->nr = nr;
	thread->abi = abi;
	thread->staged = 0;
	thread->retry = 0;
	thread->flags = 0;
	thread__take_args(thread, regs);
	if (plan->flags & SCRY_PLAN_STACK)
		thread->args[0] = regs->sp;
	if (plan->flags & (SCRY_PLAN_ENTRY | SCRY_PLAN_VARIANTS))
		call__stage(thread);
	thread->state = (thread->state & ~SCRY_THREAD_EXECED) | SCRY_THREAD_IN_CALL;
	thread->start = bpf_ktime_get_ns();
	return 0;
}

#define WORDS_COPIED 16

/* Copies a few words without the cost of a helper. */
static __always_inline void copy__words(__u64 *to, const __u64 *from, __u64 bytes)
{
	for (int i = 0; i < WORDS_COPIED; i++) {
		if (i * 8 >= bytes)
			return;
		to[i] = from[i];
	}
}

/* Copies what was staged at entry behind the record's `size` bytes. Gives its new size, 0 when
 * full. */
static __always_inline __u64 call__unstage(struct writer *w, struct scry_thread *thread, __u64 size)
{
	__u64 staged = thread->staged;
	__u32 index = thread->depot - 1;

	if (size + staged > w->room)
		return 0;
	if (thread->depot) {
		struct depot *depot = bpf_map_lookup_elem(&depots, &index);

		if (!depot || staged > sizeof(depot->data) ||
		    bpf_probe_read_kernel(w->base + size, staged, depot->data))
			staged = 0;
	} else {
		struct stage *stage = bpf_map_lookup_elem(&stages, &thread->slot);

		if (!stage || staged > sizeof(stage->data))
			staged = 0;
		else if (staged <= WORDS_COPIED * 8)
			copy__words((__u64 *)(w->base + size), (__u64 *)stage->data, staged);
		else if (bpf_probe_read_kernel(w->base + size, staged, stage->data))
			staged = 0;
	}
	return size + staged;
}

/*
 * Writes the record of the call that `thread` is in. The caller holds the ring. A thread that is
 * not back from its call, or has another memory since, is read no more.
 */
static __always_inline void call__write(struct writer *w, struct scry_thread *thread,
					const struct scry_plan *plan, __u64 now, __s64 result,
					bool readable)
{
	struct scry_call *call = (void *)w->base;
	__u32 nargs = plan->nargs > SCRY_MAX_ARGS ? SCRY_MAX_ARGS : plan->nargs;
	__u64 *args = (__u64 *)(call + 1);
	__u64 size = sizeof(*call) + nargs * sizeof(__u64);

	if (!ring__room(w, sizeof(*call) + SCRY_MAX_ARGS * sizeof(__u64)))
		return;
		/* All six: without a branch for each; what follows is written over those that do
		 * not count. */
#pragma unroll
	for (int i = 0; i < SCRY_MAX_ARGS; i++)
		args[i] = thread->args[i];
	if (thread->staged)
		size = call__unstage(w, thread, size);
	if (size && readable &&
	    (thread->retry || (plan->flags & (SCRY_PLAN_EXIT | SCRY_PLAN_VARIANTS)))) {
		struct work *work = work__start(w->ring, thread, size, w->room, result, 1);

		capture__all();
		size = work->full ? 0 : work->pos;
		if (work->cut)
			thread->flags |= SCRY_CALL_TRUNCATED;
	}
	if (!size || size > SCRY_RECORD_MAX) {
		ring__lose(w->ring, size ? SCRY_LOST_SIZE : SCRY_LOST_RING);
		return;
	}
	record__head(w, thread, now, size, thread->nr, SCRY_RECORD_CALL, thread->flags);
	call->record.abi = thread->abi;
	call->record.nargs = nargs;
	call->duration = thread->start ? now - thread->start : 0;
	call->result = result;
	ring__publish(w, size, SCRY_RECORD_CALL);
}

/* A call whose entry was not seen: fills the slot from the registers. False when it is none. */
static __noinline int call__late(struct task_struct *task, struct pt_regs *regs, __s64 result)
{
	struct scry_thread *thread;
	const struct scry_plan *plan;
	__u32 nr = regs->orig_ax, abi = task__abi(task, nr);

	if ((__s32)nr == -1)
		return 0;
	if (abi == SCRY_ABI_X32)
		nr &= ~X32_SYSCALL_BIT;
	plan = plan__of(abi, nr);
	/* A new child comes out of its parent's call. */
	if (!(plan->flags & SCRY_PLAN_SELECTED) || (!result && (plan->flags & SCRY_PLAN_FORKS)))
		return 0;
	thread = thread__target(task);
	if (!thread || (thread->state & SCRY_THREAD_HUSH))
		return 0;
	if (!(thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, NULL, SCRY_TASK_FIRST);
	thread->nr = nr;
	thread->abi = abi;
	thread->staged = 0;
	/* What would have been read at entry is read now. */
	thread->retry = 0xff;
	thread->flags = SCRY_CALL_NO_ENTRY;
	thread->start = 0;
	thread__take_args(thread, regs);
	return 1;
}

static __always_inline bool call__passes(struct scry_thread *thread, __u64 now, __s64 result)
{
	if (cfg.min_duration && (!thread->start || now - thread->start < cfg.min_duration))
		return 0;
	if (cfg.failed_only && (result >= 0 || result < -4095))
		return 0;
	if (cfg.errno_filter) {
		__u64 number = -result;

		barrier_var(number);
		if (number >= 1024 || !(cfg.errnos[number / 64 & 15] >> (number & 63) & 1))
			return 0;
	}
	return 1;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(trace_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scry_thread *thread = thread__find(task->pid);
	struct writer w;
	__u64 now;

	if (!thread || !(thread->state & SCRY_THREAD_IN_CALL)) {
		/* For most neighbours this is the end: they have no slot. */
		if (cfg.target == SCRY_TARGET_TASKS && !thread)
			return 0;
		if (!call__late(task, regs, result))
			return 0;
		thread = thread__find(task->pid);
		if (!thread)
			return 0;
	}
	if (!ring__begin(&w)) {
		thread->seq++;
		call__over(thread);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (call__passes(thread, now, result)) {
		call__write(&w, thread, plan__of(thread->abi, thread->nr), now, result,
			    !(thread->state & SCRY_THREAD_EXECED));
		thread->seq++;
	}
	call__over(thread);
	ring__end(&w);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(trace_fork, struct task_struct *parent, struct task_struct *child)
{
	struct scry_thread *thread;

	/* The other targets are known by what the child is, at its first call. */
	if (cfg.target != SCRY_TARGET_TASKS || !cfg.follow)
		return 0;
	thread = thread__find(parent->pid);
	if (!thread || (thread->state & SCRY_THREAD_HUSH))
		return 0;
	thread = thread__claim(child->pid, child->tgid);
	if (thread) {
		task__write(child, thread, NULL, SCRY_TASK_FORK);
	} else {
		struct scry_ring *ring = ring__this_cpu();

		if (ring)
			__sync_fetch_and_add(&ring->lost[SCRY_LOST_STATE], 1);
	}
	return 0;
}

static __always_inline void stage__move(struct scry_thread *to, struct scry_thread *from)
{
	struct stage *new = bpf_map_lookup_elem(&stages, &to->slot);
	struct stage *old = bpf_map_lookup_elem(&stages, &from->slot);

	if (new &&old)
		bpf_probe_read_kernel(new->data, sizeof(new->data), old->data);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(trace_exec, struct task_struct *task, int old_tid, struct linux_binprm *binary)
{
	struct scry_thread *thread = thread__find(task->pid);

	if (old_tid != task->pid) {
		/* Another thread than the leader executed: it goes on under the leader's tid. */
		struct scry_thread *old = thread__find(old_tid);

		if (old && !thread)
			thread = thread__claim(task->pid, task->tgid);
		if (old && thread) {
			thread->start = old->start;
			thread->nr = old->nr;
			thread->abi = old->abi;
			thread->depot = old->depot;
			old->depot = 0;
			thread->staged = old->staged;
			stage__move(thread, old);
			thread->retry = old->retry;
			thread->flags = old->flags;
			thread->state = old->state;
			__builtin_memcpy(thread->args, old->args, sizeof(thread->args));
		}
		if (old)
			thread__release(old);
	}
	if (!thread)
		return 0;
	thread->state |= SCRY_THREAD_EXECED;
	task__write(task, thread, NULL, SCRY_TASK_EXEC);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(trace_rename, struct task_struct *task, const char *comm)
{
	struct scry_thread *thread = thread__find(task->pid);

	/* At an execve the EXEC record tells. */
	if (thread && (thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, comm, SCRY_TASK_RENAME);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(trace_signal, int number, struct kernel_siginfo *info)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scry_thread *thread = thread__find(task->pid);
	struct writer w;

	/* SIGKILL has no handler and no siginfo: the EXIT record tells. */
	if (!thread || number == SIGKILL || (thread->state & SCRY_THREAD_HUSH) || !ring__begin(&w))
		return 0;
	if (ring__room(&w, sizeof(struct scry_signal))) {
		struct scry_signal *record = (void *)w.base;

		record__head(&w, thread, bpf_ktime_get_ns(), sizeof(*record), number,
			     SCRY_RECORD_SIGNAL, 0);
		/* The head of kernel_siginfo is that of siginfo_t: signo, errno, code, then at 16
		 * the union. */
		bpf_probe_read_kernel(&record->si_errno, 8, (void *)info + 4);
		bpf_probe_read_kernel(record->fields, sizeof(record->fields), (void *)info + 16);
		ring__publish(&w, sizeof(*record), SCRY_RECORD_SIGNAL);
	}
	thread->seq++;
	ring__end(&w);
	return 0;
}

/* Writes the call that a thread will not come back from, or has not yet. */
static __noinline int call__unfinished(struct scry_thread *thread, __u8 flags)
{
	struct writer w;

	if (!thread || !(thread->state & SCRY_THREAD_IN_CALL) || !ring__begin(&w))
		return 0;
	thread->flags |= flags;
	if (!cfg.failed_only && !cfg.errno_filter) {
		__u64 now = bpf_ktime_get_ns();

		if (!cfg.min_duration || now - thread->start >= cfg.min_duration) {
			call__write(&w, thread, plan__of(thread->abi, thread->nr), now, 0, 0);
			thread->seq++;
		}
	}
	call__over(thread);
	ring__end(&w);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_end, struct task_struct *task)
{
	struct scry_thread *thread = thread__find(task->pid);
	struct writer w;

	if (!thread)
		return 0;
	call__unfinished(thread, SCRY_CALL_UNFINISHED);
	if (!(thread->state & SCRY_THREAD_HUSH) && ring__begin(&w)) {
		if (ring__room(&w, sizeof(struct scry_record))) {
			__u8 last = BPF_CORE_READ(task, signal, live.counter) == 0
					    ? SCRY_EXIT_GROUP_DEAD
					    : 0;

			record__head(&w, thread, bpf_ktime_get_ns(), sizeof(struct scry_record),
				     task->exit_code, SCRY_RECORD_EXIT, last);
			ring__publish(&w, sizeof(struct scry_record), SCRY_RECORD_EXIT);
		}
		ring__end(&w);
	}
	thread__release(thread);
	return 0;
}

/* Read once at the end of a run, when the others are detached: calls that have not come back. */
SEC("iter/task")
int trace_in_flight(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scry_thread *thread;

	if (!task)
		return 0;
	thread = thread__find(task->pid);
	if (thread)
		call__unfinished(thread, SCRY_CALL_UNFINISHED | SCRY_CALL_IN_FLIGHT);
	return 0;
}

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
