/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_CAPTURE_BPF_H
#define SCRY_CAPTURE_BPF_H
/*
 * Copies of the caller's memory, as a plan says: at entry into the thread's stage, at exit into the
 * record. bpf_probe_read_user cannot fault a page in: what fails at entry is tried again at exit.
 *
 * What is at hand stands in the header of this CPU's ring, which the caller holds. Most functions
 * are global and without arguments, so that the verifier looks at each once, whoever calls it: a
 * load takes a tenth of the time.
 */

/* A stage serves one thread, most calls fit. Sizes: where the last capture may begin, its most
 * bytes. */
#define STAGE_LIMIT 256
#define STAGE_CAP   352

/* A depot serves any thread whose call does not fit its stage, for the duration of that call. */
#define DEPOT_LIMIT 12288
#define DEPOT_CAP   4096
#ifndef DEPOTS
#define DEPOTS 256 /* a power of two */
#endif

#ifndef RECORD_LIMIT
#define RECORD_CAP   SCRY_CAPTURE_MAX
#define RECORD_LIMIT (SCRY_RECORD_MAX - RECORD_CAP - 64)
#endif

struct stage {
	__u8 data[STAGE_LIMIT + sizeof(struct scry_capture) + STAGE_CAP + 8];
};

struct depot {
	__u8 data[DEPOT_LIMIT + sizeof(struct scry_capture) + DEPOT_CAP + 8];
	__u64 owner; /* tid, 0: free */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* for those who look at calls in flight */
	__uint(max_entries, 1);		   /* set before load: as many as threads */
	__type(key, __u32);
	__type(value, struct stage);
} stages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEPOTS);
	__type(key, __u32);
	__type(value, struct depot);
} depots SEC(".maps");

struct work {
	__u64 pos;
	__u64 room; /* bytes that may be written, from the destination's start */
	__s64 result;
	/* the piece at hand */
	__u64 address;
	__u64 length;
	/* the list at hand */
	__u64 list;   /* where its copy stands, or its address */
	__u64 count;  /* of its elements */
	__u64 budget; /* bytes that the transfer moved and that are not shown yet */
	__u64 messages;
	__u32 message_count;
	__u32 message_size;
	__u32 slot;  /* of the thread */
	__u32 depot; /* number + 1, when the destination is one */
	struct scry_op op;
	__u32 follow;	    /* number of the one at hand */
	__u32 follow_first; /* of the plan's */
	__u32 follow_end;
	__u8 wide; /* bytes of a pointer */
	__u8 to_record;
	__u8 phase;
	__u8 arg;
	__u8 flags;
	__u8 failed; /* something could not be read, or does not fit a depot: try at exit */
	__u8 full;   /* the destination is */
	__u8 cut;    /* the record is at its largest */
	__u8 missed; /* something that the follow at hand goes over could not be read */
};
_Static_assert(sizeof(struct work) <= sizeof(((struct scry_ring *)0)->work),
	       "work fits the header");

static __always_inline struct work *work__this_cpu(void)
{
	struct scry_ring *ring = ring__this_cpu();

	return ring ? (struct work *)ring->work : NULL;
}

/* Where a piece goes: `dst` is the destination's start; `limit` and `cap` are constants of its
 * kind. */
#define WORK__TO(w, dst, limit, cap)                                                  \
	__u8 *dst = NULL;                                                             \
	__u64 limit = 0, cap = 0;                                                     \
	if (w->to_record) {                                                           \
		dst = ring__at_head(container_of((void *)w, struct scry_ring, work)); \
		if (!dst)                                                             \
			return 0;                                                     \
		limit = RECORD_LIMIT;                                                 \
		cap = RECORD_CAP;                                                     \
	} else if (w->depot) {                                                        \
		__u32 index = w->depot - 1;                                           \
		struct depot *depot = bpf_map_lookup_elem(&depots, &index);           \
		if (!depot)                                                           \
			return 0;                                                     \
		dst = depot->data;                                                    \
		limit = DEPOT_LIMIT;                                                  \
		cap = DEPOT_CAP;                                                      \
	} else {                                                                      \
		struct stage *stage = bpf_map_lookup_elem(&stages, &w->slot);         \
		if (!stage)                                                           \
			return 0;                                                     \
		dst = stage->data;                                                    \
		limit = STAGE_LIMIT;                                                  \
		cap = STAGE_CAP;                                                      \
	}

static __always_inline void work__commit(struct work *w, __u8 *dst, __u64 pos, __u64 length)
{
	struct scry_capture *head = (void *)(dst + pos);

	head->address = w->address;
	head->length = length;
	head->arg = w->arg;
	head->phase = w->phase;
	head->flags = w->flags;
	head->pad = 0;
	w->pos = pos + sizeof(*head) + ((length + 7) & ~7ULL);
}

/* w->length bytes at w->address; or, when the flags say so, w->count itself. */
__noinline int capture__bytes(void)
{
	struct work *w = work__this_cpu();
	__u64 length, pos;

	if (!w)
		return 0;
	WORK__TO(w, dst, limit, cap)
	length = w->length;
	pos = w->pos;
	if (length > cap) {
		/* A longer piece than this destination takes: whole in a larger one, or its start.
		 */
		if (!w->to_record && !w->depot) {
			w->full = 1;
			return 0;
		}
		length = cap;
	}
	if (pos > limit) {
		w->full = !w->to_record;
		w->cut = w->to_record;
		return 0;
	}
	if (pos + sizeof(struct scry_capture) + length + 8 > w->room) {
		w->full = 1;
		return 0;
	}
	if (w->flags & SCRY_CAPTURE_COUNT) {
		*(__u64 *)(dst + pos + sizeof(struct scry_capture)) = w->count;
		length = 8;
	} else if (bpf_probe_read_user(dst + pos + sizeof(struct scry_capture), length,
				       (void *)w->address)) {
		w->failed = 1;
		return 0;
	}
	work__commit(w, dst, pos, length);
	return 0;
}

/* A NUL-ended string of at most w->length bytes at w->address. */
__noinline int capture__string(void)
{
	struct work *w = work__this_cpu();
	__u64 length, pos;
	long got;

	if (!w)
		return 0;
	WORK__TO(w, dst, limit, cap)
	length = w->length;
	pos = w->pos;
	if (pos > limit) {
		w->full = !w->to_record;
		w->cut = w->to_record;
		return 0;
	}
	if (pos + sizeof(struct scry_capture) + 16 > w->room) {
		w->full = 1;
		return 0;
	}
	/* Asks for the room that there is: most strings are far shorter than allowed. */
	if (pos + sizeof(struct scry_capture) + 8 + length > w->room)
		length = w->room - pos - sizeof(struct scry_capture) - 8;
	if (length > cap)
		length = cap;
	got = user__string(dst + pos + sizeof(struct scry_capture), length, w->address);
	if (got < 0) {
		w->failed = 1;
		return 0;
	}
	/* The helper ends what it cuts with a NUL, which is not the string's. */
	if (got == length) {
		if (length < w->length && length != RECORD_CAP) {
			w->full = 1;
			return 0;
		}
		got--;
	}
	work__commit(w, dst, pos, got & 0x1ffff);
	return 0;
}

/* The pointer-sized word at `at` of what was copied. */
__noinline __u64 capture__word(__u64 at)
{
	struct work *w = work__this_cpu();

	if (!w)
		return 0;
	WORK__TO(w, dst, limit, cap)
	if (at > limit + cap)
		return 0;
	return w->wide == 4 ? *(__u32 *)(dst + at) : *(__u64 *)(dst + at);
}

/* Whether what the thread's plan follows is to be tried again. */
static __always_inline bool thread__missed(struct scry_thread *thread)
{
	return thread->missed || thread->retry == 0xff;
}

static __always_inline bool work__stuck(struct work *w)
{
	return w->full | w->cut;
}

/* The data of iovec number i of those copied to w->list. */
static long capture__iovec_data(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();
	__u64 at, length;

	if (!w || i >= w->count || !w->budget)
		return 1;
	at = w->list + (__u64)i * 2 * w->wide;
	w->address = capture__word(at);
	length = capture__word(at + w->wide);
	if (length > w->budget)
		length = w->budget;
	w->budget -= length;
	w->length = length > cfg.data_max ? cfg.data_max : length;
	if (w->length)
		capture__bytes();
	return work__stuck(w) != 0;
}

#define IOVECS_SHOWN 64

/* w->count iovecs at w->address, then w->budget bytes of their data. */
static __always_inline int capture__iovecs(void)
{
	struct work *w = work__this_cpu();

	if (!w)
		return 0;
	if (w->count > IOVECS_SHOWN)
		w->count = IOVECS_SHOWN;
	w->length = w->count * 2 * w->wide;
	w->list = w->pos + sizeof(struct scry_capture);
	capture__bytes();
	if (!w->failed && !work__stuck(w) && cfg.data_max)
		bpf_loop(IOVECS_SHOWN, capture__iovec_data, NULL, 0);
	return 0;
}

/*
 * Message number i of those at w->messages: a msghdr and what it points to. A mmsghdr ends with the
 * transfer's length, which at exit is the budget of its data.
 */
static long capture__message(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();
	__u64 at, name, name_length, vector, control, control_length, wide;

	if (!w || i >= w->message_count)
		return 1;
	wide = w->wide;
	at = w->pos + sizeof(struct scry_capture);
	w->length = w->message_size;
	w->address = w->messages + i * w->length;
	capture__bytes();
	if (w->failed || work__stuck(w))
		return 1;
	name = capture__word(at);
	name_length = (__u32)capture__word(at + wide);
	vector = capture__word(at + 2 * wide);
	control = capture__word(at + 4 * wide);
	control_length = capture__word(at + 5 * wide);
	if (w->message_size > 7 * wide)
		w->budget =
			w->phase == SCRY_PHASE_EXIT ? (__u32)capture__word(at + 7 * wide) : ~0ULL;
	if (name && name_length) {
		w->address = name;
		w->length = name_length > 128 ? 128 : name_length;
		capture__bytes();
	}
	if (control && control_length) {
		w->address = control;
		w->length = control_length > 1024 ? 1024 : control_length;
		capture__bytes();
	}
	w->address = vector;
	w->count = capture__word(at + 3 * wide);
	if (vector && w->count)
		capture__iovecs();
	return (w->failed | work__stuck(w)) != 0;
}

#define MESSAGES_SHOWN 32

/* The messages at w->address: one msghdr, or as many mmsghdrs as the call is given or has done. */
__noinline int capture__messages(__u32 several, __u64 given)
{
	struct work *w = work__this_cpu();

	if (!w)
		return 0;
	w->messages = w->address;
	w->message_count = !several ? 1 : w->phase == SCRY_PHASE_EXIT ? w->result : given;
	w->message_size = (several ? 8 : 7) * w->wide;
	bpf_loop(MESSAGES_SHOWN, capture__message, NULL, 0);
	return 0;
}

static long capture__count_one(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();
	__u64 pointer = 0;

	if (!w)
		return 1;
	if (bpf_probe_read_user(&pointer, w->wide == 4 ? 4 : 8, (void *)(w->address + i * w->wide)))
		w->failed = 1;
	w->count = i;
	return w->failed || !pointer;
}

#define POINTERS_COUNTED 8192

/* w->count = the entries of the NULL-ended pointer array at w->address. */
__noinline int capture__count(void)
{
	bpf_loop(POINTERS_COUNTED, capture__count_one, NULL, 0);
	return 0;
}

/* String number i of the pointers copied to w->list. */
static long capture__element(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();

	if (!w || i >= w->count)
		return 1;
	w->address = capture__word(w->list + i * w->wide);
	w->length = (__u64)cfg.string_max + 2;
	capture__string();
	return work__stuck(w) != 0;
}

#define STRINGS_SHOWN 64

/* The NULL-ended array of string pointers at w->address, and the strings. */
__noinline int capture__strings(void)
{
	struct work *w = work__this_cpu();

	if (!w)
		return 0;
	capture__count();
	if (w->failed)
		return 0;
	if (w->count >= STRINGS_SHOWN)
		w->count = STRINGS_SHOWN - 1;
	w->length = (w->count + 1) * w->wide;
	w->list = w->pos + sizeof(struct scry_capture);
	capture__bytes();
	bpf_loop(STRINGS_SHOWN, capture__element, NULL, 0);
	return 0;
}

/* The length that a value-result argument points to, and at exit as many bytes of the buffer. */
static __always_inline void capture__value_result(struct work *w, __u64 pointer, __u32 most)
{
	__u64 buffer = w->address;
	__u32 length;

	if (!pointer)
		return;
	if (bpf_probe_read_user(&length, sizeof(length), (void *)pointer)) {
		w->failed = 1;
		return;
	}
	w->address = pointer;
	w->length = sizeof(length);
	capture__bytes();
	if (w->phase != SCRY_PHASE_EXIT || !buffer || !length)
		return;
	w->address = buffer;
	w->length = length > most ? most : length;
	capture__bytes();
}

static __always_inline __u64 capture__scaled(__u64 count, __u32 size)
{
	return count > SCRY_CAPTURE_MAX ? SCRY_CAPTURE_MAX : count * size;
}

/* Runs w->op; w->phase says for when. */
static __always_inline int capture__op(void)
{
	struct work *w = work__this_cpu();
	struct scry_thread *thread;
	struct scry_op *op;
	__u64 other;

	if (!w)
		return 0;
	thread = bpf_map_lookup_elem(&threads, &w->slot);
	if (!thread)
		return 0;
	op = &w->op;
	if (op->arg >= SCRY_MAX_ARGS)
		return 0;
	w->address = thread->args[op->arg];
	other = op->other < SCRY_MAX_ARGS ? thread->args[op->other] : 0;
	if (!w->address)
		return 0;
	w->arg = op->arg;
	w->length = op->size;
	w->budget = w->phase == SCRY_PHASE_EXIT ? w->result : ~0ULL;
	w->flags = 0;
	switch (op->kind) {
	case SCRY_OP_STRING:
		if (op->flags & SCRY_OP_DATA)
			w->length = (__u64)cfg.string_max + 2;
		else if (!op->size)
			w->length = cfg.path_max;
		capture__string();
		return 0;
	case SCRY_OP_BUFFER:
		w->length = capture__scaled(other, op->size);
		break;
	case SCRY_OP_BUFFER_RET:
		if (w->result <= 0)
			return 0;
		w->length = capture__scaled(w->result, op->size);
		break;
	case SCRY_OP_BUFFER_LENP:
		capture__value_result(w, other,
				      op->flags & SCRY_OP_DATA ? cfg.data_max : DEPOT_CAP);
		return 0;
	case SCRY_OP_IOVEC:
		w->count = other;
		capture__iovecs();
		return 0;
	case SCRY_OP_MSGHDR:
	case SCRY_OP_MMSGHDR:
		capture__messages(op->kind == SCRY_OP_MMSGHDR, other);
		return 0;
	case SCRY_OP_STRING_ARRAY:
		capture__strings();
		return 0;
	case SCRY_OP_COUNT:
		capture__count();
		if (w->failed)
			return 0;
		w->flags = SCRY_CAPTURE_COUNT;
		w->length = 8;
		break;
	case SCRY_OP_OFFSET:
		w->address += op->other * 8;
		break;
	case SCRY_OP_BITS:
		/* The kernel reads no more: what follows may not be there. */
		w->length = (__s32)other <= 0 ? 0
					      : ((__u64)(__u32)other + 8 * w->wide - 1) /
							(8 * w->wide) * w->wide;
		if (w->length > op->size)
			w->length = op->size;
		break;
	case SCRY_OP_INDIRECT:
		other = 0;
		if (bpf_probe_read_user(&other, w->wide == 4 ? 4 : 8,
					(void *)(w->address + op->other)))
			w->failed = 1;
		w->address = other;
		if (!other)
			return 0;
		break;
	}
	if (op->flags & SCRY_OP_DATA) {
		if (w->length > cfg.data_max)
			w->length = cfg.data_max;
		/* Too much even for a depot: the exit has more room. */
		if (w->length > DEPOT_CAP && !w->to_record) {
			w->failed = 1;
			return 0;
		}
	}
	if (w->length)
		capture__bytes();
	return 0;
}

/* The plan that an argument's value chooses, if there is one. */
static __always_inline const struct scry_plan *plan__variant(const struct scry_plan *plan,
							     struct scry_thread *thread)
{
	struct scry_variant_key key = {.nr = thread->nr, .is_32bit = abi__is_32bit(thread->abi)};

	if (!(plan->flags & SCRY_PLAN_VARIANTS) || plan->variant_arg >= SCRY_MAX_ARGS)
		return NULL;
	key.value = (__u32)thread->args[plan->variant_arg];
	return bpf_map_lookup_elem(&variants, &key);
}

/* Flags of the variant's plan; negative when there is none. */
__noinline int variant__flags(__u32 nr, __u32 is_32bit, __u32 value)
{
	struct scry_variant_key key = {};
	struct scry_plan *plan;

	key.nr = nr;
	key.is_32bit = is_32bit;
	key.value = value;
	plan = bpf_map_lookup_elem(&variants, &key);
	return plan ? plan->flags : -1;
}

/* Flags of the plan that counts for the call. */
static __always_inline __u32 plan__flags(const struct scry_plan *plan, struct scry_thread *thread)
{
	int flags;

	if (!(plan->flags & SCRY_PLAN_VARIANTS) || plan->variant_arg >= SCRY_MAX_ARGS)
		return plan->flags;
	flags = variant__flags(thread->nr, abi__is_32bit(thread->abi),
			       thread->args[plan->variant_arg]);
	return flags < 0 ? plan->flags : flags;
}

/* Whether the call has something to read in that phase: a plan, and a pointer that it follows. */
static __always_inline bool plan__reads(const struct scry_plan *plan, struct scry_thread *thread,
					__u32 phase)
{
	if (!(plan__flags(plan, thread) & (phase | SCRY_PLAN_IOCTL)))
		return 0;
	if (plan->flags & (SCRY_PLAN_VARIANTS | SCRY_PLAN_IOCTL))
		return 1;
#pragma unroll
	for (int i = 0; i < SCRY_MAX_ARGS; i++) {
		if ((plan->pointers >> i & 1) && thread->args[i])
			return 1;
	}
	return 0;
}

/* <uapi/asm-generic/ioctl.h>: a request tells the direction and size of its argument. */
#define IOC_WRITE 1
#define IOC_READ  2

static __always_inline void capture__ioctl(struct work *w, struct scry_thread *thread)
{
	__u32 request = thread->args[1], way = request >> 30;

	/* At an exit whose entry was not seen: what it was given, where nothing is left. */
	if (w->to_record && thread->retry == 0xff && way == IOC_WRITE)
		w->phase = SCRY_PHASE_RETRY;
	else if (!(way & (w->to_record ? IOC_READ : IOC_WRITE)) || w->result < 0)
		return;
	if (!thread->args[2])
		return;
	w->arg = 2;
	w->flags = 0;
	w->address = thread->args[2];
	w->length = request >> 16 & 0x3fff;
	if (w->length)
		capture__bytes();
}

/*
 * Whether it is the turn, at step i, of what has these flags; w->phase then says for when. At entry
 * each has one step; at exit two: first as a retry of what failed at entry, then for itself.
 */
static __always_inline bool work__turn(struct work *w, __u8 flags, __u32 i, bool failed)
{
	if (!w->to_record) {
		w->phase = SCRY_PHASE_ENTRY;
		return flags & SCRY_OP_AT_ENTRY;
	}
	if (i & 1) {
		w->phase = SCRY_PHASE_EXIT;
		return (flags & SCRY_OP_AT_EXIT) && (w->result >= 0 || (flags & SCRY_OP_ALWAYS));
	}
	/* What the kernel has written since is not what it was given. */
	w->phase = SCRY_PHASE_RETRY;
	return (flags & SCRY_OP_AT_ENTRY) && failed &&
	       (!(flags & SCRY_OP_AT_EXIT) || w->result < 0);
}

/* Step i of the plan's ops. */
static long capture__step(__u32 i, void *unused)
{
	struct work *w = work__this_cpu();
	const struct scry_plan *plan, *variant;
	struct scry_thread *thread;
	__u32 number = i;

	if (!w)
		return 1;
	thread = bpf_map_lookup_elem(&threads, &w->slot);
	if (!thread)
		return 1;
	plan = plan__of(thread->abi, thread->nr);
	variant = plan__variant(plan, thread);
	if (w->to_record)
		number /= 2;
	if (!number && !(i & w->to_record) && !variant && (plan->flags & SCRY_PLAN_IOCTL)) {
		w->phase = w->to_record ? SCRY_PHASE_EXIT : SCRY_PHASE_ENTRY;
		capture__ioctl(w, thread);
	}
	if (variant)
		plan = variant;
	w->follow_first = plan->follow;
	w->follow_end = plan->follow + plan->nfollows;
	if (number >= SCRY_MAX_OPS || number >= plan->nops)
		return 1;
	/* The compiler knows that the mask does nothing, older verifiers do not. */
	barrier_var(number);
	number &= SCRY_MAX_OPS - 1;
	if (!work__turn(w, plan->ops[number].flags, i, thread->retry & (1 << number)))
		return 0;
	w->failed = 0;
	w->op = plan->ops[number];
	capture__op();
	if (!w->to_record && (w->failed || w->cut || (w->full && w->depot)))
		thread->retry |= 1 << number;
	if (w->phase == SCRY_PHASE_RETRY && w->failed)
		thread->flags |= SCRY_CALL_UNREAD;
	return w->full || i + 1 >= plan->nops * (w->to_record ? 2 : 1);
}

/* Runs the operations of the plan of the thread in w->slot, and notes what that follows. */
__noinline int capture__all(void)
{
	bpf_loop(2 * SCRY_MAX_OPS, capture__step, NULL, 0);
	return 0;
}

#endif
