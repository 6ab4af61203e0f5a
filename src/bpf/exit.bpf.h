/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_EXIT_BPF_H
#define SCRY_EXIT_BPF_H
/*
 * Calls that are seen at their exit alone (cfg.at_exit): there is no program on entries, which
 * makes a call cheaper by its dispatch, a lookup and a copy. At exit the registers still have the
 * number and the arguments, and the caller's memory what the call did not write. What only the
 * entry knows is had otherwise: of an execve by a program in its midst, which begins it as an entry
 * would; of a call that never comes back from the registers of its thread. See docs/CAPTURE.md.
 */

/* What a thread is after a return, for the next. */
static __always_inline void thread__back(struct scry_thread *thread, struct pt_regs *regs,
					 bool wanted)
{
	__u8 state = thread->state & ~(SCRY_THREAD_BACK | SCRY_THREAD_ALIKE);

	if (!(state & SCRY_THREAD_IN_CALL))
		state &= ~(SCRY_THREAD_EXECED | SCRY_THREAD_SCRIPT);
	if (wanted)
		state |= SCRY_THREAD_BACK;
	if (regs__in_call(regs))
		state |= SCRY_THREAD_ALIKE;
	if (state != thread->state)
		thread->state = state;
}

/* The number of a call at its exit; -1: there is none. What restored a thread's registers has taken
 * its number with them. */
static __always_inline __u32 exit__nr(struct scry_thread *thread, struct pt_regs *regs, __u32 abi,
				      __s64 result)
{
	/* A test of the result itself would have the verifier follow both ways to the end. */
	result ^= -ENOSYS;
	barrier_var(result);
	if (!result && !(thread && (thread->state & SCRY_THREAD_NOSYS)))
		return -1;
	if (thread)
		thread->state &= ~SCRY_THREAD_NOSYS;
	return call__restoring(abi);
}

/* Stages the mask that a signal handler's end restored: its frame lies where nothing points to any
 * more. */
static __always_inline void exit__stage_mask(struct task_struct *task, struct scry_thread *thread,
					     const struct scry_plan *plan)
{
	struct stage *stage = bpf_map_lookup_elem(&stages, &thread->slot);
	struct scry_capture *head;

	if (!stage || !plan->nops)
		return;
	head = (void *)stage->data;
	*(__u64 *)(head + 1) = task->blocked.sig[0];
	thread->staged = plain__head(head, &plan->ops[0], thread->args[0] + plan->ops[0].other * 8,
				     sizeof(__u64), SCRY_PHASE_RETRY);
}

/* Fills the thread's slot from the registers, of a call that nothing began. Gives the plan that
 * counts for it: another one than `plan` when it came through another number. */
static __always_inline const struct scry_plan *call__fill(struct task_struct *task,
							  struct scry_thread *thread,
							  struct pt_regs *regs, __u32 abi, __u32 nr,
							  const struct scry_plan *plan)
{
	call__begin(task, thread, regs, abi, nr, SCRY_CALL_NO_ENTRY, 0);
	thread->start = 0;
	if (abi__multiplexes(abi, nr)) {
		call__behind(thread);
		plan = plan__of(abi, thread->nr);
	}
	if (plan->flags & SCRY_PLAN_STACK)
		thread->args[0] = regs__sp(regs, abi);
	return plan;
}

/* A call of a target that comes back: filled from the registers, where nothing began it. */
static __always_inline int exit__target(struct task_struct *task, struct pt_regs *regs,
					__s64 result, struct scry_thread *thread, __u32 wanted)
{
	__u32 nr = regs__nr(regs), abi = abi__of(task__status(task), nr);
	const struct scry_plan *plan;
	bool restored = 0;

	if ((__s32)nr == -1) {
		nr = exit__nr(thread, regs, abi, result);
		restored = (__s32)nr != -1;
	}
	nr = abi__number(abi, nr);
	plan = plan__of(abi, call__selecting(regs, abi, nr));
	/* Of who makes no selected call it is known all the same whether the last one began in this
	 * run. */
	if (!thread)
		thread = plan->flags & SCRY_PLAN_SELECTED
				 ? thread__first(task)
				 : thread__claim(task__tid(task), task__tgid(task));
	if (!thread)
		return 0;
	if (thread->state & SCRY_THREAD_HUSH) {
		if (!(plan->flags & SCRY_PLAN_EXECS))
			return 0;
		thread->state &= ~SCRY_THREAD_HUSH;
	}
	thread__back(thread, regs, wanted);
	if (thread->state & SCRY_THREAD_IN_CALL) {
		plan = plan__of(thread->abi, thread->nr);
		goto finish;
	}
	/* A new child comes out of its parent's call. */
	if (!(plan->flags & SCRY_PLAN_SELECTED) || (!result && (plan->flags & SCRY_PLAN_FORKS)))
		return 0;
	if (ring__was_muted(task, thread))
		return 0;
	plan = call__fill(task, thread, regs, abi, nr, plan);
	if (restored && (plan->flags & SCRY_PLAN_STACK))
		exit__stage_mask(task, thread, plan);
finish:
	return call__finish(thread, plan, result);
}

/* A return of the current task; neighbours are turned away here. */
static __always_inline int exit__only(struct task_struct *task, struct pt_regs *regs, __s64 result,
				      struct scry_thread *thread)
{
	bool wanted = cfg.target == SCRY_TARGET_TASKS ? thread != NULL : task__wanted(task);

	/* What began as a target's call ends as one: a call can change what its thread is. */
	if (!wanted && !(thread && (thread->state & (SCRY_THREAD_BACK | SCRY_THREAD_IN_CALL))))
		return 0;
	return exit__target(task, regs, result, thread, wanted);
}

/* A call that its thread is in and that nothing began: begins it, with what its registers say. Its
 * memory is read from outside, if it is there. */
static __always_inline void call__adopt(struct task_struct *task, struct scry_thread *thread,
					struct pt_regs *regs, __u32 abi, __u32 nr)
{
	const struct scry_plan *plan = call__fill(task, thread, regs, abi, nr, plan__of(abi, nr));

	if (plan__reads(plan, thread, SCRY_PLAN_ENTRY))
		thread->retry = 0xff;
	thread->state =
		(thread->state & ~(SCRY_THREAD_EXECED | SCRY_THREAD_SCRIPT)) | SCRY_THREAD_IN_CALL;
}

/* The selected call that the task's registers are those of; NULL: there is none. */
static __always_inline const struct scry_plan *
regs__call(struct task_struct *task, struct pt_regs *regs, __u32 *abi, __u32 *nr)
{
	const struct scry_plan *plan;

	*nr = regs__nr(regs);
	if ((__s32)*nr == -1)
		return NULL;
	*abi = abi__of(task__status(task), *nr);
	*nr = abi__number(*abi, *nr);
	plan = plan__of(*abi, call__selecting(regs, *abi, *nr));
	return plan->flags & SCRY_PLAN_SELECTED ? plan : NULL;
}

/* Whether the thread is in a selected call that began in this run, and that nothing else knows of.
 */
static __always_inline bool regs__pending(struct task_struct *task, struct scry_thread *thread,
					  struct pt_regs *regs, __u32 *abi, __u32 *nr)
{
	if ((thread->state & (SCRY_THREAD_IN_CALL | SCRY_THREAD_HUSH)) ||
	    !(thread->state & SCRY_THREAD_BACK) || !regs__in_call(regs))
		return 0;
	/* Who runs may run its own code. */
	if ((thread->state & SCRY_THREAD_ALIKE) && !task->__state)
		return 0;
	return regs__call(task, regs, abi, nr) != NULL;
}

/* At a thread's end: the call that it ends in. Gives its slot, if it has one or needs one. */
static __noinline struct scry_thread *call__last(struct task_struct *task,
						 struct scry_thread *thread)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u32 abi, nr;

	if (!regs || (thread && (thread->state & (SCRY_THREAD_IN_CALL | SCRY_THREAD_HUSH))) ||
	    !regs__call(task, regs, &abi, &nr))
		return thread;
	if (!call__ends(abi, nr) &&
	    (!REGS_TELL || !thread || (thread->state & SCRY_THREAD_ALIKE) || !regs__in_call(regs)))
		return thread;
	if (!thread)
		thread = thread__first(task);
	else if (!(thread->state & SCRY_THREAD_BACK) && cfg.target != SCRY_TARGET_TASKS)
		return thread;
	if (thread)
		call__adopt(task, thread, regs, abi, nr);
	return thread;
}

#endif
