/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_CURRENT_BPF_H
#define SCRY_CURRENT_BPF_H
/*
 * The current task, known by where its registers lie on its kernel stack, which the tracepoints of
 * calls hand over: asking for it costs a helper's call in each program, for neighbours too. A home
 * is its task's until that ends.
 */

struct home {
	__u64 regs; /* 0: free; 1: being taken */
	__u64 task;
};

struct cell {
	__u64 number;
	__u64 pad[7]; /* a cache line each */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before load: as many as threads */
	__type(key, __u32);
	__type(value, struct home);
} homes SEC(".maps");

/* A CPU's cell: what goes in as a pointer comes out as a number, which the verifier lets be hashed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before load: CPUs */
	__type(key, __u32);
	__type(value, struct cell);
} cells SEC(".maps");

/* From a task's stack to its registers: the same for all. Not in .bss, which user space maps. */
__u64 regs_offset SEC(".bss.current");

static __always_inline struct home *home__of(__u64 regs)
{
	/* Fibonacci hashing; the low bits are the same for all. */
	__u32 index = ((regs >> 12) * 0x9e3779b97f4a7c15ULL >> 32) & cfg.thread_mask;

	return bpf_map_lookup_elem(&homes, &index);
}

__noinline int task__settle(__u64 regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct home *home = home__of(regs);

	if (home && !home->regs && !__sync_val_compare_and_swap(&home->regs, 0, 1)) {
		home->task = (__u64)task;
		regs_offset = regs - (__u64)task->stack;
		order__publish(&home->regs, regs);
	}
	return 0;
}

static __always_inline __u64 task__address(struct pt_regs *at)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct cell *cell = bpf_map_lookup_elem(&cells, &cpu);
	struct home *home;
	__u64 regs, read;

	if (!cell)
		return bpf_get_current_task();
	*(volatile __u64 *)&cell->number = (__u64)at;
	read = regs = *(volatile __u64 *)&cell->number;
	/* The compiler would go on with the pointer that it is equal to. */
	barrier_var(read);
	/* Where calls can be preempted here, another may have come in between. */
	if (read != (__u64)at)
		return bpf_get_current_task();
	home = home__of(regs);
	if (home && home->regs == regs)
		return home->task;
	task__settle(regs);
	return bpf_get_current_task();
}

static __always_inline struct task_struct *task__current(struct pt_regs *at)
{
	if (!cfg.can_cast)
		return bpf_get_current_task_btf();
	return bpf_rdonly_cast((void *)task__address(at),
			       bpf_core_type_id_kernel(struct task_struct));
}

/* At a task's end: its stack will be another's. */
static __always_inline void task__unsettle(struct task_struct *task)
{
	__u64 regs = (__u64)task->stack + regs_offset;
	struct home *home = home__of(regs);

	if (home && home->regs == regs)
		order__publish(&home->regs, 0);
}

#endif
