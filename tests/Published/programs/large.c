// SPDX-License-Identifier: Apache-2.0
// One write of a megabyte between two small ones.
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	size_t size = 1 << 20;
	char *data = malloc(size);
	int fd = open("/dev/null", O_WRONLY);

	memset(data, 'x', size);
	if (write(fd, "before", 6) != 6 || write(fd, data, size) != (ssize_t)size || write(fd, "after", 5) != 5)
		return 1;
	return 0;
}
