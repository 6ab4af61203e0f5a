/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_TARGET_BPF_H
#define SCRY_TARGET_BPF_H
/* Whether a task is a target. */

#include "arch.bpf.h"

static __always_inline bool task__in_cgroup(struct task_struct *task)
{
	struct cgroup *group = task__cgroup(task), *ancestor = NULL;
	/* Within the access it would be relocated itself. */
	__u32 level = cfg.cgroup_level;

	if (!group)
		return 0;
	if (group->kn->id == cfg.cgroup_id)
		return 1;
	/* Only what is deeper can be below. */
	if (group->level <= (int)cfg.cgroup_level)
		return 0;
	bpf_core_read(&ancestor, sizeof(ancestor), &group->ancestors[level]);
	return BPF_CORE_READ(ancestor, kn, id) == cfg.cgroup_id;
}

/* Whether the current task is a target; with SCRY_TARGET_TASKS its slot tells. */
static __always_inline bool task__wanted(struct task_struct *task)
{
	__u32 tgid = task__tgid(task);

	if (tgid == cfg.self_tgid || (cfg.pid_level && !tgid))
		return 0;
	switch (cfg.target) {
	case SCRY_TARGET_COMM: {
		__u64 *comm = (__u64 *)task->comm;

		return !((comm[0] ^ cfg.comm[0]) & cfg.comm_mask[0]) &&
		       !((comm[1] ^ cfg.comm[1]) & cfg.comm_mask[1]);
	}
	case SCRY_TARGET_UID:
		return task->cred->euid.val == cfg.uid;
	case SCRY_TARGET_CGROUP:
	case SCRY_TARGET_CGROUP_V1:
		return task__in_cgroup(task);
	}
	return 1;
}

#endif
