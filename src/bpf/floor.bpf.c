/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Two programs that do nothing: what any tracer on these tracepoints costs at least. */
#define SEC(name) __attribute__((section(name), used))

char _license[] SEC("license") = "GPL";

SEC("tp_btf/sys_enter")
int floor_enter(void *context)
{
	(void)context;
	return 0;
}

SEC("tp_btf/sys_exit")
int floor_leave(void *context)
{
	(void)context;
	return 0;
}
