// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Every system call as one record for a reader that is there: seen at entry, written at exit. See
 * docs/ARCHITECTURE.md.
 */
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
#include "task.bpf.h"
#include "call.bpf.h"
#include "programs.bpf.h"

/* Read once at the end of a run, when the others are detached: calls that have not come back. */
SEC("iter/task")
int trace_in_flight(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scry_thread *thread;

	if (!task)
		return 0;
	thread = thread__find(task__tid(task));
	if (thread)
		call__unfinished(thread, SCRY_CALL_UNFINISHED | SCRY_CALL_IN_FLIGHT);
	return 0;
}

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
