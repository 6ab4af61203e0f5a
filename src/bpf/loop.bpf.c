// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * The flight recorder: the programs of trace.bpf.c, writing into memory that nobody has to read.
 * They are pinned, and go on when Scry is gone. See docs/FLIGHT-RECORDER.md.
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
#include "flight.bpf.h"
#include "capture.bpf.h"
#include "plain.bpf.h"
#include "task.bpf.h"
#include "call.bpf.h"
#include "trigger.bpf.h"
#include "programs.bpf.h"
#include "function.bpf.h"

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

/* What a person asks for: to freeze a cgroup's past. */
SEC("syscall")
int loop_control(struct scry_control *control)
{
	control->frozen = group__freeze(control->cgroup_id, SCRY_WHY_ASKED, 0, 0);
	return 0;
}

/* The kernel knows no better name for GPL-2.0 OR Apache-2.0. */
char LICENSE[] SEC("license") = "GPL";
