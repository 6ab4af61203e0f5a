/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCRY_STACKS_H
#define SCRY_STACKS_H
/*
 * The worker that reads ELF and DWARF of traced programs: a process without rights, since all of it
 * is hostile. What crosses the socket is mirrored by Worker*.cs of Scry.Stacks.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#define STACKS_SOCKET	3 /* the descriptor that the worker finds its socket at */
#define STACKS_FRAMES	512
#define STACKS_FILES	4096
#define STACKS_INLINED	64
#define STACKS_REQUEST	(1 << 20) /* bytes of a request or an answer */
#define STACKS_WORDS	34
#define STACKS_MAPPINGS 16384

enum stacks_request {
	STACKS_FILE = 1,   /* stacks_file, the descriptor with it */
	STACKS_DEBUG = 2,  /* the same: its debug information */
	STACKS_ALT = 3,	   /* the same: what dwz(1) moved from that to a common file */
	STACKS_FORGET = 4, /* stacks_file */
	STACKS_UNWIND = 5, /* stacks_unwind, mappings, the stack */
	STACKS_SYMBOL = 6, /* stacks_address */
};

/* Before each request and answer. */
struct stacks_head {
	uint32_t length; /* of what follows */
	uint32_t kind;	 /* of a request; of an answer: STACKS_FULL or 0 */
};

#define STACKS_FULL 1 /* the worker has taken much memory: a new one is due */

struct stacks_file {
	uint32_t id;
	uint32_t check; /* DEBUG: 1: by crc; else by build id */
	uint32_t crc;
	uint32_t pad;
};

/* Answer to FILE and DEBUG: then build id, .gnu_debuglink, alt file's name, alt file's build id. */
struct stacks_file_answer {
	uint32_t usable;
	uint32_t has_dwarf;
	uint32_t crc;
	uint32_t lengths[4];
};

struct stacks_mapping {
	uint64_t start, end, offset;
	uint32_t file;	    /* 0: none */
	uint32_t is_wanted; /* there is one, which was not handed over */
};

struct stacks_unwind {
	uint64_t stack;	   /* the address of its first byte */
	uint32_t length;   /* of the stack, in bytes */
	uint32_t mappings; /* sorted */
	uint32_t is_32bit;
	uint32_t pad;
	uint64_t words[STACKS_WORDS];
};

enum stacks_end {
	STACKS_COMPLETE = 0,
	STACKS_SHORT = 1,    /* the copied stack ends */
	STACKS_NO_RULES = 2, /* there is code without unwind information, nor a frame pointer */
	STACKS_NO_CODE = 3,  /* no code is mapped there */
	STACKS_DEEP = 4,
	STACKS_BROKEN = 5,     /* the rules lead nowhere */
	STACKS_FOREIGN = 6,    /* 32-bit Arm */
	STACKS_NEEDS_FILE = 7, /* pc: the mapping whose file is to be handed over first */
};

/* Answer to UNWIND: then so many frames. */
struct stacks_unwind_answer {
	uint32_t end;
	uint32_t frames;
	uint64_t pc; /* where it ends */
};

struct stacks_frame {
	uint64_t pc;
	uint64_t exact; /* 1: it stopped at pc; 0: it will return to it */
};

struct stacks_address {
	uint32_t file;
	uint32_t exact;
	uint64_t offset; /* in the file */
};

/* Answer to SYMBOL: then stacks_function, name, source file; innermost first. */
struct stacks_symbol_answer {
	uint64_t address; /* as the file counts it */
	uint32_t functions;
	uint32_t pad;
};

struct stacks_function {
	uint64_t offset;
	uint32_t line;
	uint32_t is_inlined;
	uint32_t name, source; /* lengths */
};

struct segment {
	uint64_t offset, address, size;
	bool is_code;
};

struct symbol {
	uint64_t address, size;
	const char *name;
	uint32_t rank; /* of several for one address the lowest is the best */
};

/* A range of a CU, or of a function in one. */
struct range {
	uint64_t low, high, reach; /* the highest `high` up to this one */
	Dwarf_Die die;
	uint32_t cu; /* a CU's number; its functions are found once */
};

struct ranges {
	struct range *all;
	size_t count, room;
};

struct rule {
	uint64_t address;
	Dwarf_Frame *frame;
};

#define RULES 8192 /* a power of two; of a file */

struct file {
	Elf *elf, *debug, *mini, *alt_elf;
	void *mini_bytes;
	Dwarf *dwarf, *alt;
	Dwarf_CFI *eh_frame, *debug_frame;
	struct segment segments[32];
	size_t segment_count;
	struct symbol *symbols;
	size_t symbol_count;
	struct ranges units;
	struct ranges *functions; /* of each CU; .room of one that was not looked at is 0 */
	uint32_t unit_count;
	struct rule *rules;
	bool has_symbols, has_units;
};

struct buffer {
	uint8_t *bytes;
	size_t length;
};

struct file *files__get(uint32_t id);
void files__add(uint32_t id, int fd, struct buffer *answer);
void files__add_debug(const struct stacks_file *request, int fd, struct buffer *answer);
void files__add_alt(uint32_t id, int fd, struct buffer *answer);
void files__forget(uint32_t id);
bool file__address(const struct file *file, uint64_t offset, uint64_t *address);
const struct symbol *file__symbol(struct file *file, uint64_t address);
size_t go__symbols(const void *bytes, size_t size, struct symbol *to);

void unwind__run(const struct stacks_unwind *request, const struct stacks_mapping *mappings,
		 const uint8_t *stack, struct buffer *answer);
void functions__find(const struct stacks_address *request, struct buffer *answer);
void ranges__add(struct ranges *ranges, Dwarf_Die *die, uint32_t cu);
void ranges__sort(struct ranges *ranges);
struct range *ranges__find(struct ranges *ranges, uint64_t address);

/* Adds to an answer; beyond its room it is cut. */
void *buffer__add(struct buffer *buffer, const void *bytes, size_t length);
/* A name that is to be read by people, to be freed; NULL: it is as it was. */
char *name__demangled(const char *name);
void fence__raise(void);

#endif
