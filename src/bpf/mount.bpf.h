/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_MOUNT_BPF_H
#define SCRY_MOUNT_BPF_H
/* The file of a descriptor, and where files are mounted. */

static __always_inline struct file *file__of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

/* The mount of which `part` is the part that files know. */
static __always_inline struct mount *mount__of(struct vfsmount *part)
{
	return (void *)part - bpf_core_field_offset(struct mount, mnt);
}

#endif
