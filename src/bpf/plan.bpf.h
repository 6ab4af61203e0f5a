/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_PLAN_BPF_H
#define SCRY_PLAN_BPF_H
/* What a run is for: read-only data, set before load, and the plan of each syscall in it. */

#include "arch.bpf.h"
#include "order.bpf.h"

const volatile struct scry_config cfg;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct scry_variant_key);
	__type(value, struct scry_plan);
} variants SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct scry_follow);
} follows SEC(".maps");

/* Where among all plans the one of a place among the numbers of an ABI stands. */
static __always_inline __u32 plan__index(__u32 abi, __u32 place)
{
	__u32 index = place < SCRY_NR_MAX ? place : SCRY_NR_MAX - 1;

	return abi__is_32bit(abi) ? index + SCRY_NR_MAX : index;
}

/* The plan of a place among the numbers of an ABI. */
static __always_inline const struct scry_plan *plan__at(__u32 abi, __u32 place)
{
	__u32 index = plan__index(abi, place);

	/* The compiler knows that the mask does nothing, the verifier does not. */
	barrier_var(index);
	return (const struct scry_plan *)&cfg.plans[index & (SCRY_ABI_COUNT * SCRY_NR_MAX - 1)];
}

static __always_inline const struct scry_plan *plan__of(__u32 abi, __u32 nr)
{
	return plan__at(abi, abi__place(abi, nr));
}

static __always_inline __u32 plan__place(__u32 abi, __u32 nr)
{
	return plan__index(abi, abi__place(abi, nr));
}

/* Whether calls with that result are wanted. */
static __always_inline bool result__passes(__s64 result)
{
	if (cfg.failed_only && (result >= 0 || result < -4095))
		return 0;
	if (cfg.errno_filter) {
		__u64 number = -result;

		barrier_var(number);
		if (number >= 1024 || !(cfg.errnos[number / 64 & 15] >> (number & 63) & 1))
			return 0;
	}
	return 1;
}

#endif
