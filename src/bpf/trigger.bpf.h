/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_TRIGGER_BPF_H
#define SCRY_TRIGGER_BPF_H
/* What freezes a cgroup's past: its group is taken out of use as it is; the next call makes a new
 * one. */

/* When a cgroup was last frozen. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} freezes SEC(".maps");

static long frozen__count(__u32 i, __u32 *count)
{
	struct scry_group *group = group__at(i);

	if (!group)
		return 1;
	*count += group->state == SCRY_GROUP_FROZEN;
	return 0;
}

/* Freezes the group of a cgroup; true when it did. */
__noinline int group__freeze(__u64 id, __u32 why, __u64 detail, __u32 nr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now = bpf_ktime_get_ns();
	struct scry_flight *state = flight__get();
	__u32 *found = bpf_map_lookup_elem(&group_of, &id), frozen = 0;
	__u64 *last = bpf_map_lookup_elem(&freezes, &id);
	struct scry_group *group = found ? group__at(*found) : NULL;

	if (!group || !state)
		return 0;
	if (why != SCRY_WHY_ASKED) {
		if (last && now - *last < cfg.cooldown) {
			__sync_fetch_and_add(&state->suppressed_cooldown, 1);
			return 0;
		}
		bpf_loop(cfg.groups, frozen__count, &frozen, 0);
		if (frozen >= cfg.incidents_max) {
			__sync_fetch_and_add(&state->suppressed_full, 1);
			return 0;
		}
	}
	if (__sync_val_compare_and_swap(&group->state, SCRY_GROUP_LIVE, SCRY_GROUP_GONE) !=
	    SCRY_GROUP_LIVE)
		return 0;
	bpf_map_delete_elem(&group_of, &id);
	bpf_map_update_elem(&freezes, &id, &now, BPF_ANY);
	group->ended = now;
	group->why = why;
	group->detail = detail;
	group->nr = nr;
	group->tgid = task__tgid(task);
	group->tid = task__tid(task);
	bpf_get_current_comm(group->comm, sizeof(group->comm));
	group->incident = __sync_fetch_and_add(&state->incidents, 1) + 1;
	order__publish(&group->state, SCRY_GROUP_FROZEN);
	return 1;
}

/* Whether a captured path fits a pattern. `text` has room for the longest text behind `length`. */
static __always_inline bool pattern__fits(const volatile struct scry_pattern *pattern, char *text,
					  __u32 length)
{
	__u32 prefix = pattern->prefix_length, suffix = pattern->suffix_length, at;

	if (pattern->exact)
		return length == prefix &&
		       !bpf_strncmp(text, SCRY_PATTERN_TEXT, (const char *)pattern->prefix);
	if (length < prefix + suffix || prefix >= SCRY_PATTERN_TEXT || suffix >= SCRY_PATTERN_TEXT)
		return 0;
	if (prefix && bpf_strncmp(text, prefix, (const char *)pattern->prefix))
		return 0;
	at = length - suffix;
	if (at > STAGE_CAP - SCRY_PATTERN_TEXT)
		return 0;
	return !suffix || !bpf_strncmp(text + at, suffix, (const char *)pattern->suffix);
}

/* The first path of the call, while it lies in the thread's stage. */
static __noinline int trigger__path(struct scry_thread *thread)
{
	const struct scry_op *op;
	struct scry_capture *head;
	struct stage *stage;
	__u32 length;

	if (!thread || !thread->staged || thread->depot)
		return 0;
	op = &plan__of(thread->abi, thread->nr)->ops[0];
	if (op->kind != SCRY_OP_STRING || (op->flags & SCRY_OP_DATA))
		return 0;
	stage = bpf_map_lookup_elem(&stages, &thread->slot);
	if (!stage)
		return 0;
	head = (void *)stage->data;
	length = head->length - 1; /* less its NUL */
	if (head->arg != op->arg || length > STAGE_CAP - 1)
		return 0;
#define FITS(n)                   \
	(cfg.pattern_count > n && \
	 pattern__fits(&cfg.patterns[n], (char *)stage->data + sizeof(*head), length))
	return FITS(0) || FITS(1) || FITS(2) || FITS(3);
#undef FITS
}

static __noinline int trigger__call(struct scry_thread *thread, __u64 now, __s64 result)
{
	struct scry_flight *state = flight__get();
	__u64 number = -result, detail = 0;
	__u32 why;

	if (!thread || !state || thread->tgid == state->watcher)
		return 0;
	barrier_var(number);
	if (number < 1024 && cfg.on_errnos[number / 64 & 15] >> (number & 63) & 1) {
		why = SCRY_WHY_ERRNO;
		detail = number;
	} else if (cfg.on_slow && call__duration(thread, now) >= cfg.on_slow) {
		why = SCRY_WHY_SLOW;
		detail = call__duration(thread, now);
	} else if (cfg.pattern_count && trigger__path(thread)) {
		why = SCRY_WHY_PATH;
	} else {
		return 0;
	}
	return group__freeze(thread->cgroup_id, why, detail, thread->nr);
}

static __always_inline void ring__after_call(struct scry_thread *thread, __u64 now, __s64 result)
{
	if (cfg.on_calls)
		trigger__call(thread, now, result);
}

/* At the end of a process, behind its last record. */
static __noinline int trigger__end(struct task_struct *task, struct scry_thread *thread)
{
	__u32 status, signal, why, detail = 0;

	if (!thread || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	status = BPF_CORE_READ(task, signal, group_exit_code);
	if (!status)
		status = task->exit_code;
	signal = status & 0x7f;
	if (signal == SIGKILL && cfg.on_oom && BPF_CORE_READ(task, signal, oom_mm)) {
		why = SCRY_WHY_OOM;
	} else if (signal) {
		if (!(cfg.on_signals >> (signal & 63) & 1))
			return 0;
		why = SCRY_WHY_SIGNAL;
		detail = signal;
	} else {
		status = status >> 8 & 0xff;
		if (!(cfg.on_exit_codes[status >> 6] >> (status & 63) & 1))
			return 0;
		why = SCRY_WHY_EXIT;
		detail = status;
	}
	return group__freeze(thread->cgroup_id, why, detail, 0);
}

static __always_inline void ring__after_end(struct task_struct *task, struct scry_thread *thread)
{
	ring__tell_muted(thread);
	if (cfg.on_ends)
		trigger__end(task, thread);
}

#endif
