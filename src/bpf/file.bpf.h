/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_FILE_BPF_H
#define SCRY_FILE_BPF_H
/* What a call's descriptor stands for, which mapped file's code made it; paths of files and
 * cgroups. */

#include "mount.bpf.h"

#define PATH_STEPS     32
#define COMPONENT_ROOM 256
/* What is left of a text when a component begins at the end of that, but for what ends it. */
#define COMPONENT_MAX (SCRY_COUNT_TEXT - COMPONENT_ROOM - 1)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load: as groups, where a dimension has paths */
	__type(key, __u32);
	__type(value, struct scry_count_text);
} texts SEC(".maps");

struct object {
	__u64 inode;
	__u64 file;
	__u32 device;
	__u32 found;
};

static long object__see(struct task_struct *task, struct vm_area_struct *area,
			struct object *object)
{
	struct file *file = area->vm_file;

	object->found = 1;
	object->file = (__u64)file;
	if (file) {
		object->inode = BPF_CORE_READ(file, f_inode, i_ino);
		object->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	}
	return 0;
}

/* Ends a path that has `at` bytes. */
static __always_inline void path__end(char *text, __u32 at, bool whole)
{
	text[at < SCRY_COUNT_TEXT - 1 ? at : SCRY_COUNT_TEXT - 2] = 0;
	text[SCRY_COUNT_TEXT - 1] = !whole;
}

/* Writes a file's path behind `text`, the last component first. */
static __always_inline void path__write(char *text, struct file *file)
{
	struct dentry *entry = BPF_CORE_READ(file, f_path.dentry);
	struct mount *mount = mount__of(BPF_CORE_READ(file, f_path.mnt));
	bool whole = 0;
	__u32 at = 0;

	for (int step = 0; step < PATH_STEPS && at < COMPONENT_ROOM; step++) {
		struct dentry *parent = BPF_CORE_READ(entry, d_parent);
		long got;

		if (entry == BPF_CORE_READ(mount, mnt.mnt_root) || parent == entry) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount) {
				/* A file that has no place, as a pipe, has a name alone. */
				if (step) {
					whole = 1;
					break;
				}
			} else {
				entry = BPF_CORE_READ(mount, mnt_mountpoint);
				mount = above;
				continue;
			}
		}
		got = bpf_probe_read_kernel_str(text + (at & (COMPONENT_ROOM - 1)), COMPONENT_MAX,
						BPF_CORE_READ(entry, d_name.name));
		if (got <= 1)
			break;
		at += got;
		if (got == COMPONENT_MAX)
			break;
		entry = parent;
	}
	path__end(text, at, whole || !at);
}

/* The same of a cgroup: it may be gone before user space looks. */
static __always_inline void path__of_cgroup(char *text, struct cgroup *cgroup)
{
	int level = cgroup->level;
	__u32 at = 0;

	for (int step = 0; step < PATH_STEPS && level > 0 && at < COMPONENT_ROOM; step++, level--) {
		struct cgroup *ancestor = NULL;
		long got;

		bpf_core_read(&ancestor, sizeof(ancestor), &cgroup->ancestors[level]);
		got = bpf_probe_read_kernel_str(text + (at & (COMPONENT_ROOM - 1)), COMPONENT_MAX,
						BPF_CORE_READ(ancestor, kn, name));
		if (got <= 1)
			break;
		at += got;
		if (got == COMPONENT_MAX)
			break;
	}
	path__end(text, at, !level);
}

#endif
