/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_PLAIN_BPF_H
#define SCRY_PLAIN_BPF_H
/*
 * The most frequent plans have one piece at entry or at exit: a path, a structure, a buffer. They
 * are copied here, without the engine of capture.bpf.h, which costs as much again.
 */

#define PLAIN_MOST 1024 /* bytes of a piece, and of a record before it */
#define SMALL_MOST 40	/* bytes of one that goes over the stack */

/*
 * The kernel checks where it copies a caller's memory to (hardened usercopy): its own stack it
 * knows at once, for other memory it searches for half the time of the copy. Since 6.13 only a
 * frame under 64 bytes is on that stack. Writes SMALL_MOST bytes; not 0 when they cannot be read.
 * In the engine the frames are too deep for it.
 */
static __noinline int copy__small(__u64 *to, __u64 address, __u64 length)
{
	__u64 words[SMALL_MOST / 8] = {};

	/* Its callers have tested it, which older verifiers lose on the way. */
	barrier_var(length);
	if (length > sizeof(words) || bpf_probe_read_user(words, length, (void *)address))
		return 1;
#pragma unroll
	for (int i = 0; i < SMALL_MOST / 8; i++)
		to[i] = words[i];
	return 0;
}

/* In a function of its own, where the tested length stays in its register: older verifiers forget
 * the bounds of what waits on the stack. */
static __noinline int copy__large(void *to, __u64 address, __u64 length, __u64 most)
{
	barrier_var(length);
	return length > most || bpf_probe_read_user(to, length, (void *)address);
}

/* Bytes that copying so many may write. */
static __always_inline __u64 copy__span(__u64 length)
{
	return (length < SMALL_MOST ? SMALL_MOST : length) + 8;
}

static __always_inline long plain__head(struct scry_capture *head, const struct scry_op *op,
					__u64 address, __u64 length, __u32 phase)
{
	head->address = address;
	head->length = length;
	head->arg = op->arg;
	head->phase = phase;
	head->flags = 0;
	head->pad = 0;
	return sizeof(*head) + ((length + 7) & ~7ULL);
}

/* An argument. Its number is tested where it is used: older verifiers forget the bounds of what is
 * kept on the stack before the test. */
static __always_inline __u64 thread__arg(struct scry_thread *thread, __u32 number)
{
	barrier_var(number);
	return number < SCRY_MAX_ARGS ? thread->args[number] : 0;
}

/* Bytes of the piece that the op wants; more than is plain when it is for the engine. */
static __always_inline __u64 plain__length(const struct scry_op *op, struct scry_thread *thread,
					   __s64 result)
{
	__u64 length;

	switch (op->kind) {
	case SCRY_OP_FIXED:
		length = op->size;
		break;
	case SCRY_OP_BUFFER:
		length = capture__scaled(thread__arg(thread, op->other), op->size);
		break;
	case SCRY_OP_BUFFER_RET:
		length = result > 0 ? capture__scaled(result, op->size) : 0;
		break;
	default:
		return ~0ULL;
	}
	if ((op->flags & SCRY_OP_DATA) && length > cfg.data_max)
		length = cfg.data_max;
	return length;
}

/*
 * Copies the op's piece to `head`, which has so much room. Gives what it takes there, 0 when there
 * is nothing to copy; negative: the engine is to look.
 */
static __always_inline long plain__copy(struct scry_capture *head, __u64 room,
					const struct scry_op *op, struct scry_thread *thread,
					__u32 phase, __u64 most, __s64 result)
{
	__u64 length, address;

	address = thread__arg(thread, op->arg);
	if (!address || (phase == SCRY_PHASE_EXIT && result < 0 && !(op->flags & SCRY_OP_ALWAYS)))
		return 0;
	length = plain__length(op, thread, result);
	if (!length)
		return 0;
	if (sizeof(*head) + copy__span(length) > room)
		return -1;
	if (length <= SMALL_MOST ? copy__small((__u64 *)(head + 1), address, length)
				 : copy__large(head + 1, address, length, most))
		return -1;
	return plain__head(head, op, address, length, phase);
}

/* The same of a path. */
static __always_inline long plain__path(struct scry_capture *head, const struct scry_op *op,
					struct scry_thread *thread, __u32 phase)
{
	__u64 address;
	long got;

	if (op->size || (op->flags & SCRY_OP_DATA))
		return -1;
	address = thread__arg(thread, op->arg);
	got = user__string(head + 1, STAGE_CAP, address);
	/* Of a longer one the engine takes more; one that cannot be read it tries again at exit. */
	if (got < 0 || got >= STAGE_CAP)
		return -1;
	return plain__head(head, op, address, got, phase);
}

/* Stages what the plan wants before the call. False when that is for the engine. */
static __always_inline bool plain__stage(struct scry_thread *thread, const struct scry_plan *plan)
{
	struct stage *stage = bpf_map_lookup_elem(&stages, &thread->slot);
	__u32 number = plan->only_entry - 1;
	const struct scry_op *op;
	struct scry_capture *head;
	long size;

	if (!stage || number >= SCRY_MAX_OPS || (plan->flags & SCRY_PLAN_VARIANTS))
		return 0;
	op = &plan->ops[number];
	head = (void *)stage->data;
	if (op->kind == SCRY_OP_STRING)
		size = plain__path(head, op, thread, SCRY_PHASE_ENTRY);
	else
		size = plain__copy(head, sizeof(*stage), op, thread, SCRY_PHASE_ENTRY, STAGE_CAP,
				   0);
	if (size < 0)
		return 0;
	thread->staged = size;
	return 1;
}

/* An op of a plan, by a number that was tested: older verifiers forget the bounds of what waits on
 * the stack. */
static __always_inline const struct scry_op *plan__op(const struct scry_plan *plan, __u32 number)
{
	barrier_var(number);
	return &plan->ops[number & (SCRY_MAX_OPS - 1)];
}

/*
 * A size under a power of two, of which the verifier knows that alone: it would follow each way to
 * it to the end. A mask, since older verifiers forget the bounds of what waits on the stack when
 * they come from a test.
 */
static __always_inline __u64 size__forget(struct scry_ring *ring, __u64 size, __u64 under)
{
	struct work *work = (struct work *)ring->work;

	*(volatile __u64 *)&work->pos = size;
	return *(volatile __u64 *)&work->pos & (under - 1);
}

/* Copies what the plan wants after the call, behind the record's `size` bytes. Gives what it takes
 * there; negative when that is for the engine. */
static __always_inline long plain__read(struct writer *w, struct scry_thread *thread,
					const struct scry_plan *plan, __u64 size, __s64 result)
{
	__u32 number = plan->only_exit - 1;

	if (thread->retry || thread->missed || number >= SCRY_MAX_OPS ||
	    (plan->flags & SCRY_PLAN_VARIANTS) || size > PLAIN_MOST || size > w->room)
		return -1;
	size = size__forget(w->ring, size, 2 * PLAIN_MOST);
	return plain__copy((void *)(w->base + size), w->room - size, plan__op(plan, number), thread,
			   SCRY_PHASE_EXIT, PLAIN_MOST, result);
}

/* Whether the call may have written over what the op reads: the memory of an op at its exit. */
static __always_inline bool plain__replaced(struct scry_thread *thread,
					    const struct scry_plan *plan, const struct scry_op *op)
{
	__u32 number = plan->only_exit - 1;

	if (op->flags & SCRY_OP_AT_EXIT)
		return 1;
	return number < SCRY_MAX_OPS &&
	       thread__arg(thread, op->arg) == thread__arg(thread, plan__op(plan, number)->arg);
}

/* What plain__late has of the op that the plan has before the call, when that is one. */
static __always_inline long plain__given(struct writer *w, struct scry_thread *thread,
					 const struct scry_plan *plan, __u64 size, __s64 result)
{
	__u32 number = plan->only_entry - 1;
	const struct scry_op *op;

	if (number >= SCRY_MAX_OPS)
		return -1;
	op = plan__op(plan, number);
	if (result >= 0 && plain__replaced(thread, plan, op))
		return 0;
	if (op->kind == SCRY_OP_STRING)
		return thread__arg(thread, op->arg)
			       ? plain__path((void *)(w->base + size), op, thread, SCRY_PHASE_RETRY)
			       : 0;
	return plain__copy((void *)(w->base + size), w->room - size, op, thread, SCRY_PHASE_RETRY,
			   PLAIN_MOST, 0);
}

/* As plain__read, of a call that is seen at its exit alone: what the plan wants before it and
 * after. */
static __always_inline long plain__late(struct writer *w, struct scry_thread *thread,
					const struct scry_plan *plan, __u64 size, __s64 result)
{
	__u32 number = plan->only_exit - 1;
	__u64 start;
	long given = 0, got;

	if ((plan->flags & (SCRY_PLAN_VARIANTS | SCRY_PLAN_IOCTL)) || size > PLAIN_MOST ||
	    size + PLAIN_MOST > w->room)
		return -1;
	start = size = size__forget(w->ring, size, 2 * PLAIN_MOST);
	if (plan->flags & SCRY_PLAN_ENTRY)
		given = plain__given(w, thread, plan, size, result);
	if (given < 0 || !(plan->flags & SCRY_PLAN_EXIT))
		return given;
	size = size__forget(w->ring, size + given, 4 * PLAIN_MOST);
	if (number >= SCRY_MAX_OPS || size > w->room)
		return -1;
	got = plain__copy((void *)(w->base + size), w->room - size, plan__op(plan, number), thread,
			  SCRY_PHASE_EXIT, PLAIN_MOST, result);
	return got < 0 ? got : (long)size + got - (long)start;
}

#endif
