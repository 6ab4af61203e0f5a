/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_SEGMENT_BPF_H
#define SCRY_SEGMENT_BPF_H
/* The queues of segments: who has which, who must give one up. All under the lock. */

static __always_inline void queue__push(__u32 *oldest, __u32 *newest, __u32 number)
{
	struct scry_segment *segment = segment__at(number), *last;

	if (!segment)
		return;
	segment->newer = 0;
	last = *newest ? segment__at(*newest) : NULL;
	if (last)
		last->newer = number;
	else
		*oldest = number;
	*newest = number;
}

static __always_inline __u32 queue__pop(__u32 *oldest, __u32 *newest)
{
	__u32 number = *oldest;
	struct scry_segment *segment = number ? segment__at(number) : NULL;

	if (!segment)
		return 0;
	*oldest = segment->newer;
	if (!*oldest)
		*newest = 0;
	return number;
}

#define GIVE_TRIES 8

struct giving {
	__u32 group;
	__u32 number; /* what was found */
};

/* Takes the oldest segment from a group: not one that is being written, and rather not a lane's
 * newest. */
static long segment__give_try(__u32 i, struct giving *giving)
{
	struct scry_group *group = group__at(giving->group);
	struct scry_segment *segment;
	__u32 number;

	if (!group)
		return 1;
	number = queue__pop(&group->oldest, &group->newest);
	segment = number ? segment__at(number) : NULL;
	if (!segment)
		return 1;
	if ((segment->lane && i < GIVE_TRIES / 2) ||
	    __sync_val_compare_and_swap(&segment->busy, 0, bpf_get_smp_processor_id() + 1)) {
		queue__push(&group->oldest, &group->newest, number);
		return 0;
	}
	group->segments--;
	group->overwritten += segment->records;
	if (segment->last > group->horizon)
		group->horizon = segment->last;
	giving->number = number;
	return 1;
}

static __always_inline __u32 segment__give(__u32 group)
{
	struct giving giving = {.group = group};

	bpf_loop(GIVE_TRIES, segment__give_try, &giving, 0);
	return giving.number;
}

struct victim {
	__u64 key;
	__u32 rank;
	__u32 index; /* + 1 */
	__u32 share;
};

/* Whoever is gone gives way first, the longest gone first of all; then who has most beyond its
 * share. */
static long victim__look(__u32 i, struct victim *victim)
{
	struct scry_group *group = group__at(i);
	__u32 rank = 0;
	__u64 key = 0;

	if (!group)
		return 1;
	if (!group->segments)
		return 0;
	if (group->state == SCRY_GROUP_GONE) {
		rank = 2;
		key = ~group->ended;
	} else if (group->segments > victim->share) {
		rank = 1;
		key = group->segments;
	}
	if (rank > victim->rank || (rank && rank == victim->rank && key > victim->key)) {
		victim->rank = rank;
		victim->key = key;
		victim->index = i + 1;
	}
	return 0;
}

/* Nothing remembers what was before `time` of a group that is no more. */
static __always_inline void flight__forget(struct scry_flight *state, __u64 time)
{
	if (time > state->horizon)
		state->horizon = time;
}

/* Makes a group that is gone and has nothing left free for another cgroup. */
static __always_inline void group__reap(struct scry_flight *state, struct scry_group *group)
{
	if (group->state == SCRY_GROUP_GONE && !group->segments) {
		flight__forget(state, group->horizon);
		group->state = SCRY_GROUP_FREE;
		state->groups_used--;
	}
}

static __always_inline __u32 segment__find(struct scry_flight *state, __u32 index,
					   struct scry_group *group)
{
	struct victim victim = {};
	__u32 number;

	if (state->fresh < cfg.segments)
		return ++state->fresh;
	number = queue__pop(&state->free_oldest, &state->free_newest);
	if (number) {
		struct scry_segment *segment = segment__at(number);

		if (segment &&
		    !__sync_val_compare_and_swap(&segment->busy, 0, bpf_get_smp_processor_id() + 1))
			return number;
		/* Its group is gone, a last writer not yet. */
		queue__push(&state->free_oldest, &state->free_newest, number);
	}
	victim.share = cfg.segments / (state->groups_used ? state->groups_used : 1);
	if (group->segments < victim.share || !group->segments) {
		bpf_loop(cfg.groups, victim__look, &victim, 0);
		if (victim.index && victim.index - 1 != index) {
			struct scry_group *other = group__at(victim.index - 1);

			number = segment__give(victim.index - 1);
			if (other)
				group__reap(state, other);
			if (number)
				return number;
		}
	}
	return segment__give(index);
}

/* As many lanes as leave the group a past besides: a power of two. */
static __always_inline __u32 group__lanes(struct scry_flight *state)
{
	__u32 share = cfg.segments / (state->groups_used ? state->groups_used : 1);
	__u32 lanes = 1;

#pragma unroll
	for (__u32 i = 0; i < 5; i++) {
		if (lanes * 4 <= share)
			lanes *= 2;
	}
	return lanes;
}

/* A new segment for the group's lane, held by this CPU. Gives its index + 1; 0 when there is none
 * to be had. */
__noinline __u32 segment__take(__u32 index, __u32 lane)
{
	struct scry_group *group = group__at(index);
	struct scry_flight *state = flight__get();
	struct scry_segment *segment, *before;
	__u32 number = 0;

	if (!group || !state || lane >= SCRY_LANES || !flight__lock())
		return 0;
	before = group->current[lane] ? segment__at(group->current[lane]) : NULL;
	if (before && before->serial == group->serial)
		before->lane = 0;
	if (group->state == SCRY_GROUP_LIVE || group->state == SCRY_GROUP_GONE)
		number = segment__find(state, index, group);
	segment = number ? segment__at(number) : NULL;
	if (segment) {
		segment->busy = bpf_get_smp_processor_id() + 1;
		*(volatile __u32 *)&segment->used = 0;
		segment->records = 0;
		segment->first = 0;
		segment->last = 0;
		/* Clocks are set, and machines sleep: what a time was on the wall is told by its
		 * time. */
		segment->tai = bpf_ktime_get_tai_ns() - bpf_ktime_get_ns();
		segment->lane = lane + 1;
		*(volatile __u32 *)&segment->serial = group->serial;
		/* From here on a reader knows that its copy is void. */
		order__publish(&segment->number, ++state->numbers);
		group->segments++;
		group->lane_mask = group__lanes(state) - 1;
		queue__push(&group->oldest, &group->newest, number);
		group->current[lane] = number;
	}
	flight__unlock();
	return segment ? number : 0;
}

static __always_inline void segment__release(struct scry_segment *segment)
{
	order__publish(&segment->busy, 0);
}

#define HOLD_TRIES 256

struct holding {
	__u32 number;
	__u32 taken;
};

static long segment__hold_try(__u32 i, struct holding *holding)
{
	struct scry_segment *segment = segment__at(holding->number);
	__u32 me = bpf_get_smp_processor_id() + 1;

	if (!segment)
		return 1;
	if (!__sync_val_compare_and_swap(&segment->busy, 0, me))
		holding->taken = 1;
	return holding->taken != 0;
}

/* Waits for another CPU of the same lane. */
__noinline int segment__hold(__u32 number)
{
	struct holding holding = {.number = number};

	bpf_loop(HOLD_TRIES, segment__hold_try, &holding, 0);
	return holding.taken;
}

#endif
