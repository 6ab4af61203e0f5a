/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_DIMENSION_BPF_H
#define SCRY_DIMENSION_BPF_H
/* Groups: who the calls of a row belong to. */

#include "file.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load; 0 is for those that find no room */
	__type(key, __u32);
	__type(value, struct scry_count_group);
} groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* set before load: as groups */
	__type(key, struct scry_count_key);
	__type(value, __u32);
} group_of SEC(".maps");

FREED(free_groups);

#define BY_PATH (SCRY_BY_FILE | SCRY_BY_OBJECT | SCRY_BY_CGROUP) /* what has a path */

static __always_inline struct scry_count_group *group__at(__u32 index)
{
	return bpf_map_lookup_elem(&groups, &index);
}

static __always_inline void comm__copy(char *to, const char *from)
{
	__builtin_memcpy(to, from, SCRY_COMM_LEN);
}

/* What the current thread's calls are grouped by, as far as the thread alone says. */
static __always_inline void key__of_task(struct scry_count_key *key, struct task_struct *task)
{
	if (cfg.by & SCRY_BY_THREAD) {
		key->tid = task__tid(task);
		key->start = task->start_time;
	} else if (cfg.by & SCRY_BY_PROCESS) {
		key->start = task->group_leader->start_time;
	}
	if (cfg.by & (SCRY_BY_THREAD | SCRY_BY_PROCESS))
		key->tgid = task__tgid(task);
	if (cfg.by & SCRY_BY_COMM)
		comm__copy(key->comm, task->comm);
	if (cfg.by & SCRY_BY_CGROUP)
		key->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	if (cfg.by & SCRY_BY_USER)
		key->uid = task->cred->euid.val;
}

/* The group of a key, made if need be, with one more reference. */
static __noinline __u32 group__get(struct scry_count_key *key, struct task_struct *task,
				   struct file *file, struct file *object)
{
	struct scry_counts *all = counts__get();
	struct scry_count_group *group;
	struct scry_count_text *text;
	__u32 *found, index;

	if (!key || !all)
		return 0;
	found = bpf_map_lookup_elem(&group_of, key);
	if (found) {
		group = group__at(*found);
		if (group)
			__sync_fetch_and_add(&group->refs, 1);
		return *found;
	}
	index = pool__take(&all->groups_used, cfg.count_groups, &free_groups);
	group = index ? group__at(index) : NULL;
	if (!group) {
		__sync_fetch_and_add(&all->groups_full, 1);
		return 0;
	}
	group->key = *key;
	comm__copy(group->comm, cfg.by & SCRY_BY_THREAD ? task->comm : task->group_leader->comm);
	group->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	group->tgid = task__tgid(task);
	group->uid = task->cred->euid.val;
	group->refs = 1;
	if (cfg.by & BY_PATH) {
		text = bpf_map_lookup_elem(&texts, &index);
		if (text && file)
			path__write(text->file, file);
		if (text && object)
			path__write(text->object, object);
		if (text && (cfg.by & SCRY_BY_CGROUP))
			path__of_cgroup(text->cgroup, task->cgroups->dfl_cgrp);
	}
	/* From here on user space looks at it. */
	order__publish(&group->first, bpf_ktime_get_ns());
	/* When another thread was faster, or there is no memory, this one means the same. */
	bpf_map_update_elem(&group_of, key, &index, BPF_NOEXIST);
	return index;
}

static __always_inline void group__put(__u32 index)
{
	struct scry_count_group *group = index ? group__at(index) : NULL;

	if (group)
		__sync_fetch_and_add(&group->refs, -1);
}

/* An argument of the current thread's call. */
static __noinline __u64 call__arg(__u64 regs, __u32 abi, __u32 arg)
{
	__u64 value = 0;
	__u32 word = 0;
	__s32 nr = 0;

	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)regs + REGS_NR);
	/* Of a socket call behind another number it stands in the array of its second. */
	if (abi__multiplexes(abi, nr)) {
		bpf_probe_read_kernel(&value, sizeof(value), (void *)regs + regs__place(abi, 1));
		if (bpf_probe_read_user(&word, sizeof(word), (void *)(value + arg * sizeof(word))))
			return ~0ULL;
		return word;
	}
	if (bpf_probe_read_kernel(&value, sizeof(value), (void *)regs + regs__place(abi, arg)))
		return ~0ULL;
	return value;
}

static __always_inline struct file *key__of_file(struct scry_count_key *key,
						 struct task_struct *task, __u64 regs, __u32 call)
{
	__u32 abi = call >> SCRY_COUNT_NR_BITS;
	__u32 arg = plan__at(abi, call & SCRY_COUNT_NR_MAX)->fd_arg;
	struct file *file;

	if (!arg || arg > SCRY_MAX_ARGS)
		return NULL;
	file = file__of(task, call__arg(regs, abi, arg - 1));
	if (!file)
		return NULL;
	key->file_inode = BPF_CORE_READ(file, f_inode, i_ino);
	key->file_device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	key->file_mode = BPF_CORE_READ(file, f_inode, i_mode);
	return file;
}

/* The code's object; false when the memory's lock could not be had: asked again at the next call.
 */
static __always_inline bool key__of_object(struct scry_count_key *key, struct task_struct *task,
					   __u64 ip, struct file **file)
{
	struct object object = {};

	if (bpf_find_vma(task, ip, object__see, &object, 0) && !object.found) {
		/* Not memory without a file, but not known. */
		key->object_inode = ~0ULL;
		return 0;
	}
	key->object_inode = object.inode;
	key->object_device = object.device;
	*file = (struct file *)object.file;
	return 1;
}

static __always_inline __u64 regs__ip(__u64 regs)
{
	__u64 ip = 0;

	bpf_probe_read_kernel(&ip, sizeof(ip), (void *)regs + REGS_IP);
	return ip;
}

/* Finds the group of the current thread's call anew. */
__noinline int slot__regroup(__u32 index, __u64 regs, __u32 call)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = NULL, *object = NULL;
	struct slot *slot = slot__at(index);
	struct scry_counts *all = counts__get();
	struct scry_count_key key = {};
	__u32 group;

	if (!slot || !all)
		return 0;
	slot->epoch = all->moves;
	barrier();
	key__of_task(&key, task);
	if (cfg.by & SCRY_BY_FILE)
		file = key__of_file(&key, task, regs, call);
	if (cfg.by & SCRY_BY_OBJECT) {
		__u64 ip = regs__ip(regs);

		slot->ip = key__of_object(&key, task, ip, &object) ? ip : 0;
	}
	group = group__get(&key, task, file, object);
	group__put(slot->group);
	slot->group = group;
	return 0;
}

#endif
