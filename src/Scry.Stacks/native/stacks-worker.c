/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's begin and its loop: requests come one by one over a socket, each has one answer. It
 * is the same program as Scry, started with another name; what is hostile may end it, and Scry
 * starts it anew.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stacks.h"

#define NAME	    "scry-stacks"
#define MUCH_MEMORY ((size_t)512 << 20)

_Alignas(16) static uint8_t request[STACKS_REQUEST];
_Alignas(16) static uint8_t answered[STACKS_REQUEST];

void *buffer__add(struct buffer *buffer, const void *bytes, size_t length)
{
	void *to = buffer->bytes + buffer->length;

	if (length > STACKS_REQUEST - buffer->length)
		length = STACKS_REQUEST - buffer->length;
	if (bytes)
		memcpy(to, bytes, length);
	else
		memset(to, 0, length);
	buffer->length += length;
	return to;
}

/* The bytes, and a descriptor that comes with the first of them; false: there is nobody any more.
 */
static bool take(void *to, size_t length, int *fd)
{
	uint8_t *at = to;

	while (length) {
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(sizeof(int))];
		} control;
		struct iovec part = {at, length};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = &control,
					 .msg_controllen = sizeof(control)};
		ssize_t count = recvmsg(STACKS_SOCKET, &message, MSG_CMSG_CLOEXEC);
		struct cmsghdr *head;

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		head = CMSG_FIRSTHDR(&message);
		if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
			if (*fd >= 0)
				close(*fd);
			memcpy(fd, CMSG_DATA(head), sizeof(int));
		}
		at += count;
		length -= count;
	}
	return true;
}

static bool give(const void *from, size_t length)
{
	const uint8_t *at = from;

	while (length) {
		ssize_t count = write(STACKS_SOCKET, at, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		at += count;
		length -= count;
	}
	return true;
}

static bool unwind(size_t length, struct buffer *answer)
{
	const struct stacks_unwind *head = (const void *)request;
	size_t mappings, stack;

	if (length < sizeof(*head) || head->mappings > STACKS_MAPPINGS)
		return false;
	mappings = head->mappings * sizeof(struct stacks_mapping);
	stack = head->length;
	if (length != sizeof(*head) + mappings + stack)
		return false;
	unwind__run(head, (const void *)(head + 1), request + sizeof(*head) + mappings, answer);
	return true;
}

static bool serve(uint32_t kind, size_t length, int fd, struct buffer *answer)
{
	const struct stacks_file *file = (const void *)request;

	switch (kind) {
	case STACKS_UNWIND:
		return unwind(length, answer);
	case STACKS_SYMBOL:
		if (length != sizeof(struct stacks_address))
			return false;
		functions__find((const void *)request, answer);
		return true;
	}
	if (length != sizeof(*file))
		return false;
	switch (kind) {
	case STACKS_FILE:
		files__add(file->id, fd, answer);
		return true;
	case STACKS_DEBUG:
		files__add_debug(file, fd, answer);
		return true;
	case STACKS_ALT:
		files__add_alt(file->id, fd, answer);
		return true;
	case STACKS_FORGET:
		files__forget(file->id);
		return true;
	}
	return false;
}

static bool is_full(void)
{
	struct mallinfo2 memory = mallinfo2();

	return memory.uordblks + memory.hblkhd > MUCH_MEMORY;
}

static void work(void)
{
	struct stacks_head head;

	for (;;) {
		struct buffer answer = {answered, 0};
		int fd = -1;

		if (!take(&head, sizeof(head), &fd) || head.length > STACKS_REQUEST ||
		    !take(request, head.length, &fd))
			_exit(0);
		buffer__add(&answer, NULL, sizeof(head));
		if (!serve(head.kind, head.length, fd, &answer))
			_exit(2);
		/* What was read of it is mapped. */
		if (fd >= 0)
			close(fd);
		head.length = answer.length - sizeof(head);
		head.kind = is_full() ? STACKS_FULL : 0;
		memcpy(answered, &head, sizeof(head));
		if (!give(answered, answer.length))
			_exit(0);
	}
}

/* Before .NET, and anything else of this program. */
__attribute__((constructor(101))) static void begin(int count, char **words)
{
	sigset_t none;

	if (count != 1 || strcmp(words[0], NAME))
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	fence__raise();
	elf_version(EV_CURRENT);
	work();
}
