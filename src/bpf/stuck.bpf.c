// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The threads that are blocked now, each with its call and its kernel stack. Stops nobody. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "wire.h"

const volatile struct scry_config cfg;

#include "pidns.bpf.h"
#include "cgroup.bpf.h"
#include "target.bpf.h"

/* One reader at a time: it has loaded this object for itself. */
struct scry_stuck record;

static __always_inline bool task__is_blocked(struct task_struct *task)
{
	return !task->exit_state && !(task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER)) &&
	       (task->__state & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_STOPPED |
				 TASK_TRACED | TASK_FROZEN));
}

/*
 * When it stopped running: when it was given its CPU, and how long it ran then. exec_start alone
 * lags by all the time that was ever stolen from its CPU, but it is never too late either.
 */
static __always_inline __u64 task__last_ran(struct task_struct *task)
{
	__u64 ran = task->se.exec_start, left;

	if (!bpf_core_field_exists(task->sched_info.last_arrival))
		return ran;
	left = task->sched_info.last_arrival;
	if (bpf_core_field_exists(task->se.prev_sum_exec_runtime) &&
	    (task->policy == SCHED_NORMAL || task->policy == SCHED_BATCH ||
	     task->policy == SCHED_IDLE))
		left += task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
	return left > ran ? left : ran;
}

static __always_inline bool task__is_frozen(struct task_struct *task)
{
	if (task->__state & TASK_FROZEN)
		return 1;
	return bpf_core_field_exists(task->frozen) && BPF_CORE_READ_BITFIELD_PROBED(task, frozen);
}

SEC("iter/task")
int stuck_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct pt_regs *regs;
	__u32 size = offsetof(struct scry_stuck, stack);
	long got;

	if (!task || !task__is_blocked(task) || !task__wanted(task))
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	record.flags = task__is_frozen(task) ? SCRY_STUCK_FROZEN : 0;
	record.nr = 0;
	record.abi = 0;
	if (regs__nr(regs) != -1) {
		__u32 nr = regs__nr(regs), abi = abi__of(task__status(task), nr);

		record.flags |= SCRY_STUCK_IN_CALL;
		record.abi = abi;
		record.nr = abi__number(abi, nr);
		regs__args(regs, abi, record.args);
	}
	record.time = bpf_ktime_get_ns();
	record.last_ran = task__last_ran(task);
	record.switches = task->nvcsw + task->nivcsw;
	record.cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	record.tid = task__tid(task);
	record.tgid = task__tgid(task);
	record.ppid = task__ppid(task);
	record.uid = task->cred->euid.val;
	record.state = task->__state;
	__builtin_memcpy(record.comm, task->comm, sizeof(record.comm));
	got = bpf_get_task_stack(task, record.stack, sizeof(record.stack), 0);
	if (got < 0 || got > sizeof(record.stack))
		got = 0;
	record.frames = got / sizeof(__u64);
	size += got & ~7;
	record.size = size;
	/* When its buffer is full, the iterator comes back for this task. */
	bpf_seq_write(ctx->meta->seq, &record, size);
	return 0;
}

SEC("syscall")
int stuck_clock(struct scry_sched_clock *clock)
{
	struct task_struct *self = bpf_get_current_task_btf();

	clock->arrival = bpf_core_field_exists(self->sched_info.last_arrival)
				 ? self->sched_info.last_arrival
				 : self->se.exec_start;
	clock->time = bpf_ktime_get_ns();
	return 0;
}

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
