// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * The flight recorder: the programs of trace.bpf.c, writing into memory that nobody has to read.
 * They are pinned, and go on when Scry is gone. See docs/FLIGHT-RECORDER.md.
 */
#define RECORD_CARRIES 0
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "wire.h"
#include "plan.bpf.h"
#include "pidns.bpf.h"
#include "thread.bpf.h"
#include "cgroup.bpf.h"
#include "current.bpf.h"
#include "flight.bpf.h"
#include "capture.bpf.h"
#include "plain.bpf.h"
#include "follow.bpf.h"
#include "task.bpf.h"
#include "call.bpf.h"
#include "trigger.bpf.h"
#include "programs.bpf.h"
#include "function.bpf.h"

/* With a budget, in the place of those that do not measure. */
SEC("tp_btf/sys_enter")
int BPF_PROG(budget_enter, struct pt_regs *regs, long id)
{
	__u64 began = measure__begin();

	enter__run(regs, id);
	measure__end(regs, began, 0);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(budget_exit, struct pt_regs *regs, long result)
{
	__u64 began = measure__begin();

	exit__run(regs, result);
	measure__end(regs, began, 1);
	return 0;
}

/* What its starter wants to be known of it: no program reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 16384);
} about SEC(".maps");

/* A removed cgroup's past stays until its room is needed, or as an incident. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(loop_rmdir, struct cgroup *cgroup, const char *path)
{
	struct scry_group *group;
	__u64 id = cgroup->kn->id;
	__u32 *found;

	if (cgroup->root->hierarchy_id != cfg.hierarchy)
		return 0;
	found = bpf_map_lookup_elem(&group_of, &id);
	group = found ? group__at(*found) : NULL;
	if (!group)
		return 0;
	if (cfg.on_removal && group__freeze(id, SCRY_WHY_REMOVAL, 0, 0))
		return 0;
	if (__sync_val_compare_and_swap(&group->state, SCRY_GROUP_LIVE, SCRY_GROUP_GONE) ==
	    SCRY_GROUP_LIVE) {
		group->ended = bpf_ktime_get_ns();
		bpf_map_delete_elem(&group_of, &id);
	}
	return 0;
}

#define STUCK_HEAD 128
_Static_assert(__builtin_offsetof(struct scry_stuck, stack) == STUCK_HEAD, "all but the stack");

/* The calls that threads are in, where only exits are seen. In the form of stuck.bpf.c, as far as
 * it is known. */
SEC("iter/task")
int loop_pending(struct bpf_iter__task *ctx)
{
	__u64 head[STUCK_HEAD / sizeof(__u64)] = {};
	struct scry_stuck *record = (void *)head;
	struct task_struct *task = ctx->task;
	struct scry_thread *thread;
	struct pt_regs *regs;
	__u32 abi, nr;

	if (!task)
		return 0;
	thread = thread__find(task__tid(task));
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	if (!thread || !regs || !regs__pending(task, thread, regs, &abi, &nr))
		return 0;
	record->flags = SCRY_STUCK_IN_CALL;
	record->abi = abi;
	record->nr = nr;
	regs__args(regs, abi, record->args);
	record->time = bpf_ktime_get_ns();
	record->switches = thread->seq;
	record->tid = thread->tid;
	record->tgid = thread->tgid;
	record->size = sizeof(head);
	bpf_seq_write(ctx->meta->seq, head, sizeof(head));
	return 0;
}

/* What a person asks for: to freeze a cgroup's past. */
SEC("syscall")
int loop_control(struct scry_control *control)
{
	control->frozen = group__freeze(control->cgroup_id, SCRY_WHY_ASKED, 0, 0);
	return 0;
}

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
