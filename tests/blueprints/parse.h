/* parse.h - parsing a small blueprint in a test, and what is expected of it. */
#ifndef BERTH_TESTS_BLUEPRINTS_PARSE_H
#define BERTH_TESTS_BLUEPRINTS_PARSE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blueprints/blueprint.h"

struct outcome {
	struct blueprint *blueprint;
	struct diagnostics list;
};

static inline const char *test_environment(void *context, const char *name)
{
	(void)context;
	return !strcmp(name, "GIT_COMMIT") ? "abc123" : NULL;
}

static inline struct outcome parse_with(const char *text, const char *const *settings,
					const char *application)
{
	struct outcome outcome = {0};
	struct blueprint_options options = {.file = "dir/b.yaml",
					    .directory = "/base",
					    .application = application,
					    .settings = settings,
					    .environment = test_environment};

	outcome.blueprint = blueprint_parse(text, strlen(text), &options, &outcome.list);
	diagnostics_sort(&outcome.list);
	cr_assert_not(outcome.list.failed);
	cr_assert_eq(outcome.blueprint == NULL, outcome.list.errors > 0);
	return outcome;
}

static inline struct outcome parse(const char *text)
{
	return parse_with(text, NULL, NULL);
}

static inline void close_outcome(struct outcome *outcome)
{
	blueprint_release(outcome->blueprint);
	diagnostics_release(&outcome->list);
}

/* A blueprint with one docker component `x` that has these lines, two columns in; they begin at line 3. */
static inline char *with_lines(const char *lines)
{
	static char text[4096];

	snprintf(text, sizeof(text), "services:\n- type: docker:x\n%s\n", lines);
	return text;
}

static inline const struct diagnostic *entry_at(const struct diagnostics *list, int line, int column)
{
	for (const struct diagnostic *d = list->first; d; d = d->next)
		if (d->place.line == line && d->place.column == column)
			return d;
	const struct diagnostic *first = list->first;
	cr_assert_fail("nothing at %d:%d, but %s at %d:%d", line, column,
		       first ? first->summary : "nothing at all", first ? first->place.line : 0,
		       first ? first->place.column : 0);
	return NULL;
}

static inline void expect_words(const struct diagnostic *entry, const char *words, const char *remedy_words)
{
	cr_assert(strstr(entry->summary, words), "`%s` does not say `%s`", entry->summary, words);
	if (!remedy_words)
		return;
	cr_assert_not_null(entry->remedy, "`%s` has no remedy", entry->summary);
	cr_assert(strstr(entry->remedy, remedy_words), "`%s` does not advise `%s`", entry->remedy,
		  remedy_words);
}

struct told {
	int line, column;
	const char *words, *remedy;
};

/* Each of these is told, and no other error. */
static inline void expect_told(const struct diagnostics *list, const struct told *told, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_words(entry_at(list, told[i].line, told[i].column), told[i].words, told[i].remedy);
	cr_expect_eq(list->errors, count);
}

/* Exactly one error, at that place, with those words in the summary and in the remedy (NULL: no matter). */
static inline void refused(const char *text, int line, int column, const char *words,
			   const char *remedy_words)
{
	struct outcome outcome = parse(text);
	const struct diagnostic *entry = entry_at(&outcome.list, line, column);

	expect_words(entry, words, remedy_words);
	cr_assert_eq(entry->severity, SEVERITY_ERROR);
	cr_assert_eq(outcome.list.errors, 1, "%zu errors, the first: %s", outcome.list.errors,
		     outcome.list.first->summary);
	close_outcome(&outcome);
}

/* Blueprints that are fine are kept in the folder that BERTH_TEST_KEEP names, for those who check them in
 * other ways. */
static inline void keep(const char *text)
{
	const char *folder = getenv("BERTH_TEST_KEEP");
	char path[1024];

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/XXXXXX.yaml", folder);
	int file = mkstemps(path, 5);
	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
}

static inline struct outcome accepted_with(const char *text, const char *const *settings)
{
	struct outcome outcome = parse_with(text, settings, NULL);

	cr_assert_not_null(outcome.blueprint, "%d:%d: %s", outcome.list.first->place.line,
			   outcome.list.first->place.column, outcome.list.first->summary);
	keep(text);
	return outcome;
}

static inline struct outcome accepted(const char *text)
{
	return accepted_with(text, NULL);
}

#endif
