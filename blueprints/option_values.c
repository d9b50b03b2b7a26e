/* option_values.c - what options of machines and of clouds have alike: the forms of their values, the file of
 * a private key, and what is said of one that there is elsewhere. */
#include "blueprints/option_values.h"

#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/ssh_config.h"
#include "base/text.h"
#include "blueprints/reading.h"
#include "blueprints/yaml_internal.h"

#define KEY_LIMIT (1 << 16)

enum { FINGERPRINT_LENGTH = 43 }; /* a SHA-256 in base64, without padding */

const char *option_text_form(const char *text)
{
	return *text ? NULL : "no empty text";
}

const char *option_path_form(const char *text)
{
	return *text == '/' || starts_with(text, "~/") ? NULL : "a path that begins with / or ~/";
}

/* What no machine could show would be taken for another one's key, at the first login. */
static bool could_be_shown(const char *text)
{
	owned_text word = {0}, bytes = {0};
	const char *second = text + strcspn(text, " ");

	if (starts_with(text, "SHA256:"))
		return strlen(text) == strlen("SHA256:") + FINGERPRINT_LENGTH && !strpbrk(text, " =");
	second += strspn(second, " ");
	text_add_bytes(&word, second, strcspn(second, " \t\r\n"));
	return word.length && base64_decode(text_view(&word), &bytes);
}

const char *host_key_form(const char *text)
{
	return !strcmp(text, "accept-new") || could_be_shown(text)
		   ? NULL
		   : "`accept-new`, a fingerprint such as \"SHA256:...\", or a key such as \"ssh-ed25519 "
		     "AAAA...\", in full";
}

const char *host_keys_form(const char *text)
{
	return could_be_shown(text) ? NULL
				    : "keys or fingerprints in full, where there are several; `accept-new` "
				      "stands alone";
}

const char *jump_form(const char *text)
{
	owned_arena arena = {0};
	struct ssh_host host;
	struct error err;

	return !strchr(text, ',') && !ssh_host_parse(&arena, text, &host, &err)
		   ? NULL
		   : "one machine such as \"user@host:port\"";
}

/* Of a file that is named and cannot be used the deploy would tell, at the first machine. */
void key_file_check(struct diagnostics *list, const struct reading *reading, const struct yaml_node *node)
{
	const struct blueprint_options *given = reading ? reading->options : NULL;
	owned_text content = {.secret = true};
	struct error err = {0};
	char path[4096];

	if (!given || !given->judges || !given->file_read || node->kind != YAML_SCALAR ||
	    is_expression(node) || option_path_form(node->text))
		return;
	const char *home = given->environment ? given->environment(given->environment_context, "HOME") : NULL;
	if (*node->text == '~' && !home)
		return;
	snprintf(path, sizeof path, "%s%s", *node->text == '~' ? home : "",
		 *node->text == '~' ? node->text + 1 : node->text);
	if (given->file_read(given->file_context, path, KEY_LIMIT, &content, &err))
		advise(list,
		       warn(list, node->place, "the private key cannot be read from here: %s", err.text),
		       "plan and deploy need it; `ssh-keygen -t ed25519 -f FILE` makes one");
	else if (!strstr(text_view(&content), "PRIVATE KEY"))
		advise(list, warn(list, node->place, "`%s` is no private key", node->text),
		       starts_with(text_view(&content), "ssh-") || starts_with(text_view(&content), "ecdsa-")
			   ? "it is a public one: the private one is called the same without .pub"
			   : "a private key begins with -----BEGIN ... PRIVATE KEY-----");
	else if (given->key_check && given->key_check(given->file_context, path, &err))
		advise(list, warn(list, node->place, "the private key `%s`: %s", node->text, err.text), "%s",
		       err.remedy);
}

bool option_refused(struct diagnostics *list, const struct yaml_entry *entry,
		    const struct refused_option *refused, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(refused[i].key, entry->key)) {
			advise(list, complain(list, entry->key_place, "`%s`: %s", entry->key, refused[i].why),
			       "%s", refused[i].remedy);
			return true;
		}
	return false;
}
