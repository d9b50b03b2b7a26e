/* replay.c - runs each input of a corpus through its target, as a test: fuzz-replay TARGET FILE|FOLDER... */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fuzz/target.h"

typedef int target_function(const unsigned char *bytes, size_t size);

#define TARGET(name) target_function fuzz_##name;
#include "fuzz_targets.h"
#undef TARGET

static const struct {
	const char *name;
	target_function *run;
} targets[] = {
#define TARGET(name) {#name, fuzz_##name},
#include "fuzz_targets.h"
#undef TARGET
};

enum { PATIENCE_S = 30 };

static size_t replayed;

static int replay_file(target_function *run, const char *path)
{
	FILE *file = fopen(path, "rb");
	owned_text content = {0};
	char part[4096];
	size_t got;

	if (!file) {
		perror(path);
		return -1;
	}
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		text_add_bytes(&content, part, got);
	fclose(file);
	/* Exactly as long as it is, so that a look behind its end is seen. */
	owned_memory unsigned char *bytes = malloc(content.length + !content.length);
	if (!bytes)
		return -1;
	if (content.length)
		memcpy(bytes, content.data, content.length);
	fuzz_patience(PATIENCE_S); /* said before, so that it is known which one hung or crashed */
	printf("# %s\n", path);
	fflush(stdout);
	run(bytes, content.length);
	replayed++;
	return 0;
}

static int replay(target_function *run, const char *path)
{
	struct dirent **entries;
	struct stat facts;
	int failed = 0;

	if (stat(path, &facts) == 0 && !S_ISDIR(facts.st_mode))
		return replay_file(run, path);
	int count = scandir(path, &entries, NULL, alphasort);
	if (count < 0)
		perror(path);
	for (int i = 0; i < count; i++) {
		char inner[4096];
		snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
		if (*entries[i]->d_name != '.')
			failed |= replay_file(run, inner);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count < 0 ? -1 : failed;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < COUNT_OF(targets); i++) {
		int failed = 0;
		if (strcmp(targets[i].name, argv[1]) != 0)
			continue;
		for (int n = 2; n < argc; n++)
			failed |= replay(targets[i].run, argv[n]);
		/* A corpus that went missing tests nothing. */
		bool good = !failed && replayed;
		printf("%s - %zu inputs of fuzz_%s\n", good ? "ok" : "not ok", replayed, argv[1]);
		return good ? 0 : 1;
	}
	fprintf(stderr, "usage: %s TARGET FILE|FOLDER...\n", argv[0]);
	return 64;
}
