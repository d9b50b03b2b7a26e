/* test_yaml.c - composing: places, merge keys, budgets, and each fault at its place. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "blueprints/yaml.h"

static struct arena arena;
static struct diagnostics list;

static void close_all(void)
{
	arena_release(&arena);
	diagnostics_release(&list);
}

TestSuite(yaml, .fini = close_all);

static const struct yaml_node *compose(const char *text)
{
	return yaml_compose(&arena, "f.yaml", text, strlen(text), &list);
}

static void refuse_bytes(const char *text, size_t size, int line, int column, const char *words)
{
	cr_assert_null(yaml_compose(&arena, "f.yaml", text, size, &list));
	cr_assert_eq(list.errors, 1);
	cr_assert(strstr(list.first->summary, words), "`%s` does not say `%s`", list.first->summary, words);
	cr_assert_eq(list.first->place.line, line, "line %d of `%s`", list.first->place.line,
		     list.first->summary);
	cr_assert_eq(list.first->place.column, column, "column %d of `%s`", list.first->place.column,
		     list.first->summary);
	cr_assert_str_eq(list.first->place.file, "f.yaml");
	diagnostics_release(&list);
}

static void refuse(const char *text, int line, int column, const char *words)
{
	refuse_bytes(text, strlen(text), line, column, words);
}

Test(yaml, every_node_knows_its_place)
{
	const struct yaml_node *root = compose("a: b\nlist:\n  - one\n  - 'two'\n");
	cr_assert_not_null(root);
	cr_assert_eq(root->kind, YAML_MAP);
	cr_assert_eq(root->count, 2);
	const struct yaml_node *items = yaml_get(root, "list");
	cr_assert_eq(items->kind, YAML_LIST);
	cr_assert_eq(items->items[0]->place.line, 3);
	cr_assert_eq(items->items[0]->place.column, 5);
	cr_assert_eq(items->items[0]->place.end_column, 8);
	cr_assert_eq(items->items[0]->place.byte, 15);
	cr_assert(items->items[0]->plain);
	cr_assert_not(items->items[1]->plain);
	cr_assert_eq(items->items[1]->place.end_column, 10);
	cr_assert_eq(root->entries[1].key_place.line, 2);
	cr_assert_null(yaml_get(root, "nothing"));
}

Test(yaml, bytes_and_columns_differ_after_wide_characters)
{
	const struct yaml_node *root = compose("\xef\xbb\xbf"
					       "k: \"\xc3\xa4\xc3\xb6\"\nz: y\n");
	cr_assert_not_null(root);
	const struct place at = yaml_get(root, "z")->place;
	cr_assert_eq(at.line, 2);
	cr_assert_eq(at.column, 4);
	cr_assert_eq(at.byte, 3 + 10 + 3);
}

Test(yaml, duplicate_key_names_both_places)
{
	refuse("a: 1\nb: 2\na: 3\n", 3, 1, "written twice: first at line 1, column 1");
}

Test(yaml, duplicate_key_is_found_in_a_large_map)
{
	struct text text = {0};
	for (int i = 0; i < 500; i++)
		text_format(&text, "k%d: v\n", i);
	text_add(&text, "k7: again\n");
	refuse(text_view(&text), 501, 1, "first at line 8, column 1");
	text_release(&text);
}

Test(yaml, merge_keys_give_way_to_written_ones)
{
	const struct yaml_node *root = compose("base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\n"
					       "all:\n  <<: [*b, *o]\n  x: own\n");
	cr_assert_not_null(root);
	const struct yaml_node *all = yaml_get(root, "all");
	cr_assert_eq(all->count, 3);
	cr_assert_str_eq(yaml_get(all, "x")->text, "own");
	cr_assert_str_eq(yaml_get(all, "y")->text, "2");
	cr_assert_str_eq(yaml_get(all, "z")->text, "4");
}

Test(yaml, merging_anything_but_maps_is_refused)
{
	refuse("a: 1\nb:\n  <<: text\n", 3, 3, "`<<` takes a map");
}

Test(yaml, aliases_share_their_node)
{
	const struct yaml_node *root = compose("a: &x [1]\nb: *x\n");
	cr_assert_not_null(root);
	cr_assert_eq(yaml_get(root, "a"), yaml_get(root, "b"));
}

Test(yaml, undefined_and_circular_aliases_are_refused)
{
	refuse("a: *none\n", 1, 4, "no anchor `&none`");
	refuse("a: &x\n- *x\n", 2, 3, "stands within what it names");
}

Test(yaml, alias_bomb_is_stopped)
{
	struct text text = {0};
	text_add(&text, "a: &a [x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c < 'l'; c++) {
		text_format(&text, "%c: &%c [", c, c);
		for (int i = 0; i < 9; i++)
			text_format(&text, "%s*%c", i ? "," : "", c - 1);
		text_add(&text, "]\n");
	}
	cr_assert_null(compose(text_view(&text)));
	cr_assert_eq(list.errors, 1);
	cr_assert(strstr(list.first->summary, "million"));
	text_release(&text);
}

Test(yaml, depth_and_anchors_have_limits)
{
	char deep[200];
	struct text text = {0};
	memset(deep, '[', 100);
	deep[100] = '\0';
	refuse(deep, 1, 65, "deeper than 64");
	for (int i = 0; i < 1001; i++)
		text_format(&text, "- &a%d x\n", i);
	refuse(text_view(&text), 1001, 3, "more than 1000 anchors");
	text_release(&text);
}

Test(yaml, second_document_and_empty_text_are_refused)
{
	refuse("a: 1\n---\nb: 2\n", 2, 1, "second document");
	refuse("", 1, 1, "empty");
	refuse("# only a comment\n", 1, 1, "empty");
}

Test(yaml, bytes_that_are_no_text_are_refused)
{
	refuse("a: b\nc: \xff\n", 2, 4, "0xff is not UTF-8");
	refuse("a: \xed\xa0\x80\n", 1, 4, "not UTF-8");
	refuse("a: \x01\n", 1, 4, "control character 0x01");
	refuse_bytes("a: \0b\n", 6, 1, 4, "control character 0x00");
	refuse("a: \"x\\0y\"\n", 1, 4, "NUL");
}

Test(yaml, faults_of_libyaml_come_in_plain_words)
{
	refuse("a:\n\t- b\n", 2, 1, "a tab indents this line");
	refuse("a: b: c\n", 1, 5, "a `:` does not fit here");
	refuse("a: [1, 2\nb: 3\n", 2, 2, "opened at line 1");
	refuse("a: \"open\n", 1, 4, "never closed");
	refuse("a: @b\n", 1, 4, "cannot begin with `@`");
	refuse("a: 1\n b: 2\n", 2, 3, "does not fit here");
	refuse("a: !odd 1\n", 1, 4, "the tag `!odd`");
}

Test(yaml, keys_must_be_text)
{
	refuse("? [a, b]\n: c\n", 1, 3, "a key must be text");
}

Test(yaml, null_is_told_from_text)
{
	const struct yaml_node *root = compose("a:\nb: ~\nc: null\nd: ''\ne: 'null'\n");
	cr_assert_not_null(root);
	cr_assert(yaml_null(yaml_get(root, "a")));
	cr_assert(yaml_null(yaml_get(root, "b")));
	cr_assert(yaml_null(yaml_get(root, "c")));
	cr_assert_not(yaml_null(yaml_get(root, "d")));
	cr_assert_not(yaml_null(yaml_get(root, "e")));
}

Test(yaml, old_truths_count_with_a_warning)
{
	const struct yaml_node *root = compose("a: true\nb: no\nc: maybe\n");
	bool flag = false;
	cr_assert(yaml_bool(yaml_get(root, "a"), &list, &flag));
	cr_assert(flag);
	cr_assert_eq(list.warnings, 0);
	cr_assert(yaml_bool(yaml_get(root, "b"), &list, &flag));
	cr_assert_not(flag);
	cr_assert_eq(list.warnings, 1);
	cr_assert(strstr(list.first->remedy, "`false`"));
	cr_assert_not(yaml_bool(yaml_get(root, "c"), &list, &flag));
	root = compose("a: yes\nb: on\nc: off\n");
	cr_assert(yaml_bool(yaml_get(root, "a"), &list, &flag) && flag);
	cr_assert(yaml_bool(yaml_get(root, "b"), &list, &flag) && flag);
	cr_assert(yaml_bool(yaml_get(root, "c"), &list, &flag) && !flag);
}
