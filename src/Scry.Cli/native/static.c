/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static binary has no loader and no plugins: what glibc does with shared libraries that it looks
 * for at run time (users by NSS, host names, dlopen) cannot work wherever the binary is started.
 * The linker puts these in the place of its functions (--wrap, Scry.Cli.csproj): there is no such
 * user, host or library. Scry asks for none; parts of .NET that it does not use would. The linker's
 * warning about any other such function is an error: none can creep in.
 */
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/socket.h>

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
		      struct passwd **result)
{
	(void)name, (void)entry, (void)buffer, (void)size;
	*result = NULL;
	return 0;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size,
		      struct passwd **result)
{
	(void)uid, (void)entry, (void)buffer, (void)size;
	*result = NULL;
	return 0;
}

int __wrap_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size,
		      struct group **result)
{
	(void)gid, (void)entry, (void)buffer, (void)size;
	*result = NULL;
	return 0;
}

int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
	(void)user, (void)group, (void)groups;
	*count = 0;
	return 0;
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **result)
{
	(void)node, (void)service, (void)hints, (void)result;
	return EAI_NONAME;
}

void __wrap_freeaddrinfo(struct addrinfo *result)
{
	(void)result;
}

int __wrap_getnameinfo(const struct sockaddr *address, socklen_t length, char *host,
		       socklen_t host_size, char *service, socklen_t service_size, int flags)
{
	(void)address, (void)length, (void)host, (void)host_size;
	(void)service, (void)service_size, (void)flags;
	return EAI_NONAME;
}

void *__wrap_dlopen(const char *file, int mode)
{
	(void)file, (void)mode;
	return NULL;
}
