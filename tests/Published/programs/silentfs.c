// SPDX-License-Identifier: Apache-2.0
// Mounts, at the directory of argument 2, a file system with one file whose reads are never answered, as of a server that
// is gone. Argument 1: "read" waits in a read of that file; "memory" has it mapped, and waits to write it to a full pipe.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE 4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void answer(int device, __u64 unique, int error, const void *body, size_t size)
{
	struct fuse_out_header head = { .len = sizeof(head) + size, .error = error, .unique = unique };
	char bytes[512];

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), body, size);
	if (write(device, bytes, head.len) < 0)
		die("answer");
}

static struct fuse_attr attributes(__u64 node)
{
	return (struct fuse_attr){ .ino = node, .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1, .size = node == 1 ? 0 : FILE_SIZE };
}

static void serve(int device)
{
	static char request[1 << 17];
	struct fuse_in_header *head = (void *)request;

	while (read(device, request, sizeof(request)) > 0) {
		struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096 };
		struct fuse_entry_out entry = { .nodeid = 2, .entry_valid = 1000, .attr_valid = 1000, .attr = attributes(2) };
		struct fuse_attr_out attr = { .attr_valid = 1000, .attr = attributes(head->nodeid) };
		struct fuse_open_out open = { .fh = 1 };

		switch (head->opcode) {
		case FUSE_INIT:
			answer(device, head->unique, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			answer(device, head->unique, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETATTR:
			answer(device, head->unique, 0, &attr, sizeof(attr));
			break;
		case FUSE_OPEN:
			answer(device, head->unique, 0, &open, sizeof(open));
			break;
		case FUSE_READ:
		case FUSE_INTERRUPT:
		case FUSE_FORGET:
			break;
		default:
			answer(device, head->unique, -38, "", 0);
		}
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	static char page[4096], options[128], path[4096];
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC), file, ends[2];
	char *memory;

	if (argc < 3)
		return 2;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (device < 0 || mount("silentfs", argv[2], "fuse.silentfs", MS_NOSUID | MS_NODEV, options))
		die("mount");
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "server");
		serve(device);
	}
	close(device);
	snprintf(path, sizeof(path), "%s/file", argv[2]);
	file = open(path, O_RDONLY);
	if (file < 0 || pipe2(ends, O_NONBLOCK))
		die(path);
	if (!strcmp(argv[1], "read"))
		return read(file, page, sizeof(page)) < 0;
	memory = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, file, 0);
	while (write(ends[1], page, sizeof(page)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	return write(ends[1], memory, 16) < 0;
}
