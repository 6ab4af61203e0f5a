/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_RING_BPF_H
#define SCRY_RING_BPF_H
/*
 * One ring for each CPU, one writer at a time, read by user space through mmap. A record is written
 * behind the head and becomes visible when the head moves; it may reach past the ring's end into
 * the room kept there, so that it is always in one piece.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load: CPUs */
	__uint(key_size, 4);
	__uint(value_size, 4096); /* set before load: header, ring, one largest record */
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} bell SEC(".maps");

/* A record being written. It lives on the stack. */
struct writer {
	struct scry_ring *ring;
	__u8 *base;
	__u64 room; /* bytes that may be written at base */
};

static __always_inline struct scry_ring *ring__this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

/* Where the next record goes. */
static __always_inline __u8 *ring__at_head(struct scry_ring *ring)
{
	return (__u8 *)ring + SCRY_RING_HEADER + (ring->head & (cfg.ring_size - 1));
}

static __always_inline void ring__lose(struct scry_ring *ring, __u32 reason)
{
	ring->lost[reason]++;
}

/* How a record that is too large for its room ends: it is lost. */
#define RING_CUTS   0
#define RING_MARGIN 0

#include "claim.bpf.h"

/* Claims the ring for a record of `thread`; must end with ring__end. */
static __always_inline bool ring__begin(struct writer *w, struct scry_thread *thread)
{
	if (!ring__claim(w))
		return 0;
	w->base = ring__at_head(w->ring);
	return 1;
}

/* Where the thread's records go: this CPU's ring, whatever it is. */
static __always_inline void ring__place(struct task_struct *task, struct scry_thread *thread)
{
}

/* Whether the thread's names must be told again, since what follows may outlive what came before.
 */
static __always_inline bool ring__forgot(struct writer *w, struct scry_thread *thread)
{
	return 0;
}

static __always_inline void ring__told(struct writer *w, struct scry_thread *thread)
{
}
static __always_inline void ring__advance(struct writer *w, __u32 size)
{
}

/* What a call may set off: nothing. */
static __always_inline void ring__after_call(struct scry_thread *thread, __u64 now, __s64 result)
{
}
static __always_inline void ring__after_end(struct task_struct *task, struct scry_thread *thread)
{
}

static __always_inline __u64 ring__entry_time(struct scry_thread *thread)
{
	return cfg.durations ? bpf_ktime_get_ns() : 0;
}

/* Nothing is given up. */
static __always_inline bool ring__takes(struct scry_thread *thread, __u8 when)
{
	return 1;
}
static __always_inline bool ring__mutes(struct task_struct *task, struct scry_thread *thread)
{
	return 0;
}
static __always_inline bool ring__was_muted(struct task_struct *task, struct scry_thread *thread)
{
	return 0;
}

/* Room for a record of at least `least` bytes; counts the loss when there is none. */
static __always_inline bool ring__room(struct writer *w, __u32 least)
{
	w->room = cfg.ring_size - (w->ring->head - *(volatile __u64 *)&w->ring->tail);
	if (w->room >= least && w->room <= cfg.ring_size)
		return 1;
	ring__lose(w->ring, SCRY_LOST_RING);
	return 0;
}

static __always_inline void ring__publish(struct writer *w, __u32 size, __u32 kind)
{
	struct scry_ring *ring = w->ring;
	__u64 head = ring->head + size;
	__u32 idle;

	ring->records[kind & 7]++;
	order__publish(&ring->head, head);
	/* The reader sets it and then looks at the head: one of the two sees the other. */
	idle = *(volatile __u32 *)&ring->idle;
	if (idle && (idle == SCRY_IDLE_ANY || head - ring->tail > cfg.ring_size / 2)) {
		__u64 note = 0;

		ring->idle = 0;
		bpf_ringbuf_output(&bell, &note, sizeof(note), BPF_RB_FORCE_WAKEUP);
	}
}

static __always_inline void ring__end(struct writer *w)
{
	ring__release(w);
}

#endif
