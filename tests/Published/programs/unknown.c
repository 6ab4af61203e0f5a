// SPDX-License-Identifier: Apache-2.0
// Numbers that no table has.
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

int main(void)
{
	static const long numbers[] = { 400, 511, 512, 1000, 100000, 0x40000000 | 39, 0x7fffffff, -1, -5 };

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (syscall(numbers[i], 1, 2, 3, 4, 5, 6) != -1 || errno != ENOSYS)
			return 1;
	return 0;
}
