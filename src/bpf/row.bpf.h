/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_ROW_BPF_H
#define SCRY_ROW_BPF_H
/*
 * Rows, and the chunks of their buckets and errnos. A row has one writer, its CPU: programs on
 * sys_exit run with preemption off; where they do not, an odd seq turns an overlap into a call that
 * is counted as given up. Pools give out what was never used first, then what user space freed.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load; 0 is none, then one for others on each CPU */
	__type(key, __u32);
	__type(value, struct scry_count_row);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load; 0 is none */
	__type(key, __u32);
	__type(value, struct scry_count_chunk);
} chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* set before load: as rows */
	__type(key, __u64);
	__type(value, __u32);
} row_of SEC(".maps");

/*
 * What user space gave back of a pool: a ring in memory that it writes itself, so that giving
 * thousands back costs it no call of the kernel. Entry 0 counts what was taken, entry 1 what was
 * given; the ring follows, with room for the whole pool: it is never full.
 */
#define FREED_HEAD 2
#define FREED(name)                                                                      \
	struct {                                                                         \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                        \
		__uint(map_flags, BPF_F_MMAPABLE);                                       \
		__uint(max_entries, 1); /* set before load: as the pool, and the head */ \
		__type(key, __u32);                                                      \
		__type(value, __u64);                                                    \
	} name SEC(".maps")

FREED(free_rows);
FREED(free_chunks);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct scry_count_wrap);
	__type(value, __u32);
} wraps SEC(".maps");

/* One that user space gave back: 0 when there is none. */
static __always_inline __u32 freed__take(void *freed, __u32 size)
{
	__u32 zero = 0, one = 1;
	__u64 *taken = bpf_map_lookup_elem(freed, &zero);
	__u64 *given = bpf_map_lookup_elem(freed, &one);

	if (!taken || !given)
		return 0;
	/* Another CPU that is faster changes the count: it is tried again. */
	for (int i = 0; i < 16; i++) {
		__u64 number = *(volatile __u64 *)taken, index;
		__u32 at = FREED_HEAD + number % size;
		__u64 *entry = bpf_map_lookup_elem(freed, &at);

		if (!entry || number == *(volatile __u64 *)given)
			return 0;
		order__reads(given);
		index = *(volatile __u64 *)entry;
		if (__sync_val_compare_and_swap(taken, number, number + 1) == number)
			return index;
	}
	return 0;
}

/* One more of a pool: 0 when there is none. */
static __always_inline __u32 pool__take(__u32 *used, __u32 size, void *freed)
{
	if (*used < size) {
		__u32 index = __sync_fetch_and_add(used, 1);
		if (index < size)
			return index;
		__sync_fetch_and_add(used, -1);
	}
	return freed__take(freed, size);
}

/* Never 0: that is a free row. */
static __always_inline __u64 row__key(__u32 group, __u32 call)
{
	return group | (__u64)call << 32 | (__u64)(bpf_get_smp_processor_id() + 1) << 48;
}

static __always_inline struct scry_count_row *row__at(__u32 index)
{
	return bpf_map_lookup_elem(&rows, &index);
}

static __always_inline struct scry_count_chunk *chunk__at(__u32 index)
{
	return bpf_map_lookup_elem(&chunks, &index);
}

__noinline __u32 chunk__take(void)
{
	struct scry_counts *all = counts__get();

	return all ? pool__take(&all->chunks_used, cfg.count_chunks, &free_chunks) : 0;
}

/* The row of that key; when there is no room, the one for others of this CPU. */
__noinline __u32 row__find(__u64 key)
{
	__u32 *found = bpf_map_lookup_elem(&row_of, &key), index;
	struct scry_counts *all = counts__get();
	struct scry_count_row *row;

	if (found)
		return *found;
	if (!all)
		return 0;
	index = pool__take(&all->rows_used, cfg.count_rows, &free_rows);
	row = index ? row__at(index) : NULL;
	if (!row) {
		__sync_fetch_and_add(&all->rows_full, 1);
		return 1 + bpf_get_smp_processor_id();
	}
	row->min = ~0ULL;
	row->octave = 1;
	order__publish(&row->key, key);
	if (bpf_map_update_elem(&row_of, &key, &index, BPF_NOEXIST)) {
		/* No memory: this row is found no more, and counts this call. */
		__sync_fetch_and_add(&all->rows_full, 1);
	}
	return index;
}

__noinline int row__error(__u32 index, __u32 number)
{
	struct scry_count_row *row = row__at(index);
	struct scry_counts *all = counts__get();
	__u32 *link;

	if (!row || !all)
		return 0;
	link = &row->errnos;
	for (int i = 0; i < 4; i++) {
		struct scry_count_errnos *errnos;

		if (!*link)
			*link = chunk__take();
		errnos = (void *)chunk__at(*link);
		if (!*link || !errnos)
			break;
		for (int j = 0; j < SCRY_COUNT_ERRNOS; j++) {
			if (!errnos->errnos[j])
				errnos->errnos[j] = number;
			if (errnos->errnos[j] == number) {
				errnos->calls[j]++;
				return 0;
			}
		}
		link = &errnos->next;
	}
	__sync_fetch_and_add(&all->errnos_full, 1);
	return 0;
}

/* The octave of a duration. */
static __always_inline __u32 octave__of(__u64 duration)
{
	__u32 octave = 0;
	__u64 rest = duration >> 4;

	if (duration < SCRY_COUNT_BUCKETS)
		return 0;
	if (rest >> 32) {
		octave += 32;
		rest >>= 32;
	}
	if (rest >> 16) {
		octave += 16;
		rest >>= 16;
	}
	if (rest >> 8) {
		octave += 8;
		rest >>= 8;
	}
	if (rest >> 4) {
		octave += 4;
		rest >>= 4;
	}
	if (rest >> 2) {
		octave += 2;
		rest >>= 2;
	}
	return octave + (rest >> 1);
}

__noinline int chunk__wrapped(__u32 index, __u32 bucket)
{
	struct scry_count_wrap key = {};
	__u32 one = 1, *times;

	key.chunk = index;
	key.bucket = bucket;
	times = bpf_map_lookup_elem(&wraps, &key);
	if (times)
		__sync_fetch_and_add(times, 1);
	else
		bpf_map_update_elem(&wraps, &key, &one, BPF_NOEXIST);
	return 0;
}

/* The chunk of a duration in another octave than the row's last, which it becomes. */
__noinline __u32 row__chunk(__u32 index, __u64 duration)
{
	struct scry_count_row *row = row__at(index);
	__u32 octave = octave__of(duration);

	if (!row)
		return 0;
	if (octave >= SCRY_COUNT_OCTAVES)
		octave = SCRY_COUNT_OCTAVES - 1;
	row->octave = octave;
	if (!row->chunks[octave])
		row->chunks[octave] = chunk__take();
	return row->chunks[octave];
}

static __always_inline void row__bucket(struct scry_count_row *row, __u32 index, __u64 duration)
{
	__u32 octave = row->octave, number = 0, bucket;
	struct scry_count_chunk *chunk;

	/* Octave 0 has two powers of two: of the lower one it is looked for. */
	if (octave < SCRY_COUNT_OCTAVES && duration >> (octave + 4) == 1)
		number = row->chunks[octave];
	if (!number)
		number = row__chunk(index, duration);
	chunk = number ? chunk__at(number) : NULL;
	if (!chunk) {
		row->unbucketed++;
		return;
	}
	octave = row->octave;
	bucket = octave ? duration >> ((octave - 1) & 63) : duration;
	/* Longer than the last octave. */
	if (bucket >= 2 * SCRY_COUNT_BUCKETS)
		bucket = SCRY_COUNT_BUCKETS - 1;
	bucket &= SCRY_COUNT_BUCKETS - 1;
	if (!++chunk->buckets[bucket])
		chunk__wrapped(number, bucket);
}

static __always_inline void row__square(struct scry_count_row *row, __u64 duration)
{
	__u64 low = duration & 0xffffffff, high = duration >> 32, square = low * low;

	row->squares[0] += square;
	row->squares[1] += row->squares[0] < square;
	if (high) {
		__u64 middle = 2 * low * high;

		row->squares[0] += middle << 32;
		row->squares[1] += row->squares[0] < middle << 32;
		row->squares[1] += (middle >> 32) + high * high;
	}
}

/* Counts a call; `timed`: it has a duration. */
static __always_inline void row__add(struct scry_count_row *row, __u32 index, bool timed,
				     __u64 duration, __s64 result)
{
	if (row->seq & 1) {
		struct scry_counts *all = counts__get();

		if (all)
			__sync_fetch_and_add(&all->given_up, 1);
		return;
	}
	order__publish(&row->seq, row->seq + 1);
	row->calls++;
	if ((__u64)result >= (__u64)-4095) {
		row->errors++;
		row__error(index, -result);
	}
	if (timed) {
		row->total += duration;
		if (duration < row->min)
			row->min = duration;
		if (duration > row->max)
			row->max = duration;
		row__square(row, duration);
		row__bucket(row, index, duration);
	} else {
		row->untimed++;
	}
	order__publish(&row->seq, row->seq + 1);
}

#endif
