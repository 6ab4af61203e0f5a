/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_GROUP_BPF_H
#define SCRY_GROUP_BPF_H
/* A group for each cgroup, made at its first call; and a writer's way to its segment. */

#define GROUP_REST 0 /* for cgroups that found no group of their own */

struct search {
	__u64 ended;
	__u32 found;
};

/* A free group, or the one that is gone for longest. */
static long group__look(__u32 i, struct search *search)
{
	__u32 index = i + 1;
	struct scry_group *group = group__at(index);

	if (!group)
		return 1;
	if (group->state == SCRY_GROUP_FREE) {
		search->found = index;
		return 1;
	}
	if (group->state == SCRY_GROUP_GONE && group->ended < search->ended) {
		search->ended = group->ended;
		search->found = index;
	}
	return 0;
}

/* Hands all segments of a group to whoever needs one next. */
static __always_inline void group__empty(struct scry_flight *state, struct scry_group *group)
{
	struct scry_segment *last = state->free_newest ? segment__at(state->free_newest) : NULL;

	if (!group->oldest)
		return;
	if (last)
		last->newer = group->oldest;
	else
		state->free_oldest = group->oldest;
	state->free_newest = group->newest;
	group->oldest = group->newest = group->segments = 0;
}

static __always_inline __u32 group__claim(void)
{
	struct search search = {};
	struct scry_flight *state = flight__get();
	struct scry_group *group;

	if (!state || !flight__lock())
		return GROUP_REST;
	search.ended = ~0ULL;
	bpf_loop(cfg.groups - 1, group__look, &search, 0);
	group = search.found ? group__at(search.found) : NULL;
	if (group) {
		if (group->state == SCRY_GROUP_FREE)
			state->groups_used++;
		else
			flight__forget(state, group->ended);
		group__empty(state, group);
		group->serial = ++state->serials;
		group->state = SCRY_GROUP_GONE;
		group->ended = ~0ULL;
	}
	flight__unlock();
	return search.found;
}

#define PATH_LEVELS 16
#define NAME_MOST   256 /* of a directory, with its NUL */

struct naming {
	struct cgroup *cgroup;
	__u32 index;
	__u32 at;
};

/* The path below the hierarchy, a level at a time: while a cgroup lives, user space knows it
 * better. */
static long group__name(__u32 i, struct naming *naming)
{
	struct group_path *path = bpf_map_lookup_elem(&group_paths, &naming->index);
	struct cgroup *cgroup = naming->cgroup, *ancestor = NULL;
	int level = i + 1, depth = BPF_CORE_READ(cgroup, level);
	const char *name;
	__u32 at;
	long got;

	if (!path || level > depth)
		return 1;
	bpf_core_read(&ancestor, sizeof(ancestor), &cgroup->ancestors[level]);
	name = BPF_CORE_READ(ancestor, kn, name);
	at = naming->at;
	/* Here: older verifiers forget the bounds of what waits on the stack. */
	barrier_var(at);
	if (at >= SCRY_GROUP_PATH - NAME_MOST - 1)
		return 1;
	path->text[at++] = '/';
	got = bpf_probe_read_kernel_str(path->text + at, NAME_MOST, name);
	if (got > 0)
		naming->at = at + got - 1;
	return 0;
}

static __noinline int group__create(struct cgroup *cgroup, __u64 id)
{
	__u32 index = group__claim();
	struct naming naming = {.index = index};
	struct scry_group *group = group__at(index);
	struct group_path *path = bpf_map_lookup_elem(&group_paths, &index);
	struct scry_flight *state = flight__get();
	__u32 *won;

	if (!group || index == GROUP_REST || !path)
		return GROUP_REST;
	group->cgroup_id = id;
	group->created = bpf_ktime_get_ns();
	group->overwritten = group->horizon = group->detail = 0;
	group->lane_mask = group->why = 0;
	group->calls = group->calls_before = group->rate = 0;
	if (group->muted && state)
		group__unmute(state, group, group->created);
	group->incident = 0;
	__builtin_memset(group->current, 0, sizeof(group->current));
	path->text[0] = path->text[1] = 0;
	/* Read anew, so that the verifier lets an index be added to it. */
	naming.cgroup = BPF_CORE_READ(cgroup, self.cgroup);
	bpf_loop(PATH_LEVELS, group__name, &naming, 0);
	order__publish(&group->state, SCRY_GROUP_LIVE);
	if (!bpf_map_update_elem(&group_of, &id, &index, BPF_NOEXIST))
		return index;
	/* Another CPU was first. */
	group->ended = 0;
	group->state = SCRY_GROUP_GONE;
	won = bpf_map_lookup_elem(&group_of, &id);
	return won ? *won : GROUP_REST;
}

/* Gives the thread the group of the cgroup that `task` is in. */
static __noinline int group__resolve(struct task_struct *task, struct scry_thread *thread)
{
	struct cgroup *cgroup;
	__u32 *found;
	__u64 id;

	if (!thread)
		return 0;
	cgroup = task__cgroup(task);
	if (!cgroup)
		return 0;
	id = cgroup->kn->id;
	found = bpf_map_lookup_elem(&group_of, &id);
	thread->cgroup_id = id;
	thread->group = found ? *found : group__create(cgroup, id);
	return 0;
}

static __always_inline void ring__place(struct task_struct *task, struct scry_thread *thread)
{
	struct cgroup *cgroup = task__cgroup(task);
	struct scry_group *group = group__at(thread->group);

	if (cgroup && group && cgroup->kn->id == thread->cgroup_id &&
	    group->cgroup_id == thread->cgroup_id && group->state == SCRY_GROUP_LIVE)
		return;
	group__resolve(task, thread);
}

static __always_inline __u32 group__lane(struct scry_group *group)
{
	return bpf_get_smp_processor_id() & group->lane_mask & (SCRY_LANES - 1);
}

/* Claims this CPU's scratch and the newest segment of the thread's lane. */
static __always_inline bool ring__begin(struct writer *w, struct scry_thread *thread)
{
	struct scry_group *group;
	struct scry_segment *segment;
	__u32 cpu = bpf_get_smp_processor_id(), lane, number;

	if (!ring__claim(w))
		return 0;
	group = group__at(thread->group);
	if (!group)
		goto lost;
	if (group->state != SCRY_GROUP_LIVE || group->cgroup_id != thread->cgroup_id) {
		/* Frozen since its entry, or removed. */
		group__resolve(bpf_get_current_task_btf(), thread);
		group = group__at(thread->group);
		if (!group)
			goto lost;
	}
	lane = group__lane(group);
	number = group->current[lane];
	segment = number ? segment__at(number) : NULL;
	if (segment && __sync_val_compare_and_swap(&segment->busy, 0, cpu + 1) &&
	    !segment__hold(number))
		segment = NULL;
	else if (segment && segment->serial != group->serial) {
		segment__release(segment);
		segment = NULL;
	}
	if (!segment) {
		number = segment__take(thread->group, lane);
		segment = number ? segment__at(number) : NULL;
	}
	if (!segment)
		goto lost;
	/* The group was given to another cgroup meanwhile. */
	if (thread->group != GROUP_REST && group->cgroup_id != thread->cgroup_id) {
		segment__release(segment);
		goto lost;
	}
	w->segment = segment;
	w->index = number;
	w->group = thread->group;
	return 1;
lost:
	ring__lose(w->ring, SCRY_LOST_RING);
	ring__release(w);
	return 0;
}

/* Goes on in a new segment. */
static __noinline int writer__turn(struct writer *w)
{
	struct scry_segment *segment = segment__at(w->index);
	struct scry_group *group = group__at(w->group);

	if (!segment || !group)
		return 0;
	segment__release(segment);
	w->index = segment__take(w->group, group__lane(group));
	return w->index != 0;
}

static __always_inline bool writer__aim(struct writer *w)
{
	__u64 used = w->segment->used;

	w->ring->head = (__u64)(w->index - 1) * SCRY_SEGMENT_SIZE + used;
	w->room = SCRY_SEGMENT_SIZE - used;
	w->base = ring__at_head(w->ring);
	return w->base != NULL;
}

static __always_inline bool ring__room(struct writer *w, __u32 least)
{
	if (w->segment->used + least > SCRY_SEGMENT_SIZE) {
		struct scry_segment *segment = NULL;

		if (writer__turn(w))
			segment = segment__at(w->index);
		if (!segment) {
			ring__lose(w->ring, SCRY_LOST_RING);
			w->segment = NULL;
			return 0;
		}
		w->segment = segment;
	}
	return writer__aim(w);
}

static __always_inline bool ring__forgot(struct writer *w, struct scry_thread *thread)
{
	return thread->segment != (__u32)w->segment->number;
}

static __always_inline void ring__told(struct writer *w, struct scry_thread *thread)
{
	thread->segment = w->segment->number;
}

/* Behind a record that was published with room for another. */
static __always_inline void ring__advance(struct writer *w, __u32 size)
{
	w->ring->head += size;
	w->base += size;
	w->room -= size;
}

static __always_inline void ring__publish(struct writer *w, __u32 size, __u32 kind)
{
	struct scry_segment *segment = w->segment;
	struct scry_record *record = (void *)w->base;

	w->ring->records[kind & 7]++;
	if (!segment->used)
		segment->first = record->time;
	segment->last = record->time;
	segment->records++;
	order__publish(&segment->used, segment->used + size);
}

static __always_inline void ring__end(struct writer *w)
{
	if (w->segment)
		segment__release(w->segment);
	ring__release(w);
}

static __always_inline __u64 ring__entry_time(struct scry_thread *thread)
{
	bool exact = cfg.durations;

	if (exact && ring__gave(SCRY_GIVEN_DURATIONS)) {
		thread->flags |= SCRY_CALL_COARSE;
		exact = 0;
	}
	/* The number of ticks is a load, the clock a fifth of what a record costs. */
	return exact ? bpf_ktime_get_ns() : cfg.tick_base + bpf_jiffies64() * cfg.tick;
}

#endif
