/* target.c - the scripted target: what it holds, and what a test tells it to do. */
#include "locations/fake/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static struct map *registered;

struct fake_target *fake_target_new(struct world *world)
{
	struct fake_target *target = calloc(1, sizeof(*target));

	if (!target)
		return NULL;
	target->world = world;
	target->capabilities = fake_driver.capabilities;
	target->last_rule = &target->rules;
	target->next_port = 32768;
	target->room = SIZE_MAX;
	return target;
}

static bool app_free(const char *name, void *value, void *context)
{
	struct fake_app *app = value;

	(void)name;
	(void)context;
	watches_free(app);
	map_release(&app->instances);
	map_each(app->volumes, map_value_free, NULL);
	map_release(&app->volumes);
	map_release(&app->addresses);
	free(app->lease_token);
	free(app->lease_words);
	free(app->owner_id);
	free(app->owner_words);
	free(app->owner_place);
	free(app->let_in);
	free(app->name);
	free(app);
	return true;
}

static bool behaviour_free(const char *name, void *value, void *context)
{
	struct fake_behaviour *behaviour = value;

	(void)name;
	(void)context;
	free((char *)behaviour->component);
	free((char *)behaviour->image);
	free((char *)behaviour->log);
	free((char *)behaviour->heard);
	free(behaviour);
	return true;
}

static bool command_free(const char *words, void *value, void *context)
{
	struct fake_command *command = value;

	(void)words;
	(void)context;
	free((char *)command->words);
	free((char *)command->output);
	free((char *)command->errors);
	free(command);
	return true;
}

static bool instance_drop(const char *name, void *value, void *context)
{
	(void)name;
	(void)context;
	for (struct fake_instance *instance = value, *next; instance; instance = next) {
		next = instance->same_name;
		instance_free(instance);
	}
	return true;
}

bool map_value_free(const char *name, void *value, void *context)
{
	(void)name;
	(void)context;
	free(value);
	return true;
}

void fake_target_free(struct fake_target *target)
{
	if (!target)
		return;
	lates_free(target);
	map_each(target->instances, instance_drop, NULL);
	map_release(&target->instances);
	map_each(target->apps, app_free, NULL);
	map_release(&target->apps);
	map_each(target->behaviours, behaviour_free, NULL);
	map_release(&target->behaviours);
	map_each(target->commands, command_free, NULL);
	map_release(&target->commands);
	map_each(target->images, map_value_free, NULL);
	map_release(&target->images);
	map_each(target->registries, map_value_free, NULL);
	map_release(&target->registries);
	map_release(&target->strangers);
	ports_free(target);
	fake_target_calm(target);
	while (target->tables) {
		struct fake_table *table = target->tables;
		target->tables = table->next;
		free(table);
	}
	free(target);
}

int fake_target_register(const char *name, struct fake_target *target)
{
	if (target)
		return map_put(&registered, name, target);
	map_drop(&registered, name);
	return 0;
}

struct fake_target *fake_target_named(const char *name)
{
	return map_get(registered, name);
}

struct fake_app *target_app(struct fake_target *target, const char *name)
{
	struct fake_app *app = map_get(target->apps, name);

	if (app)
		return app;
	app = calloc(1, sizeof(*app));
	if (!app)
		return NULL;
	app->name = strdup(name);
	if (!app->name || map_put(&target->apps, name, app) < 0) {
		free(app->name);
		free(app);
		return NULL;
	}
	return app;
}

struct fake_instance *target_instance(const struct fake_target *target, const char *name)
{
	return name_holder(target, NULL, NULL, name);
}

int fake_target_rule(struct fake_target *target, const struct fake_rule *wanted)
{
	struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return -1;
	rule->rule = *wanted;
	rule->instance = wanted->instance ? strdup(wanted->instance) : NULL;
	if (wanted->instance && !rule->instance) {
		free(rule);
		return -1;
	}
	*target->last_rule = rule;
	target->last_rule = &rule->next;
	return 0;
}

const struct fake_rule *target_rule(struct fake_target *target, enum fake_call call, const char *name)
{
	const struct fake_rule *active = NULL;

	target->calls[call]++;
	for (struct rule *rule = target->rules; rule; rule = rule->next) {
		const struct fake_rule *r = &rule->rule;
		if (r->call != call || (rule->instance && (!name || strcmp(rule->instance, name) != 0)))
			continue;
		unsigned nth = ++rule->matched;
		if (!active && nth > r->skip && (!r->times || nth - r->skip <= r->times))
			active = r;
	}
	return active;
}

void fake_target_capabilities(struct fake_target *target, const struct capabilities *capabilities)
{
	target->capabilities = *capabilities;
}

void fake_target_lacks(struct fake_target *target, const char *words)
{
	target->lack = words;
}

size_t fake_target_preflights(const struct fake_target *target)
{
	return target->preflights;
}

void fake_target_time(struct fake_target *target, enum fake_call call, int64_t delay_ms)
{
	target->time[call] = delay_ms;
}

void fake_target_calm(struct fake_target *target)
{
	while (target->rules) {
		struct rule *rule = target->rules;
		target->rules = rule->next;
		free(rule->instance);
		free(rule);
	}
	target->last_rule = &target->rules;
}

void fake_target_pace(struct fake_target *target, enum fake_process process, int64_t least_ms,
		      int64_t most_ms)
{
	target->paces[process].least_ms = least_ms;
	target->paces[process].most_ms = most_ms;
}

int64_t target_pace(struct fake_target *target, enum fake_process process)
{
	int64_t least = target->paces[process].least_ms, spread = target->paces[process].most_ms - least;
	uint64_t chance = 0;

	if (spread > 0)
		target->world->ops->random(target->world, &chance, sizeof(chance));
	return least + (spread > 0 ? (int64_t)(chance % ((uint64_t)spread + 1)) : 0);
}

void fake_target_room(struct fake_target *target, size_t instances)
{
	target->room = instances;
}

void fake_target_unreachable(struct fake_target *target, bool unreachable)
{
	bool back = target->unreachable && !unreachable;

	target->unreachable = unreachable;
	calls_output(target, NULL);
	if (back)
		target_relist(target);
}

int fake_target_exit(struct fake_target *target, const char *name, int exit_code)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance || instance->grouped || instance->seen.state == SEEN_BROKEN)
		return -1;
	instance_end(instance, exit_code);
	instance->seen.exits++;
	target_ended(target, &instance->seen);
	calls_output(target, name);
	return 0;
}

int fake_target_hide(struct fake_target *target, const char *name, bool hidden)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return -1;
	instance->hidden = hidden;
	return 0;
}

int fake_target_bar(struct fake_target *target, const char *name, bool barred)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return -1;
	instance->barred = barred;
	return 0;
}

int fake_target_break(struct fake_target *target, const char *name)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return -1;
	instance_end(instance, -1);
	instance->seen.state = SEEN_BROKEN;
	instance->seen.replace_only = true;
	instance->seen.error = "its host is gone";
	instance_tell(instance);
	return 0;
}

int fake_target_pause(struct fake_target *target, const char *name)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance || instance->grouped || instance->seen.state != SEEN_RUNNING)
		return -1;
	instance->seen.paused = true;
	instance->seen.error = "it is paused";
	instance_tell(instance);
	return 0;
}

int fake_target_crash(struct fake_target *target, const char *name, int exit_code)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance || instance->grouped || instance->seen.state != SEEN_RUNNING)
		return -1;
	instance_crash(instance, exit_code);
	return 0;
}

void fake_target_event(struct fake_target *target, const char *app, const char *name)
{
	target_changed(target, app, name);
}

int fake_target_tell_end(struct fake_target *target, const char *name, const char *target_id, int64_t at_ms)
{
	const struct fake_instance *instance = target_instance(target, name);
	const struct told_end end = {.target_id = target_id, .at_ms = at_ms, .exit_code = 137};

	if (!instance)
		return -1;
	target_tell_end(target, instance->seen.app, name, &end);
	return 0;
}

int fake_target_vanish(struct fake_target *target, const char *name)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return -1;
	instance_remove(instance);
	return 0;
}

int fake_target_stranger(struct fake_target *target, const char *name)
{
	return map_put(&target->strangers, name, target);
}

int fake_target_port(struct fake_target *target, const char *address, uint16_t port, enum protocol protocol,
		     bool taken)
{
	port_let_go(target, port, protocol, NULL);
	return taken ? port_hold(target, address, port, protocol, NULL) : 0;
}

static int put_id(struct map **images, const char *reference, const char *id)
{
	owned_memory char *copy = strdup(id ? id : "");

	if (!copy)
		return -1;
	char *old = map_get(*images, reference);
	if (map_put(images, reference, copy) < 0)
		return -1;
	free(old);
	copy = NULL;
	return 0;
}

int fake_target_image(struct fake_target *target, const char *reference, const char *id)
{
	return put_id(&target->images, reference, id);
}

int fake_target_registry(struct fake_target *target, const char *reference, const char *id, int64_t pull_ms)
{
	target->pull_ms = pull_ms;
	return put_id(&target->registries, reference, id);
}

size_t fake_target_asked(const struct fake_target *target)
{
	return target->asked;
}

const char *target_registry(const struct fake_target *target, const char *reference)
{
	return map_get(target->registries, reference);
}

const char *target_image(const struct fake_target *target, const char *reference, char hex[static 80])
{
	const char *told = map_get(target->images, reference);

	if (told)
		return *told ? told : NULL;
	strcpy(hex, "sha256:");
	return digest_hex(reference, strlen(reference), hex + strlen(hex)) < 0 ? NULL : hex;
}

/* "app.component image", or without an image the first part alone. */
static char *behaviour_key(const char *component, const char *image)
{
	struct text key = {0};

	text_add(&key, component);
	if (image)
		text_format(&key, " %s", image);
	return text_take(&key);
}

static bool copy_text(const char **text)
{
	const char *original = *text;

	*text = original ? strdup(original) : NULL;
	return *text || !original;
}

int fake_target_behave(struct fake_target *target, const struct fake_behaviour *wanted)
{
	struct fake_behaviour *behaviour = calloc(1, sizeof(*behaviour));
	owned_memory char *key = behaviour_key(wanted->component, wanted->image);

	if (!behaviour)
		return -1;
	*behaviour = *wanted;
	bool copied = copy_text(&behaviour->component);
	copied &= copy_text(&behaviour->image);
	copied &= copy_text(&behaviour->log);
	copied &= copy_text(&behaviour->heard);
	struct fake_behaviour *old = key ? map_get(target->behaviours, key) : NULL;
	if (!copied || !key || map_put(&target->behaviours, key, behaviour) < 0) {
		behaviour_free(NULL, behaviour, NULL);
		return -1;
	}
	if (old)
		behaviour_free(NULL, old, NULL);
	return 0;
}

const struct fake_behaviour *target_behaviour(const struct fake_target *target, const char *name,
					      const char *group, const char *image)
{
	const struct fake_behaviour *found = map_get(target->behaviours, name);
	owned_memory char *key = found || !image ? NULL : behaviour_key(group, image);

	if (key)
		found = map_get(target->behaviours, key);
	return found ? found : map_get(target->behaviours, group);
}

int fake_target_command(struct fake_target *target, const struct fake_command *wanted)
{
	struct fake_command *command = calloc(1, sizeof(*command));
	const char *key = wanted->words ? wanted->words : "";

	if (!command)
		return -1;
	*command = *wanted;
	bool copied = copy_text(&command->words);
	copied &= copy_text(&command->output);
	copied &= copy_text(&command->errors);
	struct fake_command *old = map_get(target->commands, key);
	if (!copied || map_put(&target->commands, key, command) < 0) {
		command_free(NULL, command, NULL);
		return -1;
	}
	if (old)
		command_free(NULL, old, NULL);
	return 0;
}

const struct fake_command *target_command(const struct fake_target *target, const char *words)
{
	const struct fake_command *found = map_get(target->commands, words);

	return found ? found : map_get(target->commands, "");
}

size_t fake_target_calls(const struct fake_target *target, enum fake_call call)
{
	return target->calls[call];
}

size_t fake_target_instances(const struct fake_target *target)
{
	return target->instance_count;
}

const struct observed *fake_target_find(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);

	return instance ? &instance->seen : NULL;
}

const char *const *fake_target_environment(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);

	return instance ? instance->environment : NULL;
}

const char *fake_target_let_in(const struct fake_target *target, const char *name)
{
	const struct fake_app *app = map_get(target->apps, name);

	return app ? app->let_in : NULL;
}

static const char *const none[] = {NULL};

const char *const *fake_target_signals(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return NULL;
	return instance->signals.count ? instance->signals.list : none;
}

const char *const *fake_target_commands(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return NULL;
	return instance->commands.count ? instance->commands.list : none;
}

const char *fake_target_input(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);

	return instance ? instance->input : NULL;
}

const char *fake_target_machine(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);

	return instance ? instance->machine : NULL;
}

const struct spec_file *fake_target_files(const struct fake_target *target, const char *name,
					  size_t *ret_count)
{
	const struct fake_instance *instance = target_instance(target, name);

	*ret_count = instance ? instance->file_count : 0;
	return instance ? instance->files : NULL;
}
