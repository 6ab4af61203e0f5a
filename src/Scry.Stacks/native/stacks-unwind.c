/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From registers and a copy of the stack to the callers: by each file's call frame information, and
 * by the frame pointer where code has none, as that of a JIT compiler.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

#define EXPRESSION 64	/* words on its stack */
#define STEPS	   4096 /* of an expression */

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
/* Which word of struct pt_regs DWARF's registers are. */
static const uint8_t words_of[2][REGISTERS] = {
	{10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, PC_WORD},
	{10, 11, 12, 5, 19, 4, 13, 14, PC_WORD}};
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
	enum stacks_end end; /* why memory could not be read */
};

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

static bool read_memory(struct state *state, uint64_t address, uint64_t *value)
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

struct words {
	uint64_t all[EXPRESSION];
	size_t count;
	bool failed;
};

static void push(struct words *words, uint64_t value)
{
	if (words->count == EXPRESSION)
		words->failed = true;
	else
		words->all[words->count++] = value;
}

static uint64_t pop(struct words *words)
{
	if (words->count)
		return words->all[--words->count];
	words->failed = true;
	return 0;
}

static uint64_t nth(struct words *words, uint64_t down)
{
	if (down < words->count)
		return words->all[words->count - 1 - down];
	words->failed = true;
	return 0;
}

static void push_register(struct state *state, struct words *words, uint64_t number, uint64_t plus)
{
	if (number >= REGISTERS || !(state->known >> number & 1))
		words->failed = true;
	else
		push(words, state->registers[number] + plus);
}

static uint64_t binary(int atom, uint64_t a, uint64_t b)
{
	switch (atom) {
	case DW_OP_plus:
		return a + b;
	case DW_OP_minus:
		return a - b;
	case DW_OP_mul:
		return a * b;
	case DW_OP_and:
		return a & b;
	case DW_OP_or:
		return a | b;
	case DW_OP_xor:
		return a ^ b;
	case DW_OP_shl:
		return b < 64 ? a << b : 0;
	case DW_OP_shr:
		return b < 64 ? a >> b : 0;
	case DW_OP_shra:
		return (int64_t)a >> (b < 63 ? b : 63);
	case DW_OP_eq:
		return a == b;
	case DW_OP_ne:
		return a != b;
	case DW_OP_lt:
		return (int64_t)a < (int64_t)b;
	case DW_OP_le:
		return (int64_t)a <= (int64_t)b;
	case DW_OP_gt:
		return (int64_t)a > (int64_t)b;
	default: /* DW_OP_ge */
		return (int64_t)a >= (int64_t)b;
	}
}

static void operate_on_stack(struct words *words, int atom, uint64_t number)
{
	uint64_t a, b, c;

	switch (atom) {
	case DW_OP_dup:
		push(words, nth(words, 0));
		break;
	case DW_OP_over:
		push(words, nth(words, 1));
		break;
	case DW_OP_pick:
		push(words, nth(words, number));
		break;
	case DW_OP_drop:
		pop(words);
		break;
	case DW_OP_swap:
		a = pop(words);
		b = pop(words);
		push(words, a);
		push(words, b);
		break;
	case DW_OP_rot:
		a = pop(words);
		b = pop(words);
		c = pop(words);
		push(words, a);
		push(words, c);
		push(words, b);
		break;
	case DW_OP_not:
		push(words, ~pop(words));
		break;
	case DW_OP_neg:
		push(words, -pop(words));
		break;
	case DW_OP_abs:
		a = pop(words);
		push(words, (int64_t)a < 0 ? -a : a);
		break;
	case DW_OP_plus_uconst:
		push(words, pop(words) + number);
		break;
	default:
		words->failed = true;
	}
}

static void dereference(struct state *state, struct words *words, uint64_t size)
{
	uint64_t value;

	if (!read_memory(state, pop(words), &value))
		words->failed = true;
	if (size < 8)
		value &= ((uint64_t)1 << size * 8) - 1;
	push(words, value);
}

/* Where a jump leads; count: out of the expression. */
static size_t jump(const Dwarf_Op *ops, size_t count, size_t at)
{
	/* The two bytes are counted from the next operation. */
	uint64_t target = ops[at].offset + 3 + (int16_t)ops[at].number;

	for (size_t i = 0; i < count; i++) {
		if (ops[i].offset == target)
			return i;
	}
	return count;
}

static bool evaluate(struct state *state, const Dwarf_Op *ops, size_t count, const uint64_t *cfa,
		     uint64_t *result)
{
	struct words words = {.count = 0};
	bool is_place = false;
	int steps = 0;

	for (size_t i = 0; i < count && !words.failed; i++) {
		const Dwarf_Op *op = &ops[i];
		uint64_t b;

		if (++steps > STEPS)
			return false;
		switch (op->atom) {
		case DW_OP_lit0 ... DW_OP_lit31:
			push(&words, op->atom - DW_OP_lit0);
			break;
		case DW_OP_addr:
		case DW_OP_const1u ... DW_OP_consts:
			push(&words, op->number);
			break;
		case DW_OP_reg0 ... DW_OP_reg31:
			push_register(state, &words, op->atom - DW_OP_reg0, 0);
			break;
		case DW_OP_regx:
			push_register(state, &words, op->number, 0);
			break;
		case DW_OP_breg0 ... DW_OP_breg31:
			push_register(state, &words, op->atom - DW_OP_breg0, op->number);
			break;
		case DW_OP_bregx:
			push_register(state, &words, op->number, op->number2);
			break;
		case DW_OP_plus:
		case DW_OP_minus:
		case DW_OP_mul:
		case DW_OP_and:
		case DW_OP_or:
		case DW_OP_xor:
		case DW_OP_shl ... DW_OP_shra:
		case DW_OP_eq ... DW_OP_ne:
			b = pop(&words);
			push(&words, binary(op->atom, pop(&words), b));
			break;
		case DW_OP_deref:
			dereference(state, &words, 8);
			break;
		case DW_OP_deref_size:
			dereference(state, &words, op->number);
			break;
		case DW_OP_bra:
			if (!pop(&words))
				break;
			/* fall through */
		case DW_OP_skip:
			i = jump(ops, count, i) - 1;
			break;
		case DW_OP_nop:
			break;
		/* These two are how libdw writes "saved at" and "is". */
		case DW_OP_call_frame_cfa:
			if (!cfa)
				return false;
			push(&words, *cfa);
			is_place = true;
			break;
		case DW_OP_stack_value:
			is_place = false;
			break;
		default:
			operate_on_stack(&words, op->atom, op->number);
		}
	}
	*result = pop(&words);
	if (words.failed)
		return false;
	return !is_place || read_memory(state, *result, result);
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
	    !evaluate(state, ops, count, NULL, &cfa))
		return STEP_FAILED;
	for (int i = 0; i < REGISTERS; i++) {
		Dwarf_Op memory[3];

		if (dwarf_frame_register(frame, i, memory, &ops, &count))
			continue;
		if (count) {
			if (evaluate(state, ops, count, &cfa, &registers[i]))
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
	if (!(known >> STACK & 1))
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
	state->exact = is_signal;
	return state->pc ? STEP_ON : STEP_END;
}

static enum step step_by_pointer(struct state *state)
{
	size_t width = state->is_32bit ? 4 : 8;
	uint64_t frame = state->registers[FRAME], next, pc;

	state->end = STACKS_NO_RULES;
	if (!(state->known >> FRAME & 1) || frame < state->registers[STACK] || frame % width)
		return STEP_FAILED;
	if (!read_memory(state, frame, &next) || !read_memory(state, frame + width, &pc)) {
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
	return STEP_ON;
}

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
		buffer__add(answer, &frame, sizeof(frame));
		head->frames++;
		result = step(&state);
	}
	head->end = result == STEP_END ? STACKS_COMPLETE : state.end;
	head->pc = state.pc;
}
