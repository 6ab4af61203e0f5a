/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_TASK_BPF_H
#define SCRY_TASK_BPF_H
/* The names of tasks in records, and their signals. */

#include "target.bpf.h"
#if RECORD_CARRIES
#include "pids.bpf.h"
#endif

static __always_inline void record__head(struct writer *w, struct scry_thread *thread, __u64 time,
					 __u32 size, __u32 detail, __u8 kind, __u8 flags)
{
	struct scry_record *record = (void *)w->base;

	record->time = time;
	record->size = size;
	record->tgid = thread->tgid;
	record->tid = thread->tid;
	record->seq = thread->seq;
	record->detail = detail;
	record->kind = kind;
	record->flags = flags;
	record->abi = 0;
	record->nargs = 0;
}

/* A TASK record of `task`, by its names as they are now; `comm` where it is about to change. The
 * caller has made room. */
static __always_inline void task__record(struct writer *w, struct task_struct *task,
					 struct scry_thread *thread, const char *comm, __u64 now,
					 __u8 why)
{
	struct scry_task *record = (void *)w->base;
	__u32 size = sizeof(*record);

#if RECORD_CARRIES
	if (cfg.pids) {
		size += sizeof(struct scry_pids);
		pids__fill((struct scry_pids *)(record + 1), task);
	}
#endif
	record__head(w, thread, now, size, 0, SCRY_RECORD_TASK, why);
	/* Each step by pointer types would cost a search of the kernel's BTF at load. */
	record->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	record->ppid = task__ppid(task);
	record->uid = BPF_CORE_READ(task, cred, euid.val);
	if (comm)
		bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), comm);
	else
		__builtin_memcpy(record->comm, task->comm, sizeof(record->comm));
	ring__publish(w, size, SCRY_RECORD_TASK);
	thread->state |= SCRY_THREAD_ANNOUNCED;
	ring__told(w, thread);
}

static __noinline int task__write(struct task_struct *task, struct scry_thread *thread,
				  const char *comm, __u8 why)
{
	struct writer w;

	if (!thread)
		return 0;
	ring__place(task, thread);
	if (!ring__begin(&w, thread))
		return 0;
	if (ring__room(&w, sizeof(struct scry_task) + sizeof(struct scry_pids)))
		task__record(&w, task, thread, comm, bpf_ktime_get_ns(), why);
	thread->seq++;
	ring__end(&w);
	return 0;
}

/* A slot for a thread of a target: at its first call. */
static __always_inline struct scry_thread *thread__first(struct task_struct *task)
{
	struct scry_thread *thread;

	if (cfg.target == SCRY_TARGET_TASKS || !task__wanted(task))
		return NULL;
	thread = thread__claim(task__tid(task), task__tgid(task));
	if (!thread) {
		struct scry_ring *ring = ring__this_cpu();

		if (ring)
			__sync_fetch_and_add(&ring->lost[SCRY_LOST_STATE], 1);
	}
	return thread;
}

/* What kill(2) and the kernel itself pass where a siginfo would only say who and that. */
#define SEND_SIG_NOINFO 0
#define SEND_SIG_PRIV	1
#define SI_USER		0
#define SI_KERNEL	0x80

/* `info_at`: where the tracepoint's argument stands. By its type the verifier takes it for a
 * pointer that is never null, and removes the test. */
static __always_inline void signal__keep(struct scry_thread *thread, int number, __u64 *info_at)
{
	__u64 info = SEND_SIG_PRIV;

	bpf_probe_read_kernel(&info, sizeof(info), info_at);
	thread->signal = number;
	thread->si_errno = 0;
	__builtin_memset(thread->si_fields, 0, sizeof(thread->si_fields));
	if (info == SEND_SIG_NOINFO) {
		thread->si_code = SI_USER;
		/* si_pid, si_uid */
		thread->si_fields[0] =
			task__tgid(bpf_get_current_task_btf()) | bpf_get_current_uid_gid() << 32;
	} else if (info == SEND_SIG_PRIV) {
		thread->si_code = SI_KERNEL;
	} else {
		/* The head of kernel_siginfo is that of siginfo_t: signo, errno, code, at 16 the
		 * union. */
		bpf_probe_read_kernel(&thread->si_errno, 8, (void *)info + 4);
		bpf_probe_read_kernel(thread->si_fields, sizeof(thread->si_fields),
				      (void *)info + 16);
	}
}

/* Where the current task's code goes on. */
static __always_inline __u64 task__ip(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u64 ip = 0;

	if (regs)
		bpf_probe_read_kernel(&ip, sizeof(ip), (void *)regs + REGS_IP);
	return ip;
}

/* A SIGNAL record of the signal that was kept. */
static __noinline int signal__write(struct scry_thread *thread)
{
	struct writer w;

	if (!thread || !ring__begin(&w, thread))
		return 0;
	if (ring__room(&w, sizeof(struct scry_signal) + sizeof(__u64))) {
		struct scry_signal *record = (void *)w.base;
		__u32 size = sizeof(*record) + (cfg.ip ? sizeof(__u64) : 0);

		record__head(&w, thread, bpf_ktime_get_ns(), size, thread->signal,
			     SCRY_RECORD_SIGNAL, 0);
		if (cfg.ip)
			*(__u64 *)(record + 1) = task__ip();
		record->si_errno = thread->si_errno;
		record->si_code = thread->si_code;
		__builtin_memcpy(record->fields, thread->si_fields, sizeof(record->fields));
		ring__publish(&w, size, SCRY_RECORD_SIGNAL);
	}
	thread->signal = 0;
	thread->seq++;
	ring__end(&w);
	return 0;
}

#endif
