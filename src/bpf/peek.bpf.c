// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* What only the kernel can tell: its clocks, and where the asker lives. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "wire.h"

SEC("syscall")
int peek_clock(struct scry_clock *clock)
{
	clock->jiffies = bpf_jiffies64();
	clock->time = bpf_ktime_get_ns();
	return 0;
}

SEC("syscall")
int peek_pid_namespace(struct scry_pid_namespace *found)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid id = {};

	bpf_core_read(&id, sizeof(id), &pid->numbers[level]);
	found->address = (__u64)id.ns;
	found->level = level;
	return 0;
}

#define LEVELS 256 /* more than a hierarchy has */

SEC("syscall")
int peek_cgroup(struct scry_cgroup_level *asked)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cgroup *own = BPF_CORE_READ(task, cgroups, dfl_cgrp), *ancestor;
	int depth = BPF_CORE_READ(own, level);

	asked->level = -1;
	for (int level = 0; level < LEVELS && level <= depth; level++) {
		bpf_core_read(&ancestor, sizeof(ancestor), &own->ancestors[level]);
		if (BPF_CORE_READ(ancestor, kn, id) == asked->id) {
			asked->level = level;
			break;
		}
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
