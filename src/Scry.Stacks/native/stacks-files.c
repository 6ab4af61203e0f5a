/* SPDX-License-Identifier: Apache-2.0 */
/* The files that were handed over: their segments, symbols, unwind rules and debug information. */
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <elfutils/libdwelf.h>

#include "stacks.h"

#define MINI_MOST ((size_t)256 << 20) /* bytes of an unpacked .gnu_debugdata */

static struct file *files[STACKS_FILES];

struct file *files__get(uint32_t id)
{
	return id < STACKS_FILES ? files[id] : NULL;
}

static Elf_Scn *section_named(Elf *elf, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *text;

		if (!gelf_getshdr(section, header))
			continue;
		text = elf_strptr(elf, names, header->sh_name);
		if (text && !strcmp(text, name))
			return section;
	}
	return NULL;
}

static void find_segments(struct file *file)
{
	size_t count;

	if (elf_getphdrnum(file->elf, &count))
		return;
	for (size_t i = 0; i < count && file->segment_count < 32; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(file->elf, i, &header) || header.p_type != PT_LOAD)
			continue;
		file->segments[file->segment_count++] = (struct segment){
			header.p_offset, header.p_vaddr, header.p_filesz, header.p_flags & PF_X};
	}
}

/* Where the file's own tables have what lies at an offset in it. */
bool file__address(const struct file *file, uint64_t offset, uint64_t *address)
{
	for (int code = 1; code >= 0; code--) {
		for (size_t i = 0; i < file->segment_count; i++) {
			const struct segment *at = &file->segments[i];

			if (at->is_code == code && offset >= at->offset &&
			    offset - at->offset < at->size) {
				*address = at->address + (offset - at->offset);
				return true;
			}
		}
	}
	return false;
}

/* .gnu_debugdata: the symbols of a stripped file, as Fedora has them. */
static void unpack_mini(struct file *file)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	GElf_Shdr header;
	Elf_Scn *section = section_named(file->elf, ".gnu_debugdata", &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	size_t size = 0;
	lzma_ret result = LZMA_OK;

	/* Checksums are nothing against who wants to deceive; and liblzma chooses their code in a
	 * constructor, which the worker does not wait for. */
	if (!data || !data->d_buf ||
	    lzma_stream_decoder(&stream, MINI_MOST, LZMA_IGNORE_CHECK) != LZMA_OK)
		return;
	stream.next_in = data->d_buf;
	stream.avail_in = data->d_size;
	while (result == LZMA_OK && size < MINI_MOST) {
		void *more = realloc(file->mini_bytes, size + (1 << 20));

		if (!more)
			break;
		file->mini_bytes = more;
		stream.next_out = (uint8_t *)more + size;
		stream.avail_out = 1 << 20;
		result = lzma_code(&stream, LZMA_FINISH);
		size += (1 << 20) - stream.avail_out;
	}
	lzma_end(&stream);
	if (result == LZMA_STREAM_END)
		file->mini = elf_memory(file->mini_bytes, size);
}

static Elf *open_elf(int fd)
{
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	GElf_Ehdr header;

	if (elf && (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))) {
		elf_end(elf);
		return NULL;
	}
	/* The descriptor is closed: what could not be mapped is read. */
	if (elf && elf_cntl(elf, ELF_C_FDREAD)) {
		elf_end(elf);
		return NULL;
	}
	return elf;
}

static bool has_info(Elf *elf)
{
	GElf_Shdr header;

	return (section_named(elf, ".debug_info", &header) ||
		section_named(elf, ".zdebug_info", &header)) &&
	       header.sh_type != SHT_NOBITS;
}

static void describe(struct file *file, Elf *elf, struct buffer *answer)
{
	struct stacks_file_answer *head = buffer__add(answer, NULL, sizeof(*head));
	const void *parts[4] = {0};
	ssize_t lengths[4] = {0};
	GElf_Word crc = 0;

	lengths[0] = dwelf_elf_gnu_build_id(elf, &parts[0]);
	parts[1] = dwelf_elf_gnu_debuglink(elf, &crc);
	lengths[1] = parts[1] ? (ssize_t)strlen(parts[1]) : 0;
	if (file->dwarf) {
		const char *name = NULL;

		lengths[3] = dwelf_dwarf_gnu_debugaltlink(file->dwarf, &name, &parts[3]);
		if (lengths[3] > 0) {
			parts[2] = name;
			lengths[2] = strlen(name);
		}
	}
	head->usable = 1;
	head->has_dwarf = file->dwarf && has_info(file->debug ? file->debug : file->elf);
	head->crc = crc;
	for (int i = 0; i < 4; i++) {
		head->lengths[i] = lengths[i] > 0 && lengths[i] < 4096 ? lengths[i] : 0;
		buffer__add(answer, parts[i] ? parts[i] : "", head->lengths[i]);
	}
}

static void refuse(struct buffer *answer)
{
	buffer__add(answer, NULL, sizeof(struct stacks_file_answer));
}

void files__add(uint32_t id, int fd, struct buffer *answer)
{
	struct file *file = id < STACKS_FILES ? calloc(1, sizeof(*file)) : NULL;

	if (!file) {
		refuse(answer);
		return;
	}
	files__forget(id);
	file->elf = open_elf(fd);
	if (!file->elf) {
		free(file);
		refuse(answer);
		return;
	}
	files[id] = file;
	find_segments(file);
	file->eh_frame = dwarf_getcfi_elf(file->elf);
	file->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (file->dwarf)
		file->debug_frame = dwarf_getcfi(file->dwarf);
	describe(file, file->elf, answer);
}

static uint32_t file_crc(int fd)
{
	static uint8_t bytes[65536];
	uint32_t crc = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t count;

	while ((count = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		crc = crc32(crc, bytes, count);
		at += count;
	}
	return crc;
}

static bool same_build(Elf *one, Elf *other)
{
	const void *ids[2];
	ssize_t lengths[2] = {dwelf_elf_gnu_build_id(one, &ids[0]),
			      dwelf_elf_gnu_build_id(other, &ids[1])};

	return lengths[0] > 0 && lengths[0] == lengths[1] && !memcmp(ids[0], ids[1], lengths[0]);
}

/* Taken only when it belongs to the file. */
void files__add_debug(const struct stacks_file *request, int fd, struct buffer *answer)
{
	struct file *file = files__get(request->id);
	Elf *elf = file && !file->debug ? open_elf(fd) : NULL;
	Dwarf *dwarf = NULL;

	if (elf && (request->check ? file_crc(fd) == request->crc : same_build(file->elf, elf)))
		dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!dwarf) {
		elf_end(elf);
		refuse(answer);
		return;
	}
	dwarf_end(file->dwarf);
	file->debug = elf;
	file->dwarf = dwarf;
	file->debug_frame = dwarf_getcfi(dwarf);
	describe(file, elf, answer);
}

void files__add_alt(uint32_t id, int fd, struct buffer *answer)
{
	struct file *file = files__get(id);
	Elf *elf = file && file->dwarf && !file->alt ? open_elf(fd) : NULL;
	const char *name;
	const void *wanted, *found;
	ssize_t length = elf ? dwelf_dwarf_gnu_debugaltlink(file->dwarf, &name, &wanted) : 0;

	refuse(answer);
	if (length > 0 && dwelf_elf_gnu_build_id(elf, &found) == length &&
	    !memcmp(wanted, found, length))
		file->alt = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!elf || !file->alt) {
		elf_end(elf);
		return;
	}
	file->alt_elf = elf;
	dwarf_setalt(file->dwarf, file->alt);
	((struct stacks_file_answer *)(answer->bytes + answer->length))[-1].usable = 1;
}

void files__forget(uint32_t id)
{
	struct file *file = files__get(id);

	if (!file)
		return;
	files[id] = NULL;
	for (size_t i = 0; file->rules && i < RULES; i++)
		free(file->rules[i].frame);
	for (uint32_t i = 0; file->functions && i < file->unit_count; i++)
		free(file->functions[i].all);
	free(file->rules);
	free(file->functions);
	free(file->units.all);
	free(file->symbols);
	if (file->eh_frame)
		dwarf_cfi_end(file->eh_frame);
	dwarf_end(file->dwarf);
	dwarf_end(file->alt);
	elf_end(file->alt_elf);
	elf_end(file->debug);
	elf_end(file->mini);
	free(file->mini_bytes);
	elf_end(file->elf);
	free(file);
}

/* Of several names for one address: a function's, with a size, without underscores, for others,
 * short. */
static uint32_t rank_of(const GElf_Sym *symbol, const char *name)
{
	size_t underscores = strspn(name, "_"), length = strlen(name);
	uint32_t rank = GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE;

	/* A mangled name's underscore is none. */
	if (underscores == 1 && (name[1] == 'Z' || name[1] == 'R'))
		underscores = 0;
	rank = rank << 1 | !symbol->st_size;
	rank = rank << 4 | (underscores < 15 ? underscores : 15);
	rank = rank << 1 | (GELF_ST_BIND(symbol->st_info) == STB_LOCAL);
	return rank << 16 | (length < 65535 ? length : 65535);
}

static bool is_code(Elf *elf, const GElf_Sym *symbol)
{
	GElf_Shdr header;
	Elf_Scn *section;

	switch (GELF_ST_TYPE(symbol->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return symbol->st_shndx != SHN_UNDEF;
	case STT_NOTYPE:
		section = symbol->st_shndx && symbol->st_shndx < SHN_LORESERVE
				  ? elf_getscn(elf, symbol->st_shndx)
				  : NULL;
		return section && gelf_getshdr(section, &header) && header.sh_flags & SHF_EXECINSTR;
	}
	return false;
}

static void add_symbols(struct file *file, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	struct symbol *all;

	all = count < ((size_t)1 << 24)
		      ? realloc(file->symbols, (file->symbol_count + count + 1) * sizeof(*all))
		      : NULL;
	if (!all)
		return;
	file->symbols = all;
	for (size_t i = 0; i < count; i++) {
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getsym(data, i, &symbol) || !symbol.st_value || !is_code(elf, &symbol))
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		/* "$x" and ".L1" name no function. */
		if (!name || !*name || *name == '$' || *name == '.')
			continue;
		all[file->symbol_count++] = (struct symbol){symbol.st_value, symbol.st_size, name,
							    rank_of(&symbol, name)};
	}
}

static void add_tables(struct file *file, Elf *elf)
{
	Elf_Scn *section = NULL;

	while (elf && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			add_symbols(file, elf, section, &header);
	}
}

static void add_go(struct file *file)
{
	GElf_Shdr header;
	Elf_Scn *section = section_named(file->elf, ".gopclntab", &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	size_t count = data && data->d_buf ? go__symbols(data->d_buf, data->d_size, NULL) : 0;
	struct symbol *all;

	all = count ? realloc(file->symbols, (file->symbol_count + count) * sizeof(*all)) : NULL;
	if (!all)
		return;
	file->symbols = all;
	file->symbol_count += go__symbols(data->d_buf, data->d_size, all + file->symbol_count);
}

static int compare_symbols(const void *one, const void *other)
{
	const struct symbol *a = one, *b = other;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void find_symbols(struct file *file)
{
	size_t kept = 0;

	file->has_symbols = true;
	unpack_mini(file);
	add_tables(file, file->elf);
	add_tables(file, file->debug);
	add_tables(file, file->mini);
	add_go(file);
	if (!file->symbol_count)
		return;
	qsort(file->symbols, file->symbol_count, sizeof(*file->symbols), compare_symbols);
	for (size_t i = 1; i < file->symbol_count; i++) {
		if (file->symbols[i].address != file->symbols[kept].address)
			file->symbols[++kept] = file->symbols[i];
	}
	file->symbol_count = kept + 1;
}

/* The symbol that an address lies in; NULL: there is none. */
const struct symbol *file__symbol(struct file *file, uint64_t address)
{
	size_t low = 0, high;

	if (!file->has_symbols)
		find_symbols(file);
	high = file->symbol_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* A label, or a smaller function, may stand in another. */
	for (int back = 0; low && back < 16; back++) {
		const struct symbol *at = &file->symbols[--low];

		if (!at->size ? !back : address - at->address < at->size)
			return at;
	}
	return NULL;
}
