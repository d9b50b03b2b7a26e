/* test_docs.c - docs/policies.md has the keys as they are. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/replay.h"

static char *whole(FILE *file)
{
	char *text = NULL;
	size_t size = 0;

	cr_assert(file);
	cr_assert_geq(getdelim(&text, &size, '\0', file), 0);
	fclose(file);
	return text;
}

Test(docs, the_tables_of_keys_are_those_of_the_program)
{
	static const char mark[] = "<!-- From here on made by `policy-replay --keys`. -->\n";
	char *made = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&made, &size);
	char *page = whole(fopen(BERTH_SOURCE_DIR "/docs/policies.md", "r"));
	const char *from = strstr(page, mark);

	keys_write(to);
	fclose(to);
	cr_assert(from, "the page has no made part");
	cr_expect_str_eq(from + strlen(mark), made, "write what `policy-replay --keys` prints");
	free(page);
	free(made);
}
