// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* What a program on exits consists of, each alone: what no such program goes below. */
#include "../src/bpf/kernel.h"
#include <bpf/bpf_tracing.h>

#define SYS_openat 257 /* <asm/unistd_64.h> */

char LICENSE[] SEC("license") = "GPL";

__u64 sink;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 512);
} buffer SEC(".maps");

SEC("tp_btf/sys_exit")
int nothing(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int clock_alone(void *ctx)
{
	sink = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int read_path(struct pt_regs *regs)
{
	__u32 zero = 0;
	void *to = bpf_map_lookup_elem(&buffer, &zero);

	if (to && regs->orig_ax == SYS_openat)
		sink = bpf_probe_read_user_str(to, 352, (void *)regs->si);
	return 0;
}

SEC("tp_btf/sys_exit")
int path_alone(__u64 *ctx)
{
	return read_path((struct pt_regs *)ctx[0]);
}

SEC("tp_btf/sys_exit")
int both(__u64 *ctx)
{
	sink = bpf_ktime_get_ns();
	return read_path((struct pt_regs *)ctx[0]);
}
