/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's own table of functions (.gopclntab, src/debug/gosym of Go): programs have it also when they
 * are stripped, as most that are shipped. Of Go 1.16 and later.
 */
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

#define GO_1_16	  0xfffffffa
#define GO_1_18	  0xfffffff0
#define GO_1_20	  0xfffffff1
#define FUNCTIONS ((uint64_t)1 << 22)

struct table {
	const uint8_t *bytes;
	uint64_t size;
};

static uint64_t word_at(const struct table *table, uint64_t offset, size_t width)
{
	uint64_t value = 0;

	if (offset < table->size && table->size - offset >= width)
		memcpy(&value, table->bytes + offset, width);
	return value;
}

/* A name that ends in the table; NULL: there is none. */
static const char *name_at(const struct table *table, uint64_t offset)
{
	if (offset >= table->size || !memchr(table->bytes + offset, 0, table->size - offset))
		return NULL;
	return (const char *)table->bytes + offset;
}

/* Gives how many there are; with `to` it writes them there. */
size_t go__symbols(const void *bytes, size_t size, struct symbol *to)
{
	struct table table = {bytes, size};
	uint32_t magic = word_at(&table, 0, 4);
	bool is_old = magic == GO_1_16;
	size_t pointer = word_at(&table, 7, 1), width, found = 0;
	uint64_t count, text, names, functions;

	if ((!is_old && magic != GO_1_18 && magic != GO_1_20) || (pointer != 4 && pointer != 8))
		return 0;
	width = is_old ? pointer : 4;
	count = word_at(&table, 8, pointer);
	text = is_old ? 0 : word_at(&table, 8 + 2 * pointer, pointer);
	names = word_at(&table, 8 + (is_old ? 2 : 3) * pointer, pointer);
	functions = word_at(&table, 8 + (is_old ? 6 : 7) * pointer, pointer);
	if (count > FUNCTIONS || functions > size || (size - functions) / (2 * width) < count)
		return 0;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t row = functions + i * 2 * width;
		uint64_t begin = word_at(&table, row, width);
		uint64_t end = word_at(&table, row + 2 * width, width);
		uint64_t at = functions + word_at(&table, row + width, width);
		const char *name = name_at(&table, names + word_at(&table, at + width, 4));

		if (!name || !*name || end <= begin)
			continue;
		if (to)
			to[found] = (struct symbol){text + begin, end - begin, name, 0};
		found++;
	}
	return found;
}
