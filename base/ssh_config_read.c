/* ssh_config_read.c - ssh_config(5), as far as it says where a machine is and how to log in to it: for each
 * word the first value that fits. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/known_hosts.h"
#include "base/ssh_config_internal.h"

enum { FILE_MAX = 1024 * 1024, FILES_MAX = 64, WORDS_MAX = 64 };

/* Whether the lines that follow speak of the machine. */
enum applies { YES, NO, NOT_KNOWN };

struct place {
	struct ssh_config_reader *reader;
	const char *path, *folder;
	size_t line;
	enum applies applies;
	const char *why; /* it is not known: the word that nobody here understands */
};

static bool matches(const char *pattern, const char *name)
{
	return host_pattern_matches(pattern, strlen(pattern), name);
}

static bool list_matches(char *const *patterns, size_t count, const char *name)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (patterns[i][0] == '!' && matches(patterns[i] + 1, name))
			return false;
		any |= matches(patterns[i], name);
	}
	return any;
}

static int fail_at(const struct place *place, struct error *err, enum code code, const char *what,
		   const char *word)
{
	return fail(err, code, "%s:%zu: %s \"%.100s\"", place->path, place->line, what, word);
}

/* --- words --------------------------------------------------------------------------------------- */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One word in place, its quotes taken away; where it ended, or NULL: a quotation does not. */
static char *take_word(char *from, bool keyword, char **ret_end)
{
	char *to = from, quote = '\0';

	for (; *from && (quote || (!blank(*from) && !(keyword && *from == '='))); from++) {
		if (quote && *from == quote)
			quote = '\0';
		else if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else if (*from == '\\' && (from[1] == '"' || from[1] == '\'' || from[1] == '\\'))
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*ret_end = to;
	return quote ? NULL : from;
}

/* The words of a line, in place; the first may be followed by '='. -1: a quotation does not end. */
static int split(char *line, char *words[WORDS_MAX], size_t *ret_count)
{
	bool equals = false;

	for (*ret_count = 0; *ret_count < WORDS_MAX; (*ret_count)++) {
		char *end;
		while (blank(*line) || (*ret_count == 1 && *line == '=' && !equals)) {
			equals |= *line == '=';
			line++;
		}
		if (!*line || *line == '#')
			return 0;
		words[*ret_count] = line;
		line = take_word(line, *ret_count == 0, &end);
		if (!line)
			return -1;
		/* The end of the word may be where the next character is. */
		bool more = *line;
		equals |= *line == '=' && *ret_count == 0;
		*end = '\0';
		line += more;
	}
	return 0;
}

/* --- what a line says ------------------------------------------------------------------------------ */

/* A path as somebody wrote it: with "~" and "%d". */
static const char *ssh_config_path(const struct ssh_config_reader *reader, const char *written)
{
	owned_text path = {0};
	const char *home = reader->here->home ? reader->here->home : "";

	if (written[0] == '~' && (written[1] == '/' || !written[1])) {
		text_add(&path, home);
		written++;
	}
	for (; *written; written++) {
		if (written[0] == '%' && written[1] == 'd')
			text_add(&path, home), written++;
		else
			text_add_char(&path, *written);
	}
	return path.failed ? NULL : arena_text(reader->arena, text_view(&path));
}

/* Files of a folder whose names match, in their order. */
struct found {
	const char *pattern;
	struct arena *arena;
	const char *names[FILES_MAX];
	size_t count;
};

static bool take_name(void *owner, const char *name)
{
	struct found *found = owner;

	if ((name[0] != '.' || found->pattern[0] == '.') && matches(found->pattern, name) &&
	    found->count < FILES_MAX)
		found->names[found->count++] = arena_text(found->arena, name);
	return true;
}

static int include(struct place *place, const char *written, struct error *err)
{
	struct ssh_config_reader *reader = place->reader;
	const char *path = ssh_config_path(reader, written);

	if (path && *path != '/')
		path = arena_format(reader->arena, "%s/%s", place->folder, path);
	if (!path)
		return fail_memory(err);
	if (!strpbrk(path, "*?"))
		return ssh_config_read(reader, path, place->folder, err);
	const char *slash = strrchr(path, '/');
	const char *folder = arena_copy(reader->arena, path, (size_t)(slash - path));
	struct found found = {.pattern = slash + 1, .arena = reader->arena};
	if (!folder)
		return fail_memory(err);
	if (strpbrk(folder, "*?"))
		return fail_at(place, err, ERR_UNSUPPORTED,
			       "an Include can have \"*\" in its last part only:", written);
	if (reader->world->ops->directory_list(reader->world, folder, take_name, &found, NULL))
		return 0; /* as where there is none */
	for (size_t i = 0; i < found.count; i++) {
		const char *file =
		    found.names[i] ? arena_format(reader->arena, "%s/%s", folder, found.names[i]) : NULL;
		if (!file)
			return fail_memory(err);
		if (ssh_config_read(reader, file, place->folder, err))
			return -1;
	}
	return 0;
}

static void begin_host(struct place *place, char *const *patterns, size_t count)
{
	place->applies = list_matches(patterns, count, place->reader->host) ? YES : NO;
}

static bool one_list_matches(char *list, const char *name)
{
	char *words[WORDS_MAX], *rest = list;
	size_t count = 0;

	for (char *word; count < WORDS_MAX && (word = strtok_r(rest, ",", &rest));)
		words[count++] = word;
	return list_matches(words, count, name);
}

/* "all", and by name; whatever else may be asked there is nobody to ask. */
static void begin_match(struct place *place, char *const *words, size_t count)
{
	const struct ssh_config_reader *reader = place->reader;
	const char *now = reader->settings.host_name ? reader->settings.host_name : reader->host;

	place->applies = YES;
	for (size_t i = 0; i < count && place->applies == YES; i++) {
		bool not = words[i][0] == '!';
		const char *word = words[i] + not, *name = NULL;
		if (!strcasecmp(word, "all"))
			continue;
		if (!strcasecmp(word, "host"))
			name = now;
		else if (!strcasecmp(word, "originalhost"))
			name = reader->host;
		if (name && i + 1 < count) {
			place->applies = one_list_matches(words[++i], name) != not ? YES : NO;
		} else {
			place->applies = NOT_KNOWN;
			place->why = arena_text(reader->arena, word);
		}
	}
}

static int take_list(struct place *place, char *const *words, size_t count, const char **list,
		     size_t *list_count, struct error *err)
{
	for (size_t i = 0; i < count && *list_count < SSH_CONFIG_LIST; i++)
		if (!(list[(*list_count)++] = arena_text(place->reader->arena, words[i])))
			return fail_memory(err);
	return 0;
}

static const char **single(struct ssh_settings *settings, const char *keyword)
{
	const struct {
		const char *keyword;
		const char **value;
	} all[] = {
	    {"hostname", &settings->host_name},
	    {"port", &settings->port},
	    {"user", &settings->user},
	    {"identitiesonly", &settings->identities_only},
	    {"identityagent", &settings->identity_agent},
	    {"proxyjump", &settings->proxy_jump},
	    {"proxycommand", &settings->proxy_command},
	    {"stricthostkeychecking", &settings->strict},
	    {"hostkeyalias", &settings->alias},
	    {"connecttimeout", &settings->connect_timeout},
	};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (!strcasecmp(keyword, all[i].keyword))
			return all[i].value;
	return NULL;
}

static int not_known(const struct place *place, struct error *err)
{
	fail_at(place, err, ERR_UNSUPPORTED, "whether this counts cannot be told: it stands below a Match by",
		place->why ? place->why : "");
	remedy(err, "write it below a Host, or say it in the location, with configFile: none");
	return -1;
}

static int take_setting(struct place *place, char *const *words, size_t count, struct error *err)
{
	struct ssh_settings *settings = &place->reader->settings;
	const char **value = single(settings, words[0]);
	bool key = !strcasecmp(words[0], "identityfile");
	bool hosts = !strcasecmp(words[0], "userknownhostsfile");
	bool global = !strcasecmp(words[0], "globalknownhostsfile");

	if ((value && *value) || (hosts && settings->known_hosts_count) ||
	    (global && settings->global_known_hosts_count) || (!value && !key && !hosts && !global))
		return 0;
	if (place->applies == NOT_KNOWN)
		return not_known(place, err);
	if (count < 2 || !*words[1])
		return fail_at(place, err, ERR_INVALID, "a value is missing after", words[0]);
	if (key)
		return take_list(place, words + 1, 1, settings->identity_files, &settings->identity_count,
				 err);
	if (hosts)
		return take_list(place, words + 1, count - 1, settings->known_hosts,
				 &settings->known_hosts_count, err);
	if (global)
		return take_list(place, words + 1, count - 1, settings->global_known_hosts,
				 &settings->global_known_hosts_count, err);
	*value = arena_text(place->reader->arena, words[1]);
	return *value ? 0 : fail_memory(err);
}

static int take_line(struct place *place, char *line, struct error *err)
{
	char *words[WORDS_MAX];
	size_t count;

	if (split(line, words, &count))
		return fail_at(place, err, ERR_INVALID, "a quotation does not end:", line);
	if (!count)
		return 0;
	if (!strcasecmp(words[0], "host")) {
		begin_host(place, words + 1, count - 1);
		return 0;
	}
	if (!strcasecmp(words[0], "match")) {
		begin_match(place, words + 1, count - 1);
		return 0;
	}
	if (place->applies == NO)
		return 0;
	if (strcasecmp(words[0], "include"))
		return take_setting(place, words, count, err);
	if (place->applies == NOT_KNOWN)
		return not_known(place, err);
	for (size_t i = 1; i < count; i++)
		if (include(place, words[i], err))
			return -1;
	return 0;
}

int ssh_config_take(struct ssh_config_reader *reader, const char *path, const char *folder, const char *text,
		    size_t size, struct error *err)
{
	struct place place = {.reader = reader, .path = path, .folder = folder};

	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		owned_text line = {0};
		place.line++;
		text_add_bytes(&line, text, length);
		if (line.failed)
			return fail_memory(err);
		if (memchr(line.data, '\0', length))
			return fail(err, ERR_INVALID, "%s:%zu: this is no text", path, place.line);
		if (take_line(&place, line.data, err))
			return -1;
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
	return 0;
}

int ssh_config_read(struct ssh_config_reader *reader, const char *path, const char *folder, struct error *err)
{
	owned_text text = {0};
	struct error why = {0};

	if (++reader->files > FILES_MAX)
		return fail(err, ERR_INVALID, "%s: more than %d files of ssh's configuration", path,
			    FILES_MAX);
	if (reader->world->ops->file_read(reader->world, path, FILE_MAX, &text, &why)) {
		if (why.code == ERR_MISSING)
			return 0;
		return fail(err, why.code, "%s", why.text);
	}
	return ssh_config_take(reader, path, folder, text_view(&text), text.length, err);
}
