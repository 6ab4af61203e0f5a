/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_KERNEL_H
#define SCRY_KERNEL_H
/*
 * The few kernel types that the programs read, by name; libbpf relocates each access to the running
 * kernel's layout. Whatever differs between kernel versions stands here and nowhere else; the
 * oldest is 6.1.
 *
 * Verifiers differ too, and a program must please the oldest: 512 bytes of stack over all frames
 * that call each other, no partly written stack for a helper, and a bound tested in the register in
 * which it is used (barrier_var before the test), since what goes over the stack loses it.
 */

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define NULL ((void *)0)

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_F_MMAPABLE = 1024,
	BPF_F_NO_PREALLOC = 1,
};

/* <uapi/linux/bpf.h>: enum bpf_map_type */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#define SIGKILL 9
#define ENOSYS	38

/* <linux/sched.h>, <uapi/linux/sched.h> */
#define TASK_INTERRUPTIBLE   0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED	     0x0004
#define TASK_TRACED	     0x0008
#define TASK_FROZEN	     0x8000 /* since 6.1 */
#define PF_EXITING	     0x00000004
#define PF_KTHREAD	     0x00200000
#define PF_IO_WORKER	     0x00000010
#define PF_USER_WORKER	     0x00004000
#define SCHED_NORMAL	     0
#define SCHED_BATCH	     3
#define SCHED_IDLE	     5

#if defined(__TARGET_ARCH_x86)
/* <uapi/asm/ptrace.h>: the same everywhere, so not relocated. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned long cs, flags, sp, ss;
};
#endif

/* <uapi/linux/bpf.h>: what programs on raw tracepoints get. */
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct thread_info {
	__u32 status;
};
#elif defined(__TARGET_ARCH_arm64)
struct thread_info {
	unsigned long flags;
};

/* The first three are user_pt_regs of <uapi/asm/ptrace.h>. */
struct pt_regs {
	__u64 regs[31], sp, pc;
	__u64 orig_x0;
	__s32 syscallno;
};
#endif

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t euid;
};

struct kernfs_node {
	__u64 id;
	const char *name;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct cgroup {
	struct cgroup_subsys_state self; /* its cgroup is itself */
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
	struct cgroup *ancestors[0]; /* since 6.1; its own place included */
};

/* As many as a kernel may have: the index comes from the running kernel's enum. */
struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

enum cgroup_subsys_id {
	perf_event_cgrp_id = 8,
};

typedef struct {
	int counter;
} atomic_t;

struct mm_struct {
	unsigned long arg_start, arg_end;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	struct pid *pids[4]; /* as SCRY_PIDS */
	struct mm_struct *oom_mm;
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[1]; /* by the kind of id; the first: whose tid it is */
	struct upid numbers[0];	    /* one for each namespace, the initial one first */
};

struct cfs_rq {
	__u64 throttled_clock_pelt_time; /* ns of its clock: with CONFIG_CFS_BANDWIDTH */
};

struct sched_entity {
	struct cfs_rq *cfs_rq;	     /* with CONFIG_FAIR_GROUP_SCHED */
	__u64 exec_start;	     /* ns of its CPU's clock less stolen time: when it last ran */
	__u64 sum_exec_runtime;	     /* ns */
	__u64 prev_sum_exec_runtime; /* the same when it was last given its CPU; of the fair class
				      */
};

struct sched_info {
	__u64 last_arrival; /* ns of the scheduler's clock: when it was last given a CPU */
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct syscall_user_dispatch {
	bool on_dispatch;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state, flags, policy;
	int exit_state;
	unsigned int in_iowait : 1;
	unsigned int frozen : 1; /* in a v2 cgroup, since 5.2 */
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	struct sched_entity se;
	struct sched_info sched_info; /* with CONFIG_SCHED_INFO */
	int pid, tgid, exit_code;
	char comm[16];
	const struct cred *cred;
	struct css_set *cgroups;
	struct task_struct *real_parent;
	struct pid *thread_pid;
	struct hlist_node pid_links[1];
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	struct files_struct *files;
	struct fs_struct *fs;
	struct syscall_user_dispatch syscall_dispatch; /* where entries of calls are generic */
	void *stack;
	sigset_t blocked;
	__u64 start_time; /* ns of CLOCK_MONOTONIC */
};

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_rdev;
	void *i_private;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fs_struct {
	struct path pwd;
};

struct proc_ns_operations {
	const char *name;
};

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct in6_addr {
	__u8 in6_u[16];
};

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct sockaddr_un {
	unsigned short sun_family;
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

struct netlink_sock {
	struct sock sk;
	__u32 portid;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct linux_binprm {
	const char *filename;
	const char *interp; /* another one, when it is a script */
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct kernel_siginfo;
struct k_sigaction;

#pragma clang attribute pop

#include <bpf/bpf_helpers.h>

/* Since 6.2: what it gives is read with care for faults, and costs nothing where asking for the
 * current task costs a call. Only with cfg.can_cast. */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/* Copies a caller's string and gives its length with the NUL; negative: it cannot be read. Before
 * 6.13 the helper gives 0 for an empty one. */
static __always_inline long user__string(void *to, __u32 size, __u64 address)
{
	long got = bpf_probe_read_user_str(to, size, (void *)address);

	return got ? got : 1;
}

#endif
