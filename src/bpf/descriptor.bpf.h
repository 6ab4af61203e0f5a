/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_DESCRIPTOR_BPF_H
#define SCRY_DESCRIPTOR_BPF_H
/*
 * What a call's descriptors stand for, as the kernel holds it at the call: nobody can close and
 * reuse one in between. It is put together in this CPU's scratch, and copied from there to where
 * captures go. Only with cfg.files.
 */

#include "mount.bpf.h"

#define FILE_STEPS	 512	    /* components and mounts of a path */
#define FILE_COMPONENT	 256	    /* NAME_MAX and its NUL */
#define SOCKFS_MAGIC	 0x534f434b /* <uapi/linux/magic.h> */
#define NSFS_MAGIC	 0x6e736673
#define PIDFS_MAGIC	 0x50494446
#define ANON_INODE_MAGIC 0x09041934
#define AF_UNIX		 1 /* <linux/socket.h> */
#define AF_INET		 2
#define AF_INET6	 10
#define AF_NETLINK	 16
#define AT_FDCWD	 (-100) /* <uapi/linux/fcntl.h> */

struct file_scratch {
	struct scry_file file;
	char text[SCRY_FILE_TEXT + FILE_COMPONENT];
	__u64 entry;
	__u64 mount;
	__u64 at;      /* bytes of text */
	__u64 stride;  /* of the descriptors at hand, */
	__u64 address; /* and where they are */
	__u64 message; /* the control message at hand, … */
	__u64 end;     /* … and where they end */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_scratch);
} file_scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, struct scry_variant_key);
	__type(value, struct scry_fd_plan);
} fd_plans SEC(".maps");

static __always_inline struct file_scratch *file_scratch__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&file_scratches, &zero);
}

/* Adds a name to the text; false when there is no room. */
static __always_inline bool file__name(struct file_scratch *scratch, const void *name)
{
	__u64 at = scratch->at;
	long got;

	barrier_var(at);
	if (at >= SCRY_FILE_TEXT) {
		scratch->file.flags |= SCRY_FILE_CUT;
		return 0;
	}
	got = bpf_probe_read_kernel_str(scratch->text + at, FILE_COMPONENT, name);
	if (got > 0)
		scratch->at = at + (got & 0x1ff);
	return got > 0;
}

/* One step of a path: a component, or from a mount to where that is. */
static long file__step(__u32 i, void *unused)
{
	struct file_scratch *scratch = file_scratch__get();
	struct dentry *entry, *parent;
	struct mount *mount, *above;

	if (!scratch)
		return 1;
	entry = (struct dentry *)scratch->entry;
	mount = (struct mount *)scratch->mount;
	if (entry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount)
			return 1;
		scratch->entry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		scratch->mount = (__u64)above;
		return 0;
	}
	parent = BPF_CORE_READ(entry, d_parent);
	if (parent == entry || !file__name(scratch, BPF_CORE_READ(entry, d_name.name)))
		return 1;
	scratch->entry = (__u64)parent;
	return 0;
}

/* The path, or what stands in its place. */
static __always_inline void file__place(struct file_scratch *scratch, struct path *path)
{
	struct dentry *entry = BPF_CORE_READ(path, dentry),
		      *parent = BPF_CORE_READ(entry, d_parent);
	struct mount *mount = mount__of(BPF_CORE_READ(path, mnt));

	if (parent != entry && !BPF_CORE_READ(entry, d_hash.pprev))
		scratch->file.flags |= SCRY_FILE_DELETED;
	if (parent == entry && entry != BPF_CORE_READ(mount, mnt.mnt_root)) {
		scratch->file.flags |= SCRY_FILE_NAMED;
		file__name(scratch, BPF_CORE_READ(entry, d_name.name));
		return;
	}
	scratch->entry = (__u64)entry;
	scratch->mount = (__u64)mount;
	bpf_loop(FILE_STEPS, file__step, NULL, 0);
}

static __always_inline __u64 socket__inode(struct socket *socket)
{
	struct inode *inode =
		(void *)socket + bpf_core_field_offset(struct socket_alloc, vfs_inode);

	return socket ? BPF_CORE_READ(inode, i_ino) : 0;
}

/* Adds the address of a unix socket to the text. */
static __always_inline void file__unix(struct file_scratch *scratch, struct unix_sock *sock)
{
	struct unix_address *address = BPF_CORE_READ(sock, addr);
	struct sock *peer = BPF_CORE_READ(sock, peer);
	__u64 at = scratch->at, length;

	if (peer)
		scratch->file.peer = socket__inode(BPF_CORE_READ(peer, sk_socket));
	if (!address)
		return;
	length = BPF_CORE_READ(address, len) - sizeof(__u16);
	barrier_var(at);
	barrier_var(length);
	if (!length || length > SCRY_FILE_ADDRESS || at >= SCRY_FILE_TEXT ||
	    bpf_probe_read_kernel(scratch->text + at, length,
				  (void *)address +
					  bpf_core_field_offset(struct unix_address, name) +
					  sizeof(__u16)))
		return;
	scratch->file.address_length = length;
	scratch->at = at + length;
}

static __noinline int file__socket(struct file *file)
{
	struct file_scratch *scratch = file_scratch__get();
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sock = BPF_CORE_READ(socket, sk);

	if (!scratch || !sock)
		return 0;
	scratch->file.family = BPF_CORE_READ(sock, __sk_common.skc_family);
	scratch->file.protocol = BPF_CORE_READ(sock, sk_protocol);
	switch (scratch->file.family) {
	case AF_UNIX:
		if (bpf_core_type_exists(struct unix_sock))
			file__unix(scratch, (struct unix_sock *)sock);
		break;
	case AF_NETLINK:
		scratch->file.id = BPF_CORE_READ((struct netlink_sock *)sock, portid);
		break;
	case AF_INET:
	case AF_INET6:
		scratch->file.port = BPF_CORE_READ(sock, __sk_common.skc_num);
		scratch->file.remote_port =
			__builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_dport));
		if (scratch->file.family == AF_INET) {
			bpf_core_read(scratch->file.address, 4, &sock->__sk_common.skc_rcv_saddr);
			bpf_core_read(scratch->file.remote, 4, &sock->__sk_common.skc_daddr);
		} else if (bpf_core_field_exists(sock->__sk_common.skc_v6_daddr)) {
			bpf_core_read(scratch->file.address, 16,
				      &sock->__sk_common.skc_v6_rcv_saddr);
			bpf_core_read(scratch->file.remote, 16, &sock->__sk_common.skc_v6_daddr);
		}
		break;
	}
	return 0;
}

/* The id of a pidfd's process; 0: it is gone, or not of this pid namespace. */
static __always_inline __u32 pid__number(struct pid *pid)
{
	__u32 level = cfg.pid_level;
	struct upid id = {};

	if (!pid || BPF_CORE_READ(pid, level) < level || !BPF_CORE_READ(pid, tasks[0].first))
		return 0;
	bpf_core_read(&id, sizeof(id), &pid->numbers[level]);
	return !level || (__u64)id.ns == cfg.pid_namespace ? id.nr : 0;
}

/* What no path tells. */
static __always_inline void file__kind(struct file_scratch *scratch, struct file *file,
				       struct inode *inode)
{
	struct ns_common *ns;
	char first;

	switch (scratch->file.magic) {
	case SOCKFS_MAGIC:
		file__socket(file);
		break;
	case NSFS_MAGIC:
		ns = BPF_CORE_READ(inode, i_private);
		scratch->at = 0;
		file__name(scratch, BPF_CORE_READ(ns, ops, name));
		break;
	case PIDFS_MAGIC:
		scratch->file.id = pid__number(BPF_CORE_READ(inode, i_private));
		break;
	case ANON_INODE_MAGIC:
		/* [pidfd], before it had a filesystem of its own (6.9) */
		first = scratch->text[1];
		if (first == 'p' && scratch->text[2] == 'i' && scratch->text[6] == ']')
			scratch->file.id = pid__number(BPF_CORE_READ(file, private_data));
		break;
	}
}

/* Fills the scratch with what a task's descriptor stands for; 0: with nothing. */
static __always_inline bool file__look(struct file_scratch *scratch, struct task_struct *task,
				       __s32 fd)
{
	struct inode *inode;
	struct file *file = NULL;
	struct path *path;

	__builtin_memset(&scratch->file, 0, sizeof(scratch->file));
	scratch->at = 0;
	if (fd == AT_FDCWD) {
		struct fs_struct *fs = BPF_CORE_READ(task, fs);

		if (!fs)
			return 0;
		path = (void *)fs + bpf_core_field_offset(struct fs_struct, pwd);
		inode = NULL;
	} else {
		file = fd < 0 ? NULL : file__of(task, fd);
		if (!file)
			return 0;
		path = (void *)file + bpf_core_field_offset(struct file, f_path);
		inode = BPF_CORE_READ(file, f_inode);
		scratch->file.inode = BPF_CORE_READ(inode, i_ino);
		scratch->file.mode = BPF_CORE_READ(inode, i_mode);
		scratch->file.rdev = BPF_CORE_READ(inode, i_rdev);
		scratch->file.magic = BPF_CORE_READ(inode, i_sb, s_magic);
	}
	file__place(scratch, path);
	if (file)
		file__kind(scratch, file, inode);
	return 1;
}

/* Captures `length` bytes of the scratch, as what w->flags say. */
static __always_inline int scratch__commit(struct work *w, struct file_scratch *scratch,
					   __u64 length)
{
	__u64 pos = w->pos;

	WORK__TO(w, dst, limit, cap)
	barrier_var(length);
	if (length > cap) {
		if (!w->to_record && !w->depot) {
			w->full = 1;
			return 0;
		}
		scratch->file.flags |= SCRY_FILE_CUT;
		length = cap;
	}
	if (length > sizeof(scratch->file) + sizeof(scratch->text))
		return 0;
	barrier_var(pos);
	if (pos > limit) {
		w->full = !w->to_record;
		w->cut = w->to_record;
		return 0;
	}
	if (pos + sizeof(struct scry_capture) + length + 8 > w->room) {
		w->full = 1;
		return 0;
	}
	if (length &&
	    bpf_probe_read_kernel(dst + pos + sizeof(struct scry_capture), length, scratch))
		return 0;
	work__commit(w, dst, pos, length);
	return 0;
}

/* The process of the current task's pidfd. */
static __always_inline struct task_struct *pidfd__task(__s32 fd)
{
	struct file *file = fd < 0 ? NULL : file__of(bpf_get_current_task_btf(), fd);
	struct inode *inode;
	struct hlist_node *node;
	struct pid *pid;
	char name[8] = {};

	if (!file)
		return NULL;
	inode = BPF_CORE_READ(file, f_inode);
	switch ((__u32)BPF_CORE_READ(inode, i_sb, s_magic)) {
	case PIDFS_MAGIC:
		pid = BPF_CORE_READ(inode, i_private);
		break;
	case ANON_INODE_MAGIC:
		bpf_probe_read_kernel_str(name, sizeof(name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
		if (name[1] != 'p' || name[2] != 'i' || name[3] != 'd' || name[4] != 'f' ||
		    name[6] != ']')
			return NULL;
		pid = BPF_CORE_READ(file, private_data);
		break;
	default:
		return NULL;
	}
	node = BPF_CORE_READ(pid, tasks[0].first);
	return node ? (void *)node - bpf_core_field_offset(struct task_struct, pid_links) : NULL;
}

/* Captures what a descriptor stands for: of the current task, or of the one of its pidfd. */
__noinline int capture__file(__s32 fd, __s32 pidfd)
{
	struct file_scratch *scratch = file_scratch__get();
	struct task_struct *task;
	struct work *w = work__this_cpu();

	if (!w || !scratch)
		return 0;
	task = pidfd < 0 ? bpf_get_current_task_btf() : pidfd__task(pidfd);
	if (!task || !file__look(scratch, task, fd))
		return 0;
	w->address = (__s64)fd;
	w->flags = SCRY_CAPTURE_FILE;
	return scratch__commit(w, scratch, sizeof(scratch->file) + scratch->at);
}

/* Captures the caller's ids. */
static __always_inline void capture__pids(struct work *w)
{
	struct file_scratch *scratch = file_scratch__get();

	if (!scratch)
		return;
	pids__fill((struct scry_pids *)scratch, bpf_get_current_task_btf());
	w->address = 0;
	w->arg = 0;
	w->flags = SCRY_CAPTURE_PIDS;
	w->phase = w->to_record ? SCRY_PHASE_EXIT : SCRY_PHASE_ENTRY;
	scratch__commit(w, scratch, sizeof(struct scry_pids));
}

/* Captures where the caller's code goes on. */
static __always_inline void capture__ip(struct work *w)
{
	struct file_scratch *scratch = file_scratch__get();

	if (!scratch)
		return;
	w->address = task__ip();
	w->arg = 0;
	w->flags = SCRY_CAPTURE_IP;
	w->phase = w->to_record ? SCRY_PHASE_RETRY : SCRY_PHASE_ENTRY;
	scratch__commit(w, scratch, 0);
}

/* Descriptor number i of those at scratch->address. */
static long file__element(__u32 i, void *unused)
{
	struct file_scratch *scratch = file_scratch__get();
	struct work *w = work__this_cpu();
	__s32 fd = -1;

	if (!scratch || !w || i >= w->count)
		return 1;
	if (bpf_probe_read_user(&fd, sizeof(fd),
				(void *)(scratch->address + (__u64)i * scratch->stride)))
		return 1;
	capture__file(fd, -1);
	return work__stuck(w) != 0;
}

/* Descriptor number i of the set at scratch->address. */
static long file__member(__u32 i, void *unused)
{
	struct file_scratch *scratch = file_scratch__get();
	struct work *w = work__this_cpu();
	__u8 byte = 0;

	if (!scratch || !w || i >= w->count)
		return 1;
	if (bpf_probe_read_user(&byte, sizeof(byte), (void *)(scratch->address + i / 8)))
		return 1;
	if (byte >> (i & 7) & 1)
		capture__file(i, -1);
	return work__stuck(w) != 0;
}

#define SET_MOST 1024 /* bits */

#define SOL_SOCKET	 1 /* <linux/socket.h> */
#define SCM_RIGHTS	 1
#define CONTROL_MESSAGES 4

/* One control message, at scratch->at of those that end at scratch->end. */
static long file__message(__u32 i, void *unused)
{
	struct file_scratch *scratch = file_scratch__get();
	struct work *w = work__this_cpu();
	__u64 length = 0;
	__u32 kind[2] = {}, wide;

	if (!scratch || !w)
		return 1;
	wide = w->wide == 4 ? 4 : 8;
	if (scratch->message + wide + sizeof(kind) > scratch->end ||
	    bpf_probe_read_user(&length, wide, (void *)scratch->message) ||
	    bpf_probe_read_user(kind, sizeof(kind), (void *)(scratch->message + wide)) ||
	    length < wide + sizeof(kind) || length > 4096)
		return 1;
	if (kind[0] == SOL_SOCKET && kind[1] == SCM_RIGHTS) {
		scratch->stride = sizeof(__s32);
		scratch->address = scratch->message + wide + sizeof(kind);
		w->count = (length - wide - sizeof(kind)) / sizeof(__s32);
		bpf_loop(SCRY_FD_MOST, file__element, NULL, 0);
	}
	scratch->message += (length + wide - 1) & ~(__u64)(wide - 1);
	return work__stuck(w) != 0;
}

/* The descriptors in the control messages of a msghdr. */
static __always_inline int file__control(struct file_scratch *scratch, struct work *w, __u64 header)
{
	__u32 wide = w->wide == 4 ? 4 : 8;
	__u64 control = 0, length = 0;

	if (bpf_probe_read_user(&control, wide, (void *)(header + 4 * wide)) ||
	    bpf_probe_read_user(&length, wide, (void *)(header + 5 * wide)) || !control)
		return 0;
	scratch->message = control;
	scratch->end = control + length;
	bpf_loop(CONTROL_MESSAGES, file__message, NULL, 0);
	return 0;
}

static __always_inline int file__op(struct scry_fd_op *op, struct scry_thread *thread,
				    struct work *w)
{
	struct file_scratch *scratch = file_scratch__get();
	__u32 other = op->other;
	__u64 arg = thread__arg(thread, op->arg);

	if (!scratch)
		return 0;
	w->arg = op->arg;
	switch (op->kind) {
	case SCRY_FD_ARG:
		capture__file(arg, -1);
		return 0;
	case SCRY_FD_THEIRS:
		capture__file(arg, thread__arg(thread, other));
		return 0;
	case SCRY_FD_RESULT:
		capture__file(w->result, -1);
		return 0;
	}
	if (!arg)
		return 0;
	if (op->kind == SCRY_FD_CONTROL) {
		file__control(scratch, w, arg);
		return 0;
	}
	w->count = other < SCRY_MAX_ARGS ? thread__arg(thread, other) : op->count;
	scratch->stride = op->stride;
	scratch->address = arg + op->offset;
	if (op->kind == SCRY_FD_SET) {
		w->count = (__s32)w->count < 0 ? 0 : (__u32)w->count;
		bpf_loop(SET_MOST, file__member, NULL, 0);
	} else {
		bpf_loop(SCRY_FD_MOST, file__element, NULL, 0);
	}
	return 0;
}

/* Operation number i: at entry those of the entry; at exit those, if they are late, and the
 * exit's. */
static long file__run(__u32 i, struct scry_fd_plan **plan)
{
	struct work *w = work__this_cpu();
	struct scry_thread *thread;
	struct scry_fd_op *op;

	if (!w || !*plan || i >= SCRY_FD_OPS || i >= (*plan)->nops)
		return 1;
	thread = bpf_map_lookup_elem(&threads, &w->slot);
	if (!thread)
		return 1;
	barrier_var(i);
	if (i >= SCRY_FD_OPS)
		return 1;
	op = &(*plan)->ops[i];
	if (!op->at_exit) {
		if (w->to_record && thread->retry != 0xff)
			return 0;
		w->phase = w->to_record ? SCRY_PHASE_RETRY : SCRY_PHASE_ENTRY;
	} else {
		if (!w->to_record || w->result < 0)
			return 0;
		w->phase = SCRY_PHASE_EXIT;
	}
	file__op(op, thread, w);
	return work__stuck(w) != 0;
}

/* What the descriptors of the thread's call in w->slot stand for. */
static __always_inline void capture__files(struct work *w, struct scry_thread *thread)
{
	struct scry_variant_key key = {};
	struct scry_fd_plan *plan, *other;

	key.nr = thread->nr;
	key.is_32bit = abi__is_32bit(thread->abi);
	key.value = SCRY_FD_GENERAL;
	plan = bpf_map_lookup_elem(&fd_plans, &key);
	if (!plan)
		return;
	if (plan->variant_arg && plan->variant_arg <= SCRY_MAX_ARGS) {
		key.value = (__u32)thread__arg(thread, plan->variant_arg - 1);
		other = bpf_map_lookup_elem(&fd_plans, &key);
		if (other)
			plan = other;
	}
	bpf_loop(SCRY_FD_OPS, file__run, &plan, 0);
}

/* What a call carries besides memory, in the place that w says: after the plan's operations. */
__noinline int capture__beside(void)
{
	struct work *w = work__this_cpu();
	struct scry_thread *thread;

	if (!w || work__stuck(w))
		return 0;
	thread = bpf_map_lookup_elem(&threads, &w->slot);
	if (!thread)
		return 0;
	if (cfg.pids)
		capture__pids(w);
	if (cfg.ip && (!w->to_record || thread->retry == 0xff))
		capture__ip(w);
	if (cfg.files)
		capture__files(w, thread);
	return 0;
}

#endif
