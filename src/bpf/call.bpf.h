/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_CALL_BPF_H
#define SCRY_CALL_BPF_H
/* A call between its entry and its record: what is kept in the thread's slot and stage, what is
 * written. */

static __always_inline struct work *work__start(struct scry_ring *ring, struct scry_thread *thread,
						__u64 pos, __u64 room, __s64 result, bool to_record)
{
	struct work *work = (struct work *)ring->work;

	work->pos = pos;
	work->room = room;
	work->result = result;
	work->wide = abi__is_32bit(thread->abi) ? 4 : 8;
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
		order__publish(&depot->owner, 0);
	thread->depot = 0;
}

static __always_inline void call__over(struct scry_thread *thread)
{
	thread->state &= ~SCRY_THREAD_IN_CALL;
	if (thread->depot)
		depot__release(thread);
}

/* Whether calls carry more than memory: then the engine has them all. */
static __always_inline bool call__carries(void)
{
	return RECORD_CARRIES && (cfg.files || cfg.ip || cfg.pids);
}

/* Captures all that a call carries, where the work at hand says. */
static __always_inline void call__capture(struct work *work)
{
	capture__all();
	if (work->follow_first < work->follow_end && !work__stuck(work))
		follow__all();
#if RECORD_CARRIES
	if (call__carries())
		capture__beside();
#endif
}

/* Copies what the plan wants of the caller's memory before the call. */
static __always_inline void call__stage(struct scry_thread *thread)
{
	struct work *work;
	struct writer w;

	if (!ring__claim(&w)) {
		thread->retry = 0xff;
		return;
	}
	work = work__start(w.ring, thread, 0, sizeof(struct stage), 0, 0);
	call__capture(work);
	if (work->full) {
		thread->depot = depot__claim(thread->tid);
		if (thread->depot) {
			work__start(w.ring, thread, 0, sizeof(((struct depot *)0)->data), 0, 0);
			work->depot = thread->depot;
			thread->retry = 0;
			thread->missed = 0;
			call__capture(work);
			if (work->full)
				thread->missed = 1;
		} else {
			thread->retry = 0xff;
			work->pos = 0;
		}
	}
	thread->staged = work->pos;
	ring__release(&w);
}

#define WORDS_COPIED 16

/* Copies a few words without the cost of a helper: some too many, which later writes cover. */
static __always_inline void copy__words(__u64 *to, const __u64 *from, __u64 bytes)
{
#pragma unroll
	for (int i = 0; i < WORDS_COPIED / 2; i++)
		to[i] = from[i];
	if (bytes <= WORDS_COPIED / 2 * 8)
		return;
#pragma unroll
	for (int i = WORDS_COPIED / 2; i < WORDS_COPIED; i++)
		to[i] = from[i];
}

/* Copies what was staged at entry behind the record's `size` bytes. Gives its new size, 0 when
 * full. */
static __always_inline __u64 call__unstage(struct writer *w, struct scry_thread *thread, __u64 size)
{
	__u64 staged = thread->staged;
	__u32 index = thread->depot - 1;

	/* copy__words writes so many at least. */
	if (size + staged + WORDS_COPIED * 8 > w->room)
		return 0;
	if (thread->depot) {
		struct depot *depot = bpf_map_lookup_elem(&depots, &index);

		/* Older verifiers lose the bounds of what waits on the stack. */
		barrier_var(staged);
		if (!depot || staged > sizeof(depot->data) ||
		    bpf_probe_read_kernel(w->base + size, staged, depot->data))
			staged = 0;
	} else {
		struct stage *stage = bpf_map_lookup_elem(&stages, &thread->slot);

		barrier_var(staged);
		if (!stage || staged > sizeof(stage->data))
			staged = 0;
		else if (staged <= WORDS_COPIED * 8)
			copy__words((__u64 *)(w->base + size), (__u64 *)stage->data, staged);
		else if (bpf_probe_read_kernel(w->base + size, staged, stage->data))
			staged = 0;
	}
	return size + staged;
}

/* Whether the call is seen at its exit alone, as all are in that mode. */
static __always_inline bool call__is_late(struct scry_thread *thread)
{
	return cfg.at_exit && (thread->flags & SCRY_CALL_NO_ENTRY);
}

/* Copies what the plan wants of the caller's memory after the call. Gives the record's new size, 0
 * when it does not fit. */
static __always_inline __u64 call__read(struct writer *w, struct scry_thread *thread,
					const struct scry_plan *plan, __u64 size, __s64 result)
{
	bool late = call__is_late(thread);
	struct work *work;
	long plain = -1;

	/* What else there is at exits alone, an execve that failed, is rare. */
	if (call__carries())
		plain = -1;
	else if (!cfg.at_exit)
		plain = plain__read(w, thread, plan, size, result);
	else if (late)
		plain = plain__late(w, thread, plan, size, result);
	if (plain >= 0)
		return size__forget(w->ring, size + plain, 2 * SCRY_RECORD_MAX);
	if (late)
		thread->retry = 0xff;
	work = work__start(w->ring, thread, size, w->room, result, 1);
	call__capture(work);
	if (work->cut || work->full)
		thread->flags |= SCRY_CALL_TRUNCATED;
	return work->full && !RING_CUTS ? 0 : work->pos;
}

/* How long the call that `thread` is in has taken; 0 when its begin was not seen. By the ticks that
 * may seem to be later than this. */
static __always_inline __u64 call__duration(struct scry_thread *thread, __u64 now)
{
	return thread->start && now > thread->start ? now - thread->start : 0;
}

/* What is read at exit: what was staged is there already. */
static __always_inline __u32 call__phases(struct scry_thread *thread)
{
	return call__is_late(thread) && !thread->staged ? SCRY_PLAN_ENTRY | SCRY_PLAN_EXIT
							: SCRY_PLAN_EXIT;
}

/*
 * Writes the record of the call that `thread` is in. The caller holds the ring. A thread that is
 * not back from its call, or has another memory since, is read no more.
 */
static __always_inline void call__write(struct writer *w, struct scry_thread *thread,
					const struct scry_plan *plan, __u64 now, __s64 result,
					bool readable)
{
	bool reads = readable && (call__carries() || thread->retry || thread->missed ||
				  plan__reads(plan, thread, call__phases(thread)));
	struct scry_call *call;
	__u32 nargs = plan->nargs > SCRY_MAX_ARGS ? SCRY_MAX_ARGS : plan->nargs;
	__u64 size = sizeof(*call) + nargs * sizeof(__u64), fixed = size;
	__u64 *args;

	if (reads && !ring__takes(thread, SCRY_PLAN_EXIT))
		reads = 0;
	if (!ring__room(w, sizeof(*call) + SCRY_MAX_ARGS * sizeof(__u64) +
				   (RING_MARGIN ? thread->staged + WORDS_COPIED * 8 +
							  sizeof(struct scry_task)
						: 0) +
				   (reads ? RING_MARGIN : 0)))
		return;
	if (ring__forgot(w, thread)) {
		task__record(w, bpf_get_current_task_btf(), thread, NULL, now, SCRY_TASK_AGAIN);
		thread->seq++;
		ring__advance(w, sizeof(struct scry_task));
	}
	call = (void *)w->base;
	args = (__u64 *)(call + 1);
	/* All six: without a branch for each; what follows is written over those that do
	 * not count. */
#pragma unroll
	for (int i = 0; i < SCRY_MAX_ARGS; i++)
		args[i] = thread->args[i];
	if (thread->staged)
		size = call__unstage(w, thread, size);
	if (!size && RING_CUTS) {
		size = fixed;
		thread->flags |= SCRY_CALL_TRUNCATED;
	}
	if (size && reads)
		size = call__read(w, thread, plan, size, result);
	size = ring__adds(w, thread, size, now, readable);
	if ((thread->retry || thread->missed) && !readable && !(thread->state & SCRY_THREAD_SCRIPT))
		thread->flags |= SCRY_CALL_UNREAD;
	if (!size || size > SCRY_RECORD_MAX) {
		ring__lose(w->ring, size ? SCRY_LOST_SIZE : SCRY_LOST_RING);
		return;
	}
	record__head(w, thread, now, size, thread->nr, SCRY_RECORD_CALL,
		     thread->flags | (cfg.at_exit ? SCRY_CALL_NO_ENTRY : 0));
	call->record.abi = thread->abi;
	call->record.nargs = nargs;
	if (!cfg.durations && RING_CUTS && !cfg.at_exit)
		call->record.flags |= SCRY_CALL_COARSE;
	call->duration = call__duration(thread, now);
	call->result = result;
	ring__publish(w, size, SCRY_RECORD_CALL);
}

/* The thread's slot is for a call from here on. `retry`: what was not read at entry. */
static __always_inline void call__begin(struct task_struct *task, struct scry_thread *thread,
					struct pt_regs *regs, __u32 abi, __u32 nr, __u8 flags,
					__u8 retry)
{
	ring__place(task, thread);
	if (!(thread->state & SCRY_THREAD_ANNOUNCED))
		task__write(task, thread, NULL, SCRY_TASK_FIRST);
	thread->nr = nr;
	thread->abi = abi;
	thread->staged = 0;
	thread->retry = retry;
	thread->missed = 0;
	thread->flags = flags;
	regs__args(regs, abi, thread->args);
	ring__begins(task, thread);
}

/* The number that selects a call: of one behind another number its own. */
static __always_inline __u32 call__selecting(struct pt_regs *regs, __u32 abi, __u32 nr)
{
	return abi__multiplexes(abi, nr) ? behind__nr(nr, regs__first(regs)) : nr;
}

/*
 * Makes a call that came through ia32's socketcall or ipc the one that it is, with its arguments as
 * that one has them. Where those cannot be read it stays what it came as.
 */
static __noinline int call__behind(struct scry_thread *thread)
{
	__u32 call = thread->args[0], nr = behind__nr(thread->nr, call), words[SCRY_MAX_ARGS] = {};
	__u64 first = thread->args[1], second = thread->args[2], third = thread->args[3],
	      pointer = thread->args[4], fifth = thread->args[5];

	if (thread->nr == NR_SOCKETCALL) {
		__u64 length = behind__arguments(call) * sizeof(words[0]);

		barrier_var(length);
		if (length > sizeof(words) || bpf_probe_read_user(words, length, (void *)first))
			return 0;
#pragma unroll
		for (int i = 0; i < SCRY_MAX_ARGS; i++)
			thread->args[i] = words[i];
		goto done;
	}
	thread->args[0] = first;
	thread->args[1] = second;
	thread->args[2] = third;
	switch (call & 0xffff) {
	case 1:	 /* SEMOP */
	case 4:	 /* SEMTIMEDOP */
	case 11: /* MSGSND */
	case 21: /* SHMAT */
		thread->args[1] = pointer;
		thread->args[2] = second;
		thread->args[3] = (call & 0xffff) == 4 ? fifth : third;
		break;
	case 3: /* SEMCTL */
		if (bpf_probe_read_user(words, sizeof(words[0]), (void *)pointer))
			words[0] = pointer;
		thread->args[3] = words[0];
		break;
	case 12: /* MSGRCV */
		words[0] = pointer;
		words[1] = fifth;
		/* struct compat_ipc_kludge */
		if (!(call >> 16) &&
		    bpf_probe_read_user(words, 2 * sizeof(words[0]), (void *)pointer)) {
			thread->args[0] = call;
			thread->args[1] = first;
			thread->args[2] = second;
			return 0;
		}
		thread->args[1] = words[0];
		thread->args[2] = second;
		thread->args[3] = words[1];
		thread->args[4] = third;
		break;
	case 14: /* MSGCTL */
	case 24: /* SHMCTL */
		thread->args[2] = pointer;
		break;
	case 22: /* SHMDT */
		thread->args[0] = pointer;
		break;
	}
done:
	thread->nr = nr;
	thread->flags |= SCRY_CALL_BEHIND;
	return 0;
}

/* What a call behind another number returned: ipc's SHMAT leaves the address in memory. */
static __noinline __s64 behind__result(struct scry_thread *thread, __s64 result)
{
	__u32 address = 0;

	if (result || thread->nr != NR_SHMAT ||
	    bpf_probe_read_user(&address, sizeof(address), (void *)thread->args[3]))
		return result;
	return address;
}

/* A call whose entry was not seen: fills the slot from the registers. Gives its thread, NULL when
 * it is none. */
static __noinline struct scry_thread *call__late(struct task_struct *task, struct pt_regs *regs,
						 __s64 result)
{
	struct scry_thread *thread;
	const struct scry_plan *plan;
	__u32 nr = regs__nr(regs), abi = abi__of(task__status(task), nr);

	if ((__s32)nr == -1)
		return NULL;
	nr = abi__number(abi, nr);
	plan = plan__of(abi, call__selecting(regs, abi, nr));
	/* A new child comes out of its parent's call. */
	if (!(plan->flags & SCRY_PLAN_SELECTED) || (!result && (plan->flags & SCRY_PLAN_FORKS)))
		return NULL;
	/* It may have been one before. */
	if (cfg.target != SCRY_TARGET_TASKS && !task__wanted(task))
		return NULL;
	thread = thread__find(task__tid(task));
	if (!thread)
		thread = thread__first(task);
	if (!thread || (thread->state & SCRY_THREAD_HUSH) || ring__was_muted(task, thread))
		return NULL;
	/* What would have been read at entry is read now. */
	call__begin(task, thread, regs, abi, nr, SCRY_CALL_NO_ENTRY, 0xff);
	if (abi__multiplexes(abi, nr))
		call__behind(thread);
	thread->start = 0;
	return thread;
}

/* Whether only calls that take long are wanted. */
static __always_inline bool call__must_last(void)
{
	return cfg.min_duration || cfg.overs;
}

/* Whether the call has taken as long as it must to be wanted. */
static __always_inline bool call__lasted(struct scry_thread *thread, __u64 now)
{
	return call__duration(thread, now) >= ring__over(thread);
}

/*
 * What changes with each tick of a thread's CPU while it runs, with each that it is switched, and
 * with the kernel's jiffies: a call over which it stays has taken less than a tick, and the clock
 * need not be read. Neither would do alone: where a CPU is taken away from a virtual machine the
 * one may lag, the other be left out.
 */
static __always_inline __u64 call__mark(struct task_struct *task)
{
	return task->se.exec_start ^ bpf_jiffies64() * 0x9e3779b97f4a7c15ULL;
}

/* Whether the call is over sooner than is asked for, as most are: then it is done with. */
static __always_inline bool call__was_short(struct task_struct *task, struct scry_thread *thread)
{
	if (RING_CUTS || !call__must_last())
		return 0;
	if (!(cfg.ticks && thread->cgroup_id == call__mark(task)) &&
	    call__lasted(thread, bpf_ktime_get_ns()))
		return 0;
	call__over(thread);
	return 1;
}

static __always_inline bool call__passes(struct scry_thread *thread, __u64 now, __s64 result)
{
	return (!call__must_last() || call__lasted(thread, now)) && result__passes(result);
}

/* Writes the call that a thread will not come back from, or has not yet. */
static __noinline int call__unfinished(struct scry_thread *thread, __u8 flags)
{
	struct writer w;

	if (!thread || !(thread->state & SCRY_THREAD_IN_CALL) || !ring__begin(&w, thread))
		return 0;
	thread->flags |= flags;
	if (!cfg.failed_only && !cfg.errno_filter) {
		__u64 now = bpf_ktime_get_ns();

		if (!call__must_last() || call__lasted(thread, now)) {
			call__write(&w, thread, plan__of(thread->abi, thread->nr), now, 0, 0);
			thread->seq++;
		}
	}
	call__over(thread);
	ring__end(&w);
	return 0;
}

#endif
