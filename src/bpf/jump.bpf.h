/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_JUMP_BPF_H
#define SCRY_JUMP_BPF_H
/*
 * Where the small programs on the kernel's functions jump to, in records and counting alike: to
 * function__enter and function__exit of who includes this. One of each for each of the two
 * prototypes.
 */

/* Set by user space: the run is over, though they are still attached. */
__u32 function_over SEC(".bss.function");

static __always_inline int function__enter(__u64 *ctx);
static __always_inline int function__exit(__u64 *ctx, __s64 result);

static __always_inline bool task__is_dispatched(struct task_struct *task)
{
	return bpf_core_field_exists(task->syscall_dispatch) && task->syscall_dispatch.on_dispatch;
}

SEC("?fentry")
int function_enter_0(__u64 *ctx)
{
	return function__enter(ctx);
}

SEC("?fexit")
int function_exit_0(__u64 *ctx)
{
	return function__exit(ctx, ctx[1]);
}

SEC("?fentry")
int function_enter_1(__u64 *ctx)
{
	return function__enter(ctx);
}

SEC("?fexit")
int function_exit_1(__u64 *ctx)
{
	return function__exit(ctx, ctx[1]);
}

#endif
