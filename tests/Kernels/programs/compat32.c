// SPDX-License-Identifier: Apache-2.0
// A 32-bit program without a libc, for x86 and for Arm: calls whose numbers and structures are not those of 64 bits. Ends with 7.

#ifdef __i386__
enum { EXIT_GROUP = 252, OPEN = 5, READ = 3, WRITE = 4, CLOSE = 6, LLSEEK = 140, FSTAT64 = 197, NANOSLEEP = 162, MMAP2 = 192, GETPPID = 64, UGETRLIMIT = 191 };
#else
enum { EXIT_GROUP = 248, OPEN = 5, READ = 3, WRITE = 4, CLOSE = 6, LLSEEK = 140, FSTAT64 = 197, NANOSLEEP = 162, MMAP2 = 192, GETPPID = 64, UGETRLIMIT = 191 };
#endif

static long call(long number, long a, long b, long c, long d, long e)
{
#ifdef __i386__
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
#else
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = d;
	register long r4 __asm__("r4") = e;
	register long r5 __asm__("r5") = 0;
	register long r7 __asm__("r7") = number;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory");
	return r0;
#endif
}

void _start(void)
{
	static const struct {
		long seconds, nanoseconds;
	} pause = { 0, 1000000 };
	static long long position;
	static long limits[2];
	static char buffer[256];
	long fd = call(OPEN, (long)"/etc/passwd", 0, 0, 0, 0);

	call(READ, fd, (long)buffer, 16, 0, 0);
	call(LLSEEK, fd, 1, 2, (long)&position, 0);
	call(FSTAT64, fd, (long)buffer, 0, 0, 0);
	call(MMAP2, 0, 4096, 1, 2, fd);
	call(CLOSE, fd, 0, 0, 0, 0);
	call(OPEN, (long)"/no/such/file", 0, 0, 0, 0);
	fd = call(OPEN, (long)"/dev/null", 1, 0, 0, 0);
	call(WRITE, fd, (long)"thirty-two bits", 15, 0, 0);
	call(NANOSLEEP, (long)&pause, 0, 0, 0, 0);
	call(UGETRLIMIT, 3, (long)limits, 0, 0, 0);
	call(GETPPID, 0, 0, 0, 0, 0);
	call(501, 1, 2, 3, 0, 0);
	call(EXIT_GROUP, 7, 0, 0, 0, 0);
}
