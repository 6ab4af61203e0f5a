// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// The verifier refuses it: it reads where nothing points.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sys_enter")
int wild(void *context)
{
	return *(int *)(bpf_ktime_get_ns() & 0xff);
}

char LICENSE[] SEC("license") = "GPL";
