/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef SCRY_CLAIM_BPF_H
#define SCRY_CLAIM_BPF_H

/* The claim on this CPU's scratch, for either ring: one program at a time. What succeeds, else
 * counts a loss, must end with ring__release. */

static __always_inline bool ring__claim(struct writer *w)
{
	struct scry_ring *ring = ring__this_cpu();

	if (!ring)
		return 0;
	if (ring->busy) {
		__sync_fetch_and_add(&ring->lost[SCRY_LOST_NESTED], 1);
		return 0;
	}
	*(volatile __u32 *)&ring->busy = 1;
	w->ring = ring;
	return 1;
}

static __always_inline void ring__release(struct writer *w)
{
	order__publish(&w->ring->busy, 0);
}

#endif
