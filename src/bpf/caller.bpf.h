/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_CALLER_BPF_H
#define SCRY_CALLER_BPF_H
/* Where a call came from: the caller's frames, or what user space unwinds them from. */

#define PAGE	    4096
#define BPF_F_USER  (1ULL << 8) /* <uapi/linux/bpf.h>: BPF_F_USER_STACK */
#define CALLER_ROOM (2 * sizeof(struct scry_capture) + sizeof(struct scry_registers) + 8)

/* Of what a call carries besides memory that its plan has. */
static __always_inline void capture__head(struct scry_capture *head, __u64 address, __u32 length,
					  __u8 flags)
{
	head->address = address;
	head->length = length;
	head->arg = 0;
	head->phase = SCRY_PHASE_EXIT;
	head->flags = flags;
	head->pad = 0;
}

/* Copies so many pages of the caller's stack from `from` on. Gives how many bytes could be read. */
static __noinline __u64 caller__copy(__u8 *to, __u64 from)
{
	__u32 pages = cfg.stack_max / PAGE + 1, page = 0;

	for (; page < SCRY_STACK_MAX / PAGE + 1; page++) {
		if (page >= pages ||
		    bpf_probe_read_user(to + page * PAGE, PAGE, (void *)(from + page * PAGE)))
			break;
	}
	return page * PAGE;
}

/* Adds the caller's stack, or its frames by frame pointers, behind the record's `size` bytes. Gives
 * its new size. */
static __noinline __u64 caller__append(struct writer *w, struct scry_thread *thread, __u64 size)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 most = cfg.stack_max ? cfg.stack_max + PAGE : SCRY_CALLER_DEPTH * sizeof(__u64);
	struct scry_capture *head;
	__u64 start, from = 0;
	long got;

	/* One that ends has no memory any more. */
	if (!regs || size >= SCRY_RECORD_MAX / 2 || size + CALLER_ROOM + most > w->room ||
	    (task->flags & PF_EXITING))
		return size;
	start = size__forget(w->ring, size, SCRY_RECORD_MAX / 2);
	head = (void *)(w->base + start);
	if (cfg.stack_max) {
		struct scry_registers *saved = (void *)(head + 1);

		__builtin_memset(saved, 0, sizeof(*saved));
		regs__copy(saved->words, regs);
		from = regs__sp(regs, thread->abi) & ~(__u64)(PAGE - 1);
		got = sizeof(*saved) + caller__copy((__u8 *)(saved + 1), from);
	} else {
		got = bpf_get_task_stack(task, head + 1, SCRY_CALLER_DEPTH * sizeof(__u64),
					 BPF_F_USER);
	}
	if (got <= 0)
		return size;
	capture__head(head, from, got, cfg.stack_max ? SCRY_CAPTURE_STACK : SCRY_CAPTURE_FRAMES);
	return size + sizeof(*head) + got;
}

#endif
