// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Reads a piece of the kernel's memory for user space: the code of its syscall dispatchers. */
#include "kernel.h"
#include "wire.h"

/* The question and its answer, in memory that user space maps. */
struct scry_peek peek;

SEC("syscall")
int peek_read(void *unused)
{
	peek.result = bpf_probe_read_kernel(peek.data, sizeof(peek.data), (void *)peek.address);
	return 0;
}

SEC("syscall")
int peek_clock(struct scry_clock *clock)
{
	clock->jiffies = bpf_jiffies64();
	clock->time = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
