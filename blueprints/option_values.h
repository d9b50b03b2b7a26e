/* option_values.h - what options of machines and of clouds have alike. */
#ifndef BERTH_BLUEPRINTS_OPTION_VALUES_H
#define BERTH_BLUEPRINTS_OPTION_VALUES_H

#include "blueprints/yaml.h"

struct reading;

/* Forms of one value: NULL where it is good, else what it must be. */
const char *option_text_form(const char *text);
const char *option_path_form(const char *text);
const char *host_key_form(const char *text);
const char *host_keys_form(const char *text); /* of one among several */
const char *jump_form(const char *text);

/* Where it is looked at: whether the file of a private key can be read from here, and is one that nobody
 * else may use. */
void key_file_check(struct diagnostics *list, const struct reading *reading, const struct yaml_node *node);

/* One of Brooklyn's that nothing here does, why, and what does. */
struct refused_option {
	const char *key, *why, *remedy;
};
/* True: it is one of them, and was told. */
bool option_refused(struct diagnostics *list, const struct yaml_entry *entry,
		    const struct refused_option *refused, size_t count);

#endif
