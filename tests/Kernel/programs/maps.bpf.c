// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// What the tests of Scry.Bpf load.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, __u64);
} recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} notes SEC(".maps");

const volatile __u32 wanted_tgid;
/* One variable, since the compiler chooses the order of several. */
struct {
	__u64 calls, ticks, switches;
} seen;

static void count(void)
{
	__u32 zero = 0, *value = bpf_map_lookup_elem(&counts, &zero);

	if (value)
		(*value)++;
}

SEC("tp_btf/sys_enter")
int on_call(void *context)
{
	if (bpf_get_current_pid_tgid() >> 32 != wanted_tgid)
		return 0;
	__sync_fetch_and_add(&seen.calls, 1);
	count();
	return 0;
}

SEC("raw_tracepoint")
int on_raw(void *context)
{
	return 0;
}

SEC("tracepoint")
int on_switch(void *context)
{
	__sync_fetch_and_add(&seen.switches, 1);
	return 0;
}

SEC("perf_event")
int on_tick(void *context)
{
	__sync_fetch_and_add(&seen.ticks, 1);
	return 0;
}

struct question {
	__u32 value;
	__u32 pid_offset;
};

SEC("syscall")
int ask(struct question *question)
{
	__u32 note = question->value;

	bpf_ringbuf_output(&notes, &note, sizeof(note), 0);
	question->value++;
	question->pid_offset = bpf_core_field_offset(struct task_struct, pid);
	return 7;
}

char LICENSE[] SEC("license") = "GPL";
