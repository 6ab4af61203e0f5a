/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCRY_STACKS_UNWIND_H
#define SCRY_STACKS_UNWIND_H
/* A stack while it is unwound, and DWARF's numbers of registers. */
#include "stacks.h"

#ifdef __aarch64__
/* DWARF's numbers: x0 to x30, sp. The upper bits of a return address may sign it. */
#define REGISTERS    32
#define STACK	     31
#define FRAME	     29
#define PC_WORD	     32
#define ADDRESS_MASK 0x0000ffffffffffffULL
#define ARM_STATE    0x10 /* of pstate, word 33: a 32-bit program */
#else
#define REGISTERS    17
#define STACK	     (state->is_32bit ? 4 : 7)
#define FRAME	     (state->is_32bit ? 5 : 6)
#define PC_WORD	     16
#define ADDRESS_MASK 0xffffffffffffffffULL
#endif

struct state {
	const struct stacks_unwind *request;
	const struct stacks_mapping *mappings;
	const uint8_t *stack;
	bool is_32bit;
	uint64_t registers[REGISTERS];
	uint64_t known; /* a bit for each */
	uint64_t pc;
	bool exact;
	bool is_trampoline;  /* the frame that was left is what a signal's handler returns to */
	bool by_pointer;     /* how its frame was found */
	enum stacks_end end; /* why memory could not be read */
};

bool unwind__read(struct state *state, uint64_t address, uint64_t *value);
bool expression__value(struct state *state, const Dwarf_Op *ops, size_t count, const uint64_t *cfa,
		       uint64_t *result);

#endif
