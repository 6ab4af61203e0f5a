/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_BUDGET_BPF_H
#define SCRY_BUDGET_BPF_H
/*
 * What the flight recorder may cost, kept by the programs themselves, since no process of Scry need
 * live. One run in MEASURE_EVERY of the two hot programs is measured by the clock; four times a
 * second whoever notices adds the CPUs' estimates up and gives up detail, or takes it back. Without
 * a budget the programs that measure are not loaded, and the verifier removes the rest.
 *
 * A run is charged with SCRY_DISPATCH_NS besides: a tracepoint makes each call take the kernel's
 * slow way, and leads to the program through a trampoline. Two empty programs add some 110 ns to a
 * call, half of it for each.
 *
 * The programs for forks, ends and signals are not measured: a machine has thousands of calls for
 * each.
 */

/* A prime, so that calls that come in turns, and entries and exits, are met alike. */
#define MEASURE_EVERY 61
/* What a run takes more is another's time: an interrupt, or a CPU taken from the machine. */
#define MEASURE_MOST 16000

#define JUDGE_EVERY   250000000ULL   /* ns */
#define PATIENCE      500000000ULL   /* ns of calm before something comes back, … */
#define PATIENCE_MOST 64000000000ULL /* … twice as long after each time that it was too soon */
#define CALM	      600	     /* thousandths of the budget */
#define WORTH	      100	     /* the same: to give up what costs less would not help */
#define MUTES	      8		     /* cgroups at a time */

static __always_inline bool ring__gave(__u32 what)
{
	struct scry_flight *state = cfg.budget ? flight__get() : NULL;

	return state && state->gave[what == SCRY_GIVEN_MEMORY];
}

/* Whether a call's memory is still copied; marks the record when not. */
static __always_inline bool ring__takes(struct scry_thread *thread, __u8 when)
{
	if (!ring__gave(SCRY_GIVEN_MEMORY))
		return 1;
	/* Triggers look at paths that were copied at entry. */
	if (when == SCRY_PLAN_ENTRY && cfg.pattern_count)
		return 1;
	thread->flags |= SCRY_CALL_TRUNCATED;
	return 0;
}

/* Adds what a thread counted to what its cgroup lost. Threads count for themselves: CPUs that
 * share a number are slow. */
static __always_inline void muted__tell(struct scry_flight *state, struct scry_thread *thread)
{
	__u32 index = thread->given - 1;
	struct scry_given *given;

	if (index < SCRY_GIVENS) {
		given = &state->given[index & (SCRY_GIVENS - 1)];
		if (given->what == SCRY_GIVEN_CGROUP && given->cgroup_id == thread->cgroup_id)
			__sync_fetch_and_add(&given->calls, thread->muted);
	}
	thread->muted = 0;
}

/* Whether the calls of the thread's cgroup are given up; its exit then knows by its state. */
static __always_inline bool ring__mutes(struct task_struct *task, struct scry_thread *thread)
{
	struct scry_flight *state = cfg.budget ? flight__get() : NULL;
	struct scry_group *group;
	__u32 muted;

	if (!state)
		return 0;
	if (!cfg.at_exit && (thread->state & SCRY_THREAD_MUTED))
		thread->state &= ~SCRY_THREAD_MUTED;
	if (!state->muted && !thread->muted)
		return 0;
	ring__place(task, thread);
	group = group__at(thread->group);
	muted = group ? group->muted : 0;
	if (thread->given != muted) {
		muted__tell(state, thread);
		thread->given = muted;
	}
	if (!muted)
		return 0;
	if (!cfg.at_exit)
		thread->state |= SCRY_THREAD_MUTED;
	return 1;
}

/* At the exit of a call whose entry was not kept, or not seen. */
static __always_inline bool ring__was_muted(struct task_struct *task, struct scry_thread *thread)
{
	struct scry_flight *state = cfg.budget ? flight__get() : NULL;

	if (!state)
		return 0;
	if ((cfg.at_exit || !(thread->state & SCRY_THREAD_MUTED)) && !ring__mutes(task, thread))
		return 0;
	if (!cfg.at_exit)
		thread->state &= ~SCRY_THREAD_MUTED;
	if (++thread->muted >= 64)
		muted__tell(state, thread);
	return 1;
}

static __always_inline void ring__tell_muted(struct scry_thread *thread)
{
	struct scry_flight *state = cfg.budget ? flight__get() : NULL;

	if (state && thread->muted)
		muted__tell(state, thread);
}

struct oldest {
	__u64 to;
	__u32 found; /* index + 1 */
};

/* An entry that was not used yet, or the one that is over for longest. */
static long given__look(__u32 i, struct oldest *oldest)
{
	struct scry_flight *state = flight__get();
	struct scry_given *given;

	if (!state || i >= SCRY_GIVENS)
		return 1;
	given = &state->given[i & (SCRY_GIVENS - 1)];
	if (given->what && (!given->to || given->to >= oldest->to))
		return 0;
	oldest->to = given->what ? given->to : 0;
	oldest->found = i + 1;
	return !given->what;
}

/* Notes what is given up from now on. Gives its index + 1; 0 when all entries are of what is still
 * given up. */
static __noinline __u32 given__begin(__u64 now, __u32 what, __u64 cgroup_id)
{
	struct scry_flight *state = flight__get();
	struct oldest oldest = {.to = ~0ULL};
	struct scry_given *given;

	bpf_loop(SCRY_GIVENS, given__look, &oldest, 0);
	if (!state || !oldest.found)
		return 0;
	given = &state->given[(oldest.found - 1) & (SCRY_GIVENS - 1)];
	if (given->what && given->to > state->given_horizon)
		state->given_horizon = given->to;
	order__publish(&given->what, 0);
	given->from = now;
	given->to = 0;
	given->cgroup_id = cgroup_id;
	given->calls = 0;
	given->cost = state->cost;
	order__publish(&given->what, what);
	return oldest.found;
}

static __always_inline void given__end(struct scry_flight *state, __u32 number, __u64 now)
{
	if (number)
		order__publish(&state->given[(number - 1) & (SCRY_GIVENS - 1)].to, now);
}

/* The cgroup's calls are recorded again, or it is no more. */
static __always_inline void group__unmute(struct scry_flight *state, struct scry_group *group,
					  __u64 now)
{
	given__end(state, group->muted, now);
	group->muted = 0;
	__sync_fetch_and_add(&state->muted, -1);
}

/* Groups that were ever used are the first. */
static __always_inline __u32 groups__made(void)
{
	struct scry_flight *state = flight__get();
	__u32 made = state ? state->serials + 1 : 0;

	return made < cfg.groups ? made : cfg.groups;
}

struct judging {
	__u64 now;
	__u64 spent;
	__u64 detail;
	__u64 rate; /* of all cgroups whose calls are recorded */
	__u64 need; /* of that, what is to go */
	__u32 most;
	__u32 found; /* index + 1 */
};

static long judge__sum(__u32 i, struct judging *judging)
{
	struct scry_ring *ring = bpf_map_lookup_elem(&rings, &i);

	if (!ring)
		return 1;
	judging->spent += ring->spent;
	judging->detail += ring->detail;
	return 0;
}

static long judge__rate(__u32 i, struct judging *judging)
{
	struct scry_group *group = group__at(i);
	struct scry_flight *state = flight__get();
	__u32 calls;

	if (!group || !state)
		return 1;
	if (group->state != SCRY_GROUP_LIVE) {
		if (group->muted)
			group__unmute(state, group, judging->now);
		return 0;
	}
	calls = group->calls;
	group->rate = calls - group->calls_before;
	group->calls_before = calls;
	if (!group->muted)
		judging->rate += group->rate;
	return 0;
}

static long judge__highest(__u32 i, struct judging *judging)
{
	struct scry_group *group = group__at(i);

	if (!group)
		return 1;
	if (group->state == SCRY_GROUP_LIVE && !group->muted && group->rate > judging->most) {
		judging->most = group->rate;
		judging->found = i + 1;
	}
	return 0;
}

static long judge__lowest(__u32 i, struct judging *judging)
{
	struct scry_group *group = group__at(i);

	if (!group)
		return 1;
	if (group->muted && group->rate <= judging->most) {
		judging->most = group->rate;
		judging->found = i + 1;
	}
	return 0;
}

/* Of the cgroups that are recorded the one with the most calls. */
static long judge__mute(__u32 i, struct judging *judging)
{
	struct scry_flight *state = flight__get();
	struct scry_group *group;

	judging->most = judging->found = 0;
	bpf_loop(groups__made(), judge__highest, judging, 0);
	group = judging->found ? group__at(judging->found - 1) : NULL;
	if (!state || !group)
		return 1;
	group->muted = given__begin(judging->now, SCRY_GIVEN_CGROUP, group->cgroup_id);
	if (!group->muted)
		return 1;
	__sync_fetch_and_add(&state->muted, 1);
	if (judging->need <= judging->most)
		return 1;
	judging->need -= judging->most;
	return 0;
}

/* One more step: exact durations, memory, then cgroups. */
static __noinline int judge__give(struct judging *judging)
{
	struct scry_flight *state = flight__get();

	if (!state || !judging)
		return 0;
	if (state->returned && judging->now - state->returned < 2 * state->patience)
		state->patience *= 2;
	else if (state->returned || !state->patience)
		state->patience = PATIENCE;
	if (state->patience > PATIENCE_MOST)
		state->patience = PATIENCE_MOST;
	state->returned = 0;
	if (!state->gave[0] && cfg.durations && cfg.may_give) {
		state->gave[0] = given__begin(judging->now, SCRY_GIVEN_DURATIONS, 0);
	} else if (!state->gave[1]) {
		state->gave[1] = given__begin(judging->now, SCRY_GIVEN_MEMORY, 0);
	} else {
		/* As many as are beyond the budget, if all calls cost the same. */
		judging->need = judging->rate * (state->cost - 1000) / state->cost;
		bpf_loop(MUTES, judge__mute, judging, 0);
	}
	return 0;
}

/* One step back. */
static __noinline int judge__return(struct judging *judging)
{
	struct scry_flight *state = flight__get();
	struct scry_group *group;

	if (!state || !judging)
		return 0;
	judging->most = ~0;
	judging->found = 0;
	if (state->muted)
		bpf_loop(groups__made(), judge__lowest, judging, 0);
	group = judging->found ? group__at(judging->found - 1) : NULL;
	if (group) {
		group__unmute(state, group, judging->now);
	} else if (state->gave[1]) {
		given__end(state, state->gave[1], judging->now);
		state->gave[1] = 0;
	} else {
		given__end(state, state->gave[0], judging->now);
		state->gave[0] = 0;
	}
	state->returned = judging->now;
	return 0;
}

/* The cost since the last judgement in thousandths of the budget. */
static __always_inline __u32 judge__cost(__u64 spent, __u64 elapsed)
{
	__u64 ms = elapsed / 1000000, allowed, cost;

	/* Some dozens of calls in a quarter of an hour cost nothing. */
	if (ms > 1000000)
		return 0;
	allowed = cfg.budget * ms / 1000;
	cost = spent * 1000 / (allowed ? allowed : 1);
	return cost > 1000000000 ? 1000000000 : cost;
}

__noinline int budget__judge(__u64 now)
{
	struct scry_flight *state = flight__get();
	struct judging judging = {.now = now};
	__u64 elapsed, detail;

	if (!state || __sync_val_compare_and_swap(&state->judging, 0, 1))
		return 0;
	elapsed = now - state->judged;
	/* Another CPU was first, perhaps by a clock that is a little ahead. */
	if ((__s64)elapsed < (__s64)JUDGE_EVERY)
		goto done;
	bpf_loop(1 << 16, judge__sum, &judging, 0);
	state->cost = state->judged ? judge__cost(judging.spent - state->spent, elapsed) : 0;
	detail = judge__cost(judging.detail - state->detail, elapsed);
	state->judged = now;
	state->spent = judging.spent;
	state->detail = judging.detail;
	if (state->cost > 1000 || state->muted)
		bpf_loop(groups__made(), judge__rate, &judging, 0);
	if (state->cost > 1000) {
		state->calm = 0;
		/* Once may be chance, and rates are known from the second time on. */
		if (++state->overs > 1 && detail > WORTH)
			judge__give(&judging);
		goto done;
	}
	state->overs = 0;
	if (state->cost < CALM && (state->gave[0] || state->gave[1] || state->muted))
		state->calm += elapsed;
	else
		state->calm = 0;
	if (state->calm >= state->patience && state->calm) {
		state->calm = 0;
		judge__return(&judging);
	}
done:
	order__publish(&state->judging, 0);
	return 0;
}

/* When the measured run began; 0: this one is not measured. */
static __always_inline __u64 measure__begin(void)
{
	struct scry_ring *ring = ring__this_cpu();

	if (!ring)
		return 0;
	if (ring->unmeasured) {
		ring->unmeasured--;
		return 0;
	}
	ring->unmeasured = MEASURE_EVERY - 1;
	return bpf_ktime_get_ns();
}

static __noinline int measure__note(struct pt_regs *regs, __u64 began, bool exits)
{
	struct scry_flight *state = flight__get();
	struct scry_ring *ring = ring__this_cpu();
	__u64 now = bpf_ktime_get_ns(), clock = bpf_ktime_get_ns() - now, took = now - began;
	struct scry_thread *thread;
	struct scry_group *group;

	if (!ring || !state)
		return 0;
	/* What the clock takes between two readings, the run did not. */
	took = took > clock ? took - clock : 0;
	if (took > MEASURE_MOST)
		took = MEASURE_MOST;
	ring->spent +=
		(took + (cfg.at_exit ? SCRY_DISPATCH_ALONE_NS : SCRY_DISPATCH_NS)) * MEASURE_EVERY;
	thread = thread__find(task__tid(task__current(regs)));
	if (thread)
		ring->detail += took * MEASURE_EVERY;
	group = thread && exits ? group__at(thread->group) : NULL;
	if (group)
		__sync_fetch_and_add(&group->calls, MEASURE_EVERY);
	if ((__s64)(now - state->judged) >= (__s64)JUDGE_EVERY) {
		budget__judge(now);
		ring->spent += bpf_ktime_get_ns() - now;
	}
	return 0;
}

static __always_inline void measure__end(struct pt_regs *regs, __u64 began, bool exits)
{
	if (began)
		measure__note(regs, began, exits);
}

#endif
