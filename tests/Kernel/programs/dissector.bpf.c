// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A network namespace has room for one of these, and its link can be detached while others hold it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("flow_dissector")
int dissect(struct __sk_buff *packet)
{
	return BPF_FLOW_DISSECTOR_CONTINUE;
}

char LICENSE[] SEC("license") = "GPL";
