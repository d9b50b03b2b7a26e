/* balancer_tls.c - `tls` of a load balancer: its certificate and key, as files that it is given. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

static const char example[] =
    "write tls: {certificate: FILE, key: {secret: \"env:NAME\"}}; a FILE lies beside the blueprint";

/* "env:NAME", "file:PATH", or a file's name, which may hold as much of a secret. */
static void take_secret(struct reading *r, const struct yaml_node *node, const char *text,
			struct file_entry *file)
{
	struct value *value = reading_new(r, struct value);

	if (value && text && !secret_read(r, text, node->place, value)) {
		file->content = value;
		file->mode = 0600;
	}
}

static void take_expression(struct reading *r, struct draft *d, const struct yaml_node *node,
			    struct file_entry *file)
{
	struct value *value = reading_new(r, struct value);

	if (!value || value_read(r, d, node, value))
		return;
	if (value->kind == VALUE_SECRET) {
		file->content = value;
		file->mode = 0600;
	} else if (value->kind == VALUE_TEXT) {
		take_secret(r, node, arena_format(r->arena, "file:%s", value->text), file);
	} else {
		advise(r->list, complain(r->list, node->place, "a file's name or a secret should stand here"),
		       "%s", example);
	}
}

/* {source: FILE} or {secret: PLACE} */
static void take_map(struct reading *r, struct draft *d, const struct yaml_node *map, struct file_entry *file)
{
	static const char *const keys[] = {"source", "secret"};

	if (map->count != 1) {
		advise(r->list,
		       complain(r->list, map->place, "one of `source` and `secret` should stand here"), "%s",
		       example);
		return;
	}
	const struct yaml_entry *part = &map->entries[0];
	bool source = !strcmp(part->key, "source");
	if (!source && strcmp(part->key, "secret") != 0)
		suggest(r, complain(r->list, part->key_place, "unknown key `%s` of a certificate", part->key),
			part->key, keys, COUNT_OF(keys), example);
	else if (is_expression(part->value))
		take_expression(r, d, part->value, file);
	else if (part->value->kind != YAML_SCALAR || yaml_null(part->value))
		complain(r->list, part->value->place, "`%s` takes a text, not %s", part->key,
			 kind_name(part->value));
	else
		take_secret(r, part->value,
			    source ? arena_format(r->arena, "file:%s", part->value->text) : part->value->text,
			    file);
}

static void take(struct reading *r, struct draft *d, const struct yaml_entry *entry, struct file_entry *file)
{
	const struct yaml_node *node = entry->value;

	file->place = entry->key_place;
	if (node->kind == YAML_MAP && !is_expression(node))
		take_map(r, d, node, file);
	else if (is_expression(node))
		take_expression(r, d, node, file);
	else if (node->kind == YAML_SCALAR && !yaml_null(node) && !starts_with(node->text, "-----BEGIN"))
		take_secret(r, node, arena_format(r->arena, "file:%s", node->text), file);
	else
		advise(r->list,
		       complain(r->list, node->place, "`%s` is a file beside the blueprint, or a secret",
				entry->key),
		       "%s", example);
}

void read_tls(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const keys[] = {"certificate", "key"};
	struct balancer_draft *balancer = d->balancer;

	if (node->kind != YAML_MAP || is_expression(node)) {
		advise(r->list, complain(r->list, node->place, "`tls` takes a map, not %s", kind_name(node)),
		       "%s", example);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		if (!strcmp(entry->key, "certificate"))
			take(r, d, entry, &balancer->certificate);
		else if (!strcmp(entry->key, "key"))
			take(r, d, entry, &balancer->key);
		else
			suggest(r,
				complain(r->list, entry->key_place, "unknown key `%s` of `tls`", entry->key),
				entry->key, keys, COUNT_OF(keys), example);
	}
	if (!yaml_get(node, "certificate") || !yaml_get(node, "key"))
		advise(r->list, complain(r->list, node->place, "`tls` needs a certificate and its key"), "%s",
		       example);
}
