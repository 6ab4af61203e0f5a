/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_CGROUP_BPF_H
#define SCRY_CGROUP_BPF_H
/* The cgroup of a task in the hierarchy that the run is about. */

/* The cgroup of the perf_event controller: an index that differs between kernels, so one load for
 * each. */
static __always_inline struct cgroup *task__perf_event_cgroup(struct task_struct *task)
{
	struct css_set *set = task->cgroups;

#define CASE(n) \
	case n: \
		return set->subsys[n]->cgroup;
	switch (bpf_core_enum_value(enum cgroup_subsys_id, perf_event_cgrp_id)) {
		CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
	}
#undef CASE
	return NULL;
}

static __always_inline struct cgroup *task__cgroup(struct task_struct *task)
{
	if (cfg.target == SCRY_TARGET_CGROUP_V1)
		return task__perf_event_cgroup(task);
	return task->cgroups->dfl_cgrp;
}

#endif
