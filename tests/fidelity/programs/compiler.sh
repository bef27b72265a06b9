# A program compiled, linked and run.
set -e
cat >small.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	char *memory = malloc(1 << 20);
	puts(getenv("HOME") ? "home" : "none");
	free(memory);
	return 0;
}
END
cc -O2 -Wall -o small small.c
./small
