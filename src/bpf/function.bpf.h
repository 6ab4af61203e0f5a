/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_FUNCTION_BPF_H
#define SCRY_FUNCTION_BPF_H
/*
 * Calls seen at the kernel's own functions of the chosen ones, so that no other call pays for it.
 * Each function has two small programs, one at its entry and one at its return, which jump (a tail
 * call) to the ones here, each loaded once. The kernel lets programs jump to one another only when
 * their functions have the same prototype, and there are two: whose parameter is named, and not.
 *
 * What those do not see, others do:
 *   - a call that is refused before it reaches its function, by a filter (seccomp) or by a tracer
 *     that makes the calls itself (PTRACE_SYSEMU): at the return of what refuses it;
 *   - a call that a thread is in when this begins: at the tracepoint of returns, to which a program
 *     is attached until no target is in such a call any more.
 *
 * The kernel leaves such a program out where it is running on the same CPU already: user space
 * attaches them only where a program cannot be preempted.
 */

#include "jump.bpf.h"

/* The current task if it may be a target; what it is in is in its thread's slot. */
static __always_inline struct task_struct *function__task(struct scry_thread **thread)
{
	struct task_struct *task = bpf_get_current_task_btf();

	*thread = function_over ? NULL : thread__find(task__tid(task));
	if (function_over || (!*thread && (cfg.target == SCRY_TARGET_TASKS || !task__wanted(task))))
		return NULL;
	return task;
}

static __always_inline int function__enter(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct scry_thread *thread;
	struct task_struct *task = function__task(&thread);

	/* A call of the page of old vsyscalls, which the kernel makes itself, has no number. */
	if (!task || regs__nr(regs) == -1)
		return 0;
	/* It may have been a target, and still have its slot. */
	if (cfg.target != SCRY_TARGET_TASKS && thread && !task__wanted(task))
		return 0;
	if (thread && (thread->state & SCRY_THREAD_IN_CALL)) {
		/* Somebody else changed what is attached to the function that it was in: then the
		 * kernel leaves out what was to run at its return. */
		struct scry_ring *ring = ring__this_cpu();

		thread->seq++;
		if (ring)
			__sync_fetch_and_add(&ring->lost[SCRY_LOST_NESTED], 1);
	}
	return call__enter(task, regs, regs__nr(regs), thread);
}

/* As the tracepoint has it: of a 32-bit program on arm64 the sign is that of 32 bits. */
static __always_inline __s64 function__result(struct scry_thread *thread, __s64 result)
{
#if defined(__TARGET_ARCH_arm64)
	if (abi__is_32bit(thread->abi))
		return (__s32)result;
#endif
	return result;
}

static __always_inline int function__exit(__u64 *ctx, __s64 result)
{
	struct scry_thread *thread;
	struct task_struct *task = function__task(&thread);

	if (!task || !thread || !(thread->state & SCRY_THREAD_IN_CALL))
		return 0;
	thread->state |= SCRY_THREAD_TOLD;
	return call__exit(thread, function__result(thread, result));
}

/*
 * At the return of what refuses calls, before they come to their functions: -1. Their results stand
 * in the registers then. A call that goes to a signal's handler instead (a dispatch to user space)
 * is none, as it is at the tracepoints.
 */
SEC("?fexit")
int function_refused(void *ctx)
{
	struct scry_thread *thread;
	struct task_struct *task;
	struct pt_regs *regs;
	__u64 refused = 0;

	bpf_get_func_ret(ctx, &refused);
	if ((__s32)refused != -1)
		return 0;
	task = function__task(&thread);
	if (!task || task__is_dispatched(task))
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	thread = call__late(task, regs, regs__result(regs));
	if (!thread)
		return 0;
	thread->state |= SCRY_THREAD_TOLD;
	return call__exit(thread, function__result(thread, regs__result(regs)));
}

/* Calls that began before the others were there. */
SEC("?tp_btf/sys_exit")
int BPF_PROG(function_late, struct pt_regs *regs, long result)
{
	struct scry_thread *thread;
	struct task_struct *task = function__task(&thread);

	if (!task)
		return 0;
	if (thread && (thread->state & SCRY_THREAD_TOLD)) {
		thread->state &= ~SCRY_THREAD_TOLD;
		return 0;
	}
	return call__ended(task, regs, result, thread);
}

/* Writes a byte for each thread of a target that may be in a call that began before the others were
 * there. */
SEC("?iter/task")
int function_before(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scry_thread *thread;
	struct pt_regs *regs;
	__u32 nr, abi;

	if (!task || (task->flags & PF_KTHREAD))
		return 0;
	thread = thread__find(task__tid(task));
	if (thread ? thread->state & (SCRY_THREAD_IN_CALL | SCRY_THREAD_HUSH)
		   : cfg.target == SCRY_TARGET_TASKS || !task__wanted(task))
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	nr = regs__nr(regs);
	if ((__s32)nr == -1)
		return 0;
	abi = abi__of(task__status(task), nr);
	nr = abi__number(abi, nr);
	if (plan__of(abi, call__selecting(regs, abi, nr))->flags & SCRY_PLAN_SELECTED)
		bpf_seq_write(ctx->meta->seq, "!", 1);
	return 0;
}

#endif
