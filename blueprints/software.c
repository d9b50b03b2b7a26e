/* software.c - `type: software`: what is installed, customized and launched by steps of its own, as a process
 * or a container that runs one script of ours over them. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/embedded.h"

#define MINUTE_MS       (60 * 1000LL)
#define FOLDER_HERE     "software"
#define FOLDER_INSIDE   "/opt/berth/software"
#define RUN_INSIDE      "/opt/berth/run"
#define INSTALL_INSIDE  "/opt/berth/install"
#define USUAL_IMAGE     "debian:stable-slim"
#define INSTALL_MS      (30 * MINUTE_MS) /* what is built where it runs takes its time */
#define START_MS        (2 * MINUTE_MS)
#define INSTALL_TRIES   3
#define CHECK_PERIOD_MS 5000
#define FIRST_PORT      8080 /* of those that may be any, in a container of its own */

bool software_type(const char *type)
{
	static const char *const types[] = {
	    "software",
	    "VanillaSoftwareProcess",
	    "org.apache.brooklyn.entity.software.base.VanillaSoftwareProcess",
	    "brooklyn.entity.software.base.VanillaSoftwareProcess",
	    "brooklyn.entity.basic.VanillaSoftwareProcess",
	    "vanilla-bash-server",
	};

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}

/* --- as what it is placed --------------------------------------------------------------------------- */

bool runs_on_machine(const struct reading *r, const struct draft *d)
{
	return location_kind_of(r, d->spec->location)->processes;
}

bool runs_on_machine_elsewhere(const struct reading *r, const struct draft *d)
{
	return location_kind_of(r, d->spec->location)->elsewhere;
}

/* What the blueprint says of it counts, entry by entry where it is a map. */
static void take_default(struct reading *r, struct draft *d, const struct yaml_entry *entry)
{
	const struct key_name *name = map_get(r->keys, entry->key);
	const struct yaml_entry *given = name && name->key < KEY_COUNT ? given_of(d, name->key) : NULL;

	if (!given) {
		draft_take(r, d, entry);
		if (name && name->in_config && !map_get(d->config, entry->key))
			reading_put(r, &d->config, entry->key, (void *)entry);
		return;
	}
	struct yaml_entry *both = scratch_new(r, struct yaml_entry);
	if (!both || given->value->kind != YAML_MAP || entry->value->kind != YAML_MAP)
		return;
	*both = *given;
	both->value = services_merge(r, given->value, entry->value, NULL);
	give_key(r, &d->given, name->key, both);
}

/* What its type says for machines alone, or for containers. */
static void take_defaults(struct reading *r, struct draft *d, enum component_key key)
{
	const struct yaml_entry *given = given_of(d, key);

	if (!given || yaml_null(given->value))
		return;
	if (given->value->kind != YAML_MAP) {
		complain(r->list, given->value->place, "`%s` takes a map, not %s", given->key,
			 kind_name(given->value));
		return;
	}
	for (size_t i = 0; i < given->value->count; i++)
		take_default(r, d, &given->value->entries[i]);
}

/* `skip.install: false`: into a base image, as it would be on a machine, and not from an image that has it.
 */
static bool installed_inside(const struct draft *d)
{
	const struct yaml_entry *skip = given_of(d, KEY_SKIP_INSTALL);

	return d->spec->kind == COMPONENT_DOCKER && skip && skip->value->kind == YAML_SCALAR &&
	       !strcmp(skip->value->text, "false") && given_of(d, KEY_MACHINE);
}

/* The image's own way to start does: its type says so, and the blueprint has no steps of its own. */
static bool starts_by_itself(const struct draft *d)
{
	if (installed_inside(d))
		return false;
	for (int key = KEY_PRE_INSTALL; key <= KEY_STOP; key++)
		if (given_of(d, key))
			return false;
	return d->spec->kind == COMPONENT_DOCKER && given_of(d, KEY_CONTAINER);
}

void software_place(struct reading *r, struct draft *d, struct place at)
{
	d->spec->kind = runs_on_machine(r, d) ? COMPONENT_PROCESS : COMPONENT_DOCKER;
	bool steps = d->spec->kind == COMPONENT_PROCESS || installed_inside(d);
	take_defaults(r, d, steps ? KEY_MACHINE : KEY_CONTAINER);
	if (d->spec->kind == COMPONENT_PROCESS)
		return;
	const struct yaml_entry *image = given_of(d, KEY_DOCKER_IMAGE);
	const char *text = image ? fixed_text(r, d, image->value, image->key) : USUAL_IMAGE;
	if (text)
		image_read(r, d, text, image ? image->value->place : at);
}

/* In a container of its own every number is free: one that may be any is the next of these. */
void software_open(struct reading *r, struct draft *d)
{
	struct named_port *ports = (struct named_port *)d->spec->named_ports;

	if (!d->software || d->spec->kind != COMPONENT_DOCKER)
		return;
	for (size_t i = 0; i < d->spec->named_port_count; i++) {
		if (!ports[i].first)
			ports[i].first = (uint16_t)(FIRST_PORT + i);
		add_open_port(
		    r, d,
		    (struct port_number){.port = ports[i].first, .protocol = TCP, .place = ports[i].place});
	}
}

/* A container's ports have no names of their own. */
static void name_ports(struct reading *r, struct draft *d, struct growing *variables)
{
	for (size_t i = 0; i < d->spec->named_port_count; i++) {
		const struct named_port *port = &d->spec->named_ports[i];
		char *name = arena_format(r->arena, "PORT_%s", port->name);
		char *number = arena_format(r->arena, "%u", port->first);
		struct environment_entry *entry = grow_new(r, variables, struct environment_entry);
		if (!name || !number || !entry) {
			r->list->failed = true;
			return;
		}
		for (char *c = name; *c; c++)
			*c = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
		*entry = (struct environment_entry){.name = name,
						    .value = {.kind = VALUE_TEXT,
							      .text = number,
							      .place = port->place,
							      .component = NO_COMPONENT},
						    .place = port->place};
	}
	d->spec->named_ports = NULL;
	d->spec->named_port_count = 0;
}

static void put_variables(struct reading *r, struct draft *d)
{
	struct growing variables = {0};
	struct environment_entry *entry;

	if (d->spec->kind != COMPONENT_DOCKER || !d->spec->named_port_count)
		return;
	for (size_t i = 0; i < d->spec->environment_count; i++)
		if ((entry = grow_new(r, &variables, struct environment_entry)))
			*entry = d->spec->environment[i];
	if ((entry = grow_new(r, &variables, struct environment_entry)))
		*entry = (struct environment_entry){
		    .name = "BIND_ADDRESS",
		    .value = {.kind = VALUE_TEXT, .text = "0.0.0.0", .component = NO_COMPONENT},
		    .place = d->place};
	name_ports(r, d, &variables);
	d->spec->environment = kept(r, &variables, sizeof(*d->spec->environment));
	d->spec->environment_count = variables.count;
}

/* --- what it is given to do ------------------------------------------------------------------------- */

static const char *folder_of(const struct draft *d)
{
	return d->spec->kind == COMPONENT_DOCKER ? FOLDER_INSIDE : FOLDER_HERE;
}

static void put_value(struct reading *r, struct draft *d, struct growing *files, const char *name,
		      const struct value *value)
{
	struct file_entry *file = grow_new(r, files, struct file_entry);
	const char *path = arena_format(r->arena, "%s/%s", folder_of(d), name);

	if (!file || !path) {
		r->list->failed = true;
		return;
	}
	*file = (struct file_entry){
	    .path = path, .content = kept_as(r, struct value, value), .mode = 0644, .place = value->place};
	add_key_place(r, d, arena_format(r->arena, "files.%s", path), value->place);
}

static void put_text(struct reading *r, struct draft *d, struct growing *files, const char *name,
		     const char *text, struct place at)
{
	struct value value = {.kind = VALUE_TEXT, .text = text, .place = at, .component = NO_COMPONENT};

	put_value(r, d, files, name, &value);
}

static const struct {
	enum component_key key;
	const char *name;
} steps[] = {
    {KEY_PRE_INSTALL, "pre.install"},
    {KEY_INSTALL, "install"},
    {KEY_POST_INSTALL, "post.install"},
    {KEY_PRE_CUSTOMIZE, "pre.customize"},
    {KEY_CUSTOMIZE, "customize"},
    {KEY_POST_CUSTOMIZE, "post.customize"},
    {KEY_PRE_LAUNCH, "pre.launch"},
    {KEY_LAUNCH, "launch"},
    {KEY_POST_LAUNCH, "post.launch"},
    {KEY_CHECK_RUNNING, "checkRunning"},
    {KEY_STOP, "stop"},
};

static bool says_something(const struct yaml_entry *given)
{
	const struct yaml_node *value = given ? given->value : NULL;

	return value && !yaml_null(value) && !(value->kind == YAML_SCALAR && !*value->text);
}

static bool skips_install(struct reading *r, struct draft *d)
{
	const struct yaml_entry *given = given_of(d, KEY_SKIP_INSTALL);

	return given && fixed_flag(r, d, given->value, given->key, false);
}

static void put_steps(struct reading *r, struct draft *d, struct growing *files)
{
	bool skips = skips_install(r, d);

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		const struct yaml_entry *given = given_of(d, steps[i].key);
		struct value value;
		if (!says_something(given) || (skips && steps[i].key <= KEY_POST_INSTALL) ||
		    value_read(r, d, given->value, &value))
			continue;
		put_value(r, d, files, arena_format(r->arena, "steps/%s", steps[i].name) ?: "", &value);
	}
	if (says_something(given_of(d, KEY_LAUNCH)))
		return;
	if (given_of(d, KEY_LAUNCH)) { /* it says that there is nothing to start */
		put_text(r, d, files, "steps/launch", "exec tail -f /dev/null\n", d->place);
		return;
	}
	if (says_something(given_of(d, KEY_DOWNLOAD_URL)))
		put_text(r, d, files, "steps/launch", "cd \"$INSTALL_DIR\"\nexec ./start.sh\n", d->place);
	else if (!r->open)
		advise(r->list,
		       complain(r->list, d->place, "the software `%s` has no `launch.command`", d->spec->id),
		       "write there what starts it, or `download.url` of an archive with a ./start.sh");
}

/* As a shell reads it back. */
static void put_setting(struct text *to, const char *name, const char *value)
{
	text_format(to, "%s='", name);
	for (const char *c = value; *c; c++)
		if (*c == '\'')
			text_add(to, "'\\''");
		else
			text_add_char(to, *c);
	text_add(to, "'\n");
}

static const char *text_of(struct reading *r, struct draft *d, enum component_key key)
{
	const struct yaml_entry *given = given_of(d, key);
	const char *text = says_something(given) ? fixed_text(r, d, given->value, given->key) : NULL;

	return text ? text : "";
}

/* ${version}, as Brooklyn writes it. */
static const char *fill_version(struct reading *r, struct draft *d, const char *url, const char *version)
{
	owned_text filled = {0};

	for (const char *c = url; *c; c++) {
		if (*c != '$') {
			text_add_char(&filled, *c);
		} else if (starts_with(c, "${version}") && *version) {
			text_add(&filled, version);
			c += strlen("${version}") - 1;
		} else {
			const struct yaml_entry *given = given_of(d, KEY_DOWNLOAD_URL);
			bool lacks = starts_with(c, "${version}");
			advise(r->list,
			       complain(r->list, given->value->place,
					lacks ? "`%s` needs an `install.version`"
					      : "`%s` may hold ${version}, and nothing else of that kind",
					given->key),
			       lacks ? "write install.version: 1.0" : "write the address as it is");
			return "";
		}
	}
	return arena_text(r->arena, text_view(&filled)) ?: "";
}

static const char *download_url(struct reading *r, struct draft *d, const char *version)
{
	const char *url = fill_version(r, d, text_of(r, d, KEY_DOWNLOAD_URL), version);

	if (*url && !starts_with(url, "http://") && !starts_with(url, "https://")) {
		advise(r->list,
		       complain(r->list, given_of(d, KEY_DOWNLOAD_URL)->value->place,
				"`%s` is no address that can be fetched", url),
		       "write https://...; a file beside the blueprint is put there by `files.install`");
		return "";
	}
	return url;
}

static const char *checksum(struct reading *r, struct draft *d)
{
	const char *sum = text_of(r, d, KEY_DOWNLOAD_SHA256);

	if (*sum && (strlen(sum) != 64 || strspn(sum, "0123456789abcdef") != 64)) {
		complain(r->list, given_of(d, KEY_DOWNLOAD_SHA256)->value->place,
			 "`download.sha256` has 64 digits of 0 to 9 and a to f");
		return "";
	}
	return sum;
}

static int64_t span_of(struct reading *r, struct draft *d, enum component_key key, int64_t otherwise)
{
	const struct yaml_entry *given = given_of(d, key);
	int64_t ms = given ? fixed_duration(r, d, given->value, given->key, 1000) : -1;

	return ms < 0 ? otherwise : ms;
}

/* What decides, beside the steps and files of its installation, whether that is the same: the variables that
 * they may read, too. */
static void describe_install(struct reading *r, struct draft *d, struct text *to, const char *version)
{
	static const char *const words[] = {"exact", "at-least", "any"};
	const struct yaml_entry *match = given_of(d, KEY_VERSION_MATCH);
	int word = match ? fixed_word(r, d, match->value, match->key, words, COUNT_OF(words)) : 0;

	put_setting(to, "INSTALL_VERSION", version);
	put_setting(to, "INSTALL_VERSION_MATCH", words[word < 0 ? 0 : word]);
	put_setting(to, "label", text_of(r, d, KEY_INSTALL_LABEL));
	for (size_t i = 0; i < d->spec->environment_count; i++) {
		const struct environment_entry *entry = &d->spec->environment[i];
		if (entry->value.kind == VALUE_TEXT)
			put_setting(to, entry->name, entry->value.text);
	}
}

static void put_settings(struct reading *r, struct draft *d, struct growing *files)
{
	owned_text settings = {0}, install = {0};
	const char *version = text_of(r, d, KEY_INSTALL_VERSION), *run = text_of(r, d, KEY_RUN_DIR);
	const char *to = text_of(r, d, KEY_INSTALL_DIR);
	bool inside = d->spec->kind == COMPONENT_DOCKER;
	const char *url = skips_install(r, d) ? "" : download_url(r, d, version), *sum = checksum(r, d);

	put_setting(&settings, "name", d->spec->id);
	put_setting(&settings, "install_dir", *to || !inside ? to : INSTALL_INSIDE);
	put_setting(&settings, "run_dir", *run || !inside ? run : RUN_INSIDE);
	put_setting(&settings, "download_url", url);
	put_setting(&settings, "download_sha256", sum);
	text_format(&settings, "start_timeout=%lld\ncheck_period=%lld\ntries=%d\n",
		    (long long)span_of(r, d, KEY_START_TIMEOUT, START_MS) / 1000,
		    (long long)span_of(r, d, KEY_CHECK_PERIOD, CHECK_PERIOD_MS) / 1000,
		    d->spec->restart == RESTART_ON_FAILURE ? INSTALL_TRIES : 0);
	describe_install(r, d, &install, version);
	put_setting(&install, "download_url", url);
	put_setting(&install, "download_sha256", sum);
	put_text(r, d, files, "settings", arena_text(r->arena, text_view(&settings)), d->place);
	put_text(r, d, files, "settings.install", arena_text(r->arena, text_view(&install)), d->place);
	if (settings.failed || install.failed)
		r->list->failed = true;
}

static void put_files(struct reading *r, struct draft *d)
{
	struct growing files = {0};
	struct file_entry *file;

	for (size_t i = 0; i < d->spec->file_count; i++)
		if ((file = grow_new(r, &files, struct file_entry)))
			*file = d->spec->files[i];
	put_text(r, d, &files, "runner", software_runner, d->place);
	put_text(r, d, &files, "library", software_library, d->place);
	put_settings(r, d, &files);
	put_steps(r, d, &files);
	software_put_files(r, d, folder_of(d), &files);
	d->spec->files = kept(r, &files, sizeof(*d->spec->files));
	d->spec->file_count = d->spec->files ? files.count : 0;
}

/* --- how it is run ---------------------------------------------------------------------------------- */

static void put_command(struct reading *r, struct draft *d, const char *what, struct command *ret)
{
	const char *runner = arena_format(r->arena, "%s/runner", folder_of(d));
	const char *const words[] = {"/bin/sh", runner ? runner : "", what};
	struct value *values = reading_alloc(r, sizeof(*values) * COUNT_OF(words));

	for (size_t i = 0; values && i < COUNT_OF(words); i++)
		values[i] = (struct value){
		    .kind = VALUE_TEXT, .place = d->place, .text = words[i], .component = NO_COMPONENT};
	*ret = (struct command){
	    .given = true, .words = values, .count = values ? COUNT_OF(words) : 0, .place = d->place};
}

static void put_health(struct reading *r, struct draft *d)
{
	int64_t start = span_of(r, d, KEY_START_TIMEOUT, START_MS);
	struct health_check health = {.kind = CHECK_COMMAND,
				      .path = "/",
				      .interval_ms = CHECK_PERIOD_MS,
				      .timeout_ms = 30 * 1000,
				      .retries = 3,
				      .place = d->place};

	if (given_of(d, KEY_HEALTH_CHECK))
		health = *d->spec->health;
	else
		put_command(r, d, "check", &health.command);
	health.patience_ms = INSTALL_MS + start;
	d->spec->health = kept_as(r, struct health_check, &health) ?: d->spec->health;
}

/* Not TERM: that is sent to all of its processes at one time, and those would be gone before `stop.command`
 * could ask them. What is not meant by this one does not notice it. */
static void put_life(struct reading *r, struct draft *d)
{
	struct command nothing = {0};

	put_command(r, d, "run", &d->spec->command);
	if (d->spec->kind == COMPONENT_DOCKER) {
		d->spec->entrypoint = d->spec->command;
		d->spec->command = nothing;
	}
	d->spec->stop_signal = "URG";
	/* What it opens and writes to nobody sees: two at one time would not do. */
	if (d->spec->kind == COMPONENT_PROCESS && !given_of(d, KEY_UPDATE))
		d->spec->update = UPDATE_STOP_FIRST;
	put_health(r, d);
}

/* Whoever waits for a sensor of another component waits for that, whichever sensor it is. NULL with a
 * complaint, or when there is nothing to wait for. */
static const struct draft *awaited(struct reading *r, struct draft *d, const struct yaml_entry *given)
{
	const struct expression *e = is_expression(given->value) ? expression_read(r, given->value) : NULL;
	bool sensor = e && e->kind == EXPRESSION_CALL && e->on && !strcmp(e->text, "attributeWhenReady");
	const struct draft *other = sensor ? named_component(r, d, e->on) : NULL;

	if ((other && other != d) || (sensor && !other) || (is_expression(given->value) && !e))
		return other;
	const char *plain = !sensor ? fixed_text(r, d, given->value, given->key) : NULL;
	if (plain && !strcmp(plain, "true"))
		return NULL;
	if (plain || sensor)
		advise(r->list,
		       complain(r->list, given->value->place, "`%s` waits for a sensor of another component",
				given->key),
		       "write $brooklyn:component(\"ID\").attributeWhenReady(\"service.isUp\")");
	return NULL;
}

/* "Do not start before that is up" is order. */
static void put_latches(struct reading *r, struct draft *d)
{
	struct growing order = {0};
	struct link *link;

	for (size_t i = 0; i < d->spec->depends_on_count; i++)
		if ((link = grow_new(r, &order, struct link)))
			*link = d->spec->depends_on[i];
	r->owner = d;
	for (int key = KEY_LATCH; key <= KEY_LATCH_LAUNCH_FILES; key++) {
		const struct yaml_entry *given = given_of(d, key);
		const struct draft *other = says_something(given) ? awaited(r, d, given) : NULL;
		if (!other || !(link = grow_new(r, &order, struct link)))
			continue;
		*link = (struct link){
		    .component = other->index, .need = NEED_READY, .place = given->value->place};
		add_order(r, d, other, given->value->place);
	}
	d->spec->depends_on = kept(r, &order, sizeof(*d->spec->depends_on));
	d->spec->depends_on_count = d->spec->depends_on ? order.count : 0;
}

/* A cloud's options, for this component alone. */
static void read_provisioning(struct reading *r, struct draft *d)
{
	const struct yaml_entry *given = given_of(d, KEY_PROVISIONING);
	const struct location_kind *kind = location_kind_of(r, d->spec->location);

	if (given && kind->machines && !kind->pool)
		d->spec->provisioning = machine_options_read(r, d, given->value);
	else if (given)
		warn(r->list, given->key_place, "`%s` has no effect: no machine is made for `%s`", given->key,
		     d->spec->id);
}

/* Nobody would put them there. */
static void refuse_step_files(struct reading *r, const struct draft *d)
{
	for (int key = KEY_FILES_PREINSTALL; key <= KEY_TEMPLATES_RUNTIME; key++) {
		const struct yaml_entry *given = given_of(d, key);
		if (given)
			advise(r->list,
			       complain(r->list, given->key_place,
					"`%s` is put there by steps, and the image of `%s` starts by itself",
					given->key, d->spec->id),
			       "write `files`, which are put into the container, or `skip.install: false`, "
			       "which "
			       "installs it by its steps");
	}
}

void software_finish(struct reading *r, struct draft *d)
{
	if (!d->software || !d->kind_known)
		return;
	if (starts_by_itself(d)) {
		refuse_step_files(r, d);
		put_latches(r, d);
		return;
	}
	d->spec->reached = runs_on_machine_elsewhere(r, d);
	read_provisioning(r, d);
	/* Its runner ends well only when it is asked to, or has given up. A container that ended so would
	 * not come back with its engine. */
	if (d->spec->kind == COMPONENT_PROCESS && !given_of(d, KEY_RESTART))
		d->spec->restart = RESTART_ON_FAILURE;
	put_variables(r, d);
	put_files(r, d);
	put_life(r, d);
	put_latches(r, d);
}
