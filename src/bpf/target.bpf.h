/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_TARGET_BPF_H
#define SCRY_TARGET_BPF_H
/* What a task is: its ABI, the arguments of its call, whether it is a target. */

static __always_inline bool task__is_x32(__u32 nr)
{
	return (__s32)nr >= 0 && (nr & X32_SYSCALL_BIT);
}

static __always_inline __u32 task__abi(struct task_struct *task, __u32 nr)
{
	if (task->thread_info.status & TS_COMPAT)
		return SCRY_ABI_IA32;
	return task__is_x32(nr) ? SCRY_ABI_X32 : SCRY_ABI_X86_64;
}

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
	if (task->tgid == cfg.self_tgid)
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

/* Where in the registers an argument lies, in bytes. A digit for each: the register's place in
 * struct pt_regs, that of the first argument last. */
static __always_inline __u32 regs__place(__u32 abi, __u32 arg)
{
	__u32 places = abi == SCRY_ABI_IA32 ? 0x4edcb5 : 0x897cde;

	return (places >> 4 * arg & 15) * sizeof(__u64);
}

/* The arguments of a call, by the registers with which it entered the kernel. */
static __always_inline void regs__args(struct pt_regs *regs, __u32 abi, __u64 *args)
{
	if (abi == SCRY_ABI_IA32) {
		args[0] = (__u32)regs->bx;
		args[1] = (__u32)regs->cx;
		args[2] = (__u32)regs->dx;
		args[3] = (__u32)regs->si;
		args[4] = (__u32)regs->di;
		args[5] = (__u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}

#endif
