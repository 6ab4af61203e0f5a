/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_ARCH_BPF_H
#define SCRY_ARCH_BPF_H
/*
 * What differs between processors, and nowhere else (kernel.h has their struct pt_regs and
 * thread_info): how the ABI of a call is told, and where its number and arguments lie. Both name
 *
 *   ABI_32BIT            the ABI of 32-bit programs
 *   task__status         the word of a task that tells its ABI
 *   abi__of, abi__number the ABI of a call, and its number as records have it
 *   abi__place           where a number stands among those of its ABI
 *   regs__nr, regs__sp   the number with which it entered, -1 for none; the stack pointer
 *   regs__first          the first argument of a 32-bit call
 *   regs__result         what it returns, once that is known
 *   regs__args           its arguments
 *   regs__place          where one of them lies, in bytes from the registers' start
 *   REGS_NR, REGS_IP     the same for the number, __s32, and the address of the code
 *   REGS_RESULT          and for what it returns
 *   regs__in_call        whether the registers are those of a call that has not come back
 *   REGS_TELL            whether to trust that: a result can make them look so, on arm64 often
 *   NR_RT_SIGRETURN      the call that leaves its thread without a number
 *   abi__multiplexes     whether a number stands for others: ia32's socketcall and ipc
 *   regs__copy           the registers as records have them: scry_registers
 *   behind__nr           the one that it stands for, by its first argument; itself when none
 */

static __always_inline __u32 far__place(__u32 nr)
{
	if (nr - SCRY_FAR_FIRST < SCRY_FAR_COUNT)
		return SCRY_FAR_PLACE + nr - SCRY_FAR_FIRST;
	/* Numbers that no kernel has, whose places are taken. */
	return nr - SCRY_FAR_PLACE < SCRY_FAR_COUNT ? ~0U : nr;
}

#if defined(__TARGET_ARCH_x86)

#define ABI_32BIT	SCRY_ABI_IA32
#define TS_COMPAT	0x0002	   /* <asm/thread_info.h>: the call came through a 32-bit entry */
#define X32_SYSCALL_BIT 0x40000000 /* <uapi/asm/unistd.h> */

/* <uapi/asm/unistd_64.h>: setuid, setreuid, setresuid. */
#define NR_SETUID    105
#define NR_SETREUID  113
#define NR_SETRESUID 117
/* The same: exit, exit_group, rt_sigreturn. */
#define NR_EXIT		 60
#define NR_EXIT_GROUP	 231
#define NR_RT_SIGRETURN	 15
#define NR_EXIT_GROUP_32 252 /* <asm/unistd_32.h> */

#define REGS_NR	    __builtin_offsetof(struct pt_regs, orig_ax)
#define REGS_IP	    __builtin_offsetof(struct pt_regs, ip)
#define REGS_RESULT __builtin_offsetof(struct pt_regs, ax)

static __always_inline __u32 task__status(struct task_struct *task)
{
	return task->thread_info.status;
}

static __always_inline __u32 abi__of(__u32 status, __u32 nr)
{
	if (status & TS_COMPAT)
		return SCRY_ABI_IA32;
	return (__s32)nr >= 0 && (nr & X32_SYSCALL_BIT) ? SCRY_ABI_X32 : SCRY_ABI_X86_64;
}

static __always_inline __u32 abi__number(__u32 abi, __u32 nr)
{
	if (abi == SCRY_ABI_X32)
		return nr & ~X32_SYSCALL_BIT;
	/* Numbers that no kernel has, and that stand for calls behind others here. */
	if (abi == SCRY_ABI_IA32 && nr - SCRY_FAR_FIRST < SCRY_FAR_COUNT)
		return nr | 1U << 31;
	return nr;
}

static __always_inline __u32 abi__place(__u32 abi, __u32 nr)
{
	return abi == SCRY_ABI_IA32 ? far__place(nr) : nr;
}

/* <uapi/asm/unistd_32.h> */
#define NR_SOCKETCALL 102
#define NR_IPC	      117
#define NR_SHMAT      397

static __always_inline bool abi__multiplexes(__u32 abi, __u32 nr)
{
	return abi == SCRY_ABI_IA32 && (nr == NR_SOCKETCALL || nr == NR_IPC);
}

/*
 * <linux/net.h>, <linux/ipc.h>: a byte for each call. Under 0xf0 it is how far its own number is
 * from 330, and from 380; from there it is a far one.
 */
static __always_inline __u32 behind__nr(__u32 nr, __u32 call)
{
	bool socket = nr == NR_SOCKETCALL;
	__u64 bytes = 0;
	__u32 byte;

	if (!socket)
		call &= 0xffff; /* above it stands a version */
	if (call < 8)
		bytes = socket ? 0x2625f021201f1d00 : 0x000000f40e0df300;
	else if (call < 16)
		bytes = socket ? 0x23242b2927f2f11e : 0x0016131514000000;
	else if (call < 24)
		bytes = socket ? 0x0000000f07222a28 : 0x0f12110000000000;
	else if (call < 32)
		bytes = socket ? 0 : 0x10;
	byte = bytes >> 8 * (call & 7) & 0xff;
	if (!byte)
		return nr;
	return byte >= 0xf0 ? SCRY_FAR_FIRST + byte - 0xf0 : (socket ? 330 : 380) + byte;
}

/* How many arguments a socket call has: a digit for each. */
static __always_inline __u32 behind__arguments(__u32 call)
{
	__u64 digits = call < 16 ? 0x5526644433323330 : 0x45433;

	return digits >> 4 * (call & 15) & 15;
}

static __always_inline __s32 regs__nr(struct pt_regs *regs)
{
	return regs->orig_ax;
}

static __always_inline __u64 regs__sp(struct pt_regs *regs, __u32 abi)
{
	return regs->sp;
}

static __always_inline __u32 regs__first(struct pt_regs *regs)
{
	return regs->bx;
}

/* The entry puts it there. */
#define REGS_TELL 1

static __always_inline bool regs__in_call(struct pt_regs *regs)
{
	return (__s64)regs->ax == -ENOSYS;
}

static __always_inline __s64 regs__result(struct pt_regs *regs)
{
	return regs->ax;
}

static __always_inline void regs__args(struct pt_regs *regs, __u32 abi, __u64 *args)
{
	if (abi == SCRY_ABI_IA32) {
		args[0] = (__u32)regs->bx;
		args[1] = (__u32)regs->cx;
		args[2] = (__u32)regs->dx;
		args[3] = (__u32)regs->si;
		args[4] = (__u32)regs->di;
		args[5] = (__u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}

static __always_inline void regs__copy(__u64 *words, struct pt_regs *regs)
{
	bpf_probe_read_kernel(words, sizeof(*regs), regs);
}

/* A digit for each argument: the register's place in struct pt_regs, that of the first argument
 * last. */
static __always_inline __u32 regs__place(__u32 abi, __u32 arg)
{
	__u32 places = abi == SCRY_ABI_IA32 ? 0x4edcb5 : 0x897cde;

	return (places >> 4 * arg & 15) * sizeof(__u64);
}

#elif defined(__TARGET_ARCH_arm64)

#define ABI_32BIT	 SCRY_ABI_ARM
#define TIF_32BIT	 22 /* <asm/thread_info.h>: a 32-bit program */

/* <uapi/asm-generic/unistd.h> */
#define NR_SETUID	 146
#define NR_SETREUID	 145
#define NR_SETRESUID	 147
/* The same: exit, exit_group, rt_sigreturn. */
#define NR_EXIT		 93
#define NR_EXIT_GROUP	 94
#define NR_RT_SIGRETURN	 139
#define NR_EXIT_GROUP_32 248 /* <asm/unistd32.h> */

#define ARM_SP 13 /* of 32-bit programs */

#define REGS_NR	    bpf_core_field_offset(struct pt_regs, syscallno)
#define REGS_IP	    bpf_core_field_offset(struct pt_regs, pc)
#define REGS_RESULT bpf_core_field_offset(struct pt_regs, regs)

static __always_inline __u32 task__status(struct task_struct *task)
{
	return task->thread_info.flags;
}

static __always_inline __u32 abi__of(__u32 status, __u32 nr)
{
	return status >> TIF_32BIT & 1 ? SCRY_ABI_ARM : SCRY_ABI_ARM64;
}

static __always_inline __u32 abi__number(__u32 abi, __u32 nr)
{
	return nr;
}

static __always_inline __u32 abi__place(__u32 abi, __u32 nr)
{
	return abi == SCRY_ABI_ARM ? far__place(nr) : nr;
}

static __always_inline bool abi__multiplexes(__u32 abi, __u32 nr)
{
	return 0;
}

static __always_inline __u32 behind__nr(__u32 nr, __u32 call)
{
	return nr;
}

static __always_inline __u32 behind__arguments(__u32 call)
{
	return 0;
}

#define NR_SOCKETCALL ~0U
#define NR_SHMAT      ~0U

static __always_inline __s32 regs__nr(struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline __u64 regs__sp(struct pt_regs *regs, __u32 abi)
{
	return abi == SCRY_ABI_ARM ? regs->regs[ARM_SP] : regs->sp;
}

static __always_inline __u32 regs__first(struct pt_regs *regs)
{
	return regs->orig_x0;
}

#define REGS_TELL 0

static __always_inline bool regs__in_call(struct pt_regs *regs)
{
	return regs->regs[0] == regs->orig_x0;
}

static __always_inline __s64 regs__result(struct pt_regs *regs)
{
	return regs->regs[0];
}

/* The first one's register has the result at exit. Those of a 32-bit program have 32 bits. */
static __always_inline void regs__args(struct pt_regs *regs, __u32 abi, __u64 *args)
{
	__u64 mask = abi == SCRY_ABI_ARM ? 0xffffffff : ~0ULL;

	args[0] = regs->orig_x0 & mask;
	args[1] = regs->regs[1] & mask;
	args[2] = regs->regs[2] & mask;
	args[3] = regs->regs[3] & mask;
	args[4] = regs->regs[4] & mask;
	args[5] = regs->regs[5] & mask;
}

/* struct user_pt_regs: regs, sp, pc, pstate. */
static __always_inline void regs__copy(__u64 *words, struct pt_regs *regs)
{
	bpf_probe_read_kernel(words, 34 * sizeof(__u64), regs);
}

static __always_inline __u32 regs__place(__u32 abi, __u32 arg)
{
	return arg ? arg * sizeof(__u64) : bpf_core_field_offset(struct pt_regs, orig_x0);
}

#else
#error "Scry knows x86 and arm64: compile with -D__TARGET_ARCH_x86 or -D__TARGET_ARCH_arm64"
#endif

/* Whether the call's pointers have 32 bits, and its plan stands in the second half of all. */
static __always_inline bool abi__is_32bit(__u32 abi)
{
	return abi == ABI_32BIT;
}

/* Whether a successful call makes its thread another user. 32-bit programs have the same numbers on
 * both processors: with 16-bit ids, and with 32-bit ones. */
static __always_inline bool call__sets_user(__u32 abi, __u32 nr)
{
	if (abi__is_32bit(abi)) {
		switch (nr) {
		case 23:
		case 70:
		case 164:
		case 203:
		case 208:
		case 213:
			return 1;
		}
		return 0;
	}
	return nr == NR_SETUID || nr == NR_SETREUID || nr == NR_SETRESUID;
}

/* Whether the call ends its thread. */
static __always_inline bool call__ends(__u32 abi, __u32 nr)
{
	if (abi__is_32bit(abi))
		return nr == 1 || nr == NR_EXIT_GROUP_32;
	return nr == NR_EXIT || nr == NR_EXIT_GROUP;
}

/* The call that leaves its thread without a number: a signal handler's end. Of the two that 32-bit
 * programs have, the one for handlers without a siginfo is the rare one. */
static __always_inline __u32 call__restoring(__u32 abi)
{
	return abi__is_32bit(abi) ? 173 : NR_RT_SIGRETURN;
}

#endif
