/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel tells in files, also where its filesystems are not mounted: in an empty root, in
 * a bare chroot. An instance that is mounted nowhere serves instead: no other process sees it, and
 * it ends with this one. The linker leads the calls that take a path here (--wrap,
 * Scry.Cli.csproj), so that neither .NET nor libbpf need to know.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

int __real_open64(const char *path, int flags, ...);
FILE *__real_fopen64(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
int __real___xstat64(int version, const char *path, struct stat *result);
int __real___lxstat64(int version, const char *path, struct stat *result);
int __real_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *result);
int __real_access(const char *path, int mode);
int __real_faccessat(int directory, const char *path, int mode, int flags);
ssize_t __real_readlink(const char *path, char *text, size_t size);
int __real_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);

struct place {
	const char *path, *type;
	/* A file that is in it; part of it may be mounted (proc's subset=pid). */
	const char *file;
	/* What statfs(2) says of it when it is mounted there; and of what else is left alone. */
	unsigned long magic, other;
	_Atomic int asked;
	int fd, error;
};

/* Those that lie in others come first. */
static struct place places[] = {
	/* Version 1 and hybrids mount a tmpfs and their hierarchies below it. */
	{"/sys/fs/cgroup", "cgroup2", "", CGROUP2_SUPER_MAGIC, TMPFS_MAGIC, 0, -1, 0},
	{"/sys/kernel/tracing", "tracefs", "", TRACEFS_MAGIC, TRACEFS_MAGIC, 0, -1, 0},
	{"/sys", "sysfs", "", SYSFS_MAGIC, SYSFS_MAGIC, 0, -1, 0},
	{"/proc", "proc", "loadavg", PROC_SUPER_MAGIC, PROC_SUPER_MAGIC, 0, -1, 0},
};
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

/* An instance of a filesystem as a descriptor, or -1. */
static int instance(const char *type)
{
	int context = fsopen(type, FSOPEN_CLOEXEC), fd = -1, error;

	if (context < 0)
		return -1;
	if (!fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(context, FSMOUNT_CLOEXEC,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	error = errno;
	close(context);
	errno = error;
	return fd;
}

/* Where it is mounted: all of it, a part of it, or not. */
enum mounted { ALL, PART, NOT };

static enum mounted mounted(const struct place *place)
{
	struct statfs found;
	unsigned long type;
	int dir, whole;

	if (statfs(place->path, &found))
		return NOT;
	type = found.f_type;
	if (type == place->other && type != place->magic)
		return ALL;
	dir = type == place->magic ? __real_open64(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC)
				   : -1;
	if (dir < 0)
		return NOT;
	whole = !*place->file || !__real_faccessat(dir, place->file, F_OK, 0);
	close(dir);
	return whole ? ALL : PART;
}

static void ask(struct place *place)
{
	enum mounted state = mounted(place);

	if (state == ALL)
		return;
	place->fd = instance(place->type);
	/* A part is better than nothing. */
	place->error = place->fd < 0 && state == NOT ? errno : 0;
}

/* The instance that serves for a path, and what of the path lies in it; -1: the path is as it is.
 */
static int redirect(const char *path, const char **rest)
{
	int saved = errno, fd = -1;

	for (size_t i = 0; path && i < sizeof(places) / sizeof(*places) && fd < 0; i++) {
		struct place *place = &places[i];
		size_t length = strlen(place->path);

		if (strncmp(path, place->path, length) || (path[length] && path[length] != '/'))
			continue;
		/* Between fork and execve there is no lock to be taken: what a child needs was
		 * asked before. */
		if (!atomic_load(&place->asked)) {
			pthread_mutex_lock(&asking);
			if (!place->asked)
				ask(place);
			atomic_store(&place->asked, 1);
			pthread_mutex_unlock(&asking);
		}
		fd = place->fd;
		*rest = path + length;
		*rest += strspn(*rest, "/");
		if (!**rest)
			*rest = ".";
		/* It is mounted: what lies around it does not matter. */
		if (fd < 0 && !place->error)
			break;
	}
	errno = saved;
	return fd;
}

/* 0 when /proc or /sys is there, mounted or as an instance of this process; -1 for the latter; else
 * why not, as an errno. */
int scry_place_state(const char *path)
{
	const char *rest;
	int fd = redirect(path, &rest);

	for (size_t i = 0; fd < 0 && i < sizeof(places) / sizeof(*places); i++) {
		if (!strcmp(path, places[i].path))
			return places[i].error;
	}
	return fd < 0 ? 0 : -1;
}

int __wrap_open64(const char *path, int flags, ...)
{
	const char *rest;
	int fd = redirect(path, &rest);
	mode_t mode = 0;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_list words;

		va_start(words, flags);
		mode = va_arg(words, mode_t);
		va_end(words);
	}
	return fd < 0 ? __real_open64(path, flags, mode) : openat(fd, rest, flags, mode);
}

/* Scry's own C has no need of large files' names. */
int __wrap_open(const char *path, int flags, ...) __attribute__((alias("__wrap_open64")));

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	const char *rest;
	int fd = redirect(path, &rest);

	/* Nothing writes to these through a FILE. */
	if (fd < 0 || *mode != 'r')
		return __real_fopen64(path, mode);
	fd = openat(fd, rest, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopen(fd, mode);
}

DIR *__wrap_opendir(const char *path)
{
	const char *rest;
	int fd = redirect(path, &rest);

	if (fd < 0)
		return __real_opendir(path);
	fd = openat(fd, rest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopendir(fd);
}

/* The versions of these two are of the C libraries before 2.33, and one on each architecture. */
int __wrap___xstat64(int version, const char *path, struct stat *result)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real___xstat64(version, path, result) : fstatat(fd, rest, result, 0);
}

int __wrap___lxstat64(int version, const char *path, struct stat *result)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real___lxstat64(version, path, result)
		      : fstatat(fd, rest, result, AT_SYMLINK_NOFOLLOW);
}

int __wrap_statx(int directory, const char *path, int flags, unsigned int mask,
		 struct statx *result)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real_statx(directory, path, flags, mask, result)
		      : __real_statx(fd, rest, flags, mask, result);
}

int __wrap_access(const char *path, int mode)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real_access(path, mode) : __real_faccessat(fd, rest, mode, 0);
}

int __wrap_faccessat(int directory, const char *path, int mode, int flags)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real_faccessat(directory, path, mode, flags)
		      : __real_faccessat(fd, rest, mode, flags);
}

ssize_t __wrap_readlink(const char *path, char *text, size_t size)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real_readlink(path, text, size) : readlinkat(fd, rest, text, size);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real_mkdir(path, mode) : mkdirat(fd, rest, mode);
}

int __wrap_rmdir(const char *path)
{
	const char *rest;
	int fd = redirect(path, &rest);

	return fd < 0 ? __real_rmdir(path) : unlinkat(fd, rest, AT_REMOVEDIR);
}
