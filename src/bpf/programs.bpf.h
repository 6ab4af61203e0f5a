/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_PROGRAMS_BPF_H
#define SCRY_PROGRAMS_BPF_H
/*
 * The programs that follow threads and write their records, into whatever ring was included before.
 *
 * All but trace_signal_sent, which touches no ring and no scratch, run in the context of a task,
 * and with preemption off, with PREEMPT_RT too: up to 6.12 the kernel calls all probes so
 * (__DO_TRACE), since 6.13 BPF switches it off itself for sys_enter and sys_exit
 * (__BPF_DECLARE_TRACE_SYSCALL). So a CPU's ring and scratch have one writer at a time. Where a
 * later kernel changes that, scry_ring.busy turns an overlap into a counted loss.
 */

/*
 * The two hot programs turn neighbours away and leave the rest to a function, so that a neighbour
 * does not pay for saving the registers which only targets need.
 */
static __noinline int call__enter(struct task_struct *task, struct pt_regs *regs, __u32 nr,
				  struct scry_thread *thread)
{
	__u32 abi = abi__of(task__status(task), nr);
	const struct scry_plan *plan;

	nr = abi__number(abi, nr);
	plan = plan__of(abi, call__selecting(regs, abi, nr));
	if (cfg.target != SCRY_TARGET_TASKS)
		thread = thread__find(task__tid(task));
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
		thread = thread__first(task);
	if (!thread)
		return 0;
	if (ring__mutes(task, thread)) {
		call__over(thread);
		return 0;
	}
	call__begin(task, thread, regs, abi, nr, 0, 0);
	if (abi__multiplexes(abi, nr)) {
		call__behind(thread);
		plan = plan__of(abi, thread->nr);
	}
	if (plan->flags & SCRY_PLAN_STACK)
		thread->args[0] = regs__sp(regs, abi);
	if (call__carries() ||
	    (plan__reads(plan, thread, SCRY_PLAN_ENTRY) && ring__takes(thread, SCRY_PLAN_ENTRY) &&
	     !plain__stage(thread, plan)))
		call__stage(thread);
	if (!RING_CUTS && cfg.ticks)
		thread->cgroup_id = call__mark(task);
	/* Whoever looks at calls in flight sees the flag last. */
	order__publish(&thread->start, ring__entry_time(thread));
	thread->state =
		(thread->state & ~(SCRY_THREAD_EXECED | SCRY_THREAD_SCRIPT)) | SCRY_THREAD_IN_CALL;
	return 0;
}

static __always_inline int enter__run(struct pt_regs *regs, long id)
{
	struct task_struct *task = task__current(regs);
	struct scry_thread *thread = NULL;

	if (cfg.target == SCRY_TARGET_TASKS) {
		thread = thread__find(task__tid(task));
		if (!thread)
			return 0;
	} else if (!task__wanted(task)) {
		return 0;
	}
	return call__enter(task, regs, id, thread);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(trace_enter, struct pt_regs *regs, long id)
{
	return enter__run(regs, id);
}

static __always_inline int call__finish(struct scry_thread *thread, const struct scry_plan *plan,
					__s64 result)
{
	struct writer w;
	__u64 now;

	if (!ring__begin(&w, thread)) {
		thread->seq++;
		call__over(thread);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (thread->flags & SCRY_CALL_BEHIND)
		result = behind__result(thread, result);
	if (call__passes(thread, now, result)) {
		call__write(&w, thread, plan, now, result, !(thread->state & SCRY_THREAD_EXECED));
		thread->seq++;
	}
	call__over(thread);
	ring__end(&w);
	ring__after_call(thread, now, result);
	return 0;
}

static __noinline int call__exit(struct scry_thread *thread, __s64 result)
{
	return call__finish(thread, plan__of(thread->abi, thread->nr), result);
}

/* At the tracepoint of returns: a call whose entry was seen, or not. */
static __always_inline int call__ended(struct task_struct *task, struct pt_regs *regs, __s64 result,
				       struct scry_thread *thread)
{
	if (!thread || !(thread->state & SCRY_THREAD_IN_CALL)) {
		thread = call__late(task, regs, result);
	} else if (call__was_short(task, thread)) {
		return 0;
	}
	return thread ? call__exit(thread, result) : 0;
}

#include "exit.bpf.h"

static __always_inline int exit__run(struct pt_regs *regs, long result)
{
	struct task_struct *task = task__current(regs);
	struct scry_thread *thread = thread__find(task__tid(task));

	if (cfg.at_exit)
		return exit__only(task, regs, result, thread);
	/* What began as a target's call ends as one: a call can change what its thread is. */
	if (!thread && (cfg.target == SCRY_TARGET_TASKS || !task__wanted(task)))
		return 0;
	return call__ended(task, regs, result, thread);
}

/* Whether what happens to the thread is told: at an exit alone also those have a slot of whom
 * nothing is. */
static __always_inline bool thread__tells(struct scry_thread *thread)
{
	return !cfg.at_exit || cfg.target == SCRY_TARGET_TASKS ||
	       (thread->state & SCRY_THREAD_ANNOUNCED);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(trace_exit, struct pt_regs *regs, long result)
{
	return exit__run(regs, result);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(trace_fork, struct task_struct *parent, struct task_struct *child)
{
	struct scry_thread *thread;
	bool told;

	if (cfg.target == SCRY_TARGET_TASKS && !cfg.follow)
		return 0;
	thread = thread__find(task__tid(parent));
	if (thread && (thread->state & SCRY_THREAD_HUSH))
		return 0;
	told = thread && thread__tells(thread);
	if (!told && !(cfg.at_exit && cfg.target != SCRY_TARGET_TASKS))
		return 0;
	/* The other targets are known by what the child is, at its first call at the latest; here a
	 * record tells between which calls of its parent it began. */
	if (cfg.target != SCRY_TARGET_TASKS && !task__wanted(child))
		return 0;
	thread = thread__claim(task__tid(child), task__tgid(child));
	if (thread) {
		if (cfg.at_exit)
			thread->state |= SCRY_THREAD_BACK;
		if (told)
			task__write(child, thread, NULL, SCRY_TASK_FORK);
	} else if (cfg.target == SCRY_TARGET_TASKS) {
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

/* Where calls are seen at their exit alone: an execve whose file is found, before it takes what it
 * was given away. */
static __always_inline int exec__begins(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scry_thread *thread = thread__find(task__tid(task));
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u32 abi, nr;
	const struct scry_plan *plan;

	if (!thread && (cfg.target == SCRY_TARGET_TASKS || !task__wanted(task)))
		return 0;
	plan = regs ? regs__call(task, regs, &abi, &nr) : NULL;
	/* The kernel itself executes programs too. */
	if (!plan || !(plan->flags & SCRY_PLAN_EXECS))
		return 0;
	return call__enter(task, regs, regs__nr(regs), thread);
}

/* Since 6.10. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(trace_execs, struct task_struct *task, struct linux_binprm *binary)
{
	return exec__begins();
}

/* Before it. */
SEC("kprobe/begin_new_exec")
int trace_execs_before(void *ctx)
{
	return exec__begins();
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(trace_exec, struct task_struct *task, int old_tid, struct linux_binprm *binary)
{
	struct scry_thread *thread = thread__find(task__tid(task));

	if (old_tid != task->pid) {
		/* Another thread than the leader executed: it goes on under the leader's tid. */
		struct scry_thread *old = thread__former(task, old_tid);

		if (old && !thread)
			thread = thread__claim(task__tid(task), task__tgid(task));
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
			ring__moves(thread, old);
		}
		if (old)
			thread__release(old);
	}
	if (!thread)
		return 0;
	thread->state |= SCRY_THREAD_EXECED;
	if (binary->interp != binary->filename)
		thread->state |= SCRY_THREAD_SCRIPT;
	task__write(task, thread, NULL, SCRY_TASK_EXEC);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(trace_rename, struct task_struct *task, const char *comm)
{
	struct scry_thread *thread = thread__find(task__tid(task));

	/* At an execve the EXEC record tells. */
	if (thread && (thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, comm, SCRY_TASK_RENAME);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(trace_signal, int number, struct kernel_siginfo *info)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scry_thread *thread = thread__find(task__tid(task));

	/* SIGKILL has no handler and no siginfo: the EXIT record tells. */
	if (!thread || number == SIGKILL || (thread->state & SCRY_THREAD_HUSH))
		return 0;
	if (cfg.at_exit && (thread->state & SCRY_THREAD_ALIKE))
		thread->state |= SCRY_THREAD_NOSYS;
	if (!thread__tells(thread))
		return 0;
	signal__keep(thread, number, &ctx[1]);
	signal__write(thread);
	return 0;
}

/*
 * A signal that ends a process without a core is never delivered: the kernel turns it into a
 * SIGKILL for each thread. So what was sent last is kept for the end. The sender holds the target's
 * lock.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(trace_signal_sent, int number, struct kernel_siginfo *info, struct task_struct *task)
{
	struct scry_thread *thread = thread__find(task__tid(task));

	if (thread && number != SIGKILL)
		signal__keep(thread, number, &ctx[1]);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_end, struct task_struct *task)
{
	struct scry_thread *thread = thread__find(task__tid(task));
	struct writer w;

	task__unsettle(task);
	if (cfg.at_exit && (thread || (cfg.target != SCRY_TARGET_TASKS && task__wanted(task))))
		thread = call__last(task, thread);
	if (!thread)
		return 0;
	call__unfinished(thread, SCRY_CALL_UNFINISHED);
	if (thread->signal && thread->signal == (task->exit_code & 0x7f) && thread__tells(thread))
		signal__write(thread);
	ring__ends(task, thread);
	if (!(thread->state & SCRY_THREAD_HUSH) && thread__tells(thread) &&
	    ring__begin(&w, thread)) {
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
	ring__after_end(task, thread);
	thread__release(thread);
	return 0;
}

#endif
