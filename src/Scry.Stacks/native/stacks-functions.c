/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions at an address, the innermost of those that were inlined there first, with file and
 * line: by debug information, else by symbols. Which CU an address belongs to is told by the CUs'
 * own ranges, since many compilers write no table of them.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <libiberty/demangle.h>

#include "stacks.h"

#define DEEP  64
#define TEXTS 4096 /* bytes of a name */

void ranges__add(struct ranges *ranges, Dwarf_Die *die, uint32_t cu)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t next = 0;

	while ((next = dwarf_ranges(die, next, &base, &low, &high)) > 0) {
		/* What the linker has thrown away lies at 0, or at the end. */
		if (!low || low >= high || low >= (Dwarf_Addr)-2)
			continue;
		if (ranges->count == ranges->room) {
			size_t room = ranges->room ? ranges->room * 2 : 64;
			struct range *all = realloc(ranges->all, room * sizeof(*all));

			if (!all)
				return;
			ranges->all = all;
			ranges->room = room;
		}
		ranges->all[ranges->count++] = (struct range){low, high, 0, *die, cu};
	}
}

static int compare_ranges(const void *one, const void *other)
{
	const struct range *a = one, *b = other;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->high > b->high ? -1 : a->high < b->high;
}

void ranges__sort(struct ranges *ranges)
{
	uint64_t reach = 0;

	if (!ranges->count)
		return;
	qsort(ranges->all, ranges->count, sizeof(*ranges->all), compare_ranges);
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->all[i].high > reach)
			reach = ranges->all[i].high;
		ranges->all[i].reach = reach;
	}
}

/* The innermost range; NULL: there is none. */
struct range *ranges__find(struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->all[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low && ranges->all[low - 1].reach > address) {
		if (ranges->all[--low].high > address)
			return &ranges->all[low];
	}
	return NULL;
}

static void find_units(struct file *file)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;

	file->has_units = true;
	while (!dwarf_get_units(file->dwarf, cu, &cu, NULL, NULL, &die, NULL)) {
		if (dwarf_tag(&die) == DW_TAG_compile_unit ||
		    dwarf_tag(&die) == DW_TAG_skeleton_unit)
			ranges__add(&file->units, &die, file->unit_count++);
	}
	ranges__sort(&file->units);
	file->functions = calloc(file->unit_count + 1, sizeof(*file->functions));
}

static void add_functions(struct ranges *functions, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if (depth > DEEP || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			ranges__add(functions, &die, 0);
			add_functions(functions, &die, depth + 1);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
		case DW_TAG_lexical_block:
			add_functions(functions, &die, depth + 1);
		}
	} while (!dwarf_siblingof(&die, &die));
}

static struct range *function_at(struct file *file, struct range *unit, uint64_t address)
{
	struct ranges *functions = file->functions ? &file->functions[unit->cu] : NULL;

	if (!functions)
		return NULL;
	if (!functions->room) {
		add_functions(functions, &unit->die, 0);
		ranges__sort(functions);
		functions->room += !functions->room;
	}
	return ranges__find(functions, address);
}

/* The functions inlined at an address, the outermost first. */
static int find_inlined(Dwarf_Die *parent, uint64_t address, Dwarf_Die *found, int count, int depth)
{
	Dwarf_Die die;

	if (count == STACKS_INLINED || depth > DEEP || dwarf_child(parent, &die))
		return count;
	do {
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
		    tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
			continue;
		if (dwarf_haspc(&die, address) <= 0)
			continue;
		if (tag == DW_TAG_inlined_subroutine)
			found[count++] = die;
		return find_inlined(&die, address, found, count, depth + 1);
	} while (!dwarf_siblingof(&die, &die));
	return count;
}

char *name__demangled(const char *name)
{
	if (strncmp(name, "_Z", 2) && strncmp(name, "_R", 2) && strncmp(name, "__Z", 3))
		return NULL;
	return cplus_demangle(name + (name[1] == '_'), DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
}

/* As the linker knows it; NULL: only the source's own name is known. */
static const char *linkage_name(Dwarf_Die *die)
{
	Dwarf_Attribute memory, *attribute;

	attribute = dwarf_attr_integrate(die, DW_AT_linkage_name, &memory);
	if (!attribute)
		attribute = dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &memory);
	return attribute ? dwarf_formstring(attribute) : NULL;
}

static const char *die_name(Dwarf_Die *die)
{
	const char *name = linkage_name(die);

	return name ? name : dwarf_diename(die);
}

/* Of a function that only its own file sees the symbol says more: its namespace, its class. */
static const char *outer_name(Dwarf_Die *die, const struct symbol *symbol)
{
	const char *name = linkage_name(die);
	Dwarf_Addr entry;

	if (!name && symbol &&
	    (!strncmp(symbol->name, "_Z", 2) || !strncmp(symbol->name, "_R", 2)) &&
	    !dwarf_entrypc(die, &entry) && entry == symbol->address)
		name = symbol->name;
	return name ? name : dwarf_diename(die);
}

/* A name as far as its version ("read@@GLIBC_2.2.5"), demangled. */
static void add_function(struct buffer *answer, struct stacks_symbol_answer *head,
			 struct stacks_function *function, const char *name, const char *source)
{
	char plain[TEXTS], *demangled;
	size_t length = name ? strcspn(name, "@") : 0;

	if (name && !length)
		length = strlen(name);
	if (length >= sizeof(plain))
		length = sizeof(plain) - 1;
	if (name)
		memcpy(plain, name, length);
	plain[length] = 0;
	demangled = name__demangled(plain);
	name = demangled ? demangled : plain;
	function->name = strnlen(name, TEXTS - 1);
	function->source = source ? strnlen(source, TEXTS - 1) : 0;
	buffer__add(answer, function, sizeof(*function));
	buffer__add(answer, name, function->name);
	buffer__add(answer, source ? source : "", function->source);
	head->functions++;
	free(demangled);
}

static const char *line_of_call(Dwarf_Die *unit, Dwarf_Die *die, uint32_t *line)
{
	Dwarf_Attribute memory;
	Dwarf_Files *files;
	Dwarf_Word number;
	size_t count;

	*line = 0;
	if (!dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &memory), &number))
		*line = number;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &memory), &number) ||
	    dwarf_getsrcfiles(unit, &files, &count))
		return NULL;
	return number < count ? dwarf_filesrc(files, number, NULL, NULL) : NULL;
}

static const char *line_at(Dwarf_Die *unit, uint64_t address, uint32_t *line)
{
	Dwarf_Line *at = dwarf_getsrc_die(unit, address);
	int number;

	*line = 0;
	if (!at)
		return NULL;
	if (!dwarf_lineno(at, &number) && number > 0)
		*line = number;
	return dwarf_linesrc(at, NULL, NULL);
}

static uint64_t offset_from(Dwarf_Die *die, uint64_t address)
{
	Dwarf_Addr entry;

	return dwarf_entrypc(die, &entry) || entry > address ? 0 : address - entry;
}

/* Where the source of an address is known; NULL: nowhere. */
static struct range *unit_at(struct file *file, uint64_t address)
{
	if (!file->dwarf)
		return NULL;
	if (!file->has_units)
		find_units(file);
	return ranges__find(&file->units, address);
}

void functions__find(const struct stacks_address *request, struct buffer *answer)
{
	struct stacks_symbol_answer *head = buffer__add(answer, NULL, sizeof(*head));
	struct file *file = files__get(request->file);
	Dwarf_Die inlined[STACKS_INLINED];
	struct stacks_function function = {0};
	const struct symbol *symbol;
	const char *source = NULL, *name = NULL;
	struct range *unit, *outer = NULL;
	uint64_t at;
	int count = 0;

	/* The call lies before what it returns to. */
	if (!file || !file__address(file, request->offset, &at))
		return;
	head->address = at + !request->exact;
	unit = unit_at(file, at);
	if (unit) {
		source = line_at(&unit->die, at, &function.line);
		outer = function_at(file, unit, at);
	}
	if (outer)
		count = find_inlined(&outer->die, at, inlined, 0, 0);
	while (count--) {
		function.is_inlined = 1;
		function.offset = offset_from(&inlined[count], head->address);
		add_function(answer, head, &function, die_name(&inlined[count]), source);
		source = line_of_call(&unit->die, &inlined[count], &function.line);
	}
	symbol = file__symbol(file, at);
	function.is_inlined = 0;
	function.offset = 0;
	if (outer) {
		name = outer_name(&outer->die, symbol);
		function.offset = offset_from(&outer->die, head->address);
	}
	if (!name && symbol) {
		name = symbol->name;
		function.offset = head->address - symbol->address;
	}
	if (name || source || head->functions)
		add_function(answer, head, &function, name, source);
}
