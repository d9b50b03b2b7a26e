/* largest.c - the worst blueprints of 1 MiB that we could think of: each is checked, or refused, within a
 * second and 100 MB of memory.
 *
 *   fuzz-largest [CASE]
 *
 * A build with sanitizers, or without optimisation, is allowed more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/target.h"

#define MIB ((size_t)1 << 20)

#if defined(__SANITIZE_ADDRESS__)
enum { SECONDS = 60, MEGABYTES = 1200 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SECONDS = 60, MEGABYTES = 1200 };
#else
enum { SECONDS = 1, MEGABYTES = 100 };
#endif
#elif defined(__OPTIMIZE__)
enum { SECONDS = 1, MEGABYTES = 100 };
#else
enum { SECONDS = 4, MEGABYTES = 100 };
#endif

/* --- how they are made ------------------------------------------------------------------------ */

/* `format` with 0, 1, ... until the text is full. */
__attribute__((format(printf, 2, 0))) static void fill(struct text *text, const char *format)
{
	for (unsigned i = 0; text->length < MIB - 200; i++) {
		char one[200];
		snprintf(one, sizeof one, format, i, i + 1);
		text_add(text, one);
	}
}

static void repeat(struct text *text, const char *what)
{
	while (text->length + strlen(what) < MIB)
		text_add(text, what);
}

#define ONE "services:\n- type: docker:x\n  id: x\n"

static void same(struct text *text, const char *what)
{
	const char *bar = strchr(what, '|');

	text_add_bytes(text, what, (size_t)(bar - what));
	repeat(text, bar + 1);
}

static void numbered(struct text *text, const char *what)
{
	const char *bar = strchr(what, '|');

	text_add_bytes(text, what, (size_t)(bar - what));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fill(text, bar + 1);
#pragma GCC diagnostic pop
}

static void block(struct text *text, const char *what)
{
	(void)what;
	text_add(text, ONE "  command: |\n");
	repeat(text, "    a\n");
}

/* Each of nine knows nine of the one before. */
static void laughs(struct text *text, const char *what)
{
	(void)what;
	text_add(text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++) {
		text_format(text, "a%d: &a%d [", i, i);
		for (int n = 0; n < 9; n++)
			text_format(text, "%s*a%d", n ? ", " : "", i - 1);
		text_add(text, "]\n");
	}
	text_add(text, "services: *a11\n");
}

/* As many as are let through. */
static void merges(struct text *text, const char *what)
{
	(void)what;
	text_add(text, "x: &m {");
	for (int i = 0; i < 900; i++)
		text_format(text, "k%d: 1, ", i);
	text_add(text, "}\nservices:\n");
	repeat(text, "- {<<: *m, type: docker:x}\n");
}

static void wrong_aliases(struct text *text, const char *what)
{
	(void)what;
	text_add(text, "x: &w {type: docker:x, wrong: 1, wronger: 2, wrongest: 3}\nservices:\n");
	repeat(text, "- *w\n");
}

/* Half of them do not know the other half. */
static void wrong_references(struct text *text, const char *what)
{
	(void)what;
	text_add(text, "services:\n");
	for (unsigned i = 0; text->length < MIB / 2; i++)
		text_format(text, "- {type: docker:x, id: component-%u}\n", i);
	text_add(text, "- type: docker:x\n  id: y\n  links:\n");
	fill(text, "  - compnent-%u\n");
}

/* Five arguments each, so deep as is allowed. */
static void add_call(struct text *text, int depth)
{
	text_add(text, "formatString(\"%s\"");
	for (int i = 0; i < 5; i++) {
		text_add(text, ", ");
		if (depth && text->length < MIB - 3000)
			add_call(text, depth - 1);
		else
			text_add(text, "\"a\"");
	}
	text_add(text, ")");
}

static void expression(struct text *text, const char *quote)
{
	text_format(text, ONE "  env:\n    A: %s$brooklyn:", quote);
	add_call(text, 9);
	text_format(text, "%s\n", quote);
}

static void fields(struct text *text, const char *what)
{
	text_format(text, ONE "  env:\n    A: $brooklyn:formatString(\"");
	while (text->length < MIB - 100)
		text_add(text, what);
	text_add(text, "\", 1)\n");
}

/* Wrong in a hundred places of one line. */
static void one_line(struct text *text, const char *what)
{
	text_add(text, "{services: [");
	while (text->length < MIB - 100)
		text_add(text, what);
	text_add(text, "]}\n");
}

static void pattern(struct text *text, const char *what)
{
	text_format(text, "parameters:\n- name: p\n  constraints:\n  - regex: '%s'\n  default: '", what);
	while (text->length < MIB - 100)
		text_add_char(text, 'a');
	text_add(text, "'\n" ONE);
}

/* As many states as there are characters. */
static void states(struct text *text, const char *what)
{
	unsigned chance = 1;

	(void)what;
	text_add(text, "parameters:\n- name: p\n  constraints:\n  - regex: '[ab]*a[ab]{900}'\n  default: '");
	while (text->length < MIB - 100) {
		chance = chance * 1103515245 + 12345;
		text_add_char(text, chance >> 30 & 1 ? 'a' : 'b');
	}
	text_add(text, "'\n" ONE);
}

static void glob(struct text *text, const char *what)
{
	(void)what;
	text_add(text, "parameters:\n- name: p\n  constraints:\n  - glob: '*a*a*a*a*a*a*b'\n  default: '");
	for (int i = 0; i < 4000; i++)
		text_add_char(text, 'a');
	text_add(text, "'\n" ONE);
}

static const struct {
	const char *name;
	void (*make)(struct text *text, const char *what);
	const char *what; /* what is repeated stands behind the bar */
} cases[] = {
    {"brackets", same, "|["},
    {"braces", same, "|{"},
    {"nested maps in a flow", same, "|{a: "},
    {"lists in lists", same, "|- "},
    {"maps in a line", same, "|a: "},
    {"question marks", same, "|? "},
    {"nested and closed", same, "|[]"},
    {"indicators", same, "|- ? : "},
    {"tags", same, "|!!str "},
    {"anchors without a node", same, "|&a "},
    {"documents", same, "|---\n"},
    {"directives", same, "|%YAML 1.1\n"},
    {"comments", same, "|#\n"},
    {"one comment", same, "|#"},
    {"empty lines", same, "|\n"},
    {"blanks", same, "| "},
    {"tabs", same, "|\t"},
    {"carriage returns", same, "|\r"},
    {"no UTF-8", same, "|\xff"},
    {"half characters", same, "|\xc3"},
    {"escapes of a terminal", same, "|\x1b[2J"},
    {"a plain scalar", same, "|a"},
    {"a plain scalar of lines", same, "|a\n"},
    {"a quoted scalar", same, ONE "  env: {A: \"|a"},
    {"a scalar of escapes", same, ONE "  env: {A: \"|\\x41"},
    {"a scalar of quotes", same, ONE "  env: {A: '|''"},
    {"a block", block, NULL},
    {"a long key", same, "|k"},
    {"a long wrong key", same, ONE "  |opnPrts"},
    {"alias laughs", laughs, NULL},
    {"merge keys", merges, NULL},
    {"aliases of what is wrong", wrong_aliases, NULL},
    {"anchors", numbered, "x:\n|- &a%u 1\n"},
    {"aliases", same, "x: &a {b: c}\ny:\n|- *a\n"},
    {"undefined aliases", numbered, "x:\n|- *a%u\n"},
    {"aliases in a circle", same, "x: &a\n|- *a\n"},
    {"top keys", numbered, "|k%u: 1\n"},
    {"one key again and again", same, ONE "|id: x\n"},
    {"variables", numbered, ONE "  env:\n|    V%u: v\n"},
    {"one variable again and again", same, ONE "  env:\n|    V: v\n"},
    {"labels", numbered, ONE "  labels:\n|    l%u: v\n"},
    {"files", numbered, ONE "  files:\n|    /f%u: x\n"},
    {"volumes", numbered, ONE "  volumes:\n|  - v%u:/v%u\n"},
    {"ports", numbered, ONE "  openPorts:\n|  - %u\n"},
    {"all ports again and again", same, ONE "  openPorts:\n|  - 1-65535\n"},
    {"all ports of everybody", numbered, "services:\n|- {type: docker:x, id: c%u, openPorts: 1-65535}\n"},
    {"all ports published", numbered, "services:\n|- {type: docker:x, id: c%u, publish: 1-65535}\n"},
    {"the same ports bound", numbered, "services:\n|- {type: docker:x, id: c%u, portBindings: {80: 80}}\n"},
    {"unknown keys", numbered, ONE "|  oepnPort%u: 1\n"},
    {"wrong everywhere", same, "services:\n|- {tpye: docker:x, openPorts: a, env: [1]}\n"},
    {"wrong in one line", one_line, "{tpye: docker:x, openPorts: a, env: [1]}, "},
    {"secrets in one line", one_line, "{type: docker:x, env: {DB_PASSWORD: secret, tpye: 5}}, "},
    {"components", numbered, "services:\n|- {type: docker:x, id: c%u}\n"},
    {"components without ids", same, "services:\n|- type: docker:x\n"},
    {"components of one id", same, "services:\n|- {type: docker:x, id: x}\n"},
    {"a chain of links", numbered,
     "services:\n- {type: docker:x, id: c0}\n|- {type: docker:x, id: c%2$u, links: [c%1$u]}\n"},
    {"a circle that never closes", numbered, "services:\n|- {type: docker:x, id: c%u, links: [c%u]}\n"},
    {"circles of everybody", numbered, "services:\n|- {type: docker:x, id: c%1$u, links: [c%1$u]}\n"},
    {"a star of links", numbered,
     "services:\n- {type: docker:x, id: x}\n|- {type: docker:x, id: c%u, links: [x]}\n"},
    {"links to one", same, ONE "- type: docker:y\n  links:\n|  - x\n"},
    {"links to nobody", numbered, ONE "- type: docker:y\n  links:\n|  - x%u\n"},
    {"links misspelt", wrong_references, NULL},
    {"waits for one", same, ONE "- type: docker:y\n  dependsOn:\n|  - x\n"},
    {"instances", numbered, "services:\n|- {type: docker:x, id: c%u, instances: 4294967295}\n"},
    {"many instances", numbered, "services:\n|- {type: docker:x, id: c%u, instances: 1000}\n"},
    {"a deep expression", expression, ""},
    {"a deep expression in quotes", expression, "'"},
    {"a format of fields", fields, "%s"},
    {"a format of percent signs", fields, "%%"},
    {"an expression of a string", same, ONE "  env: {A: '$brooklyn:literal(\"|a"},
    {"an expression of brackets", same, ONE "  env: {A: '$brooklyn:|a("},
    {"an expression of dots", same, ONE "  env: {A: '$brooklyn:|a()."},
    {"expressions", numbered, ONE "  env:\n|    V%u: $brooklyn:config(\"nothing\")\n"},
    {"uses of one another", numbered,
     "services:\n|- {type: docker:x, id: c%u, openPorts: 1, env: {A: '$berth:address(\"c%u\")'}}\n"},
    {"parameters", numbered, "parameters:\n|- {name: p%u, default: 1}\n"},
    {"parameters of parameters", numbered,
     "parameters:\n|- {name: p%u, default: '$brooklyn:config(\"p%u\")'}\n"},
    {"locations", numbered, "locations:\n|  l%u: fake\n"},
    {"an image", same, "services:\n- type: docker:|a/"},
    {"a tag", same, "services:\n- type: docker:a:|b"},
    {"a number", same, ONE "  instances: |9"},
    {"a duration", same, ONE "  stopTimeout: |1h"},
    {"a size", same, ONE "  memory: |9"},
    {"a port", same, ONE "  openPorts: |9"},
    {"a location", same, ONE "  location: |docker:"},
    {"words of a command", same, ONE "  command:\n|  - a\n"},
    {"a pattern that tries all ways", pattern, "^(a+)+$b"},
    {"a pattern of repetitions", pattern, "((((a{1,255}){1,255}){1,255}){1,255})"},
    {"a pattern with references", pattern, "(a*)(a*)(a*)\\1\\2\\3b"},
    {"a pattern of choices", pattern, "(a|aa|aaa|aaaa)*b"},
    {"a pattern of states", states, NULL},
    {"a pattern of brackets", same, "parameters:\n- name: p\n  default: a\n  constraints:\n  - regex: '|("},
    {"a pattern of stars", same,
     "parameters:\n- name: p\n  default: aaaaaaaaaaaaaaaa\n  constraints:\n  - glob: '|*a"},
    {"patterns", numbered, "parameters:\n|- {name: p%u, default: a, constraints: [{regex: 'a{900}'}]}\n"},
    {"a shell's pattern that tries all ways", glob, NULL},
};

/* --- and judged -------------------------------------------------------------------------------- */

/* In a process of its own, which also gives the memory back. */
static void validate(const struct text *text)
{
	struct playhouse stage;
	const struct berth_request request = {.size = sizeof request,
					      .blueprint = text->data,
					      .blueprint_size = text->length,
					      .file = "/b.yaml"};

	stage_open(&stage);
	struct told told = stage_run(&stage, berth_validate, &request);
	HOLDS(told.ended && (told.outcome == BERTH_OK || told.outcome == BERTH_INVALID));
	free(told.result);
	stage_close(&stage);
}

static bool judge(const char *name, const struct text *text, double *ret_seconds, long *ret_megabytes)
{
	struct rusage used;
	int status = 0;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		fuzz_patience(10 * SECONDS);
		validate(text);
		_exit(0);
	}
	*ret_seconds = 0;
	*ret_megabytes = 0;
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return false;
	*ret_seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	*ret_megabytes = used.ru_maxrss / 1024;
	bool good = status == 0 && *ret_seconds <= SECONDS && *ret_megabytes <= MEGABYTES;
	printf("%s - %s: %.2f s, %ld MB%s\n", good ? "ok" : "not ok", name, *ret_seconds, *ret_megabytes,
	       status ? ", and it crashed or was ended" : "");
	return good;
}

int main(int argc, char **argv)
{
	double seconds, slowest = 0;
	long megabytes, largest = 0;
	bool good = true;

	setlinebuf(stdout);
	if (!getenv("TMPDIR") && !access("/dev/shm", W_OK))
		setenv("TMPDIR", "/dev/shm", 1);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		owned_text text = {0};
		if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
			continue;
		cases[i].make(&text, cases[i].what);
		HOLDS(!text.failed && text.length <= MIB);
		good = judge(cases[i].name, &text, &seconds, &megabytes) && good;
		slowest = seconds > slowest ? seconds : slowest;
		largest = megabytes > largest ? megabytes : largest;
	}
	printf("# at most %.2f s and %ld MB; allowed are %d s and %d MB\n", slowest, largest, SECONDS,
	       MEGABYTES);
	return good ? 0 : 1;
}
