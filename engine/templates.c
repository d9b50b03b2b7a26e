/* templates.c - a file of software in which ${NAME} stands for what its blueprint says of that name. */
#include "engine/specs.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static enum resolved refuse(struct work *work, const struct file_entry *entry, const char *text,
			    const char *at, const char *what, struct error *err)
{
	int line = 1;
	for (const char *c = text; c < at; c++)
		line += *c == '\n';
	fail(err, ERR_INVALID, "the template %s, line %d: %s", entry->source, line, what);
	remedy(err, "a template may hold ${config['NAME']} of what is configured, ${NAME} of "
		    "`template.substitutions`, ${entity.id} and ${attribute['host.address']}");
	work->fault = entry->place;
	return RESOLVED_NEVER;
}

/* config["a"] and config['a'] are the same. */
static bool is_name(const char *name, const char *written, size_t length)
{
	if (strlen(name) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] != written[i] && !(name[i] == '\'' && written[i] == '"'))
			return false;
	return true;
}

static const struct value *find(const struct file_entry *entry, const char *written, size_t length)
{
	for (size_t i = 0; i < entry->substitution_count; i++)
		if (is_name(entry->substitutions[i].name, written, length))
			return entry->substitutions[i].value;
	return NULL;
}

static enum resolved fill(struct work *work, const struct value *value, struct text *to, bool *ret_secret,
			  const char **ret_waits, struct error *err)
{
	struct value_text filled = {0};
	enum resolved found = value_resolve(work, value, &filled, ret_waits, err);
	if (found == RESOLVED)
		text_add_bytes(to, text_view(&filled.text), filled.text.length);
	*ret_secret |= filled.secret;
	to->failed |= filled.text.failed;
	if (filled.secret && filled.text.data)
		explicit_bzero(filled.text.data, filled.text.length);
	text_release(&filled.text);
	return found;
}

enum resolved template_fill(struct work *work, const struct file_entry *entry, const char *text,
			    struct text *to, bool *ret_secret, const char **ret_waits, struct error *err)
{
	for (const char *c = text; *c;) {
		size_t plain = strcspn(c, "$<");
		text_add_bytes(to, c, plain);
		c += plain;
		if (!strncmp(c, "<#", 2) || !strncmp(c, "<@", 2))
			return refuse(work, entry, text, c, "directives of FreeMarker are not understood",
				      err);
		if (strncmp(c, "${", 2) != 0) {
			if (*c)
				text_add_char(to, *c++);
			continue;
		}
		const char *end = strchr(c, '}'), *name = c + 2 + strspn(c + 2, " ");
		size_t length = end && end > name ? (size_t)(end - name) : 0;
		while (length && name[length - 1] == ' ')
			length--;
		const struct value *value = length ? find(entry, name, length) : NULL;
		if (!value) {
			char what[160];
			snprintf(what, sizeof what, "`${%.*s}` stands for nothing here",
				 length > 100 ? 100 : (int)length, name);
			return refuse(work, entry, text, c, what, err);
		}
		enum resolved found = fill(work, value, to, ret_secret, ret_waits, err);
		if (found != RESOLVED)
			return found;
		c = end + 1;
	}
	return RESOLVED;
}
