// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Every system call as one record for a reader that is there: seen at entry, written at exit. See
 * docs/ARCHITECTURE.md.
 */
#ifndef RECORD_CARRIES
#define RECORD_CARRIES 0
#endif
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "wire.h"
#include "plan.bpf.h"
#include "pidns.bpf.h"
#include "thread.bpf.h"
#include "cgroup.bpf.h"
#include "current.bpf.h"
#include "ring.bpf.h"
#include "capture.bpf.h"
#include "plain.bpf.h"
#include "follow.bpf.h"
#include "task.bpf.h"
#if RECORD_CARRIES
#include "descriptor.bpf.h"
#endif
#include "split.bpf.h"
#include "call.bpf.h"
#include "sched.bpf.h"
#include "programs.bpf.h"
#include "function.bpf.h"

/* The call that a thread is in, where nothing began it. */
static __noinline int call__pending(struct task_struct *task, struct scry_thread *thread)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u32 abi, nr;

	if (regs && thread && regs__pending(task, thread, regs, &abi, &nr))
		call__adopt(task, thread, regs, abi, nr);
	return 0;
}

/* Read once at the end of a run, when the others are detached: calls that have not come back. */
SEC("iter/task")
int trace_in_flight(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scry_thread *thread;

	if (!task)
		return 0;
	thread = thread__find(task__tid(task));
	if (cfg.at_exit)
		call__pending(task, thread);
	if (!thread)
		return 0;
	split__still(task, thread);
	call__unfinished(thread, SCRY_CALL_UNFINISHED | SCRY_CALL_IN_FLIGHT);
	sched__still(task, thread);
	return 0;
}

/* As scry_cgroup_made; where names are wanted. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set before load */
} made SEC(".maps");

/* A cgroup's name comes from where it is made: it may be gone before user space looks. One of v1
 * has a hierarchy with a number. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(trace_cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct scry_cgroup_made *record;

	if (cgroup->root->hierarchy_id)
		return 0;
	record = bpf_ringbuf_reserve(&made, sizeof(*record), 0);
	if (!record)
		return 0;
	record->id = cgroup->kn->id;
	bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
