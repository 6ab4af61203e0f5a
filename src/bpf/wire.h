/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_WIRE_H
#define SCRY_WIRE_H
/*
 * The only contract between the kernel side and user space. src/Scry.Wire mirrors it; tests/Layout
 * compiles this file and compares every size and offset. Numbers are appended, never reused.
 * Whoever includes it has the kernel's fixed-width types (__u8 … __s64).
 */

#define SCRY_WIRE_VERSION 2

#define SCRY_MAX_ARGS 6
#define SCRY_MAX_OPS  8

/* ABI of a call: which table its number belongs to. */
#define SCRY_ABI_X86_64 0
#define SCRY_ABI_IA32	1
#define SCRY_ABI_X32	2 /* x86-64's numbers with bit 30 set */
#define SCRY_ABI_ARM64	3
#define SCRY_ABI_ARM	4 /* 32-bit Arm (EABI) */
#define SCRY_ABI_COUNT	2 /* with plans of their own: a machine's own, its 32-bit one */
#define SCRY_NR_MAX	512
/* Arm's own calls (__ARM_NR_BASE) lie far from the others: their plans are at the table's end, and
 * rows have their places for numbers. Those numbers serve ia32 for calls that it has behind
 * socketcall and ipc alone. */
#define SCRY_FAR_FIRST 0xf0000
#define SCRY_FAR_COUNT 8
#define SCRY_FAR_PLACE 503

/* Kinds of record. */
#define SCRY_RECORD_CALL   1
#define SCRY_RECORD_TASK   2 /* a thread's names: at its first record, and when they change */
#define SCRY_RECORD_EXIT   3 /* a thread ended */
#define SCRY_RECORD_SIGNAL 4 /* a signal was delivered */
#define SCRY_RECORD_SPAN   5 /* a thread has a CPU again: what it did without one */
#define SCRY_RECORD_SCHED  6 /* a thread's sums of the scheduler, at its end or the run's */
#define SCRY_RECORD_KINDS  8 /* room for more, a power of two */

/* scry_record.flags of a CALL. */
#define SCRY_CALL_UNFINISHED 0x01 /* the thread ended in the call: no result, no duration */
#define SCRY_CALL_NO_ENTRY   0x02 /* entry not seen: attached later, refused by seccomp, at_exit */
#define SCRY_CALL_TRUNCATED  0x04 /* captured memory did not all fit */
#define SCRY_CALL_IN_FLIGHT  0x08 /* synthesized at the end of a run: still in the call */
#define SCRY_CALL_COARSE     0x10 /* the duration is off by up to a tick of the kernel */
#define SCRY_CALL_UNREAD     0x20 /* memory wanted at entry could not be read at exit either */
#define SCRY_CALL_BEHIND     0x40 /* came through another number: ia32's socketcall, ipc */

/* scry_record.flags of a TASK: why it was written. */
#define SCRY_TASK_FIRST	 0x01
#define SCRY_TASK_FORK	 0x02
#define SCRY_TASK_EXEC	 0x04
#define SCRY_TASK_RENAME 0x08
#define SCRY_TASK_AGAIN	 0x10 /* told again: what told it before may be gone */

/* scry_record.flags of an EXIT. */
#define SCRY_EXIT_GROUP_DEAD 0x01 /* it was the last thread of its process */

/* What every record begins with. Records are 8-byte aligned and never wrap in a ring. */
struct scry_record {
	__u64 time; /* ns, CLOCK_MONOTONIC; of a CALL: at its exit */
	__u32 size; /* bytes, this header included, a multiple of 8 */
	__u32 tgid;
	__u32 tid;
	__u32 seq;    /* of this thread's records, from 0; counts on when a record is lost */
	__u32 detail; /* CALL: syscall number; EXIT: exit code as wait(2) has it; SIGNAL: signal
			 number */
	__u8 kind;
	__u8 flags;
	__u8 abi;
	__u8 nargs;
};

/* A CALL is scry_call, then __u64 args[nargs], then captures up to size. */
struct scry_call {
	struct scry_record record;
	__u64 duration; /* ns from entry to exit, or to `time` when UNFINISHED; 0 with NO_ENTRY */
	__s64 result;	/* as the register had it; 0 with UNFINISHED */
};

/* When captured memory was read. */
#define SCRY_PHASE_ENTRY 0
#define SCRY_PHASE_EXIT	 1
#define SCRY_PHASE_RETRY 2 /* wanted at entry, not resident then, read at exit */
#define SCRY_PHASE_LATE	 3 /* read from outside, after the call: in no record of the kernel's */

/* scry_capture.flags: what the data is; 0: memory of the caller. */
#define SCRY_CAPTURE_COUNT 0x01 /* a __u64: entries of the NULL-ended pointer array at address */
#define SCRY_CAPTURE_SPLIT 0x02 /* a scry_split */
#define SCRY_CAPTURE_WAITS 0x04 /* a scry_waits */
#define SCRY_CAPTURE_STACK 0x08 /* a scry_registers, then the caller's stack from `address` on */
#define SCRY_CAPTURE_FRAMES \
	0x10 /* __u64 each: where the caller is, by frame pointers, innermost first */
#define SCRY_CAPTURE_PLACES \
	0x20 /* user space's, for the two before: __u32 numbers of places in code */
#define SCRY_CAPTURE_FILE \
	0x40 /* a scry_file: what the descriptor `address` stands for; AT_FDCWD too */
#define SCRY_CAPTURE_PIDS 0xc0 /* a scry_pids: the caller's */
#define SCRY_CAPTURE_IP	  0x80 /* no data: the caller's code goes on at `address` after the call */

/*
 * Memory of the traced task: a record is a sparse image of it, keyed by address. What could not be
 * read has no capture. Data follows, padded to 8 bytes. A string's capture ends with its NUL if
 * that was reached.
 */
struct scry_capture {
	__u64 address;
	__u32 length;
	__u8 arg; /* the argument by which it was reached */
	__u8 phase;
	__u8 flags;
	__u8 pad;
};

#define SCRY_PIDS	 4 /* kinds of id: thread, process, process group, session */
#define SCRY_PIDS_SPACES 4

/*
 * A thread's ids in the pid namespaces that it is in, the innermost first, up to that which Scry
 * runs in, and in that. A TASK has one behind it, with cfg.pids.
 */
struct scry_pids {
	__u32 spaces[SCRY_PIDS_SPACES]; /* inode numbers of namespaces; 0: no more */
	__u32 ids[SCRY_PIDS_SPACES * SCRY_PIDS];
	__u32 here[SCRY_PIDS];
};

/* scry_file.flags */
#define SCRY_FILE_NAMED	  0x01 /* it lies in no directory: its text is a name */
#define SCRY_FILE_DELETED 0x02
#define SCRY_FILE_CUT	  0x04 /* the path is longer: its first components are missing */

#define SCRY_FILE_TEXT	  4096 /* bytes of a text; one more component may follow */
#define SCRY_FILE_ADDRESS 108  /* bytes of a unix socket's address */

/*
 * What a descriptor stands for. Its text follows: the components of the path, the last one first,
 * each with a NUL; of a unix socket its address behind that.
 */
struct scry_file {
	__u64 inode;
	__u64 peer;	/* of a unix socket: the inode of its other end */
	__u32 magic;	/* of its filesystem */
	__u32 rdev;	/* as the kernel keeps it: 20 bits of minor number */
	__u32 id;	/* of a pidfd the process; of a netlink socket its port */
	__u16 mode;	/* inode's */
	__u16 family;	/* of a socket; 0: it is none */
	__u16 protocol; /* of a socket */
	__u16 port;	/* of a socket of the internet; its other end's */
	__u16 remote_port;
	__u8 flags;
	__u8 address_length; /* of a unix socket */
	__u8 pad[6];
	__u8 address[16]; /* of a socket of the internet */
	__u8 remote[16];
};

/* Where a call's descriptors stand: SCRY_FD_OPS at most, by the key of plans of variants. */
#define SCRY_FD_OPS	6
#define SCRY_FD_GENERAL (~0ULL) /* the value of a call's own */

#define SCRY_FD_ARG    1 /* args[arg] */
#define SCRY_FD_RESULT 2
#define SCRY_FD_MEMORY \
	3 /* args[other] (or, from SCRY_MAX_ARGS on, `count`) at args[arg] + offset */
#define SCRY_FD_SET	4 /* args[other] bits at args[arg] */
#define SCRY_FD_THEIRS	5 /* args[arg], of the process of the pidfd args[other] */
#define SCRY_FD_CONTROL 6 /* in the control messages of the msghdr at args[arg] (SCM_RIGHTS) */

#define SCRY_FD_MOST 128 /* descriptors of one operation */

struct scry_fd_op {
	__u8 kind;
	__u8 at_exit;
	__u8 arg;
	__u8 other;
	__u16 offset;
	__u8 stride;
	__u8 count;
};

struct scry_fd_plan {
	__u8 nops;
	__u8 variant_arg; /* number + 1 of the argument that chooses another one; 0: none does */
	__u8 pad[6];
	struct scry_fd_op ops[SCRY_FD_OPS];
};

#define SCRY_COMM_LEN 16

struct scry_task {
	struct scry_record record;
	__u64 cgroup_id; /* of the default (v2) hierarchy */
	__u32 ppid;	 /* tgid of the real parent */
	__u32 uid;	 /* effective */
	char comm[SCRY_COMM_LEN];
};

/* A SIGNAL carries the start of siginfo_t, as the kernel's kernel_siginfo has it. */
struct scry_signal {
	struct scry_record record;
	__s32 si_errno;
	__s32 si_code;
	__u64 fields[4]; /* the union after si_code: from offset 16 of siginfo_t */
			 /* With cfg.ip a __u64 follows: where the thread's code would go on. */
};

/* The caller's registers: x86-64: struct pt_regs (21 words); arm64: struct user_pt_regs (34). */
#define SCRY_REGISTERS 34

struct scry_registers {
	__u64 words[SCRY_REGISTERS];
};

#define SCRY_STACK_MAX	  (64 * 1024) /* bytes of a caller's stack */
#define SCRY_CALLER_DEPTH 127	      /* frames, by frame pointers */

/*
 * Where a call's time went, in ns. What is in none of `queued`, `preempted` and `blocked` was on a
 * CPU; `io`, `uninterruptible` and `stopped` are parts of `blocked`.
 */
struct scry_split {
	__u64 queued;	 /* woken, and waiting for a CPU */
	__u64 preempted; /* could have run on, and had no CPU */
	__u64 blocked;
	__u64 io;	       /* for a device, as the scheduler counts it (iowait) */
	__u64 uninterruptible; /* other waits that no signal ends: locks of the kernel */
	__u64 stopped;	       /* by a signal or a tracer */
	__u64 throttled;       /* a part of queued and preempted: at the CPU limit of its cgroup */
	__u64 longest;	       /* wait */
	__u32 waits;
	__u32 preemptions;
	__u32 minor_faults;
	__u32 major_faults;
	__u32 unseen; /* switches that the kernel counted and did not tell of: what they took is
		       * said to be on a CPU */
	__u32 pad;
};

/* One of the places in the kernel that a call waited at. */
#define SCRY_SITES	  4
#define SCRY_SITE_FRAMES  20
#define SCRY_WAKER_FRAMES 40

struct scry_site {
	__u64 hash;  /* of its frames; 0: unused */
	__u64 total; /* ns */
	__u64 longest;
	__u32 waits;
	__u32 state; /* task_struct.__state of the longest; SCRY_STATE_IO with it */
	__u64 frames[SCRY_SITE_FRAMES]; /* return addresses, the innermost first; 0: no more */
};

#define SCRY_STATE_IO 0x80000000

/* Who woke a thread, and what that one had waited for itself before. */
#define SCRY_CHAIN	 8
#define SCRY_LINK_FRAMES 10

#define SCRY_LINK_IN_CALL 0x01 /* nr and args are those of the waker's call */
#define SCRY_LINK_INTERRUPT \
	0x02 /* an interrupt woke it: the thread is the one that was interrupted */
#define SCRY_LINK_UNSURE    0x04 /* whether it was an interrupt is not known */
#define SCRY_LINK_KERNEL    0x08 /* a thread of the kernel */
#define SCRY_LINK_WAIT_CALL 0x10 /* wait_nr is that of a call */

struct scry_link {
	__u64 time; /* ns: when it woke the thread before it in the chain */
	__u64 args[SCRY_MAX_ARGS];
	__u64 waited; /* ns: its own last long wait, which ended in that thread's; 0: none */
	__u64 frames[SCRY_LINK_FRAMES]; /* where it waited */
	__u32 tid;
	__u32 tgid;
	__u32 nr;
	__u32 wait_nr;
	__u8 abi;
	__u8 wait_abi;
	__u8 flags;
	__u8 pad[5];
	char comm[SCRY_COMM_LEN];
};

/* The long waits of a thread's call: those of cfg.long_wait and more. */
struct scry_waits {
	__u64 call;    /* begin of the call, ns; 0: of none */
	__u64 longest; /* ns */
	__u64 from;    /* when it began */
	__u64 other;   /* ns: of long waits at more places than there are sites */
	__u32 links;   /* of `chain`: who woke it from the longest, and so on */
	__u32 nr;      /* of the call, and its abi */
	__u32 abi;
	__u32 site; /* of the longest; SCRY_SITES: at more places than there are */
	__u64 waker[SCRY_WAKER_FRAMES]; /* where in the kernel that one was, the innermost first */
	struct scry_site sites[SCRY_SITES];
	struct scry_link chain[SCRY_CHAIN];
};

/* scry_record.flags of a SPAN. */
#define SCRY_SPAN_PREEMPTED 0x01 /* it could have run on */
#define SCRY_SPAN_IO	    0x02
#define SCRY_SPAN_INTERRUPT 0x04 /* an interrupt woke it */
#define SCRY_SPAN_OPEN	    0x08 /* it has no CPU yet: the run ends */

/* `time`: when it got its CPU; detail: task_struct.__state when it left. */
struct scry_span {
	struct scry_record record;
	__u64 left;  /* ns: when it left its CPU; 0: not seen */
	__u64 woken; /* ns; 0: not seen, or it was preempted */
	__u32 waker; /* tid; 0: not seen */
	__u32 cpu;
};

struct scry_sched {
	__u64 running;	 /* ns on a CPU */
	__u64 delay;	 /* ns that it waited for a CPU, woken or preempted */
	__u64 worst;	 /* ns: the longest of these, … */
	__u64 worst_end; /* … and when it ended */
	__u64 blocked;	 /* ns */
	__u64 since;	 /* ns: when it was first seen */
	__u32 switches;	 /* times that it got a CPU */
	__u32 delays;	 /* that were seen whole */
	__u32 preemptions;
	__u32 migrations;
};

/* A SCHED. */
struct scry_sched_sums {
	struct scry_record record;
	struct scry_sched sums;
};

/*
 * The capture plan of a syscall: what to copy, when. Made by Scry.Syscalls from the facts, handed
 * over before load. "arg" is the argument that holds the address.
 */
#define SCRY_OP_STRING	     1 /* NUL-ended, at most size bytes (0: path_max) */
#define SCRY_OP_FIXED	     2 /* size bytes */
#define SCRY_OP_BUFFER	     3 /* args[other] * size bytes */
#define SCRY_OP_BUFFER_RET   4 /* result * size bytes, at exit */
#define SCRY_OP_BUFFER_LENP  5 /* the __u32 that args[other] points to, and as many bytes */
#define SCRY_OP_IOVEC	     6 /* args[other] iovecs (size: bytes of one), and their data */
#define SCRY_OP_MSGHDR	     7 /* a msghdr (size: bytes of it), its name, iovecs, their data, control */
#define SCRY_OP_MMSGHDR	     8	/* args[other] (at exit: result) of them */
#define SCRY_OP_STRING_ARRAY 9	/* NULL-ended array of string pointers, and the strings */
#define SCRY_OP_COUNT	     10 /* length of a NULL-ended pointer array, as a COUNT capture */
#define SCRY_OP_INDIRECT     11 /* size bytes at the pointer found at args[arg] + other (bytes) */
#define SCRY_OP_OFFSET	     12 /* size bytes at args[arg] + other * 8 */
#define SCRY_OP_BITS	     13 /* args[other] bits in whole pointer-sized words, at most size bytes */

#define SCRY_OP_AT_ENTRY 0x01
#define SCRY_OP_AT_EXIT	 0x02 /* only when the call succeeded … */
#define SCRY_OP_ALWAYS	 0x04 /* … or failed too */
#define SCRY_OP_KEPT	 0x10 /* at both: what it was given is there in what it leaves */
#define SCRY_OP_DATA	 0x08 /* payload: at most data_max bytes; of a string, string_max */

struct scry_op {
	__u8 kind;
	__u8 flags;
	__u8 arg;
	__u8 other;
	__u32 size;
};

#define SCRY_PLAN_SELECTED 0x01 /* -e wants it */
#define SCRY_PLAN_FORKS	   0x02 /* its child returns from it too, with 0: not a call of the child */
#define SCRY_PLAN_VARIANTS 0x04 /* look (nr, is_32bit, args[variant_arg]) up for another plan */
#define SCRY_PLAN_IOCTL	   0x08 /* without a variant: args[2] by the size and direction in args[1] */
#define SCRY_PLAN_ENTRY	   0x10 /* some op is AT_ENTRY */
#define SCRY_PLAN_EXIT	   0x20 /* some op is AT_EXIT */
#define SCRY_PLAN_EXECS	   0x40 /* execve and execveat */
#define SCRY_PLAN_STACK	   0x80 /* args[0] is the stack pointer: sigreturn, whose frame lies there */

struct scry_plan {
	__u8 nargs;
	__u8 nops;
	__u8 flags;
	__u8 variant_arg;
	__u8 only_entry; /* number + 1 of the op at entry when there is one; 0: none or several */
	__u8 only_exit;	 /* the same at exit */
	__u8 fd_arg;	 /* argument + 1 that is a descriptor; 0: none */
	__u8 pointers;	 /* a bit for each argument that some op follows */
	struct scry_op ops[SCRY_MAX_OPS];
};

struct scry_variant_key {
	__u32 nr;
	__u32 is_32bit; /* as plans are: 1 for the machine's 32-bit ABI, else 0 */
	__u64 value;
};

/* Code of the kernel. */
struct scry_code {
	__u64 start;
	__u64 end;
};

#define SCRY_INTERRUPTS 4

/* Read-only configuration, set before load: the verifier removes what a run does not use. */
#define SCRY_TARGET_ALL	      0
#define SCRY_TARGET_TASKS     1 /* the bitmap of tids; children are added at fork */
#define SCRY_TARGET_COMM      2
#define SCRY_TARGET_UID	      3
#define SCRY_TARGET_CGROUP    4 /* v2 */
#define SCRY_TARGET_CGROUP_V1 5 /* perf_event hierarchy */

/*
 * A traced thread's slot, in a mmapable array. User space claims one (tid, tgid, then state) to
 * make a thread a target; the kernel frees it (tid = 0) when the thread ends.
 */
#define SCRY_THREAD_PROBES 32 /* slots that may serve a tid, where they are fewer than tids */
#define SCRY_THREAD_STRIDE 0x9e3779b1 /* between the slots of one tid and the next: odd */

#define SCRY_THREAD_IN_CALL   0x01
#define SCRY_THREAD_ANNOUNCED 0x02 /* its TASK record was written */
#define SCRY_THREAD_HUSH      0x04 /* not a target before its next execve */
#define SCRY_THREAD_EXECED    0x08 /* in an execve that replaced its memory */
#define SCRY_THREAD_SCRIPT    0x10 /* and whose argv is not what it was given: an interpreter's */
#define SCRY_THREAD_MUTED     0x20 /* in a call that is given up, with all of its cgroup */
#define SCRY_THREAD_TOLD      0x40 /* its call was written: not again where the kernel goes back */
/* With at_exit, where nothing is between an entry and an exit: */
#define SCRY_THREAD_BACK  0x20 /* it was a target when it last came back from a call */
#define SCRY_THREAD_ALIKE 0x40 /* its registers then looked as if it had not */
#define SCRY_THREAD_NOSYS 0x80 /* a signal came then: its handler's end looks like call -1 */

struct scry_thread {
	__u64 start; /* ns, of the call it is in */
	__u64 args[SCRY_MAX_ARGS];
	__u32 tid; /* 0: free */
	__u32 tgid;
	__u32 seq; /* of its next record */
	__u32 nr;
	__u16 staged; /* bytes of captures that wait for the exit */
	__u16 muted;  /* calls that were given up and not told yet */
	__u8 state;
	__u8 abi;
	__u8 retry;   /* bit n: op n could not be read at entry */
	__u8 flags;   /* of the CALL to come */
	__u32 slot;   /* its own index */
	__u16 depot;  /* number + 1 of the depot that holds what was staged; 0: its stage does */
	__u16 signal; /* last sent to it and not delivered, with its siginfo; 0: none */
	__s32 si_errno;
	__s32 si_code;
	__u64 si_fields[4]; /* as in scry_signal */
	/* The flight recorder's: */
	__u64 cgroup_id; /* of the group; not the recorder's: call__mark at the call's begin */
	__u32 group;	 /* index of its cgroup's group */
	__u32 segment;	 /* low bits of the number of the segment that has its names */
	/* Of the slot itself: bit n: a thread whose first slot this is lives n slots further on. */
	__u32 displaced;
	__u32 given; /* number + 1 of what `muted` is to be told */
};

/* A path for a trigger: `prefix*suffix`, or with `exact` the prefix alone. */
#define SCRY_PATTERNS	  4
#define SCRY_PATTERN_TEXT 64

struct scry_pattern {
	__u8 prefix_length;
	__u8 suffix_length;
	__u8 exact;
	__u8 pad[5];
	char prefix[SCRY_PATTERN_TEXT]; /* NUL-ended */
	char suffix[SCRY_PATTERN_TEXT];
};

struct scry_config {
	__u64 ring_size; /* bytes of one CPU's ring, a power of two */
	__u64 cgroup_id;
	__u64 min_duration; /* ns; 0: any */
	__u64 comm[2];	    /* as bytes, NUL-padded */
	__u64 comm_mask[2]; /* 0xff for each byte that counts */
	__u64 errnos[16];   /* bit n: errno n is wanted (with errno_filter) */
	__u32 target;
	__u32 self_tgid; /* never traced */
	__u32 uid;
	__u32 cgroup_level;
	__u32 data_max; /* bytes of payload of one buffer */
	__u32 path_max;
	__u32 thread_mask;  /* slots of threads, a power of two, less 1 */
	__u8 thread_probes; /* 0: a slot for every tid there can be */
	__u8 failed_only;
	__u8 errno_filter;
	__u8 follow;	/* children and new threads too */
	__u8 durations; /* a clock is read at entry too */
	__u8 on_oom;	/* triggers of the flight recorder, from here on */
	__u8 on_removal;
	__u8 pattern_count;
	__u8 on_calls;		/* some trigger looks at calls */
	__u8 on_ends;		/* some trigger looks at ends of processes */
	__u16 string_max;	/* bytes of a string that is no path */
	__u64 on_signals;	/* bit n: a process that signal n ends */
	__u64 on_exit_codes[4]; /* bit n: a process that exits with n */
	__u64 on_errnos[16];	/* bit n: a call that fails with errno n */
	__u64 on_slow;		/* ns of a call; 0: none */
	__u64 cooldown;		/* ns between two incidents of a cgroup */
	__u64 tick;		/* ns of a jiffy, and the time of jiffy 0: the clock of entries */
	__u64 tick_base;	/* where durations are not exact */
	__u32 incidents_max;	/* frozen groups at a time */
	__u32 hierarchy;	/* id of the cgroup hierarchy; 0: v2 */
	__u32 segments;		/* of the flight recorder's memory */
	__u32 groups;		/* cgroups that can have a past at a time */
	__u32 by;		/* counting: SCRY_BY_*, from here on */
	__u32 count_groups;	/* sizes of its pools */
	__u32 count_rows;
	__u32 count_chunks;
	__u32 count_slot_bits; /* threads' slots: 2 to the power of it */
	__u8 every_call;       /* all calls are selected */
	__u8 cpu_time;	       /* durations are those on a CPU */
	__u8 can_cast;	       /* the kernel has bpf_rdonly_cast */
	__u8 at_exit;	       /* calls are seen at their exit alone */
	__u64 pid_namespace;   /* address of the pid namespace whose ids tasks have, … */
	__u64 pid_level;       /* … and its depth; 0: the initial one */
	__u64 budget;	       /* ns of a CPU that the recorder may take in a second; 0: any */
	struct scry_code interrupts[SCRY_INTERRUPTS]; /* where interrupts come in */
	__u64 long_wait; /* ns: a wait of so much is looked at closely */
	__u32 stack_max; /* bytes of the caller's stack that a call carries; 0: none */
	__u8 may_give;	 /* exact durations are there to be shown alone */
	__u8 overs;	 /* each call has a duration of its own that it must take: map `overs` */
	__u8 caller;	 /* a call carries the caller's frames, by frame pointers */
	__u8 split;	 /* where a call's time went is asked for, … */
	__u8 spans;	 /* … each span without a CPU, … */
	__u8 sums;	 /* … the scheduler's sums, … */
	__u8 chain;	 /* … who woke a waker, of whatever threads */
	__u8 ticks;	 /* who must take so long that the kernel's ticks tell who did not */
	__u8 files;	 /* a call carries what its descriptors stand for: map `fd_plans`, … */
	__u8 ip;	 /* … where its caller's code goes on */
	__u8 pids;	 /* … and its caller's ids in its pid namespaces */
	__u8 split_pad[1];
	struct scry_pattern patterns[SCRY_PATTERNS];
	/* By abi * SCRY_NR_MAX + nr; the last of each ABI serves the numbers that have none. */
	struct scry_plan plans[SCRY_ABI_COUNT * SCRY_NR_MAX];
};

/* One CPU's ring: this page, then ring_size bytes, then room for one largest record. */
#define SCRY_RING_HEADER 4096
#define SCRY_RECORD_MAX	 (256 * 1024)
#define SCRY_CAPTURE_MAX (64 * 1024) /* bytes of one piece of memory */

#define SCRY_IDLE_ANY  1 /* the reader sleeps: at the next record */
#define SCRY_IDLE_FULL 2 /* the reader naps: when the ring is half full */

#define SCRY_LOST_RING	  0 /* no room in the ring */
#define SCRY_LOST_SIZE	  1 /* a record larger than the ring's room for one */
#define SCRY_LOST_NESTED  2 /* a program came upon another on the same CPU */
#define SCRY_LOST_STATE	  3 /* no memory for a thread's state */
#define SCRY_LOST_REASONS 4

struct scry_ring {
	/* Written by the kernel. */
	__u64 head; /* bytes ever written */
	__u32 busy; /* a program is between its clock and its head */
	__u32 pad;
	__u64 records[SCRY_RECORD_KINDS];
	__u64 lost[SCRY_LOST_REASONS];
	__u64 work[16];	  /* the kernel's own */
	__u64 spent;	  /* ns, estimated: of the flight recorder's programs */
	__u64 detail;	  /* the part of it that they ran for calls that are recorded */
	__u32 unmeasured; /* runs before the next one is measured */
	__u32 pad3;
	__u8 fill[4096 / 2 - 16 - 8 * SCRY_RECORD_KINDS - 8 * SCRY_LOST_REASONS - 8 * 16 - 24];
	/* Written by the reader. */
	__u64 tail; /* bytes ever read */
	__u32 idle; /* SCRY_IDLE_*: when to ring the bell */
	__u32 pad2;
	__u8 fill2[4096 / 2 - 16];
};

/*
 * The flight recorder's memory: segments of one size, handed out to the groups, one group for each
 * cgroup. A group's newest segments are its lanes' (a lane serves one or more CPUs); its oldest one
 * is the first to be used again. Records never cross from one segment into the next. A reader takes
 * `number` before and after its copy of a segment: when it changed, the segment was given to
 * another use meanwhile and the copy is void.
 */
#define SCRY_SEGMENT_SIZE 16384
#define SCRY_SEGMENT_PAD  32768 /* behind the last segment */
#define SCRY_LANES	  32
#define SCRY_GROUP_PATH	  768

struct scry_segment {
	__u64 number; /* of its use, from 1; 0: not used yet */
	__u64 first;  /* ns, of its first record */
	__u64 last;   /* ns, of its newest record */
	__u32 serial; /* of the group that it belongs to */
	__u32 used;   /* bytes of whole records */
	__u32 records;
	__u32 busy;  /* CPU + 1 of the writer */
	__u32 lane;  /* lane + 1 whose newest it is; 0: none's */
	__u32 newer; /* index + 1 of the next in its group's queue */
	__s64 tai;   /* ns to add to CLOCK_MONOTONIC to have CLOCK_TAI, when it was taken */
	__u64 pad;
};

#define SCRY_GROUP_FREE 0
#define SCRY_GROUP_LIVE 1
#define SCRY_GROUP_GONE                                                           \
	2 /* its cgroup was removed, or its incident was saved: first to give way \
	   */
#define SCRY_GROUP_FROZEN 3 /* an incident: its cgroup goes on in another group */

/* Why a group was frozen. */
#define SCRY_WHY_SIGNAL	 1 /* detail: the signal that ended the process */
#define SCRY_WHY_OOM	 2
#define SCRY_WHY_EXIT	 3 /* detail: the exit code */
#define SCRY_WHY_ERRNO	 4 /* detail: the errno */
#define SCRY_WHY_SLOW	 5 /* detail: the duration, ns */
#define SCRY_WHY_REMOVAL 6
#define SCRY_WHY_PATH	 7
#define SCRY_WHY_ASKED	 8

struct scry_group {
	__u64 cgroup_id;   /* 0: the group of cgroups that found no room of their own */
	__u64 created;	   /* ns */
	__u64 ended;	   /* ns: removed, frozen or saved */
	__u64 overwritten; /* of them */
	__u64 horizon;	   /* ns: the newest record that was overwritten; 0: none was */
	__u64 detail;
	__u32 state;
	__u32 serial; /* of its use; unique */
	__u32 segments;
	__u32 oldest; /* segment's index + 1 */
	__u32 newest;
	__u32 lane_mask;
	__u32 why;
	__u32 tgid;
	__u32 tid;
	__u32 nr; /* of the call that fired; with ERRNO, SLOW, PATH */
	char comm[SCRY_COMM_LEN];
	__u32 current[SCRY_LANES]; /* segment's index + 1 */
	__u64 incident;		   /* its number, in the order of the triggers, from 1; 0: none */
	__u32 calls;		   /* estimated, wraps; with a budget, as what follows */
	__u32 calls_before;	   /* at the last judgement */
	__u32 rate;		   /* calls between the last two judgements */
	__u32 muted;		   /* number + 1 of what says since when its calls are given up */
};

/* What a recorder with a budget gives up, in this order. */
#define SCRY_GIVEN_DURATIONS 1 /* exact durations: the clock at entry */
#define SCRY_GIVEN_MEMORY    2 /* the memory of calls: paths, structures, payload */
#define SCRY_GIVEN_CGROUP    3 /* all calls of a cgroup */
#define SCRY_GIVENS	     64

/* ns that a program's run costs before its first instruction and behind its last. */
#define SCRY_DISPATCH_NS       55
#define SCRY_DISPATCH_ALONE_NS 87 /* of a program on exits, where there is none on entries */

struct scry_given {
	__u64 from; /* ns */
	__u64 to;   /* ns; 0: still given up */
	__u64 cgroup_id;
	__u64 calls; /* of the cgroup, that were not recorded */
	__u32 what;  /* 0: unused */
	__u32 cost;  /* thousandths of the budget when it was given up */
};

/* One for the recorder. */
struct scry_flight {
	__u64 numbers; /* segments given out */
	__u64 incidents;
	__u64 suppressed_cooldown; /* triggers that fired too soon after another */
	__u64 suppressed_full;	   /* triggers that found incidents_max frozen */
	__u64 horizon; /* ns: no record of a group that is no more was newer; 0: there is none */
	__u32 lock;
	__u32 fresh;	   /* segments that were ever used */
	__u32 free_oldest; /* queue of segments that belong to no group */
	__u32 free_newest;
	__u32 groups_used;
	__u32 serials;
	__u32 watcher; /* tgid that fires no trigger: written by user space */
	__u8 fill[128 - 5 * 8 - 7 * 4];
	/* Of the budget: */
	__u64 judged;	     /* ns: when the cost was last judged */
	__u64 spent;	     /* ns of all CPUs by then, … */
	__u64 detail;	     /* … and that part of it */
	__u64 calm;	     /* ns since the cost is well below the budget */
	__u64 patience;	     /* ns of calm before something comes back */
	__u64 returned;	     /* ns: when something last came back; 0: it was given up again */
	__u64 given_horizon; /* ns: what was given up until then may be forgotten */
	__u32 judging;	     /* a CPU is at it */
	__u32 cost;	     /* thousandths of the budget, between the last two judgements */
	__u32 overs;	     /* judgements one after the other that were beyond the budget */
	__u32 muted;	     /* cgroups whose calls are given up */
	__u32 gave[2];	     /* number + 1 of what says that durations, memory are given up */
	struct scry_given given[SCRY_GIVENS];
	__u8 fill2[4096 - 128 - 7 * 8 - 6 * 4 - 40 * SCRY_GIVENS];
};

/* What the control program is asked: to freeze. */
struct scry_control {
	__u64 cgroup_id;
	__u32 frozen; /* answer: whether it was */
	__u32 pad;
};

/* What peek.bpf.c and symbol.bpf.c are asked and answer. */
#define SCRY_CODE_SIZE	 16384
#define SCRY_CGROUP_PATH 376

/* Two clocks at one instant. */
struct scry_clock {
	__u64 jiffies;
	__u64 time; /* ns, CLOCK_MONOTONIC */
};

/* The pid namespace of the asker. */
struct scry_pid_namespace {
	__u64 address;
	__u64 level; /* 0: the initial one */
};

/* How deep a cgroup of the default hierarchy lies that the asker is in or below. */
struct scry_cgroup_level {
	__u64 id;
	__s64 level; /* answer; -1: the asker is in another part of the hierarchy */
};

/* The path of a cgroup, when it is made; one that fills its place is not whole. */
struct scry_cgroup_made {
	__u64 id;
	char path[SCRY_CGROUP_PATH];
};

struct scry_symbol {
	__u64 address;
	__s64 result; /* a negative errno when it failed */
	char name[64];
	__u8 data[SCRY_CODE_SIZE];
};

/*
 * A thread that is blocked, as stuck.bpf.c finds it. Only `frames` of the stack follow: `size` is a
 * multiple of 8.
 */
#define SCRY_STUCK_FRAMES 64

#define SCRY_STUCK_IN_CALL 0x01 /* nr, abi and args are those of its call */
#define SCRY_STUCK_FROZEN  0x02 /* with its cgroup */

struct scry_stuck {
	__u64 time;	 /* ns, CLOCK_MONOTONIC: when it was looked at */
	__u64 last_ran;	 /* ns of the scheduler's clock: when it stopped running */
	__u64 switches;	 /* how often it was switched away from: it has not run while that is the
			    same */
	__u64 cgroup_id; /* of the default (v2) hierarchy */
	__u64 args[SCRY_MAX_ARGS];
	__u32 size;
	__u32 tid;
	__u32 tgid;
	__u32 ppid; /* tgid of the real parent */
	__u32 uid;  /* effective */
	__u32 nr;
	__u32 state; /* task_struct.__state */
	__u16 frames;
	__u8 abi;
	__u8 flags;
	char comm[SCRY_COMM_LEN];
	__u64 stack[SCRY_STUCK_FRAMES]; /* return addresses, the innermost first */
};

/* Two clocks: what the scheduler's said when the asker was given its CPU, and another now. */
struct scry_sched_clock {
	__u64 arrival; /* ns of the scheduler's clock */
	__u64 time;    /* ns, CLOCK_MONOTONIC */
};

#define SCRY_ASSERT(name, what) typedef char scry_assert_##name[(what) ? 1 : -1]
SCRY_ASSERT(record, sizeof(struct scry_record) == 32);
SCRY_ASSERT(call, sizeof(struct scry_call) == 48);
SCRY_ASSERT(capture, sizeof(struct scry_capture) == 16);
SCRY_ASSERT(task, sizeof(struct scry_task) == 64);
SCRY_ASSERT(signal, sizeof(struct scry_signal) == 72);
SCRY_ASSERT(split, sizeof(struct scry_split) == 88);
SCRY_ASSERT(site, sizeof(struct scry_site) == 32 + 8 * SCRY_SITE_FRAMES);
SCRY_ASSERT(link, sizeof(struct scry_link) == 184);
SCRY_ASSERT(span, sizeof(struct scry_span) == 56);
SCRY_ASSERT(sched, sizeof(struct scry_sched) == 64);
SCRY_ASSERT(op, sizeof(struct scry_op) == 8);
SCRY_ASSERT(thread, sizeof(struct scry_thread) == 152);
SCRY_ASSERT(segment, sizeof(struct scry_segment) == 64);
SCRY_ASSERT(group, sizeof(struct scry_group) == 256);
SCRY_ASSERT(pattern, sizeof(struct scry_pattern) == 136);
SCRY_ASSERT(given, sizeof(struct scry_given) == 40);
SCRY_ASSERT(flight, sizeof(struct scry_flight) == 4096);
SCRY_ASSERT(plan, sizeof(struct scry_plan) == 72);
SCRY_ASSERT(stuck, sizeof(struct scry_stuck) == 128 + 8 * SCRY_STUCK_FRAMES);
SCRY_ASSERT(ring, sizeof(struct scry_ring) == SCRY_RING_HEADER);

#include "counts.h"
#endif
