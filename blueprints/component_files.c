/* component_files.c - files: {PATH: {content | source | secret, mode, user}}. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define DEFAULT_MODE 0644
#define SECRET_MODE  0600
#define NO_MODE      UINT16_MAX

enum { FILES_LIMIT = 1000 }; /* each is compared with each */

static const char example[] = "write {content: \"...\"}, {source: FILE} or {secret: \"env:NAME\"}";

/* The path without doubled slashes and dots; NULL with a complaint. */
static const char *tidy_path(struct reading *r, const struct draft *d, const struct yaml_entry *entry)
{
	const char *path = entry->key;
	size_t length = strlen(path);
	char *tidy = reading_alloc(r, length + 2), *end = tidy;
	const char *why = NULL;

	if (!tidy)
		return NULL;
	if (*path != '/' && d->spec->kind == COMPONENT_DOCKER)
		why = "the path of a file in a container is absolute";
	else if (!length || path[length - 1] == '/')
		why = "this names a folder, not a file";
	else if (!printable(path))
		why = "the path holds control characters";
	while (*path && !why) {
		size_t part = strcspn(path, "/");
		if (part == 2 && path[0] == '.' && path[1] == '.')
			why = "a path may not lead upwards by `..`";
		bool skip = !part || (part == 1 && *path == '.');
		if (!skip) {
			if (end != tidy || *entry->key == '/')
				*end++ = '/';
			end = mempcpy(end, path, part);
		}
		path += part + (path[part] == '/');
	}
	if (!why && end == tidy)
		why = "this names a folder, not a file";
	if (!why)
		return tidy;
	advise(r->list, complain(r->list, entry->key_place, "the file `%s`: %s", entry->key, why),
	       d->spec->kind == COMPONENT_DOCKER
		   ? "write it as /etc/app.conf"
		   : "write it as app.conf (in the component's `dir`) or /etc/app.conf");
	return NULL;
}

/* Docker writes these into every container by itself. */
static bool engines_own(const char *path)
{
	static const char *const paths[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (!strcmp(paths[i], path))
			return true;
	return false;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && path[length] == '/';
}

static bool check_place(struct reading *r, const struct draft *d, const struct file_entry *file,
			const struct file_entry *files, size_t count)
{
	if (d->spec->kind == COMPONENT_DOCKER && engines_own(file->path)) {
		advise(r->list,
		       complain(r->list, file->place, "`%s` is written by the container engine itself",
				file->path),
		       strcmp(file->path, "/etc/hosts") ? "put it elsewhere"
							: "a link with an alias gives a host name");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct file_entry *other = &files[i];
		bool same = !strcmp(other->path, file->path);
		if (!same && !is_below(other->path, file->path) && !is_below(file->path, other->path))
			continue;
		complain(r->list, file->place,
			 same ? "two files at `%s`: the other one, `%s`, is at line %d, column %d"
			      : "the files `%s` and `%s` (line %d, column %d): one would lie below the other",
			 file->path, other->path, other->place.line, other->place.column);
		return false;
	}
	return true;
}

static void read_content(struct reading *r, struct draft *d, const struct yaml_node *node,
			 struct file_entry *file)
{
	struct value *value = reading_new(r, struct value);

	if (value && !value_read(r, d, node, value))
		file->content = value;
}

static void read_secret(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct file_entry *file)
{
	struct value *value = reading_new(r, struct value);

	if (!value)
		return;
	if (!is_expression(node) && node->kind == YAML_SCALAR) {
		if (!secret_read(r, node->text, node->place, value))
			file->content = value;
		return;
	}
	if (value_read(r, d, node, value))
		return;
	if (value->kind == VALUE_SECRET)
		file->content = value;
	else
		advise(r->list,
		       complain(r->list, node->place, "`secret` of a file takes the place of a secret"),
		       "write secret: \"env:NAME\" or secret: \"file:PATH\"");
}

static void read_source(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct file_entry *file)
{
	const char *text = fixed_text(r, d, node, "source");

	if (!text)
		return;
	if (!*text || ends_with(text, "/")) {
		complain(r->list, node->place, "`source` names a file, not `%s`", text);
		return;
	}
	file->source = *text == '/' || !r->options->directory
			   ? text
			   : arena_format(r->arena, "%s/%s", r->options->directory, text);
	if (!file->source)
		r->list->failed = true;
}

/* "0644" and, without quotes, 0644 or 0o644; a number that does not begin with 0 could be meant in tens. */
static void read_mode(struct reading *r, struct draft *d, const struct yaml_node *node, uint16_t *ret)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed)
		return;
	const char *text = fixed->kind == YAML_SCALAR && fixed->text ? fixed->text : "?";
	const char *digits = text + (starts_with(text, "0o") ? strlen("0o") : 0);
	size_t length = strspn(digits, "01234567");

	if (!length || digits[length] || strtol(digits, NULL, 8) > 07777 || length > 5)
		advise(r->list, complain(r->list, node->place, "`%s` is no mode of a file", text),
		       "write three octal digits after a 0: \"0644\"");
	else if (fixed->plain && *text != '0')
		advise(r->list,
		       complain(r->list, node->place, "the mode %s does not say whether it is octal", text),
		       "write 0%s, or \"%s\" in quotes", text, text);
	else
		*ret = (uint16_t)strtol(digits, NULL, 8);
}

/* "name", "uid", "uid:gid" */
static void read_owner(struct reading *r, struct draft *d, const struct yaml_node *node,
		       struct file_entry *file)
{
	const char *text = fixed_text(r, d, node, "user");
	const char *colon = text ? strchr(text, ':') : NULL;

	if (!text)
		return;
	size_t digits = strspn(text, "0123456789");
	bool number = digits && (colon ? text + digits == colon && colon[1] &&
					     !colon[1 + strspn(colon + 1, "0123456789")]
				       : !text[digits]);
	bool name = !colon && (isalpha((unsigned char)*text) || *text == '_');
	for (const char *c = text; name && *c; c++)
		name = isalnum((unsigned char)*c) || strchr("_.-$", *c);
	if (number || name)
		file->user = text;
	else
		advise(r->list,
		       complain(r->list, node->place, "`%s` is nobody that a file can belong to", text),
		       "write a name, a number, or two: \"1000:1000\"");
}

static void read_part(struct reading *r, struct draft *d, const struct yaml_entry *part,
		      struct file_entry *file)
{
	static const char *const keys[] = {"content", "source", "secret", "mode", "user"};

	if (!strcmp(part->key, "content"))
		read_content(r, d, part->value, file);
	else if (!strcmp(part->key, "source"))
		read_source(r, d, part->value, file);
	else if (!strcmp(part->key, "secret"))
		read_secret(r, d, part->value, file);
	else if (!strcmp(part->key, "mode"))
		read_mode(r, d, part->value, &file->mode);
	else if (!strcmp(part->key, "user"))
		read_owner(r, d, part->value, file);
	else
		suggest(r, complain(r->list, part->key_place, "unknown key `%s` of a file", part->key),
			part->key, keys, COUNT_OF(keys),
			"a file takes content, source or secret, and mode and user");
}

/* Exactly one of content, source and secret. */
static bool has_one_origin(struct reading *r, const struct yaml_entry *entry)
{
	const struct yaml_node *map = entry->value;
	int found = 0;

	for (size_t i = 0; i < map->count; i++)
		found += !strcmp(map->entries[i].key, "content") || !strcmp(map->entries[i].key, "source") ||
			 !strcmp(map->entries[i].key, "secret");
	if (found == 1)
		return true;
	advise(r->list,
	       complain(r->list, entry->key_place,
			found ? "the file `%s` has only one of content, source and secret"
			      : "the file `%s` needs one of content, source and secret",
			entry->key),
	       "%s", example);
	return false;
}

/* PATH: text stands for its content; one that looks like another file's path is perhaps meant as that. */
static void read_short(struct reading *r, struct draft *d, const struct yaml_node *node,
		       struct file_entry *file)
{
	const char *text = node->kind == YAML_SCALAR ? node->text : "";
	bool path = (starts_with(text, "./") || starts_with(text, "../") || *text == '/') &&
		    !strpbrk(text, " \n\t") && text[1];

	if (path)
		advise(r->list,
		       warn(r->list, node->place, "`%s` is taken as the content of the file `%s`", text,
			    file->path),
		       "write {source: %s} for that file's content", text);
	read_content(r, d, node, file);
}

static bool read_file(struct reading *r, struct draft *d, const struct yaml_entry *entry,
		      struct file_entry *file)
{
	const struct yaml_node *node = entry->value;
	bool whole = node->kind == YAML_SCALAR || is_expression(node);

	if (yaml_null(node) || node->kind == YAML_LIST) {
		advise(r->list,
		       complain(r->list, entry->key_place, "the file `%s` takes a map or a text, not %s",
				entry->key, kind_name(node)),
		       "%s", example);
		return false;
	}
	if (whole)
		read_short(r, d, node, file);
	else if (!has_one_origin(r, entry))
		return false;
	for (size_t i = 0; !whole && i < node->count; i++)
		read_part(r, d, &node->entries[i], file);
	if (file->mode == NO_MODE)
		file->mode = file->content && value_has_secret(file->content) ? SECRET_MODE : DEFAULT_MODE;
	return file->content || file->source;
}

void read_files(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		advise(
		    r->list,
		    complain(r->list, map->place, "`files` takes a map from paths, not %s", kind_name(map)),
		    "write files: {/etc/app.conf: {source: app.conf}}");
		return;
	}
	if (map->count > FILES_LIMIT) {
		complain(r->list, map->place, "`files` has more than %d entries", FILES_LIMIT);
		return;
	}
	struct file_entry *files = reading_alloc(r, sizeof(*files) * (map->count + 1));
	size_t count = 0;
	for (size_t i = 0; files && i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		struct file_entry *file = &files[count];
		*file = (struct file_entry){
		    .path = tidy_path(r, d, entry), .mode = NO_MODE, .place = entry->key_place};
		bool good = read_file(r, d, entry, file);
		if (!file->path)
			continue;
		add_key_place(r, d, arena_format(r->arena, "files.%s", file->path), entry->key_place);
		if (check_place(r, d, file, files, count) && good)
			count++;
	}
	d->spec->files = files;
	d->spec->file_count = files ? count : 0;
}

void check_files(struct reading *r, struct draft *d)
{
	for (size_t i = 0; i < d->spec->file_count; i++)
		for (size_t k = 0; k < d->spec->volume_count; k++) {
			const struct file_entry *file = &d->spec->files[i];
			const struct volume *volume = &d->spec->volumes[k];
			if (volume->read_only && is_below(file->path, volume->path))
				complain(
				    r->list, file->place,
				    "the file `%s` lies in a volume that is read only (line %d, column %d)",
				    file->path, volume->place.line, volume->place.column);
		}
}
