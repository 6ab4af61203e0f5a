// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * The kernel's symbols, one at a time, and a piece of its memory: reading them all takes tens of
 * milliseconds. Refers to no type of the kernel, so that loading this reads none.
 */
#include "kernel.h"
#include <bpf/bpf_tracing.h>
#include "wire.h"

/* The question and its answer, in memory that user space maps. */
struct scry_symbol symbol;

SEC("syscall")
int symbol_find(void *unused)
{
	symbol.result = bpf_kallsyms_lookup_name(symbol.name, sizeof(symbol.name), 0,
						 (__u64 *)&symbol.address);
	return 0;
}

SEC("syscall")
int symbol_name(void *unused)
{
	symbol.result = BPF_SNPRINTF(symbol.name, sizeof(symbol.name), "%ps", symbol.address);
	return 0;
}

SEC("syscall")
int symbol_read(void *unused)
{
	symbol.result =
		bpf_probe_read_kernel(symbol.data, sizeof(symbol.data), (void *)symbol.address);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
