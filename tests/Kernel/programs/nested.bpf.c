// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A map of maps without a pattern of its own: the test sets one before load.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} outer SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
