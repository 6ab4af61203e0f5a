/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_COUNTED_BPF_H
#define SCRY_COUNTED_BPF_H
/*
 * Counting at the kernel's functions of the chosen calls: as function.bpf.h for records. A call
 * that was counted there leaves CALL_SKIP in its thread's slot, so that the tracepoint of returns
 * does not count it again.
 */

#include "jump.bpf.h"

/* The registers' address as a number: slots are found by it. */
static __always_inline __u64 function__regs(__u64 *ctx)
{
	__u64 regs = 0;

	bpf_probe_read_kernel(&regs, sizeof(regs), ctx);
	return function_over ? 0 : regs;
}

static __always_inline int function__enter(__u64 *ctx)
{
	__u64 regs = function__regs(ctx);
	struct slot *slot = slot__at(slot__home(regs));
	__s32 nr = -1;

	if (!slot || !regs)
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)regs + REGS_NR);
	/* A call of the page of old vsyscalls, which the kernel makes itself, has no number. */
	if (nr == -1)
		return 0;
	/* Somebody else changed what is attached to the function that it was in: then the kernel
	 * leaves out what was to run at its return. */
	if (slot->stack == regs && slot->call < CALL_SKIP) {
		struct scry_counts *all = counts__get();

		if (all)
			__sync_fetch_and_add(&all->given_up, 1);
	}
	if (slot->stack == regs && !slot__is_old(slot))
		slot__begin(slot, regs, call__of(slot__status(slot), nr, regs));
	else if (task__may())
		slot__enter(regs, nr);
	return 0;
}

/* The slot's call is over and was counted: the tracepoint is to skip it. */
static __always_inline void function__skip(__u64 regs)
{
	struct slot *slot = slot__find(regs);

	if (slot)
		slot->call = CALL_SKIP;
}

static __always_inline int function__exit(__u64 *ctx, __s64 result)
{
	__u64 regs = function__regs(ctx);
	struct slot *slot = regs ? slot__find(regs) : NULL;

	/* What began before is told of at the tracepoint alone. */
	if (!slot || slot->call >= CALL_SKIP)
		return 0;
	slot__exit(regs, result);
	function__skip(regs);
	return 0;
}

/* Where a task's registers are, as a number. */
static __always_inline __u64 task__regs(struct task_struct *task)
{
	struct pt_regs *at = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 regs = 0;

	bpf_probe_read_kernel(&regs, sizeof(regs), &at);
	return regs;
}

/* As function.bpf.h's: a call that is refused before it comes to its function. */
SEC("?fexit")
int function_refused(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 refused = 0, result = 0, regs;
	struct slot *slot;

	bpf_get_func_ret(ctx, &refused);
	if ((__s32)refused != -1 || function_over || !task__may() || task__is_dispatched(task))
		return 0;
	regs = task__regs(task);
	slot = slot__find(regs);
	/* Of its last call. */
	if (slot)
		slot->call = CALL_NONE;
	bpf_probe_read_kernel(&result, sizeof(result), (void *)regs + REGS_RESULT);
	slot__exit(regs, result);
	function__skip(regs);
	return 0;
}

/* Calls that began before the others were there. */
SEC("?raw_tp/sys_exit")
int function_late(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 regs = ctx->args[0];
	__s64 result = ctx->args[1];

	if (task__may() || slot__find(regs))
		slot__exit(regs, result);
	return 0;
}

/* Writes a byte for each thread of a target that may be in a call that began before the others were
 * there. */
SEC("?iter/task")
int function_before(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scry_thread *thread;
	struct slot *slot;
	__s32 nr = -1;
	__u64 regs;

	if (!task || (task->flags & PF_KTHREAD))
		return 0;
	if (cfg.target == SCRY_TARGET_TASKS) {
		thread = thread__find(task__tid(task));
		if (!thread || (thread->state & SCRY_THREAD_HUSH))
			return 0;
	} else if (!task__wanted(task)) {
		return 0;
	}
	regs = task__regs(task);
	slot = slot__find(regs);
	if (slot && slot->call < CALL_SKIP)
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)regs + REGS_NR);
	if (nr != -1 &&
	    (call__plan(call__of(task__status(task), nr, regs))->flags & SCRY_PLAN_SELECTED))
		bpf_seq_write(ctx->meta->seq, "!", 1);
	return 0;
}

#endif
