/* test_files.c - files: where they lie, what is in them, whose they are. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(files, .fini = close_all);

static const struct file_entry *take(const char *lines)
{
	close_outcome(&outcome);
	outcome = accepted(with_lines(lines));
	spec = &outcome.blueprint->components[0];
	cr_assert_gt(spec->file_count, 0);
	return spec->files;
}

static const struct file_entry *take_process(const char *files)
{
	char text[1024];
	snprintf(text, sizeof(text), "services:\n- {type: process, id: p, command: x, files: %s}\n", files);
	close_outcome(&outcome);
	outcome = accepted(text);
	spec = &outcome.blueprint->components[0];
	cr_assert_gt(spec->file_count, 0);
	return spec->files;
}

static void bad(const char *line, int column, const char *words, const char *remedy)
{
	refused(with_lines(line), 3, column, words, remedy);
}

Test(files, content_source_and_secret)
{
	const struct file_entry *files =
	    take("  files:\n    /etc/a: {content: 'hello', mode: '0600', user: nobody}\n"
		 "    /etc/b: {source: conf/b.conf}\n    /etc/c: {source: /srv/c}\n    /run/d: {secret: "
		 "'env:PASS'}\n"
		 "    /run/e: {secret: 'file:keys/e', mode: 0440}\n    /run/f: {secret: "
		 "$berth:secret(\"env:F\")}");
	cr_assert_eq(spec->file_count, 6);
	cr_assert_str_eq(files[0].path, "/etc/a");
	cr_assert_str_eq(files[0].content->text, "hello");
	cr_assert_eq(files[0].mode, 0600);
	cr_assert_str_eq(files[0].user, "nobody");
	cr_assert_eq(files[0].place.line, 4);
	cr_assert_str_eq(files[1].source, "/base/conf/b.conf");
	cr_assert_null(files[1].content);
	cr_assert_eq(files[1].mode, 0644);
	cr_assert_null(files[1].user);
	cr_assert_str_eq(files[2].source, "/srv/c");
	cr_assert_eq(files[3].content->kind, VALUE_SECRET);
	cr_assert_str_eq(files[3].content->text, "env:PASS");
	cr_assert_eq(files[3].mode, 0600);
	cr_assert_str_eq(files[4].content->text, "file:/base/keys/e");
	cr_assert_eq(files[4].mode, 0440);
	cr_assert_str_eq(files[5].content->text, "env:F");
}

Test(files, a_text_alone_is_the_content)
{
	const struct file_entry *files =
	    take("  files:\n    /etc/a: |\n      one\n      two\n    /etc/b: ''\n    "
		 "/etc/c: $berth:secret(\"env:S\")");
	cr_assert_str_eq(files[0].content->text, "one\ntwo\n");
	cr_assert_str_eq(files[1].content->text, "");
	cr_assert_eq(files[1].mode, 0644);
	cr_assert_eq(files[2].content->kind, VALUE_SECRET);
	cr_assert_eq(files[2].mode, 0600);
	cr_assert_eq(outcome.list.warnings, 0);
}

Test(files, a_text_that_looks_like_a_path_is_asked_about)
{
	take("  files: {/etc/a: ./a.conf}");
	expect_words(entry_at(&outcome.list, 3, 19), "taken as the content", "{source: ./a.conf}");
	take("  files: {/etc/a: /srv/a}");
	cr_assert_eq(outcome.list.warnings, 1);
	take("  files: {/etc/a: '/ and more'}");
	cr_assert_eq(outcome.list.warnings, 0);
}

Test(files, content_is_a_template_over_others)
{
	const struct file_entry *file =
	    take("  openPorts: 1\n  links: ['$brooklyn:component(\"db\")']\n  files:\n    /etc/a:\n"
		 "      content:\n        $brooklyn:formatString:\n        - |\n          to %s\n"
		 "          key %s\n        - $berth:endpoint(\"db\")\n        - $berth:secret(\"env:K\")\n"
		 "- {type: 'docker:y', id: db, openPorts: 5432}");
	cr_assert_eq(file->content->kind, VALUE_JOIN);
	cr_assert_eq(file->content->parts[1].component, 1);
	cr_assert_eq(file->mode, 0600, "it holds a secret");
	refused("services:\n- {type: 'docker:x', id: a, openPorts: 1, files: {/a: '$berth:address(\"b\")'}}\n"
		"- {type: 'docker:x', id: b, links: ['$brooklyn:component(\"a\")']}\n",
		2, 63, "a -> b (dir/b.yaml:2) -> a", "take one");
}

Test(files, exactly_one_origin)
{
	bad("  files: {/a: {mode: '0600'}}", 11, "needs one of content, source and secret", "{source: FILE}");
	bad("  files: {/a: {content: x, source: y}}", 11, "only one of", "content");
	bad("  files: {/a: }", 11, "not nothing", "content");
	bad("  files: {/a: [x]}", 11, "not a list", NULL);
	bad("  files: {/a: {contents: x, source: y}}", 16, "unknown key `contents` of a file", "`content`");
	bad("  files: [/a]", 10, "`files` takes a map", "source");
	bad("  files: {/a: {content: [x]}}", 25, "a list stands where a text is needed", NULL);
	bad("  files: {/a: {secret: PASS}}", 24, "given by its place", "env:NAME");
	bad("  files: {/a: {secret: '$brooklyn:literal(\"x\")'}}", 24, "takes the place of a secret",
	    "env:NAME");
	bad("  files: {/a: {source: ''}}", 24, "names a file", NULL);
	bad("  files: {/a: {source: conf/}}", 24, "names a file", NULL);
}

Test(files, modes_are_octal)
{
	static const struct {
		const char *written;
		unsigned mode;
	} modes[] = {{"0400", 0400},  {"'0400'", 0400},   {"'640'", 0640},
		     {"0o755", 0755}, {"'04755'", 04755}, {"'0000'", 0}};
	for (size_t i = 0; i < 6; i++) {
		char lines[100];
		snprintf(lines, sizeof(lines), "  files: {/a: {content: x, mode: %s}}", modes[i].written);
		cr_assert_eq(take(lines)->mode, modes[i].mode, "%s", modes[i].written);
	}
	bad("  files: {/a: {content: x, mode: 400}}", 34, "does not say whether it is octal", "0400");
	bad("  files: {/a: {content: x, mode: '0888'}}", 34, "`0888` is no mode", "\"0644\"");
	bad("  files: {/a: {content: x, mode: u=rw}}", 34, "`u=rw` is no mode", "octal");
	bad("  files: {/a: {content: x, mode: '017777'}}", 34, "no mode", NULL);
	bad("  files: {/a: {content: x, mode: []}}", 34, "no mode", NULL);
}

Test(files, belong_to_names_and_numbers)
{
	static const char *const good[] = {"www-data", "1000", "'1000:1000'", "_x"};
	for (size_t i = 0; i < 4; i++) {
		char lines[100];
		snprintf(lines, sizeof(lines), "  files: {/a: {content: x, user: %s}}", good[i]);
		cr_assert_not_null(take(lines)->user, "%s", good[i]);
	}
	bad("  files: {/a: {content: x, user: 'a:b'}}", 34, "nobody that a file can belong to", "1000:1000");
	bad("  files: {/a: {content: x, user: '10:'}}", 34, "nobody", NULL);
	bad("  files: {/a: {content: x, user: 'a b'}}", 34, "nobody", NULL);
	bad("  files: {/a: {content: x, user: ''}}", 34, "nobody", NULL);
}

Test(files, paths_are_tidy_absolute_and_never_upwards)
{
	cr_assert_str_eq(take("  files: {/etc//./app/a.conf: x}")->path, "/etc/app/a.conf");
	bad("  files: {etc/a: x}", 11, "is absolute", "/etc/app.conf");
	bad("  files: {/etc/../a: x}", 11, "may not lead upwards", NULL);
	bad("  files: {/etc/: x}", 11, "names a folder", NULL);
	bad("  files: {/: x}", 11, "names a folder", NULL);
	bad("  files: {/./.: x}", 11, "names a folder", NULL);
	bad("  files: {'': x}", 11, "is absolute", NULL);
	cr_assert_str_eq(take_process("{./conf/a: x}")->path, "conf/a");
	cr_assert_str_eq(take_process("{/srv/a: x}")->path, "/srv/a");
	refused("services:\n- {type: process, id: p, command: x, files: {../a: x}}\n", 2, 46,
		"may not lead upwards", "`dir`");
	take("  files: {/etc/..a: x, /etc/b..: x}");
}

Test(files, no_two_in_one_place)
{
	bad("  files: {/a: x, /./a: y}", 18,
	    "two files at `/a`: the other one, `/a`, is at line 3, column 11", NULL);
	bad("  files: {/a: x, /a/b: y}", 18, "one would lie below the other", NULL);
	bad("  files: {/a/b/c: x, /a/b: y}", 22, "one would lie below the other", NULL);
	take("  files: {/a: x, /ab: y}");
	cr_assert_eq(spec->file_count, 2);
	refused(with_lines("  volumes: ['data:/d:ro']\n  files: {/d/x: y}"), 4, 11,
		"a volume that is read only (line 3, column 13)", NULL);
	take("  volumes: ['data:/d']\n  files: {/d/x: y}");
}

Test(files, the_engines_own_are_left_alone)
{
	bad("  files: {/etc/hosts: x}", 11, "written by the container engine itself", "a link with an alias");
	bad("  files: {/etc/resolv.conf: x}", 11, "engine itself", NULL);
	bad("  files: {/etc//hostname: x}", 11, "engine itself", NULL);
	take_process("{/etc/hosts: x}");
}

Test(files, each_has_its_place_and_can_be_set)
{
	static const char *const settings[] = {"x.files./etc/a=other", NULL};
	outcome = accepted_with(with_lines("  files: {/etc/a: x, /etc/b: y}"), settings);
	spec = outcome.blueprint->components;
	cr_assert_str_eq(spec->files[0].content->text, "other");
	bool found = false;
	for (size_t i = 0; i < spec->key_place_count; i++)
		found = found || (!strcmp(spec->key_places[i].key, "files./etc/b") &&
				  spec->key_places[i].place.line == 3);
	cr_assert(found);
}
