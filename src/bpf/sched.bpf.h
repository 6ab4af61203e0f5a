/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_SCHED_BPF_H
#define SCRY_SCHED_BPF_H
/*
 * The programs on the scheduler: each switch and each waking of the machine runs them, so whoever
 * is not followed is turned away first. The scheduler holds locks and has interrupts off.
 */

/* When threads that are not followed fell asleep, where it is asked who woke a waker. By tid. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, __u64);
} asleep SEC(".maps");

/* Whether each switch of a followed thread counts, not only those in a call. */
static __always_inline bool sched__all(void)
{
	return cfg.spans || cfg.sums;
}

/* The slot of a thread whose switch counts. Where all of them do, it may have made no call yet. */
static __always_inline struct scry_thread *sched__thread(struct task_struct *task)
{
	__u32 tid = task__tid(task);
	struct scry_thread *thread;

	/* The idle task has the id of free slots. */
	if (!tid)
		return NULL;
	thread = thread__find(tid);
	if (!sched__all())
		return thread && (thread->state & SCRY_THREAD_IN_CALL) ? thread : NULL;
	if (!thread && cfg.target != SCRY_TARGET_TASKS && !(task->flags & PF_EXITING) &&
	    task__wanted(task))
		thread = thread__claim(tid, task__tgid(task));
	return thread;
}

static __always_inline void sched__slept(struct task_struct *task, __u64 now)
{
	__u32 tid = task__tid(task);

	if (tid)
		bpf_map_update_elem(&asleep, &tid, &now, BPF_ANY);
}

/* A thread gets its CPU: a record of what it did without one. */
static __noinline int span__write(struct task_struct *task, struct scry_thread *thread,
				  struct split *split, __u64 now, __u8 open)
{
	struct scry_span *record;
	struct writer w;

	if (!(thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, NULL, SCRY_TASK_FIRST);
	if (!ring__begin(&w, thread))
		return 0;
	if (ring__room(&w, sizeof(*record))) {
		record = (void *)w.base;
		/* The ring is in order of time. */
		record__head(&w, thread, bpf_ktime_get_ns(), sizeof(*record),
			     split->state & ~SCRY_STATE_IO, SCRY_RECORD_SPAN,
			     (split->state ? 0 : SCRY_SPAN_PREEMPTED) |
				     (split->state & SCRY_STATE_IO ? SCRY_SPAN_IO : 0) |
				     (split->woken ? split->flags : 0) | open);
		record->left = split->left;
		record->woken = split->state ? split->woken : 0;
		record->waker = record->woken ? split->waker : 0;
		record->cpu = bpf_get_smp_processor_id();
		ring__publish(&w, sizeof(*record), SCRY_RECORD_SPAN);
	}
	thread->seq++;
	ring__end(&w);
	return 0;
}

static __always_inline void sched__left(struct split *split, __u64 now, __u32 state)
{
	struct scry_sched *sums = &split->sched;

	if (!sums->since)
		sums->since = now;
	if (split->arrived)
		sums->running += now - split->arrived;
	if (!state)
		sums->preemptions++;
	split->cpu = bpf_get_smp_processor_id();
}

static __always_inline void sched__arrived(struct split *split, __u64 now)
{
	struct scry_sched *sums = &split->sched;
	__u64 delay;

	if (!sums->since)
		sums->since = now;
	sums->switches++;
	if (!split->left) {
		/* It was asleep before the run began: how long it has waited for a CPU is known. */
		if (!split->woken)
			return;
		delay = now - split->woken;
	} else {
		delay = now - (split->state ? split__woken(split, now) : split->left);
		sums->blocked += now - split->left - delay;
		if (split->cpu != bpf_get_smp_processor_id())
			sums->migrations++;
	}
	sums->delays++;
	sums->delay += delay;
	if (delay > sums->worst) {
		sums->worst = delay;
		sums->worst_end = now;
	}
}

SEC("tp_btf/sched_switch")
int BPF_PROG(trace_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	struct scry_thread *thread = sched__thread(prev);
	__u32 state = preempt ? 0 : prev_state;
	struct split *split;
	__u64 now = 0;

	if (thread) {
		split = split__of(thread);
		if (split) {
			now = bpf_ktime_get_ns();
			/* Some kernels do not tell of each switch: it has had a CPU since it was
			 * woken. */
			if (cfg.split && split->left && (thread->state & SCRY_THREAD_IN_CALL)) {
				split__settle(thread, split);
				sums__add(&split->sums, split, split__woken(split, now), 0);
			}
			if (sched__all())
				sched__left(split, now, state);
			split__leave(prev, split, now, state);
		}
	} else if (cfg.chain && state && prev->pid) {
		now = bpf_ktime_get_ns();
		sched__slept(prev, now);
	}
	thread = sched__thread(next);
	if (!thread)
		return 0;
	split = split__of(thread);
	if (!split)
		return 0;
	if (!now)
		now = bpf_ktime_get_ns();
	if (cfg.split && split->left && (thread->state & SCRY_THREAD_IN_CALL)) {
		__u64 limited = queue__limited(next) - split->limited;

		split__settle(thread, split);
		/* Another queue, of another CPU, counts for itself. */
		sums__add(&split->sums, split, now, (__s64)limited > 0 ? limited : 0);
	}
	if (sched__all())
		sched__arrived(split, now);
	if (cfg.spans)
		span__write(next, thread, split, now, 0);
	split->left = 0;
	split->woken = 0;
	split->arrived = now;
	return 0;
}

/* A thread that is not followed wakes, after a long wait: who woke it is remembered. */
static __noinline int chain__note(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct wait wait = {.tid = task__tid(task), .ended = 1};
	__u64 *left = bpf_map_lookup_elem(&asleep, &wait.tid);

	if (!left || !*left)
		return 0;
	wait.now = bpf_ktime_get_ns();
	wait.left = *left;
	*left = 0;
	if (wait.now - wait.left < cfg.long_wait)
		return 0;
	wait.state = task->__state;
	if (regs && !(task->flags & PF_KTHREAD) && regs__nr(regs) != -1) {
		wait.abi = abi__of(task__status(task), regs__nr(regs));
		wait.nr = abi__number(wait.abi, regs__nr(regs));
		/* Each wait by itself: no call's begin is known. */
		wait.call = wait.left;
	}
	waits__note(task, &wait);
	return 0;
}

/* Who wakes: its stack tells whether it is an interrupt. */
static __noinline int sched__waker(struct split *split)
{
	struct task_struct *current = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	split->waker = task__tid(current);
	split->flags = 0;
	if (!scratch)
		return 0;
	bpf_get_task_stack(current, scratch->frames, sizeof(scratch->frames), 0);
	if (interrupt__flag(current, scratch->frames) & SCRY_LINK_INTERRUPT)
		split->flags = SCRY_SPAN_INTERRUPT;
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(trace_waking, struct task_struct *task)
{
	struct scry_thread *thread = thread__find(task__tid(task));
	struct split *split;
	__u64 now;

	if (!thread || (!sched__all() && !(thread->state & SCRY_THREAD_IN_CALL))) {
		if (cfg.chain && task->pid)
			chain__note(task);
		return 0;
	}
	split = split__of(thread);
	if (!split || (split->left && !split->state))
		return 0;
	now = bpf_ktime_get_ns();
	split->woken = now;
	if (cfg.spans)
		sched__waker(split);
	if (cfg.split && split->left && (thread->state & SCRY_THREAD_IN_CALL) &&
	    now - split->left >= cfg.long_wait) {
		split__settle(thread, split);
		split__note(task, thread, split, now, 1);
	}
	return 0;
}

/* A new thread waits for its first CPU. */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(trace_waking_new, struct task_struct *task)
{
	struct scry_thread *thread = sched__all() ? sched__thread(task) : NULL;
	struct split *split = thread ? split__of(thread) : NULL;

	if (!split)
		return 0;
	/* The slot may have been another's. */
	__builtin_memset(split, 0, sizeof(*split));
	split->woken = bpf_ktime_get_ns();
	split->waker = task__tid(bpf_get_current_task_btf());
	split->sched.since = split->woken;
	return 0;
}

/* ns: when the run ended, before the programs were detached one by one; 0: it goes on. */
__u64 run_ended SEC(".data.run");

static __always_inline __u64 time__since(__u64 from, __u64 now)
{
	return from < now ? now - from : 0;
}

/* A thread's sums, at its end or the run's; what it still does is added. */
static __noinline int sched__write(struct task_struct *task, struct scry_thread *thread)
{
	struct split *split = split__of(thread);
	struct scry_sched_sums *record;
	struct writer w;
	__u64 now;

	if (!split || !split->sched.since)
		return 0;
	if (!(thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, NULL, SCRY_TASK_FIRST);
	if (!ring__begin(&w, thread))
		return 0;
	if (ring__room(&w, sizeof(*record))) {
		record = (void *)w.base;
		now = bpf_ktime_get_ns();
		record__head(&w, thread, now, sizeof(*record), 0, SCRY_RECORD_SCHED, 0);
		record->sums = split->sched;
		if (run_ended)
			now = run_ended;
		if (!split->left && split->arrived)
			record->sums.running += time__since(split->arrived, now);
		else if (split->left && split->state && !split->woken)
			record->sums.blocked += time__since(split->left, now);
		ring__publish(&w, sizeof(*record), SCRY_RECORD_SCHED);
	}
	thread->seq++;
	ring__end(&w);
	return 0;
}

/* At the end of a run: what the thread does without a CPU, its sums. */
static __always_inline void sched__still(struct task_struct *task, struct scry_thread *thread)
{
	struct split *split = sched__all() ? split__of(thread) : NULL;

	if (!split)
		return;
	if (cfg.spans && split->left)
		span__write(task, thread, split, 0, SCRY_SPAN_OPEN);
	if (cfg.sums)
		sched__write(task, thread);
}

/* A thread goes on under another's tid, in its slot. */
static __always_inline void ring__moves(struct scry_thread *to, struct scry_thread *from)
{
	struct split *new, *old;
	struct scry_waits *of;

	if (!cfg.split && !sched__all())
		return;
	new = split__of(to);
	old = split__of(from);
	if (!new || !old)
		return;
	/* Left under the one tid, and back under the other. */
	if (old->left) {
		split__settle(to, old);
		sums__add(&old->sums, old, bpf_ktime_get_ns(), 0);
		old->left = 0;
		old->woken = 0;
	}
	bpf_probe_read_kernel(new, sizeof(*new), old);
	__builtin_memset(old, 0, sizeof(*old));
	of = bpf_map_lookup_elem(&waits, &from->tid);
	if (of)
		bpf_map_update_elem(&waits, &to->tid, of, BPF_ANY);
}

/* At a thread's end, before it is told. */
static __always_inline void ring__ends(struct task_struct *task, struct scry_thread *thread)
{
	struct split *split;

	if (cfg.sums)
		sched__write(task, thread);
	if (!cfg.split && !sched__all())
		return;
	split = split__of(thread);
	if (split)
		__builtin_memset(split, 0, sizeof(*split));
}

#endif
