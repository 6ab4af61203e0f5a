/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_PIDNS_BPF_H
#define SCRY_PIDNS_BPF_H
/*
 * The ids of tasks, as all that is kept and written of them has them: those of the pid namespace
 * that Scry runs in. In the initial one they are loads; in another one a task that does not live
 * there has no id, which is 0, and is no target.
 */

static __noinline __u32 task__id_here(struct task_struct *task)
{
	__u32 level = cfg.pid_level;
	struct upid id = {};
	struct pid *pid = NULL;

	bpf_core_read(&pid, sizeof(pid), &task->thread_pid);
	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	bpf_core_read(&id, sizeof(id), &pid->numbers[level]);
	return (__u64)id.ns == cfg.pid_namespace ? id.nr : 0;
}

static __always_inline __u32 task__tid(struct task_struct *task)
{
	return cfg.pid_level ? task__id_here(task) : task->pid;
}

static __always_inline __u32 task__tgid(struct task_struct *task)
{
	return cfg.pid_level ? task__id_here(BPF_CORE_READ(task, group_leader)) : task->tgid;
}

/* getppid(2)'s. */
static __always_inline __u32 task__ppid(struct task_struct *task)
{
	/* Each step by pointer types would cost a search of the kernel's BTF at load. */
	if (!cfg.pid_level)
		return BPF_CORE_READ(task, real_parent, tgid);
	return task__id_here(BPF_CORE_READ(task, real_parent, group_leader));
}

#endif
