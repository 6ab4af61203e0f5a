/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_FOLLOW_BPF_H
#define SCRY_FOLLOW_BPF_H
/*
 * What a plan copies behind pointers that stand in memory: members of structures, arrays of
 * pointers. They are read where they stand, so that what was copied of them, or not, is all one.
 */

/* A word of the caller's memory. What cannot be read fails the piece at hand. */
__noinline __u64 follow__word(__u64 address, __u32 wide)
{
	struct work *w = work__this_cpu();
	__u64 word = 0;

	if (w && bpf_probe_read_user(&word, wide < 8 ? wide & 7 : 8, (void *)address))
		w->failed = 1;
	return word;
}

/* What a scry_count says; `within`: the structure that a member stands in. */
__noinline __u64 follow__count(__u32 kind, __u32 wide, __u32 count, __u64 within)
{
	struct work *w = work__this_cpu();
	struct scry_thread *thread;

	if (!w)
		return 0;
	switch (kind) {
	case SCRY_AT_ARG:
		thread = bpf_map_lookup_elem(&threads, &w->slot);
		return thread ? thread__arg(thread, count) : 0;
	case SCRY_AT_RESULT:
		return w->result > 0 ? w->result : 0;
	case SCRY_AT_MEMBER:
		return follow__word(within + count, wide);
	}
	return count;
}

/* Whether the structure says that the pointer in it is one. */
static __always_inline bool follow__holds(const struct scry_follow *follow, __u64 within)
{
	__u64 value;

	if (!follow->test)
		return 1;
	value = follow__word(within + follow->test_offset, follow->test_wide) & follow->test_mask;
	if (follow->test == 1)
		return value != 0;
	return (value == follow->test_value) == (follow->test == 2);
}

/* Copies what is at w->address, of a follow whose last pointer stands in `within`. */
static __always_inline void follow__copy(struct work *w, const struct scry_follow *follow,
					 __u64 within)
{
	w->flags = 0;
	w->budget = ~0ULL;
	w->arg = follow->arg;
	if (follow->kind == SCRY_OP_STRING) {
		w->length = follow->flags & SCRY_OP_DATA ? (__u64)cfg.string_max + 2 : cfg.path_max;
		capture__string();
		return;
	}
	w->count = follow__count(follow->length.kind, follow->length.wide, follow->length.count,
				 within);
	if (w->failed)
		return;
	if (follow->kind == SCRY_OP_IOVEC) {
		capture__iovecs();
		return;
	}
	w->length = capture__scaled(w->count, follow->size);
	if ((follow->flags & SCRY_OP_DATA) && w->length > cfg.data_max)
		w->length = cfg.data_max;
	if (w->length > DEPOT_CAP && !w->to_record)
		w->length = DEPOT_CAP;
	if (w->length)
		capture__bytes();
}

/* Element i of the array that w->follow goes over; without one there is one element. */
static long follow__element(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();
	const struct scry_follow *follow;
	struct scry_thread *thread;
	__u64 at, within = 0;

	if (!w)
		return 1;
	thread = bpf_map_lookup_elem(&threads, &w->slot);
	follow = bpf_map_lookup_elem(&follows, &w->follow);
	if (!thread || !follow || (i && !follow->loop))
		return 1;
	w->failed = 0;
	at = thread__arg(thread, follow->arg);
	if (!at || (follow->limit && follow->offset[0] + follow->wide[0] >
					     (__u32)thread__arg(thread, follow->limit - 1)))
		return 1;
#pragma unroll
	for (int hop = 0; hop < SCRY_FOLLOW_HOPS; hop++) {
		if (hop >= follow->hops)
			break;
		if (follow->loop == hop + 1) {
			if (i >= follow__count(follow->elements.kind, follow->elements.wide,
					       follow->elements.count, within) ||
			    w->failed)
				goto over;
			at += (__u64)i * follow->stride;
		}
		within = at;
		if (hop + 1 == follow->hops && !follow__holds(follow, within))
			return 0;
		at = follow__word(at + follow->offset[hop], follow->wide[hop]);
		if (w->failed)
			goto over;
		if (!at)
			return 0;
	}
	w->address = at;
	follow__copy(w, follow, within);
	if (w->failed) {
		w->missed = 1;
		return 0;
	}
	return work__stuck(w) != 0;
over:
	w->missed |= w->failed;
	return 1;
}

/* As capture__step, of the plan's follows: they are tried again together. */
static long follow__step(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();
	const struct scry_follow *follow;
	struct scry_thread *thread;

	if (!w)
		return 1;
	w->follow = w->follow_first + (w->to_record ? i / 2 : i);
	if (w->follow >= w->follow_end)
		return 1;
	thread = bpf_map_lookup_elem(&threads, &w->slot);
	follow = bpf_map_lookup_elem(&follows, &w->follow);
	if (!thread || !follow)
		return 1;
	if (!work__turn(w, follow->flags, i, thread__missed(thread)))
		return 0;
	w->missed = 0;
	bpf_loop(SCRY_FOLLOWED, follow__element, NULL, 0);
	if (!w->to_record && (w->missed || w->cut || (w->full && w->depot)))
		thread->missed = 1;
	if (w->phase == SCRY_PHASE_RETRY && w->missed)
		thread->flags |= SCRY_CALL_UNREAD;
	return work__stuck(w) != 0;
}

/* Runs the follows that capture__all noted. */
__noinline int follow__all(void)
{
	bpf_loop(2 * SCRY_FOLLOWS_MAX, follow__step, NULL, 0);
	return 0;
}

#endif
