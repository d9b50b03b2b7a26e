/* flags.c - the flags that every command takes, and how a flag's value is stored. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

const struct flag common_flags[] = {
    {"app", 0, FLAG_TEXT, AT(app), "NAME", NULL, "the application's name, instead of the blueprint's id"},
    {"location", 0, FLAG_WORDS, AT(locations), "NAME=SPEC", NULL,
     "what a location's name stands for here; repeatable"},
    {"set", 0, FLAG_WORDS, AT(sets), "KEY=VALUE", NULL,
     "a parameter of the blueprint, or COMPONENT.KEY; repeatable"},
    {"output", 'o', FLAG_CHOICE, AT(output), "FORMAT", "table|json", "how the result is printed"},
    {"color", 0, FLAG_CHOICE, AT(color), "WHEN", "auto|always|never", "whether colours are used"},
    {"progress", 0, FLAG_CHOICE, AT(progress), "KIND", "auto|tty|plain|json|quiet", "how long work is shown"},
    {"timeout", 0, FLAG_DURATION, AT(timeout_ms), "DURATION", NULL,
     "give up after so long, like 90s or 10m; what flies is waited for, at most 20s more"},
    {"dry-run", 0, FLAG_SWITCH, AT(dry_run), NULL, NULL, "only show what would be done"},
    {"yes", 'y', FLAG_SWITCH, AT(yes), NULL, NULL, "agree: nothing is asked"},
    {"verbose", 'v', FLAG_SWITCH, AT(verbose), NULL, NULL,
     "say more: what is unchanged in full, the targets' own ids"},
    {"adopt", 0, FLAG_SWITCH, AT(adopt), NULL, NULL, "take over an application that another store owns"},
    {"controller", 0, FLAG_TEXT, AT(controller), "ADDRESS", NULL,
     "who carries it out: unix:PATH, https://HOST:PORT, or none (this process)"},
    {"token-file", 0, FLAG_TEXT, AT(token_file), "FILE", NULL,
     "the token for that controller; of serve: whom it lets in"},
    {"ca", 0, FLAG_TEXT, AT(ca), "FILE", NULL, "who vouches for that controller (PEM)"},
    {"owner", 0, FLAG_TEXT, AT(owner), "NAME", NULL, "stands for this deployer, where machines come and go"},
    {"help", 'h', FLAG_SWITCH, AT(help), NULL, NULL, "show this"},
    {"version", 0, FLAG_SWITCH, AT(version), NULL, NULL, "show the version"},
    {0},
};

static const struct flag *find_in(const struct flag *flags, const char *name)
{
	for (; flags && flags->name; flags++)
		if (strcmp(flags->name, name) == 0)
			return flags;
	return NULL;
}

const struct flag *flag_find(const struct command *command, const char *name)
{
	const struct flag *own = command ? find_in(command->flags, name) : NULL;
	return own ? own : find_in(common_flags, name);
}

const struct flag *flag_number(const struct command *command, size_t number)
{
	size_t common = 0, own = 0;
	while (common_flags[common].name)
		common++;
	if (number < common)
		return &common_flags[number];
	while (command && command->flags && command->flags[own].name)
		own++;
	return number - common < own ? &command->flags[number - common] : NULL;
}

bool flag_variable(const struct flag *flag, char ret_name[64])
{
	size_t length = strlen(strcpy(ret_name, "BERTH_"));
	for (const char *c = flag->name; *c && length < 63; c++)
		ret_name[length++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	ret_name[length] = '\0';
	return flag->at != AT(help) && flag->at != AT(version);
}

enum subject flag_subject(const struct flag *flag)
{
	static const struct {
		const char *value;
		enum subject subject;
	} values[] = {{"NAME=SPEC", SUBJECT_LOCATION}, {"FILE", SUBJECT_FILE}};
	for (size_t i = 0; flag->value && i < COUNT_OF(values); i++)
		if (strcmp(values[i].value, flag->value) == 0)
			return values[i].subject;
	return flag->at == AT(app) ? SUBJECT_APP : SUBJECT_NOTHING;
}

void flag_shown(const struct flag *flag, char *ret, size_t size)
{
	const char *value = flag->choices ? flag->choices : flag->value;
	snprintf(ret, size, "--%s%s%s", flag->name, value ? " " : "", value ? value : "");
}

int words_add(struct words *words, const char *word)
{
	const char **items = word ? realloc(words->items, (words->count + 2) * sizeof *items) : NULL;
	if (!items)
		return -1;
	items[words->count++] = word;
	items[words->count] = NULL;
	words->items = items;
	return 0;
}

const char *keep(struct invocation *invocation, const char *text)
{
	char *copy = strdup(text);
	if (!copy || words_add(&invocation->kept, copy) == 0)
		return copy;
	free(copy);
	return NULL;
}

/* --- values --------------------------------------------------------------------------------- */

static int wrong(char complaint[200], const char *value, const char *wanted)
{
	owned_memory char *shown = printable(value, strnlen(value, 80));
	snprintf(complaint, 200, "`%s` is not %s", shown ? shown : "", wanted);
	return -1;
}

static int set_switch(bool *at, const char *value, char complaint[200])
{
	static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off",
										    ""};
	for (size_t i = 0; i < COUNT_OF(yes); i++)
		if (strcmp(value, yes[i]) == 0)
			return *at = true, 0;
	for (size_t i = 0; i < COUNT_OF(no); i++)
		if (strcmp(value, no[i]) == 0)
			return *at = false, 0;
	return wrong(complaint, value, "true or false");
}

static int set_choice(const char **at, const struct flag *flag, const char *value, char complaint[200])
{
	size_t length = strlen(value);
	for (const char *choice = flag->choices; choice; choice = strchr(choice, '|')) {
		choice += *choice == '|';
		if (length && strcspn(choice, "|") == length && strncmp(choice, value, length) == 0)
			return *at = value, 0;
	}
	char wanted[100];
	snprintf(wanted, sizeof wanted, "one of %s", flag->choices);
	return wrong(complaint, value, wanted);
}

static int set_number(int64_t *at, const char *value, const char *wanted, char complaint[200])
{
	char *end = NULL;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno)
		return wrong(complaint, value, wanted);
	*at = number;
	return 0;
}

static int set_count(int64_t *at, const char *value, char complaint[200])
{
	if (strcmp(value, "all") == 0)
		return *at = -1, 0;
	return set_number(at, value, "a number or `all`", complaint);
}

static int no_memory(char complaint[200])
{
	snprintf(complaint, 200, "out of memory");
	return -1;
}

int flag_set(struct invocation *invocation, const struct flag *flag, const char *value, char complaint[200])
{
	void *at = (char *)&invocation->settings + flag->at;
	switch (flag->kind) {
	case FLAG_SWITCH:
		return set_switch(at, value, complaint);
	case FLAG_TEXT:
		*(const char **)at = *value ? value : NULL;
		return 0;
	case FLAG_WORDS:
		return words_add(at, value) ? no_memory(complaint) : 0;
	case FLAG_CHOICE:
		return set_choice(at, flag, value, complaint);
	case FLAG_DURATION:
		return parse_duration(value, at)
			   ? wrong(complaint, value, "a duration like 90s, 10m or 1h30m")
			   : 0;
	case FLAG_NUMBER:
		return set_number(at, value, "a number", complaint);
	case FLAG_COUNT:
		return set_count(at, value, complaint);
	case FLAG_MOMENT:
		return parse_moment(value, wall_ms(), at)
			   ? wrong(complaint, value,
				   "a duration like 10m or a time like 2026-01-02T03:04:05Z")
			   : 0;
	}
	return -1;
}
