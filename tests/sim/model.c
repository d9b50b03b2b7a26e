/* model.c - an application is invented, edited, and written down as a blueprint. */
#include "tests/sim/model.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const char *const edit_words[EDITS] = {"another version",
				       "another setting",
				       "another count",
				       "another link",
				       "a new component",
				       "one component less",
				       "another name",
				       "published",
				       "a port of the host",
				       "memory",
				       "a file",
				       "onChange",
				       "another temper",
				       "protected",
				       "a volume",
				       "another place",
				       "another restart policy",
				       "the secret rotates"};

static enum realm any_realm(const struct model *model, struct dice *dice)
{
	/* So that a seed without the last one plays as it did before there was one. */
	unsigned sides = model->realms & 1u << REALM_MACHINE ? REALMS : REALM_MACHINE;
	enum realm realm;
	do
		realm = (enum realm)roll(dice, sides);
	while (!(model->realms & 1u << realm));
	return realm;
}

/* A link or an order to one before it, that somebody can wait for. */
static int any_provider(const struct model *model, int consumer, struct dice *dice)
{
	if (consumer <= 0)
		return -1;
	int provider = (int)roll(dice, (unsigned)consumer);
	const struct part *part = &model->parts[provider];
	return part->there && !part->job ? provider : -1;
}

/* Somebody before it, of whom a job comes to its end first. */
static int any_before(const struct model *model, int index, struct dice *dice)
{
	int first = index > 0 ? (int)roll(dice, (unsigned)index) : -1;
	return first >= 0 && model->parts[first].there ? first : -1;
}

static void name_part(struct model *model, struct part *part)
{
	snprintf(part->id, sizeof part->id, "c%u", model->next_name++);
}

/* What can be written down at all: a fixed port, a volume or a check each ask for something else. */
static void make_sense(struct part *part)
{
	if (part->job) {
		part->published = part->checked = part->volume = false;
		part->bound = 0;
		part->instances = 1;
		part->temper = TEMPER_GOOD;
	}
	if (part->bound || part->volume)
		part->instances = 1;
	if (realm_has_processes(part->realm)) {
		part->volume = false;
		part->published = false;
		part->bound = 0;
	}
}

static void invent_part(struct model *model, int index, struct dice *dice)
{
	struct part *part = &model->parts[index];
	*part = (struct part){
	    .there = true, .realm = any_realm(model, dice), .version = 1, .setting = 1, .after = -1};
	name_part(model, part);
	part->instances = one_in(dice, 4) ? 2 + roll(dice, 2) : 1;
	part->job = one_in(dice, 8);
	part->published = one_in(dice, 5);
	part->volume = one_in(dice, 7);
	part->checked = one_in(dice, 5);
	part->peer = one_in(dice, 12);
	part->bound = one_in(dice, 8) ? (uint16_t)(8000 + index) : 0;
	part->memory = one_in(dice, 5) ? 64 : 0;
	part->content = one_in(dice, 4) ? 1 : 0;
	part->on_change = one_in(dice, 4) ? 1 + (int)roll(dice, 2) : 0;
	part->temper = one_in(dice, 6) ? TEMPER_SLOW : TEMPER_GOOD;
	for (int i = 0; i < LINKS_MAX; i++)
		part->links[i] = one_in(dice, 2) ? any_provider(model, index, dice) : -1;
	for (int i = 1; i < LINKS_MAX; i++)
		for (int k = 0; k < i; k++)
			if (part->links[i] == part->links[k])
				part->links[i] = -1;
	if (one_in(dice, 5))
		part->after = any_before(model, index, dice);
	part->stop_first = one_in(dice, 10);
	make_sense(part);
}

void model_invent(struct model *model, struct dice *dice, unsigned realms)
{
	unsigned count = 8 + roll(dice, 4);
	*model = (struct model){
	    .realms = realms, .next_version = 2, .secret = one_in(dice, 2), .secret_version = 1};
	for (unsigned i = 0; i < count; i++)
		invent_part(model, (int)i, dice);
}

/* Any part that is there. */
static int any_part(const struct model *model, struct dice *dice)
{
	for (int tries = 0; tries < 100; tries++) {
		int index = (int)roll(dice, PARTS_MAX);
		if (model->parts[index].there)
			return index;
	}
	return -1;
}

static void forget(struct model *model, int gone)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		struct part *part = &model->parts[i];
		for (int k = 0; k < LINKS_MAX; k++)
			if (part->links[k] == gone)
				part->links[k] = -1;
		if (part->after == gone)
			part->after = -1;
	}
}

static int add_part(struct model *model, struct dice *dice)
{
	for (int i = 0; i < PARTS_MAX; i++)
		if (!model->parts[i].there) {
			invent_part(model, i, dice);
			return i;
		}
	return -1;
}

static unsigned parts_there(const struct model *model)
{
	unsigned count = 0;
	for (int i = 0; i < PARTS_MAX; i++)
		count += model->parts[i].there;
	return count;
}

static bool change_link(struct model *model, int index, struct dice *dice)
{
	struct part *part = &model->parts[index];
	int *link = &part->links[roll(dice, LINKS_MAX)];
	int provider = *link < 0 ? any_provider(model, index, dice) : -1;
	for (int i = 0; i < LINKS_MAX && provider >= 0; i++)
		if (part->links[i] == provider)
			return false;
	if (*link == provider)
		return false;
	*link = provider;
	return true;
}

/* Its kind of life. What never gets ready would have its consumers wait for ever: model_heal mends it. */
static void change_temper(struct part *part, struct dice *dice)
{
	part->temper = part->temper >= TEMPER_DEAD ? TEMPER_GOOD : (enum temper)roll(dice, TEMPERS);
}

static bool change_part(struct model *model, int index, enum edit edit, struct dice *dice)
{
	struct part *part = &model->parts[index];
	switch (edit) {
	case EDIT_VERSION:
		part->version = model->next_version++;
		return true;
	case EDIT_SETTING:
		part->setting++;
		return true;
	case EDIT_COUNT:
		part->instances = 1 + (part->instances + roll(dice, 2)) % 3;
		return !part->bound && !part->volume && !part->job;
	case EDIT_LINK:
		return change_link(model, index, dice);
	case EDIT_RENAME:
		name_part(model, part);
		return !part->guarded;
	case EDIT_PUBLISH:
		part->published = !part->published;
		return !part->job;
	case EDIT_BIND:
		part->bound = part->bound ? 0 : (uint16_t)(8000 + index);
		return !part->job;
	case EDIT_MEMORY:
		part->memory = part->memory == 64 ? 128 : 64;
		return true;
	case EDIT_FILE:
		part->content++;
		return true;
	case EDIT_ON_CHANGE:
		part->on_change = (part->on_change + 1) % 3;
		return true;
	case EDIT_TEMPER:
		change_temper(part, dice);
		return !part->job;
	case EDIT_PROTECT:
		part->protected = !part->protected;
		part->guarded |= part->protected;
		return true;
	case EDIT_VOLUME:
		part->volume = !part->volume;
		return !part->job && !realm_has_processes(part->realm);
	case EDIT_RESTART:
		part->always = !part->always;
		return !part->job;
	case EDIT_MOVE:
		part->realm = any_realm(model, dice);
		return true;
	default:
		return false;
	}
}

int model_edit(struct model *model, enum edit edit, uint64_t chance)
{
	struct dice dice = {chance};
	if (edit == EDIT_ADD)
		return add_part(model, &dice);
	if (edit == EDIT_ROTATE) {
		model->secret_version++;
		return model->secret ? 0 : -1;
	}
	int index = any_part(model, &dice);
	if (index < 0)
		return -1;
	struct part before = model->parts[index];
	if (edit == EDIT_REMOVE) {
		if (before.guarded || parts_there(model) < 4)
			return -1;
		model->parts[index].there = false;
		forget(model, index);
		return index;
	}
	bool changed = change_part(model, index, edit, &dice);
	make_sense(&model->parts[index]);
	if (!changed || (before.protected && edit != EDIT_PROTECT && edit != EDIT_FILE &&
			 edit != EDIT_MEMORY && edit != EDIT_RESTART)) {
		model->parts[index] = before;
		return -1;
	}
	return index;
}

bool model_is_guarded(const struct model *model)
{
	for (int i = 0; i < PARTS_MAX; i++)
		if (model->parts[i].there && model->parts[i].guarded)
			return true;
	return false;
}

void model_heal(struct model *model)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		struct part *part = &model->parts[i];
		part->protected = false;
		if (part->temper >= TEMPER_DEAD)
			part->temper = TEMPER_GOOD;
	}
}

bool model_has_secret(const struct model *model, const struct part *part)
{
	return model->secret && part->setting % 2;
}

/* --- written down -------------------------------------------------------------------------------- */

static const char *const tempers[TEMPERS] = {"good", "slow", "dead", "crash"};
static const char *const realms[REALMS] = {"engine", "here", "fleet", "cloud", "there"};

static const char *program_of(const struct part *part)
{
	return part->job ? "job" : tempers[part->temper];
}

void model_image(const struct part *part, char *ret, size_t size)
{
	snprintf(ret, size, "%s:%u", program_of(part), part->version);
}

static void render_kind(const struct part *part, struct text *out)
{
	const char *name = program_of(part);
	if (realm_has_processes(part->realm))
		text_format(out, "- type: process\n  id: %s\n  command: [/bin/%s, \"%u\"]\n", part->id, name,
			    part->version);
	else
		text_format(out, "- type: docker:%s:%u\n  id: %s\n", name, part->version, part->id);
	text_format(out, "  location: %s\n", realms[part->realm]);
}

static void render_links(const struct model *model, const struct part *part, struct text *out)
{
	bool any = false;
	for (int i = 0; i < LINKS_MAX; i++) {
		if (part->links[i] < 0)
			continue;
		const char *to = model->parts[part->links[i]].id;
		text_format(out, "%s    l%d: ", any ? "" : "  links:\n", i);
		text_format(out,
			    part->peer ? "{component: $brooklyn:component(\"%s\"), wait: false}\n"
				       : "$brooklyn:component(\"%s\")\n",
			    to);
		any = true;
	}
	if (part->after >= 0)
		text_format(out, "  dependsOn: [%s]\n", model->parts[part->after].id);
}

static void render_ports(const struct part *part, struct text *out)
{
	if (part->job)
		return;
	if (realm_has_processes(part->realm)) {
		text_add(out, "  ports: {main: auto}\n");
		return;
	}
	text_add(out, "  openPorts: 80\n");
	if (part->bound)
		text_format(out, "  portBindings: {%u: 80}\n", part->bound);
	if (part->published)
		text_add(out, "  publish: [80]\n");
}

static void render_rest(const struct model *model, const struct part *part, struct text *out)
{
	static const char *const on_change[] = {"restart", "{signal: HUP}", "none"};
	text_format(out, "  env:\n    SETTING: s%u\n", part->setting);
	if (model_has_secret(model, part))
		text_add(out, "    SECRET: $berth:secret(\"env:SIM_SECRET\")\n");
	if (part->job)
		text_add(out, "  job: true\n");
	else if (part->instances != 1)
		text_format(out, "  instances: %u\n", part->instances);
	if (part->volume)
		text_format(out, "  volumes: [\"v-%s:/data\"]\n", part->id);
	if (part->memory && !realm_has_processes(part->realm))
		text_format(out, "  memory: %um\n", part->memory);
	if (part->content)
		text_format(out, "  files:\n    %s: {content: \"content %u\"}\n",
			    realm_has_processes(part->realm) ? "c.conf" : "/etc/c.conf", part->content);
	if (part->checked && !part->job)
		text_add(out, "  healthCheck: {tcp: {}}\n");
	if (part->on_change)
		text_format(out, "  onChange: %s\n", on_change[part->on_change]);
	if (part->stop_first && !part->job)
		text_add(out, "  update: stop-first\n");
	if (part->always && !part->job)
		text_add(out, "  restart: always\n");
	if (part->protected)
		text_add(out, "  protect: true\n");
	model_render_care(part, out);
}

void model_render(const struct model *model, struct text *out)
{
	text_clear(out);
	text_add(out, "id: app\nservices:\n");
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &model->parts[i];
		if (!part->there)
			continue;
		render_kind(part, out);
		render_ports(part, out);
		render_links(model, part, out);
		render_rest(model, part, out);
	}
}

const struct part *model_part(const struct model *model, const char *id)
{
	for (int i = 0; i < PARTS_MAX; i++)
		if (model->parts[i].there && strcmp(model->parts[i].id, id) == 0)
			return &model->parts[i];
	return NULL;
}

unsigned model_wanted(const struct model *model)
{
	unsigned count = 0;
	for (int i = 0; i < PARTS_MAX; i++)
		count += model->parts[i].there ? model->parts[i].instances : 0;
	return count;
}

bool model_has_consumer_outside(const struct model *model, int provider)
{
	for (int i = 0; i < PARTS_MAX; i++)
		for (int k = 0; k < LINKS_MAX && model->parts[i].there; k++)
			if (model->parts[i].links[k] == provider &&
			    model->parts[i].realm != model->parts[provider].realm)
				return true;
	return false;
}
