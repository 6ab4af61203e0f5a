/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From registers and a copy of the stack to the callers: by each file's call frame information, and
 * by the frame pointer where code has none, as that of a JIT compiler.
 */
#include <stdlib.h>
#include <string.h>

#include "stacks-unwind.h"

#ifndef __aarch64__
/* Which word of struct pt_regs DWARF's registers are. */
static const uint8_t words_of[2][REGISTERS] = {
	{10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, PC_WORD},
	{10, 11, 12, 5, 19, 4, 13, 14, PC_WORD}};
#endif

static const struct stacks_mapping *mapping_at(const struct state *state, uint64_t address)
{
	size_t low = 0, high = state->request->mappings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (state->mappings[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= state->mappings[low - 1].end)
		return NULL;
	return &state->mappings[low - 1];
}

/* Code, and what stands beside it, is as the file has it. */
static bool read_file(const struct state *state, uint64_t address, size_t width, uint64_t *value)
{
	const struct stacks_mapping *mapping = mapping_at(state, address);
	struct file *file = mapping ? files__get(mapping->file) : NULL;
	uint64_t offset = mapping ? address - mapping->start + mapping->offset : 0;
	size_t size;
	const char *bytes = file ? elf_rawfile(file->elf, &size) : NULL;

	if (!bytes || offset > size || size - offset < width)
		return false;
	memcpy(value, bytes + offset, width);
	return true;
}

bool unwind__read(struct state *state, uint64_t address, uint64_t *value)
{
	size_t width = state->is_32bit ? 4 : 8;
	uint64_t offset = address - state->request->stack;

	*value = 0;
	if (offset < state->request->length && state->request->length - offset >= width) {
		memcpy(value, state->stack + offset, width);
		return true;
	}
	if (read_file(state, address, width, value))
		return true;
	/* A little above its end it is the same stack. */
	state->end = offset < ((uint64_t)64 << 20) ? STACKS_SHORT : STACKS_BROKEN;
	return false;
}

/* The rules at an address, kept for the next who comes from there. */
static Dwarf_Frame *rules_at(struct file *file, uint64_t address)
{
	struct rule *rule;
	Dwarf_Frame *frame = NULL;

	if (!file->rules)
		file->rules = calloc(RULES, sizeof(*file->rules));
	if (!file->rules)
		return NULL;
	rule = &file->rules[(address * 0x9e3779b97f4a7c15ULL) >> 51];
	if (rule->frame && rule->address == address)
		return rule->frame;
	if (!file->eh_frame || dwarf_cfi_addrframe(file->eh_frame, address, &frame)) {
		if (!file->debug_frame || dwarf_cfi_addrframe(file->debug_frame, address, &frame))
			return NULL;
	}
	free(rule->frame);
	*rule = (struct rule){address, frame};
	return frame;
}

enum step { STEP_ON, STEP_END, STEP_FAILED };

static enum step step_by_rules(struct state *state, Dwarf_Frame *frame)
{
	uint64_t registers[REGISTERS] = {0}, known = 0, cfa, old = state->registers[STACK];
	Dwarf_Op *ops;
	size_t count;
	bool is_signal = false;
	int back = dwarf_frame_info(frame, NULL, NULL, &is_signal);

	state->end = STACKS_BROKEN;
	if (back < 0 || back >= REGISTERS || dwarf_frame_cfa(frame, &ops, &count) || !count ||
	    !expression__value(state, ops, count, NULL, &cfa))
		return STEP_FAILED;
	for (int i = 0; i < REGISTERS; i++) {
		Dwarf_Op memory[3];

		if (dwarf_frame_register(frame, i, memory, &ops, &count))
			continue;
		if (count) {
			if (expression__value(state, ops, count, &cfa, &registers[i]))
				known |= (uint64_t)1 << i;
			else if (i == back)
				return STEP_FAILED;
		} else if (!ops) {
			registers[i] = state->registers[i];
			known |= state->known & (uint64_t)1 << i;
		} else if (i == back) {
			return STEP_END;
		}
	}
	/* On both processors; elfutils 0.188 reads arm64's signed return addresses as a rule for
	 * it. */
	registers[STACK] = cfa;
	known |= (uint64_t)1 << STACK;
	if (!(known >> back & 1))
		return STEP_FAILED;
	/* Callers lie above, but for a handler on a stack of its own. */
	if (!is_signal &&
	    (registers[STACK] < old || (registers[STACK] == old && registers[back] == state->pc)))
		return STEP_FAILED;
	memcpy(state->registers, registers, sizeof(registers));
	state->known = known;
	state->pc = registers[back] & ADDRESS_MASK;
	state->exact = state->is_trampoline = is_signal;
	state->by_pointer = false;
	return state->pc ? STEP_ON : STEP_END;
}

static enum step step_by_pointer(struct state *state)
{
	size_t width = state->is_32bit ? 4 : 8;
	uint64_t frame = state->registers[FRAME], next, pc;

	/* The outermost frame has none. */
	if (state->by_pointer && !frame)
		return STEP_END;
	state->end = STACKS_NO_RULES;
	if (!(state->known >> FRAME & 1) || frame < state->registers[STACK] || frame % width)
		return STEP_FAILED;
	if (!unwind__read(state, frame, &next) || !unwind__read(state, frame + width, &pc)) {
		if (state->end == STACKS_BROKEN)
			state->end = STACKS_NO_RULES;
		return STEP_FAILED;
	}
	pc &= ADDRESS_MASK;
	if (!pc)
		return STEP_END;
	if (!mapping_at(state, pc - 1)) {
		state->end = STACKS_NO_RULES;
		return STEP_FAILED;
	}
	state->known = (uint64_t)1 << FRAME | (uint64_t)1 << STACK;
	state->registers[FRAME] = next;
	state->registers[STACK] = frame + 2 * width;
	state->pc = pc;
	state->exact = false;
	state->by_pointer = true;
	return STEP_ON;
}

#ifdef __aarch64__
/* mov x8, #139; svc #0: what a signal's handler returns to. Its rules lead past the function that
 * was interrupted, whose registers stand in the rt_sigframe. */
#define SIGNAL_RETURN	 0xd4000001d2801168ULL
#define SIGNAL_REGISTERS 312

static bool step_by_signal(struct state *state)
{
	uint64_t code, at = state->registers[STACK] + SIGNAL_REGISTERS, pc;
	uint64_t registers[REGISTERS];

	if (!read_file(state, state->pc, 8, &code) || code != SIGNAL_RETURN)
		return false;
	for (int i = 0; i < REGISTERS; i++, at += 8) {
		if (!unwind__read(state, at, &registers[i]))
			return false;
	}
	if (!unwind__read(state, at, &pc))
		return false;
	memcpy(state->registers, registers, sizeof(registers));
	state->known = ~0ULL;
	state->pc = pc;
	state->exact = state->is_trampoline = true;
	state->by_pointer = false;
	return true;
}
#else
static bool step_by_signal(struct state *state)
{
	(void)state;
	return false;
}
#endif

static enum step step(struct state *state)
{
	uint64_t at = state->pc - !state->exact, address;
	const struct stacks_mapping *mapping = mapping_at(state, at);
	struct file *file = mapping ? files__get(mapping->file) : NULL;
	Dwarf_Frame *frame = NULL;

	if (!mapping) {
		state->end = STACKS_NO_CODE;
		return STEP_FAILED;
	}
	if (mapping->is_wanted) {
		state->end = STACKS_NEEDS_FILE;
		state->pc = mapping - state->mappings;
		return STEP_FAILED;
	}
	if (step_by_signal(state))
		return STEP_ON;
	if (file && file__address(file, at - mapping->start + mapping->offset, &address))
		frame = rules_at(file, address);
	return frame ? step_by_rules(state, frame) : step_by_pointer(state);
}

static bool set_registers(struct state *state, const struct stacks_unwind *request)
{
#ifdef __aarch64__
	if (request->words[33] & ARM_STATE)
		return false;
	memcpy(state->registers, request->words, sizeof(state->registers));
#else
	for (int i = 0; i < (request->is_32bit ? 9 : REGISTERS); i++)
		state->registers[i] = request->words[words_of[request->is_32bit][i]];
#endif
	state->known = ~0ULL;
	state->pc = request->words[PC_WORD];
	return true;
}

void unwind__run(const struct stacks_unwind *request, const struct stacks_mapping *mappings,
		 const uint8_t *stack, struct buffer *answer)
{
	struct stacks_unwind_answer *head = buffer__add(answer, NULL, sizeof(*head));
	struct state state = {.request = request,
			      .mappings = mappings,
			      .stack = stack,
			      .is_32bit = request->is_32bit};
	enum step result = STEP_FAILED;
	struct stacks_frame *last;

	state.end = STACKS_FOREIGN;
	if (request->is_32bit <= 1 && set_registers(&state, request))
		result = STEP_ON;
	while (result == STEP_ON) {
		struct stacks_frame frame = {state.pc, state.exact};

		if (head->frames == STACKS_FRAMES) {
			state.end = STACKS_DEEP;
			result = STEP_FAILED;
			break;
		}
		last = buffer__add(answer, &frame, sizeof(frame));
		head->frames++;
		state.is_trampoline = false;
		result = step(&state);
		/* Nobody has called it: it begins where the handler returns to. */
		if (state.is_trampoline)
			last->exact = 1;
	}
	head->end = result == STEP_END ? STACKS_COMPLETE : state.end;
	head->pc = state.pc;
}
