// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * System calls counted in the kernel: how many, how long, how they failed. No event leaves it; user
 * space reads the rows. A call is counted when it returns. See docs/STAT.md.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "wire.h"
#include "plan.bpf.h"
#include "pidns.bpf.h"
#include "thread.bpf.h"
#include "cgroup.bpf.h"
#include "target.bpf.h"
#include "slot.bpf.h"
#include "row.bpf.h"
#include "dimension.bpf.h"

static __always_inline __u32 slot__status(struct slot *slot)
{
	if (cfg.can_cast) {
		struct task_struct *task = bpf_rdonly_cast(
			(void *)slot->task, bpf_core_type_id_kernel(struct task_struct));

		return task__status(task);
	}
	return task__status(bpf_get_current_task_btf());
}

/* A call as slots and rows have it. */
static __always_inline __u32 call__of(__u32 status, __u32 nr, __u64 regs)
{
	__u32 abi = abi__of(status, nr);

	nr = abi__number(abi, nr);
	if (abi__multiplexes(abi, nr)) {
		__u64 first = 0;

		bpf_probe_read_kernel(&first, sizeof(first), (void *)regs + regs__place(abi, 0));
		nr = behind__nr(nr, first);
	}
	nr = abi__place(abi, nr);
	if (nr >= SCRY_COUNT_NR_NONE)
		nr = nr == ~0U ? SCRY_COUNT_NR_NONE : SCRY_COUNT_NR_MAX;
	return nr | abi << SCRY_COUNT_NR_BITS;
}

static __always_inline const struct scry_plan *call__plan(__u32 call)
{
	return plan__at(call >> SCRY_COUNT_NR_BITS, call & SCRY_COUNT_NR_MAX);
}

static __always_inline bool call__passes(__u64 duration, bool timed, __s64 result)
{
	if (cfg.min_duration && (!timed || duration < cfg.min_duration))
		return 0;
	return result__passes(result);
}

/* Whether the thread may be of another group behind the call; at an execve stat_exec sees it. */
static __always_inline bool call__changes_user(__u32 call)
{
	if (!(cfg.by & SCRY_BY_USER) && cfg.target != SCRY_TARGET_UID)
		return 0;
	return call__sets_user(call >> SCRY_COUNT_NR_BITS, call & SCRY_COUNT_NR_MAX);
}

static __always_inline void slot__set_stale(struct slot *slot)
{
	if (slot)
		__sync_fetch_and_or(&slot->stack, SLOT_STALE);
}

/* Counts the call that the slot's thread comes back from. */
static __always_inline void call__count(struct slot *slot, __u32 call, bool timed, __u64 duration,
					__s64 result)
{
	__u64 key = row__key(slot->group, call);
	__u32 *cached = &slot->rows[call & (SLOT_ROWS - 1)];
	struct scry_count_row *row = row__at(*cached);

	if (call__changes_user(call))
		slot__set_stale(slot);
	if (!call__passes(duration, timed, result))
		return;
	if (!row || row->key != key) {
		*cached = row__find(key);
		row = row__at(*cached);
		if (!row)
			return;
	}
	row__add(row, *cached, timed, duration, result);
}

/* Begins a call in its thread's slot. */
static __always_inline void slot__begin(struct slot *slot, __u64 regs, __u32 call)
{
	if (!cfg.every_call && !(call__plan(call)->flags & SCRY_PLAN_SELECTED)) {
		slot->call = CALL_SKIP;
		/* Its end is not looked at: who the thread is then is looked up at the next. */
		if (call__changes_user(call))
			slot__set_stale(slot);
		return;
	}
	if ((cfg.by & SCRY_BY_FILE) || ((cfg.by & SCRY_BY_OBJECT) && regs__ip(regs) != slot->ip))
		slot__regroup(slot->index, regs, call);
	slot->call = call;
	barrier();
	slot->start = bpf_ktime_get_ns();
}

/* The slot of a target; NULL: it is none, or there is no slot for it. */
static __always_inline struct slot *slot__target(struct task_struct *task, __u64 regs, __u32 call)
{
	struct slot *slot = slot__find(regs);

	if (slot && slot->stack == regs && !slot__is_old(slot))
		return slot;
	if (cfg.target == SCRY_TARGET_TASKS) {
		struct scry_thread *thread = thread__find(task__tid(task));

		if (!thread)
			return NULL;
		if (thread->state & SCRY_THREAD_HUSH) {
			if (!(call__plan(call)->flags & SCRY_PLAN_EXECS))
				return NULL;
			thread->state &= ~SCRY_THREAD_HUSH;
		}
	} else if (!task__wanted(task)) {
		/* It was one: its call in flight is still counted. */
		return slot && slot->call < CALL_SKIP ? slot : NULL;
	}
	if (!slot)
		slot = slot__claim(regs, task);
	if (!slot)
		return NULL;
	slot->stack = regs;
	slot__regroup(slot->index, regs, call);
	return slot;
}

/* A call of a thread that is not found at once: a new one, one that changed, or moved. */
__noinline int slot__enter(__u64 regs, __u32 nr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 call = call__of(task__status(task), nr, regs);
	struct slot *slot = slot__target(task, regs, call);

	if (slot && slot->stack == regs)
		slot__begin(slot, regs, call);
	return 0;
}

/* Whether the current task may be a target: neighbours are turned away here. */
static __always_inline bool task__may(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return cfg.target == SCRY_TARGET_TASKS ? thread__find(task__tid(task)) != NULL
					       : task__wanted(task);
}

SEC("raw_tp/sys_enter")
int stat_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 regs = ctx->args[0];
	__u32 nr = ctx->args[1];
	struct slot *slot = slot__at(slot__home(regs));

	if (!slot)
		return 0;
	if (slot->stack == regs && !slot__is_old(slot))
		slot__begin(slot, regs, call__of(slot__status(slot), nr, regs));
	else if (task__may())
		slot__enter(regs, nr);
	return 0;
}

/* A call that has no slot: counted without a duration, in the group that it belongs to. */
static __noinline int call__count_slotless(struct task_struct *task, __u32 call, __s64 result)
{
	struct scry_count_key key = {};
	struct scry_count_row *row;
	struct scry_counts *all = counts__get();
	__u32 group, index;

	if (!all || !call__passes(0, 0, result))
		return 0;
	__sync_fetch_and_add(&all->slots_full, 1);
	key__of_task(&key, task);
	group = group__get(&key, task, NULL, NULL);
	index = row__find(row__key(group, call));
	row = row__at(index);
	if (row)
		row__add(row, index, 0, 0, result);
	group__put(group);
	return 0;
}

/* Whether the task is a target now: one that waits for its execve is not. */
static __always_inline bool task__counts(struct task_struct *task)
{
	struct scry_thread *thread;

	if (cfg.target != SCRY_TARGET_TASKS)
		return task__wanted(task);
	thread = thread__find(task__tid(task));
	return thread && !(thread->state & SCRY_THREAD_HUSH);
}

/* The number that a call has at its exit; -1: none. */
static __always_inline __s32 exit__nr(__u64 regs, __u32 status, __s64 result)
{
	__s32 nr = -1;

	if (cfg.can_cast) {
		struct pt_regs *typed =
			bpf_rdonly_cast((void *)regs, bpf_core_type_id_kernel(struct pt_regs));

		nr = regs__nr(typed);
	} else {
		bpf_probe_read_kernel(&nr, sizeof(nr), (void *)regs + REGS_NR);
	}
	/* What restored a thread's registers has taken its number with them. */
	if (cfg.at_exit && nr == -1 && result != -ENOSYS)
		return call__restoring(abi__of(status, nr));
	return nr;
}

/* The same at a call's end: also calls that began before the run. */
__noinline int slot__exit(__u64 regs, __s64 result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct slot *slot = slot__find(regs);
	__s32 nr;
	__u32 call;

	if (slot && slot->call == CALL_SKIP) {
		slot->call = CALL_NONE;
		return 0;
	}
	if (slot && slot->call != CALL_NONE) {
		__u64 now = bpf_ktime_get_ns();

		call = slot->call;
		if (slot->stack != regs)
			slot__target(task, regs, call);
		slot->call = CALL_NONE;
		call__count(slot, call, 1, now - slot->start, result);
		return 0;
	}
	nr = exit__nr(regs, task__status(task), result);
	if (nr == -1 && !cfg.at_exit)
		return 0;
	call = call__of(task__status(task), nr, regs);
	/* A new child comes out of its parent's call. */
	if (!(call__plan(call)->flags & SCRY_PLAN_SELECTED) ||
	    (!result && (call__plan(call)->flags & SCRY_PLAN_FORKS)))
		return 0;
	slot = slot__target(task, regs, call);
	if (slot)
		call__count(slot, call, 0, 0, result);
	else if (task__counts(task))
		call__count_slotless(task, call, result);
	return 0;
}

/* Where calls are seen at their exit alone: only counted. */
static __always_inline int exit__count(struct slot *slot, __u64 regs, __s64 result)
{
	__u32 status = slot__status(slot), call;

	call = call__of(status, exit__nr(regs, status, result), regs);
	if (!cfg.every_call && !(call__plan(call)->flags & SCRY_PLAN_SELECTED)) {
		if (call__changes_user(call))
			slot__set_stale(slot);
		return 0;
	}
	if ((cfg.by & SCRY_BY_OBJECT) && regs__ip(regs) != slot->ip)
		slot__regroup(slot->index, regs, call);
	call__count(slot, call, 0, 0, result);
	return 0;
}

SEC("raw_tp/sys_exit")
int stat_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 regs = ctx->args[0];
	__s64 result = ctx->args[1];
	struct slot *slot = slot__at(slot__home(regs));

	if (!slot)
		return 0;
	if (cfg.at_exit) {
		if (slot->stack == regs && !slot__is_old(slot))
			return exit__count(slot, regs, result);
		return task__may() || slot__find(regs) ? slot__exit(regs, result) : 0;
	}
	if (slot->stack == regs && slot->call < CALL_SKIP) {
		__u64 now = bpf_ktime_get_ns();
		__u32 call = slot->call;

		slot->call = CALL_NONE;
		call__count(slot, call, 1, now - slot->start, result);
	} else if (slot->stack == regs || task__may() || slot__find(regs)) {
		slot__exit(regs, result);
	}
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(stat_fork, struct task_struct *parent, struct task_struct *child)
{
	struct scry_thread *thread;

	if (cfg.target != SCRY_TARGET_TASKS || !cfg.follow)
		return 0;
	thread = thread__find(task__tid(parent));
	if (thread && !(thread->state & SCRY_THREAD_HUSH))
		thread__claim(task__tid(child), task__tgid(child));
	return 0;
}

/* The last name of a process or thread is its group's. */
static __always_inline void group__rename(struct slot *slot, struct task_struct *task,
					  const char *comm)
{
	struct scry_count_group *group = group__at(slot->group);

	if (group && slot->group && (cfg.by & (SCRY_BY_THREAD | SCRY_BY_PROCESS)) &&
	    ((cfg.by & SCRY_BY_THREAD) || task->pid == task->tgid))
		bpf_probe_read_kernel_str(group->comm, sizeof(group->comm), comm);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(stat_exec, struct task_struct *task, int old_tid, struct linux_binprm *binary)
{
	struct scry_thread *thread = thread__find(task__tid(task)), *old;
	struct slot *slot = slot__of(task);

	if (cfg.target == SCRY_TARGET_TASKS && old_tid != task->pid) {
		/* Another thread than the leader executed: it goes on under the leader's tid. */
		old = thread__former(task, old_tid);
		if (old && !thread)
			thread__claim(task__tid(task), task__tgid(task));
		if (old)
			thread__release(old);
	}
	/* Its name, user, tid and memory are others. */
	if (slot) {
		group__rename(slot, task, task->comm);
		slot->ip = 0;
		slot__set_stale(slot);
	}
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(stat_rename, struct task_struct *task, const char *comm)
{
	struct slot *slot = slot__of(task);

	if (!slot)
		return 0;
	group__rename(slot, task, comm);
	if ((cfg.by & SCRY_BY_COMM) || cfg.target == SCRY_TARGET_COMM)
		slot__set_stale(slot);
	return 0;
}

/* Only where a cgroup matters. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(stat_moved, struct cgroup *to, const char *path, struct task_struct *task)
{
	struct scry_counts *all = counts__get();

	if (all)
		__sync_fetch_and_add(&all->moves, 1);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(stat_end, struct task_struct *task)
{
	struct scry_thread *thread =
		cfg.target == SCRY_TARGET_TASKS ? thread__find(task__tid(task)) : NULL;
	struct slot *slot = slot__of(task);

	if (thread)
		thread__release(thread);
	if (!slot)
		return 0;
	if ((cfg.by & SCRY_BY_THREAD) ||
	    ((cfg.by & SCRY_BY_PROCESS) && !BPF_CORE_READ(task, signal, live.counter))) {
		struct scry_count_group *group = group__at(slot->group);

		if (group && slot->group)
			group->ended = bpf_ktime_get_ns();
	}
	group__put(slot->group);
	slot->call = CALL_NONE;
	order__publish(&slot->stack, 0);
	return 0;
}

/* Only where durations are those on a CPU: what a thread is away in a call moves its start. */
SEC("tp_btf/sched_switch")
int BPF_PROG(stat_switch, bool preempted, struct task_struct *prev, struct task_struct *next)
{
	struct slot *slot = slot__of(prev);
	__u64 now = 0;

	if (slot && slot->call < CALL_SKIP) {
		now = bpf_ktime_get_ns();
		slot->off_since = now;
	}
	slot = slot__of(next);
	if (slot && slot->off_since) {
		slot->start += (now ?: bpf_ktime_get_ns()) - slot->off_since;
		slot->off_since = 0;
	}
	return 0;
}

#include "counted.bpf.h"

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
