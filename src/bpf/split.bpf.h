/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_SPLIT_BPF_H
#define SCRY_SPLIT_BPF_H
/*
 * Where the time of a thread's call goes while it has no CPU. The sums are of the call whose begin
 * they name, and begin anew with the first switch of the next: a call that never leaves its CPU
 * pays nothing for them. Only waits that are long (cfg.long_wait) are looked at closely: where the
 * thread sleeps, who wakes it.
 */

#include "caller.bpf.h"

struct split {
	__u64 call;    /* begin of the call that `sums` are of */
	__u64 left;    /* ns: when it left its CPU; 0: it has one, or that was not seen */
	__u64 woken;   /* ns: when it was woken last since it has had a CPU; 0: it was not */
	__u64 arrived; /* ns: when it got its CPU; 0: not seen */
	__u64 limited; /* ns that its queue has ever been at its cgroup's limit, when it left */
	__u64 minor;   /* faults before the call */
	__u64 major;
	__u64 switches;
	__u32 state; /* when it left; 0: it could have run on */
	__u32 waker;
	__u32 cpu;
	__u32 flags; /* SCRY_SPAN_* */
	struct scry_split sums;
	struct scry_sched sched;
};

/* By the thread's slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct split);
} splits SEC(".maps");

/* By tid: of those that had a long wait lately. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct scry_waits);
} waits SEC(".maps");

struct scratch {
	struct scry_waits empty; /* never written */
	__u64 frames[SCRY_WAKER_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* ns that a call must take, by its place among all; ~0: it is not shown. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, __u64);
} overs SEC(".maps");

static __always_inline struct split *split__of(struct scry_thread *thread)
{
	return bpf_map_lookup_elem(&splits, &thread->slot);
}

/* ns that the thread's call must take. */
static __always_inline __u64 ring__over(struct scry_thread *thread)
{
	__u32 place = plan__place(thread->abi, thread->nr);
	__u64 *over = cfg.overs ? bpf_map_lookup_elem(&overs, &place) : NULL;

	return over ? *over : cfg.min_duration;
}

/* At a call's entry: faults are counted by the kernel. */
static __always_inline void ring__begins(struct task_struct *task, struct scry_thread *thread)
{
	struct split *split;

	if (!cfg.split)
		return;
	split = split__of(thread);
	if (!split)
		return;
	split->minor = task->min_flt;
	split->major = task->maj_flt;
	split->switches = task->nvcsw + task->nivcsw;
	/* It has a CPU, whether it was seen that it got it or not. */
	split->left = 0;
}

/* The sums are of the call that the thread is in from here on. */
static __always_inline void split__settle(struct scry_thread *thread, struct split *split)
{
	if (split->call == thread->start)
		return;
	split->call = thread->start;
	__builtin_memset(&split->sums, 0, sizeof(split->sums));
}

/* ns that the queue which the task runs in has been at the CPU limit of its cgroup, as the queue
 * counts it; up to 6.17 a task that is in a call waits for that, later none does. */
static __always_inline __u64 queue__limited(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->se.cfs_rq) ||
	    !bpf_core_field_exists(struct cfs_rq, throttled_clock_pelt_time))
		return 0;
	return task->se.cfs_rq->throttled_clock_pelt_time;
}

static __always_inline void split__leave(struct task_struct *task, struct split *split, __u64 now,
					 __u32 state)
{
	/* Of a waking before: unless it was woken while it is about to leave. */
	if (!state || task->__state == state)
		split->woken = 0;
	split->left = now;
	split->state = state;
	if (state && BPF_CORE_READ_BITFIELD(task, in_iowait))
		split->state |= SCRY_STATE_IO;
	split->limited = queue__limited(task);
}

/* When a wait ended that began at `left`. */
static __always_inline __u64 split__woken(struct split *split, __u64 now)
{
	__u64 woken = split->woken;

	/* Woken while it was about to leave its CPU: all of it was waiting for one. */
	if (woken && woken < split->left)
		woken = split->left;
	return woken ? woken : now;
}

static __always_inline void sums__wait(struct scry_split *sums, __u32 state, __u64 wait)
{
	sums->blocked += wait;
	sums->waits++;
	if (state & SCRY_STATE_IO)
		sums->io += wait;
	else if (state & (TASK_STOPPED | TASK_TRACED))
		sums->stopped += wait;
	else if (state & TASK_UNINTERRUPTIBLE)
		sums->uninterruptible += wait;
	if (wait > sums->longest)
		sums->longest = wait;
}

/* Adds what the thread does since it left its CPU. */
static __always_inline void sums__add(struct scry_split *sums, struct split *split, __u64 now,
				      __u64 limited)
{
	__u64 woken = split__woken(split, now), queue = now - split->left;

	if (split->state) {
		queue = now - woken;
		sums__wait(sums, split->state, woken - split->left);
		sums->queued += queue;
	} else {
		sums->preempted += queue;
		sums->preemptions++;
	}
	sums->throttled += limited < queue ? limited : queue;
}

/* Whether the current code runs in an interrupt, which is nobody's, by its stack in the kernel: as
 * SCRY_LINK flags. Where a thread itself lets softirqs run, what they do is of its doing. */
static __noinline __u8 interrupt__flag(struct task_struct *current, __u64 *frames)
{
	if (!current->pid)
		return SCRY_LINK_INTERRUPT;
	for (int i = 0; i < SCRY_WAKER_FRAMES; i++) {
		for (int j = 0; j < SCRY_INTERRUPTS; j++) {
			if (frames[i] > cfg.interrupts[j].start &&
			    frames[i] <= cfg.interrupts[j].end)
				return SCRY_LINK_INTERRUPT;
		}
	}
	return frames[SCRY_WAKER_FRAMES - 1] ? SCRY_LINK_UNSURE : 0;
}

/* Who wakes now: the first link of the chain. */
static __always_inline void link__waker(struct scry_link *link, struct task_struct *current,
					__u64 now, __u8 flags)
{
	struct pt_regs *regs;

	link->time = now;
	link->tid = task__tid(current);
	link->tgid = task__tgid(current);
	link->waited = 0;
	__builtin_memcpy(link->comm, current->comm, sizeof(link->comm));
	if (current->flags & PF_KTHREAD) {
		flags |= SCRY_LINK_KERNEL;
	} else if (!(flags & SCRY_LINK_INTERRUPT)) {
		regs = (struct pt_regs *)bpf_task_pt_regs(current);
		if (regs && regs__nr(regs) != -1) {
			__u32 nr = regs__nr(regs), abi = abi__of(task__status(current), nr);

			flags |= SCRY_LINK_IN_CALL;
			link->abi = abi;
			link->nr = abi__number(abi, nr);
			regs__args(regs, abi, link->args);
		}
	}
	link->flags = flags;
}

/* Who wakes the thread that left its CPU at `left`, and what that one had waited for itself. */
static __noinline int waits__chain(struct scry_waits *of, __u64 left, __u64 now)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct scry_link *link = &of->chain[0];
	struct scry_waits *own;
	__u32 site;

	of->links = 1;
	bpf_get_task_stack(current, of->waker, sizeof(of->waker), 0);
	link__waker(link, current, now, interrupt__flag(current, of->waker));
	/* Of another pid namespace, or at its end, it has no id that tells it from others. */
	if ((link->flags & SCRY_LINK_INTERRUPT) || !link->tid)
		return 0;
	own = bpf_map_lookup_elem(&waits, &link->tid);
	if (!own || own == of || !own->longest || own->from + own->longest <= left)
		return 0;
	link->waited = own->longest;
	link->wait_nr = own->nr;
	link->wait_abi = own->abi;
	if (own->call)
		link->flags |= SCRY_LINK_WAIT_CALL;
	site = own->site & (SCRY_SITES - 1);
	bpf_probe_read_kernel(link->frames, sizeof(link->frames), own->sites[site].frames);
	bpf_probe_read_kernel(&of->chain[1], (SCRY_CHAIN - 1) * sizeof(*link), own->chain);
	of->links += own->links < SCRY_CHAIN ? own->links : SCRY_CHAIN - 1;
	return 0;
}

/* The place of a thread's long waits that `frames` are of; a new one; NULL: there is no room. */
static __noinline struct scry_site *waits__site(struct scry_waits *of, __u64 *frames)
{
	__u64 hash = 1;

	for (int i = 0; i < SCRY_SITE_FRAMES; i++)
		hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15ULL;
	if (!hash)
		hash = 1;
	for (int i = 0; i < SCRY_SITES; i++) {
		struct scry_site *site = &of->sites[i];

		if (site->hash == hash)
			return site;
		if (site->hash)
			continue;
		site->hash = hash;
		bpf_probe_read_kernel(site->frames, sizeof(site->frames), frames);
		return site;
	}
	return NULL;
}

/* The long waits of a thread, for a call of such a begin: made, or begun anew. */
static __noinline struct scry_waits *waits__of(__u32 tid, __u64 call, struct scratch *scratch)
{
	struct scry_waits *of = bpf_map_lookup_elem(&waits, &tid);

	if (!of) {
		if (bpf_map_update_elem(&waits, &tid, &scratch->empty, BPF_ANY))
			return NULL;
		of = bpf_map_lookup_elem(&waits, &tid);
		if (!of)
			return NULL;
	}
	if (of->call == call && call)
		return of;
	of->call = call;
	of->longest = 0;
	of->other = 0;
	of->links = 0;
	of->site = SCRY_SITES;
	for (int i = 0; i < SCRY_SITES; i++) {
		of->sites[i].hash = 0;
		of->sites[i].total = 0;
		of->sites[i].longest = 0;
		of->sites[i].waits = 0;
	}
	return of;
}

struct wait {
	__u64 call; /* 0: in no call that is followed */
	__u64 left;
	__u64 now;
	__u32 tid;
	__u32 nr;
	__u32 abi;
	__u32 state;
	bool ended; /* by the current task */
};

/* A long wait of `task`, which sleeps. */
static __noinline int waits__note(struct task_struct *task, struct wait *wait)
{
	__u64 length = wait->now - wait->left;
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	struct scry_waits *of;
	struct scry_site *site;

	if (!scratch)
		return 0;
	of = waits__of(wait->tid, wait->call, scratch);
	if (!of)
		return 0;
	of->nr = wait->nr;
	of->abi = wait->abi;
	if (bpf_get_task_stack(task, scratch->frames, SCRY_SITE_FRAMES * sizeof(__u64), 0) <= 0)
		__builtin_memset(scratch->frames, 0, sizeof(scratch->frames));
	site = waits__site(of, scratch->frames);
	if (site) {
		site->total += length;
		site->waits++;
		if (length > site->longest) {
			site->longest = length;
			site->state = wait->state;
		}
	} else {
		of->other += length;
	}
	if (length <= of->longest)
		return 0;
	of->longest = length;
	of->from = wait->left;
	of->site = site ? ((__u64)site - (__u64)of->sites) / sizeof(*site) : SCRY_SITES;
	of->links = 0;
	if (wait->ended)
		waits__chain(of, wait->left, wait->now);
	return 0;
}

/* A long wait of a thread in a call that is followed. */
static __always_inline void split__note(struct task_struct *task, struct scry_thread *thread,
					struct split *split, __u64 now, bool ended)
{
	struct wait wait = {
		.call = thread->start,
		.left = split->left,
		.now = now,
		.tid = thread->tid,
		.nr = thread->nr,
		.abi = thread->abi,
		.state = split->state,
		.ended = ended,
	};

	waits__note(task, &wait);
}

/* At the end of a run: the wait that a thread is in. */
static __always_inline void split__still(struct task_struct *task, struct scry_thread *thread)
{
	struct split *split;
	__u64 now;

	if (!cfg.split || !(thread->state & SCRY_THREAD_IN_CALL))
		return;
	split = split__of(thread);
	if (!split || !split->left || !split->state || split->woken > split->left)
		return;
	now = bpf_ktime_get_ns();
	if (now - split->left < cfg.long_wait)
		return;
	split__settle(thread, split);
	split__note(task, thread, split, now, 0);
}

/* How many of the switches away from a CPU no program has seen. */
static __always_inline __u32 sums__unseen(struct scry_split *sums, __u64 switches)
{
	__u64 seen = sums->waits + sums->preemptions;

	return switches > seen ? switches - seen : 0;
}

#define SPLIT_AT_MOST (SCRY_RECORD_MAX / 2) /* bytes of a record before what is added here */

/* Adds where the call's time went behind the record's `size` bytes. Gives its new size. */
static __noinline __u64 split__append(struct writer *w, struct scry_thread *thread, __u64 size,
				      __u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct split *split = split__of(thread);
	struct scry_capture *head;
	struct scry_split *sums;
	struct scry_waits *of;
	__u64 start;

	if (!split || size >= SPLIT_AT_MOST ||
	    size + 2 * sizeof(*head) + sizeof(*sums) + sizeof(*of) > w->room)
		return size;
	start = size__forget(w->ring, size, SPLIT_AT_MOST);
	head = (void *)(w->base + start);
	sums = (void *)(head + 1);
	capture__head(head, 0, sizeof(*sums), SCRY_CAPTURE_SPLIT);
	if (split->call == thread->start)
		*sums = split->sums;
	else
		__builtin_memset(sums, 0, sizeof(*sums));
	/* At the end of a run it has no CPU yet. Otherwise it was not seen that it got one: some
	 * kernels do not tell of each switch. */
	if (split->left)
		sums__add(sums, split, now, 0);
	/* What is written at the end of a run is not of the current task. */
	if (!(thread->flags & SCRY_CALL_IN_FLIGHT)) {
		sums->minor_faults = task->min_flt - split->minor;
		sums->major_faults = task->maj_flt - split->major;
		sums->unseen = sums__unseen(sums, task->nvcsw + task->nivcsw - split->switches);
	}
	size += sizeof(*head) + sizeof(*sums);
	of = bpf_map_lookup_elem(&waits, &thread->tid);
	if (!of || of->call != thread->start)
		return size;
	head = (void *)(sums + 1);
	capture__head(head, 0, sizeof(*of), SCRY_CAPTURE_WAITS);
	bpf_probe_read_kernel(head + 1, sizeof(*of), of);
	return size + sizeof(*head) + sizeof(*of);
}

/* What a call carries besides what its plan has. Gives the record's new size. */
static __always_inline __u64 ring__adds(struct writer *w, struct scry_thread *thread, __u64 size,
					__u64 now, bool readable)
{
	if (cfg.split)
		size = split__append(w, thread, size, now);
	if ((cfg.stack_max || cfg.caller) && readable)
		size = caller__append(w, thread, size);
	return size;
}

#endif
