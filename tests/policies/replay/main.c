/* main.c - policy-replay FILE.jsonl...: plays recorded series through the policies; prints those that differ,
 * with both decisions, and a count. Ends with 1 when any differs, with 64 or 66 when there is nothing to
 * play. policy-replay --keys prints the made part of docs/policies.md. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "replay.h"

int main(int count, char **names)
{
	struct replay_count total = {0};

	bool asks = count > 1 && (!strcmp(names[1], "--help") || !strcmp(names[1], "-h"));
	if (count < 2 || asks) {
		fprintf(asks ? stdout : stderr,
			"usage: policy-replay FILE.jsonl... | --keys\n"
			"plays recorded series of decisions through the policies, and prints "
			"those that differ; --keys prints the made part of docs/policies.md\n");
		return asks ? 0 : 64;
	}
	if (!strcmp(names[1], "--keys")) {
		keys_write(stdout);
		return 0;
	}
	for (int i = 1; i < count; i++)
		if (replay_file(names[i], stdout, &total))
			return 66;
	printf("%zu series, %zu differ\n", total.series, total.differing);
	return total.differing > 0;
}
