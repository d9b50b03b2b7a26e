/* balancer_tls.c - a load balancer's certificate and key are looked at before its proxy is given them: one
 * that it refuses would lie in the place of a good one, and its next start would fail. */
#include <string.h>

#include "base/cleanup.h"
#include "base/tls_pair.h"
#include "engine/deploy.h"
#include "engine/specs.h"

/* Of a component's files; both are there where there is one. */
struct pair {
	size_t certificate, key;
};

static bool find_pair(const struct component_spec *component, struct pair *ret)
{
	const char *path = component->balancer ? component->balancer->certificate : NULL;
	size_t found = 0, length = path ? strlen(path) : 0;
	for (size_t i = 0; path && i < component->file_count; i++) {
		const char *file = component->files[i].path;
		if (strncmp(file, path, length) != 0)
			continue;
		if (!file[length])
			ret->certificate = i;
		else if (!strcmp(file + length, ".key"))
			ret->key = i;
		else
			continue;
		found++;
	}
	return found == 2;
}

int balancer_check_tls(const struct work *work, const struct spec_file *files, struct place *ret_at,
		       struct error *err)
{
	const struct component_spec *component = made_from(work->instance);
	struct pair at = {0};
	bool of_key = false;
	if (work->operation->berth->secrets_made_up || !find_pair(component, &at))
		return 0;
	const struct spec_file *certificate = &files[at.certificate], *key = &files[at.key];
	if (!tls_pair_check(certificate->content, certificate->size, key->content, key->size, &of_key, err))
		return 0;
	*ret_at = component->files[of_key ? at.key : at.certificate].place;
	return -1;
}

/* --- where nothing is deployed yet ------------------------------------------------------------------ */

/* A variable may be set where it is deployed; a file lies beside the blueprint, or it is forgotten. */
static bool read_one(struct berth_operation *operation, const struct file_entry *entry,
		     struct value_text *ret)
{
	const char *at = entry->content->text;
	struct error why = {0};
	if (starts_with(at, "env:") && !operation_environment(operation, at + strlen("env:")))
		return false;
	if (secret_resolve(operation, entry->content, ret, &why) == RESOLVED)
		return true;
	remedy(&why, "put it there; a path that does not begin with `/` begins beside the blueprint");
	complain_error(&operation->diagnostics, entry->place, &why);
	return false;
}

static void check_one(struct berth_operation *operation, const struct component_spec *component)
{
	struct pair at = {0};
	if (!find_pair(component, &at))
		return;
	const struct file_entry *certificate = &component->files[at.certificate],
				*key = &component->files[at.key];
	struct value_text texts[2] = {{.text.secret = true}, {.text.secret = true}};
	bool read = read_one(operation, certificate, &texts[0]);
	read = read_one(operation, key, &texts[1]) && read;
	struct error why = {0};
	bool of_key = false;
	if (read && tls_pair_check(text_view(&texts[0].text), texts[0].text.length, text_view(&texts[1].text),
				   texts[1].text.length, &of_key, &why))
		complain_error(&operation->diagnostics, (of_key ? key : certificate)->place, &why);
	text_release(&texts[0].text);
	text_release(&texts[1].text);
}

void balancers_check(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->application->component_count; i++)
		check_one(operation, operation->application->components[i].spec);
	diagnostics_sort(&operation->diagnostics);
}
