/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_PIDS_BPF_H
#define SCRY_PIDS_BPF_H
/* A task's ids in all pid namespaces that it is in. */

/* The ids of one kind. */
static __always_inline void pids__of(struct scry_pids *pids, struct pid *pid, __u32 kind, __u32 top)
{
	__u32 deepest = BPF_CORE_READ(pid, level), own = cfg.pid_level;
	struct upid id = {};

	if (deepest >= own) {
		bpf_core_read(&id, sizeof(id), &pid->numbers[own]);
		pids->here[kind] = id.nr;
	}
	for (__u32 i = 0; i < SCRY_PIDS_SPACES; i++) {
		__u32 level = top - i;

		if (i >= top || level <= own)
			break;
		if (level > deepest)
			continue;
		bpf_core_read(&id, sizeof(id), &pid->numbers[level]);
		pids->ids[i * SCRY_PIDS + kind] = id.nr;
		if (!kind)
			pids->spaces[i] = BPF_CORE_READ(id.ns, ns.inum);
	}
}

/* All ids of a task. */
static __noinline int pids__fill(struct scry_pids *pids, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 top;

	if (!pids)
		return 0;
	__builtin_memset(pids, 0, sizeof(*pids));
	if (!pid)
		return 0;
	top = BPF_CORE_READ(pid, level);
	pids__of(pids, pid, 0, top);
	for (__u32 kind = 1; kind < SCRY_PIDS; kind++) {
		pid = BPF_CORE_READ(task, signal, pids[kind & 3]);
		if (pid)
			pids__of(pids, pid, kind, top);
	}
	return 0;
}

#endif
