/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_COUNTS_H
#define SCRY_COUNTS_H
/*
 * The counting instrument's part of the contract (wire.h includes it). Calls are counted in rows,
 * one for each (group, ABI, number, CPU), so that a row has one writer. What makes a group is asked
 * for: SCRY_BY_*. All of it is memory that user space maps.
 */

/* Dimensions of a group (scry_config.by). */
#define SCRY_BY_THREAD	0x01
#define SCRY_BY_PROCESS 0x02
#define SCRY_BY_COMM	0x04
#define SCRY_BY_CGROUP	0x08
#define SCRY_BY_USER	0x10
#define SCRY_BY_FILE	0x20 /* what the call's descriptor stands for */
#define SCRY_BY_OBJECT	0x40 /* the mapped file whose code made the call */

/* What tells groups apart; a dimension that is not asked for is 0. */
struct scry_count_key {
	__u64 start; /* ns of CLOCK_MONOTONIC, of the thread or process: ids are used again */
	__u64 cgroup_id;
	__u64 file_inode;
	__u64 object_inode; /* 0: memory without a file */
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 file_device; /* as the kernel has it: major << 20 | minor */
	__u32 file_mode;   /* as stat(2) has it; 0: the call has no descriptor, or an invalid one */
	__u32 object_device;
	char comm[SCRY_COMM_LEN];
};

#define SCRY_COUNT_TEXT 384 /* bytes of a path */

/* A path as its components, the last one first, each with its NUL; an empty one ends it. The last
 * byte: 1 when it is not whole. */
struct scry_count_text {
	char file[SCRY_COUNT_TEXT];
	char object[SCRY_COUNT_TEXT];
	char cgroup[SCRY_COUNT_TEXT]; /* of the root: empty */
};

struct scry_count_group {
	struct scry_count_key key;
	char comm[SCRY_COMM_LEN]; /* the last name of the process or thread */
	__u64 cgroup_id;	  /* of the thread that made it */
	__u64 first;		  /* ns, when it was made */
	__u64 ended; /* ns, when the process ended; 0: it lives, or groups are no processes */
	__u32 tgid;  /* of the thread that made it */
	__u32 uid;
	__u32 refs; /* threads whose calls it gets now */
	__u32 pad;
};

/*
 * Durations: octave 0 has the buckets of 0 to 31 ns, octave n those from 2^(n+4) ns on, 32 of equal
 * width each. The last bucket has what is longer. An octave's buckets are one chunk.
 */
#define SCRY_COUNT_OCTAVES 41
#define SCRY_COUNT_BUCKETS 32

/* A number in a row's key. */
#define SCRY_COUNT_NR_BITS 13
#define SCRY_COUNT_NR_MAX  0x1fff /* numbers from the one before on, as one … */
#define SCRY_COUNT_NR_NONE 0x1ffe /* … but for -1 */

struct scry_count_row {
	__u64 key;    /* group | nr << 32 | abi << 45 | (cpu + 1) << 48; 0: free */
	__u32 seq;    /* odd while it is written */
	__u32 octave; /* of the last duration */
	__u64 calls;
	__u64 errors;	  /* of them */
	__u64 total;	  /* ns */
	__u64 squares[2]; /* sum of squared ns, low half first */
	__u64 min;	  /* ns; all bits set: none */
	__u64 max;	  /* ns */
	__u64 untimed;	  /* calls that began before the run: they have no duration */
	__u64 unbucketed; /* calls with a duration that found no chunk */
	__u32 errnos;	  /* chunk of errnos; 0: none */
	__u32 chunks[SCRY_COUNT_OCTAVES]; /* 0: none */
};

/* 128 bytes: buckets, or errnos. */
struct scry_count_chunk {
	__u32 buckets[SCRY_COUNT_BUCKETS];
};

#define SCRY_COUNT_ERRNOS 10

struct scry_count_errnos {
	__u64 calls[SCRY_COUNT_ERRNOS];
	__u16 errnos[SCRY_COUNT_ERRNOS]; /* 0: free */
	__u32 next;			 /* chunk of more of them; 0: none */
	__u64 pad[3];
};

/* A bucket that came round past 2^32. */
struct scry_count_wrap {
	__u32 chunk;
	__u32 bucket;
};

/* One for the run. What is used counts from the pool's first entry on, freed ones included. */
struct scry_counts {
	__u32 groups_used;
	__u32 rows_used;
	__u32 chunks_used;
	__u32 pad;
	__u64 groups_full;  /* times that no group was free: group 0 got the calls */
	__u64 rows_full;    /* calls that found no row: in the row of `others` of their CPU */
	__u64 errnos_full;  /* errors whose errno was not kept */
	__u64 given_up;	    /* calls that came upon another's update of their row: not counted */
	__u64 stack_offset; /* of a thread's registers from its kernel stack */
	__u64 moves;	    /* of tasks between cgroups */
	__u64 slots_full;   /* calls whose thread found no slot: they have no duration */
	__u8 fill[4096 - 4 * 4 - 7 * 8];
};

SCRY_ASSERT(count_key, sizeof(struct scry_count_key) == 72);
SCRY_ASSERT(count_group, sizeof(struct scry_count_group) == 128);
SCRY_ASSERT(count_row, sizeof(struct scry_count_row) == 256);
SCRY_ASSERT(count_chunk, sizeof(struct scry_count_chunk) == 128);
SCRY_ASSERT(count_errnos, sizeof(struct scry_count_errnos) == 128);
SCRY_ASSERT(counts, sizeof(struct scry_counts) == 4096);
#endif
