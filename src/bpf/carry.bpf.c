// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * The programs of trace.bpf.c for runs whose records carry more than memory: what descriptors stand
 * for, ids in pid namespaces, where code goes on. On their own, since each type of the kernel's
 * that a program goes over costs a search of its BTF at load, wanted or not.
 */
#define RECORD_CARRIES 1
#include "trace.bpf.c"
