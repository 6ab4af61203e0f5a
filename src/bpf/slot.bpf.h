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

#define SLOT_STALE                                                                    \
	1 /* in `stack`: what the thread is has changed, its group is looked up again \
	   */

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
	__u32 index; /* its own */
	__u32 tid;
	__u64 pad;
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

static __always_inline struct slot *slot__find(__u64 stack)
{
	for (__u32 probe = 0; probe < SLOT_PROBES; probe++) {
		__u32 index = (slot__home(stack) + probe) & ((1U << cfg.count_slot_bits) - 1);
		struct slot *slot = slot__at(index);

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

static __always_inline struct slot *slot__claim(__u64 stack, struct task_struct *task)
{
	struct scry_counts *all = counts__get();

	if (!all)
		return NULL;
	for (__u32 probe = 0; probe < SLOT_PROBES; probe++) {
		__u32 index = (slot__home(stack) + probe) & ((1U << cfg.count_slot_bits) - 1);
		struct slot *slot = slot__at(index);

		if (!slot || slot->stack ||
		    __sync_val_compare_and_swap(&slot->stack, 0, stack | SLOT_STALE))
			continue;
		slot->call = CALL_NONE;
		slot->group = 0;
		slot->task = (__u64)task;
		slot->off_since = 0;
		slot->ip = 0;
		slot->index = index;
		slot->tid = task->pid;
		all->stack_offset = stack - (__u64)task->stack;
		return slot;
	}
	__sync_fetch_and_add(&all->slots_full, 1);
	return NULL;
}

#endif
