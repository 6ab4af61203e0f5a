/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_FLIGHT_BPF_H
#define SCRY_FLIGHT_BPF_H
/*
 * Where the flight recorder's records go: the same interface as ring.bpf.h, but nobody needs to
 * read. A writer holds its segment by `busy`; the queues of segments and the groups change under
 * one lock, which is taken once for each 16 KB written. See wire.h for the layout and
 * docs/ARCHITECTURE.md for the rules.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load: CPUs */
	__type(key, __u32);
	__type(value, struct scry_ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096); /* set before load: all segments, and SCRY_SEGMENT_PAD */
} arena SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct scry_segment);
} segments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct scry_group);
} groups SEC(".maps");

struct group_path {
	char text[SCRY_GROUP_PATH];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load: as many as groups */
	__type(key, __u32);
	__type(value, struct group_path);
} group_paths SEC(".maps");

/* The group of each cgroup that has one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load: as many as groups */
	__type(key, __u64);
	__type(value, __u32);
} group_of SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scry_flight);
} flight SEC(".maps");

/* A record being written. It lives on the stack. */
struct writer {
	struct scry_ring *ring; /* this CPU's scratch and counters */
	struct scry_segment *segment;
	__u8 *base;
	__u64 room;  /* bytes that may be written at base */
	__u32 index; /* of the segment, + 1 */
	__u32 group;
};

#define RING_CUTS 1
/* ns that a call must take. */
static __always_inline __u64 ring__over(struct scry_thread *thread)
{
	return cfg.min_duration;
}

/* Where the time of calls goes is not kept. */
static __always_inline void ring__begins(struct task_struct *task, struct scry_thread *thread)
{
}
static __always_inline __u64 ring__adds(struct writer *w, struct scry_thread *thread, __u64 size,
					__u64 now, bool readable)
{
	return size;
}
static __always_inline void ring__moves(struct scry_thread *to, struct scry_thread *from)
{
}

static __always_inline void ring__ends(struct task_struct *task, struct scry_thread *thread)
{
}

#define RING_MARGIN 2048 /* what most calls are content with at exit */

#define RECORD_CAP   4096
#define RECORD_LIMIT SCRY_SEGMENT_SIZE
#define DEPOTS	     32

static __always_inline struct scry_ring *ring__this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline struct scry_segment *segment__at(__u32 number)
{
	__u32 index = number - 1;

	return bpf_map_lookup_elem(&segments, &index);
}

static __always_inline struct scry_group *group__at(__u32 index)
{
	return bpf_map_lookup_elem(&groups, &index);
}

static __always_inline struct scry_flight *flight__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&flight, &zero);
}

/* ring->head: where in the arena the record is being written. */
static __always_inline __u8 *ring__at_head(struct scry_ring *ring)
{
	__u32 zero = 0;
	__u8 *base = bpf_map_lookup_elem(&arena, &zero);
	__u64 offset = ring->head;

	if (!base || offset >= cfg.ring_size)
		return NULL;
	return base + offset;
}

static __always_inline void ring__lose(struct scry_ring *ring, __u32 reason)
{
	ring->lost[reason]++;
}

/* Some milliseconds: the holder may have been interrupted, or its CPU taken from the machine. */
#define LOCK_TRIES (1 << 17)

static long lock__try(__u32 i, __u32 *taken)
{
	struct scry_flight *state = flight__get();

	if (state && !*(volatile __u32 *)&state->lock &&
	    !__sync_val_compare_and_swap(&state->lock, 0, 1))
		*taken = 1;
	return *taken != 0;
}

static __always_inline bool flight__lock(void)
{
	__u32 taken = 0;

	bpf_loop(LOCK_TRIES, lock__try, &taken, 0);
	return taken;
}

static __always_inline void flight__unlock(void)
{
	struct scry_flight *state = flight__get();

	if (state)
		order__publish(&state->lock, 0);
}

#include "claim.bpf.h"
#include "segment.bpf.h"

static __always_inline void ring__place(struct task_struct *task, struct scry_thread *thread);

#include "budget.bpf.h"
#include "group.bpf.h"

#endif
