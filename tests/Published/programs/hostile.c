// SPDX-License-Identifier: Apache-2.0
// A name and paths that would steer a terminal, end a line or close a quotation.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	static const char *const paths[] = {
		"/no/\033]0;owned\007\033[31mred", "/no/new\nline\rreturn", "/no/quote\"back\\slash", "/no/\xff\xfe\xc3\x28", "/no/\xe2\x80\xaeright to left",
	};

	prctl(PR_SET_NAME, "\033[2Ja\nb\"<]>\xff");
	for (unsigned int i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		open(paths[i], O_RDONLY);
	getppid();
	return 0;
}
