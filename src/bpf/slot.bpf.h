/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_SLOT_BPF_H
#define SCRY_SLOT_BPF_H
/*
 * What is known of a thread between its calls and in them. A thread is recognized by where its
 * registers lie on its kernel stack, which the tracepoints hand over: asking for the current task
 * costs more than all else that is done here. A slot belongs to its thread until that ends.
 */

#define SLOT_PROBES 4
#define SLOT_ROWS   16

/* In `stack`: what the thread is has changed, its group is looked up again. */
#define SLOT_STALE 1

#define CALL_NONE 0xffffffff /* in no call */
#define CALL_SKIP 0xfffffffe /* in one that is not wanted */

struct slot {
	__u64 stack; /* address of the registers; 0: free */
	__u64 start; /* ns */
	__u64 task;
	__u64 off_since; /* ns, when it left its CPU in a call; 0: it did not */
	__u64 ip;	 /* of the code whose object `group` is of */
	__u32 call;	 /* nr | abi << SCRY_COUNT_NR_BITS, or CALL_* */
	__u32 group;
	__u32 index;  /* its own */
	__u32 epoch;  /* of the cgroups when its group was looked up */
	__u32 probed; /* a thread that this slot was the first for has had to go to another; stays
		       */
	__u32 rows[SLOT_ROWS]; /* of its last calls, by their numbers' low bits */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8192); /* set before load */
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scry_counts);
} counts SEC(".maps");

static __always_inline struct scry_counts *counts__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counts, &zero);
}

static __always_inline struct slot *slot__at(__u32 index)
{
	return bpf_map_lookup_elem(&slots, &index);
}

/* Where a thread's slot is looked for first. */
static __always_inline __u32 slot__home(__u64 stack)
{
	/* Fibonacci hashing; the low bits are the same for all. */
	return (stack >> 12) * 0x9e3779b97f4a7c15ULL >> (64 - cfg.count_slot_bits);
}

static __always_inline struct slot *slot__probe(__u64 stack, __u32 probe)
{
	return slot__at((slot__home(stack) + probe) & ((1U << cfg.count_slot_bits) - 1));
}

static __always_inline struct slot *slot__find(__u64 stack)
{
	struct slot *slot = slot__probe(stack, 0);

	if (!slot || (slot->stack & ~(__u64)SLOT_STALE) == stack)
		return slot;
	if (!slot->probed)
		return NULL;
	for (__u32 probe = 1; probe < SLOT_PROBES; probe++) {
		slot = slot__probe(stack, probe);
		if (slot && (slot->stack & ~(__u64)SLOT_STALE) == stack)
			return slot;
	}
	return NULL;
}

/* Of a task that is not the current one. */
static __always_inline struct slot *slot__of(struct task_struct *task)
{
	struct scry_counts *all = counts__get();

	return all && all->stack_offset ? slot__find((__u64)task->stack + all->stack_offset) : NULL;
}

/* Whether what the thread's cgroup is may have changed: a move is told of one thread of a process
 * alone. */
static __always_inline bool slot__is_old(struct slot *slot)
{
	struct scry_counts *all;

	if (!(cfg.by & SCRY_BY_CGROUP) && cfg.target != SCRY_TARGET_CGROUP &&
	    cfg.target != SCRY_TARGET_CGROUP_V1)
		return 0;
	all = counts__get();
	return all && slot->epoch != all->moves;
}

static __always_inline struct slot *slot__claim(__u64 stack, struct task_struct *task)
{
	struct scry_counts *all = counts__get();

	if (!all)
		return NULL;
	for (__u32 probe = 0; probe < SLOT_PROBES; probe++) {
		struct slot *slot = slot__probe(stack, probe);

		if (!slot)
			break;
		if (slot->stack ||
		    __sync_val_compare_and_swap(&slot->stack, 0, stack | SLOT_STALE)) {
			if (!probe)
				slot->probed = 1;
			continue;
		}
		slot->call = CALL_NONE;
		slot->group = 0;
		slot->task = (__u64)task;
		slot->off_since = 0;
		slot->ip = 0;
		slot->index = (slot__home(stack) + probe) & ((1U << cfg.count_slot_bits) - 1);
		all->stack_offset = stack - (__u64)task->stack;
		return slot;
	}
	return NULL;
}

#endif
