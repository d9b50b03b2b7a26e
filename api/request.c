/* request.c - a struct berth_request as JSON: its members are a table. */
#include "api/request.h"

#include <string.h>

#include "base/cleanup.h"

#define AT(member) offsetof(struct berth_request, member)

const struct member members[] = {
    {"blueprint", MEMBER_TEXT, AT(blueprint), "the blueprint's YAML text"},
    {"file", MEMBER_TEXT, AT(file),
     "what messages call the blueprint; relative paths in it start at this file's folder, as the controller "
     "sees it"},
    {"folder", MEMBER_TEXT, AT(folder), "where a relative `file` starts, as the controller sees it"},
    {"app", MEMBER_TEXT, AT(app), "the application; with a blueprint: instead of its id"},
    {"locations", MEMBER_LIST, AT(locations), "NAME=SPEC: what a location's name stands for"},
    {"settings", MEMBER_LIST, AT(settings), "PARAMETER=VALUE, or COMPONENT.KEY=VALUE"},
    {"environment", MEMBER_LIST, AT(environment),
     "NAME=VALUE: what the blueprint's variables and `env:` secrets mean; a blueprint that asks for any is "
     "refused without it, and the controller's own are never taken"},
    {"components", MEMBER_LIST, AT(components), "only these; scale and exec: just one"},
    {"timeout_ms", MEMBER_NUMBER, AT(timeout_ms), "give up after so many milliseconds; 0: never"},
    {"dry_run", MEMBER_FLAG, AT(dry_run), "only tell what would be done"},
    {"adopt", MEMBER_FLAG, AT(adopt), "take over an application that another store owns"},
    {"volumes", MEMBER_FLAG, AT(volumes), "remove named volumes too"},
    {"leave_data", MEMBER_FLAG, AT(leave_data),
     "what goes to another location leaves its volumes behind, which is refused else"},
    {"follow", MEMBER_FLAG, AT(follow), "go on as it comes"},
    {"tail", MEMBER_NUMBER, AT(tail), "the last so many; 0: all"},
    {"since_ms", MEMBER_NUMBER, AT(since_ms), "from this time on, in milliseconds since 1970; 0: all"},
    {"after", MEMBER_NUMBER, AT(after), "only what was recorded after that of this number; 0: all"},
    {"format", MEMBER_TEXT, AT(format), "dot, mermaid or svg"},
    {"name", MEMBER_TEXT, AT(name), "only this one"},
    {"check", MEMBER_FLAG, AT(check), "ask them"},
    {"count", MEMBER_NUMBER, AT(count), "how many instances"},
    {"plan", MEMBER_TEXT, AT(plan), "a saved plan, carried out exactly or refused as stale"},
    {"command", MEMBER_LIST, AT(command), "the command and its arguments"},
    {"user", MEMBER_TEXT, AT(user), "who runs it"},
    {"directory", MEMBER_TEXT, AT(directory), "where it runs"},
    {"terminal", MEMBER_FLAG, AT(terminal), "on a terminal there"},
    {"rows", MEMBER_SMALL, AT(rows), "the terminal's size at first"},
    {"columns", MEMBER_SMALL, AT(columns), "the terminal's size at first"},
    {"interactive", MEMBER_FLAG, AT(interactive), "input will come"},
    {"wait_for", MEMBER_TEXT, AT(wait_for), "running, healthy, finished or gone"},
    {"remove", MEMBER_FLAG, AT(remove), "remove what is listed"},
    {"action", MEMBER_TEXT, AT(action), "list, suspend, resume or set"},
    {"arguments", MEMBER_LIST, AT(arguments),
     "NAME=VALUE: what a policy is set to, or the parameters of an effector"},
    {"if_revision", MEMBER_NUMBER, AT(if_revision),
     "only while the application is at this revision; 0: at any"},
    {"if_new", MEMBER_FLAG, AT(if_new), "only while nothing is remembered of the application"},
    {"remembered", MEMBER_FLAG, AT(remembered), "only what is remembered; no target is asked"},
};
const size_t member_count = COUNT_OF(members);

const struct member *member_find(const char *name)
{
	for (size_t i = 0; i < member_count; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = length ? strstr(words, word) : NULL; at; at = strstr(at + length, word))
		if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

/* --- reading -------------------------------------------------------------------------------- */

static int fail_unknown(const char *name, const char *takes, struct error *err)
{
	const char *names[64];
	size_t count = 0;
	for (size_t i = 0; i < member_count && count < COUNT_OF(names); i++)
		if (has_word(takes, members[i].name))
			names[count++] = members[i].name;
	const char *meant = closest(name, names, count);
	fail(err, ERR_INVALID, "`%.64s` is not taken here", name);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	else
		remedy(err, "%s", *takes ? takes : "leave it out");
	return -1;
}

static const struct member *find_taken(const char *name, const char *takes, struct error *err)
{
	const struct member *member = has_word(takes, name) ? member_find(name) : NULL;
	if (!member)
		fail_unknown(name, takes, err);
	return member;
}

static void *value_at(struct berth_request *request, const struct member *member)
{
	return (char *)request + member->at;
}

static int fail_kind(const struct member *member, struct error *err)
{
	static const char *const wanted[] = {[MEMBER_TEXT] = "a string",
					     [MEMBER_LIST] = "a list of strings",
					     [MEMBER_FLAG] = "true or false",
					     [MEMBER_NUMBER] = "a whole number, 0 or more",
					     [MEMBER_SMALL] = "a whole number from 0 to 65535"};
	return fail(err, ERR_INVALID, "`%s` is %s", member->name, wanted[member->kind]);
}

static int read_list(const char *const **ret, struct arena *arena, const json_t *value,
		     const struct member *member, struct error *err)
{
	const char **list = arena_array(arena, const char *, json_array_size(value) + 1);
	size_t i;
	json_t *item;
	if (!json_is_array(value))
		return fail_kind(member, err);
	if (!list)
		return fail_memory(err);
	json_array_foreach (value, i, item) {
		if (!json_is_string(item))
			return fail_kind(member, err);
		if (!(list[i] = arena_text(arena, json_string_value(item))))
			return fail_memory(err);
	}
	*ret = list;
	return 0;
}

static int read_text(const char **ret, struct arena *arena, const json_t *value, const struct member *member,
		     struct error *err)
{
	if (!json_is_string(value))
		return fail_kind(member, err);
	*ret = arena_text(arena, json_string_value(value));
	return *ret ? 0 : fail_memory(err);
}

/* 5 and 5.0 are one number. False: it is none between 0 and `high`. */
static bool read_number(const json_t *value, int64_t high, int64_t *ret)
{
	double real = json_real_value(value);
	if (json_is_real(value) && real >= 0 && real < 9e15 && (double)(int64_t)real == real)
		*ret = (int64_t)real;
	else if (json_is_integer(value))
		*ret = json_integer_value(value);
	else
		return false;
	return *ret >= 0 && *ret <= high;
}

static int read_member(struct berth_request *ret, struct arena *arena, const struct member *member,
		       const json_t *value, struct error *err)
{
	void *at = value_at(ret, member);
	int64_t number;
	if (json_is_null(value))
		return 0;
	switch (member->kind) {
	case MEMBER_TEXT:
		return read_text(at, arena, value, member, err);
	case MEMBER_LIST:
		return read_list(at, arena, value, member, err);
	case MEMBER_FLAG:
		if (!json_is_boolean(value))
			return fail_kind(member, err);
		*(bool *)at = json_is_true(value);
		return 0;
	case MEMBER_NUMBER:
		if (!read_number(value, INT64_MAX, &number))
			return fail_kind(member, err);
		*(int64_t *)at = number;
		return 0;
	case MEMBER_SMALL:
		if (!read_number(value, UINT16_MAX, &number))
			return fail_kind(member, err);
		*(unsigned *)at = (unsigned)number;
		return 0;
	}
	return -1;
}

int request_read(struct berth_request *ret, struct arena *arena, const json_t *body, const char *takes,
		 struct error *err)
{
	const char *name;
	json_t *value;
	ret->size = sizeof *ret;
	if (body && !json_is_object(body))
		return fail(err, ERR_INVALID, "the body is no JSON object");
	json_object_foreach ((json_t *)body, name, value) {
		const struct member *member = find_taken(name, takes, err);
		if (!member || read_member(ret, arena, member, value, err))
			return -1;
	}
	return 0;
}

static int add_item(const char *const **list, struct arena *arena, const char *value)
{
	size_t count = 0;
	while (*list && (*list)[count])
		count++;
	const char **longer = arena_array(arena, const char *, count + 2);
	if (!longer || !(longer[count] = arena_text(arena, value)))
		return -1;
	if (count)
		memcpy(longer, *list, count * sizeof *longer);
	*list = longer;
	return 0;
}

int request_read_word(struct berth_request *ret, struct arena *arena, const char *name, const char *value,
		      const char *takes, struct error *err)
{
	const struct member *member = find_taken(name, takes, err);
	if (!member)
		return -1;
	void *at = value_at(ret, member);
	switch (member->kind) {
	case MEMBER_TEXT:
		return (*(const char **)at = arena_text(arena, value)) ? 0 : fail_memory(err);
	case MEMBER_LIST:
		return add_item(at, arena, value) ? fail_memory(err) : 0;
	case MEMBER_FLAG:
		*(bool *)at = !*value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
		return *(bool *)at || strcmp(value, "false") == 0 || strcmp(value, "0") == 0
			   ? 0
			   : fail_kind(member, err);
	case MEMBER_NUMBER:
		return parse_number(value, 0, INT64_MAX, at) ? 0 : fail_kind(member, err);
	case MEMBER_SMALL:
		break; /* of a body alone */
	}
	return -1;
}

/* --- writing -------------------------------------------------------------------------------- */

static json_t *list_json(const char *const *list)
{
	json_t *json = json_array();
	for (; *list; list++)
		json_add(json, json_any_text(*list));
	return json;
}

static json_t *text_json(const struct berth_request *request, const struct member *member, const char *text)
{
	if (member->at == AT(blueprint) && request->blueprint_size)
		return json_stringn(text, request->blueprint_size);
	if (member->at == AT(plan) && request->plan_size)
		return json_stringn(text, request->plan_size);
	return json_any_text(text);
}

json_t *request_write(const struct berth_request *request, const char *takes)
{
	json_t *json = json_object();
	for (size_t i = 0; i < member_count && json; i++) {
		const struct member *member = &members[i];
		const void *at = (const char *)request + member->at;
		int failed = 0;
		if (!has_word(takes, member->name))
			continue;
		if (member->kind == MEMBER_TEXT && *(const char *const *)at)
			failed = json_put(json, member->name,
					  text_json(request, member, *(const char *const *)at));
		else if (member->kind == MEMBER_LIST && *(const char *const *const *)at)
			failed = json_put(json, member->name, list_json(*(const char *const *const *)at));
		else if (member->kind == MEMBER_FLAG && *(const bool *)at)
			failed = json_put_flag(json, member->name, true);
		else if (member->kind == MEMBER_NUMBER && *(const int64_t *)at)
			failed = json_put_number(json, member->name, *(const int64_t *)at);
		else if (member->kind == MEMBER_SMALL && *(const unsigned *)at)
			failed = json_put_number(json, member->name, *(const unsigned *)at);
		if (failed) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

/* --- describing ----------------------------------------------------------------------------- */

/* What its kind alone does not tell of a member. */
static const struct {
	const char *name, *choices, *pattern;
} rules[] = {
    {"locations", NULL, "^[^=]+=[^=]"},
    {"settings", NULL, "^[^=]+="},
    {"environment", NULL, "^[^=]+="},
    {"format", "dot|mermaid|svg", NULL},
    {"wait_for", "running|healthy|finished|gone", NULL},
    {"action", "list|suspend|resume|set", NULL},
};

static json_t *choices_json(const char *choices)
{
	json_t *list = json_array();
	for (size_t length; *choices; choices += length + (choices[length] == '|')) {
		length = strcspn(choices, "|");
		json_add(list, json_stringn(choices, length));
	}
	return list;
}

static void add_rules(json_t *schema, const struct member *member)
{
	json_t *text = member->kind == MEMBER_LIST ? json_object_get(schema, "items") : schema;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (strcmp(rules[i].name, member->name) != 0)
			continue;
		if (rules[i].choices)
			json_put(text, "enum", choices_json(rules[i].choices));
		if (rules[i].pattern)
			json_put_text(text, "pattern", rules[i].pattern);
	}
}

json_t *member_schema(const struct member *member)
{
	static const char *const types[] = {[MEMBER_TEXT] = "string",
					    [MEMBER_LIST] = "array",
					    [MEMBER_FLAG] = "boolean",
					    [MEMBER_NUMBER] = "integer",
					    [MEMBER_SMALL] = "integer"};
	json_t *schema = json_object();
	json_put_text(schema, "type", types[member->kind]);
	json_put_text(schema, "description", member->summary);
	if (member->kind == MEMBER_LIST)
		json_put(schema, "items", json_pack("{ss}", "type", "string"));
	if (member->kind == MEMBER_NUMBER || member->kind == MEMBER_SMALL) {
		json_put_number(schema, "minimum", 0);
		json_put_number(schema, "maximum", member->kind == MEMBER_SMALL ? UINT16_MAX : INT64_MAX);
	}
	add_rules(schema, member);
	return schema;
}

json_t *request_schema(const char *takes)
{
	json_t *schema = json_object(), *properties = json_object();
	json_put_text(schema, "type", "object");
	for (size_t i = 0; i < member_count; i++)
		if (has_word(takes, members[i].name))
			json_put(properties, members[i].name, member_schema(&members[i]));
	json_put(schema, "properties", properties);
	json_put_flag(schema, "additionalProperties", false);
	return schema;
}
