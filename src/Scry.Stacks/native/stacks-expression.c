/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF's expressions, as far as rules of unwinding have them. */
#include <dwarf.h>

#include "stacks-unwind.h"

#define EXPRESSION 64	/* words on its stack */
#define STEPS	   4096 /* of an expression */

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

	if (!unwind__read(state, pop(words), &value))
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

bool expression__value(struct state *state, const Dwarf_Op *ops, size_t count, const uint64_t *cfa,
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
	return !is_place || unwind__read(state, *result, result);
}
