/* rules_written.c - each instance against the lines of the blueprint that are about it, one by one. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rules.h"

struct reading {
	struct theatre *stage;
	const struct model *model;
	const struct part *part;
	const struct sight *sight;
	const char *rule;
};

static void expect(const struct reading *reading, const char *what, const char *there, const char *wanted)
{
	if (!there || strcmp(there, wanted) != 0)
		stage_accuse(reading->stage, reading->rule, "%s has %s for its %s, not %s",
			     reading->sight->name, there ? there : "nothing", what, wanted);
}

static void read_image(const struct reading *reading)
{
	char image[32];
	model_image(reading->part, image, sizeof image);
	if (reading->sight->image)
		expect(reading, "image", reading->sight->image, image);
}

static void read_variables(const struct reading *reading)
{
	const struct part *part = reading->part;
	char value[32];
	snprintf(value, sizeof value, "s%u", part->setting);
	expect(reading, "SETTING", sight_variable(reading->sight, "SETTING"), value);
	/* Who is not made anew for it keeps the one that it has; a job runs for its own sake alone. */
	if (!reading->model->secret || part->setting % 2 == 0 || part->on_change || part->job)
		return;
	snprintf(value, sizeof value, "hush%u", reading->model->secret_version);
	expect(reading, "SECRET", sight_variable(reading->sight, "SECRET"), value);
}

/* What is changed under a container that stays. */
static void read_what_changes(const struct reading *reading)
{
	const struct part *part = reading->part;
	char there[32], wanted[32];
	size_t size = 0;
	unsigned mode = 0;
	snprintf(there, sizeof there, "%lld", (long long)reading->sight->memory);
	snprintf(wanted, sizeof wanted, "%lld", (long long)part->memory << 20);
	expect(reading, "memory", there, wanted);
	if (!part->job)
		expect(reading, "restart policy", reading->sight->restart,
		       part->always ? "always" : "unless-stopped");
	if (!part->content)
		return;
	const char *file =
	    docker_engine_file(reading->stage->engine, reading->sight->name, "/etc/c.conf", &size, &mode);
	snprintf(there, sizeof there, "%.*s", (int)size, file ? file : "");
	snprintf(wanted, sizeof wanted, "content %u", part->content);
	expect(reading, "file", there, wanted);
}

void rule_as_written(struct theatre *stage, const struct model *model, const char *name)
{
	const struct sights *sights = &stage->judge->now;
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		struct reading reading = {
		    stage, model, sight->component ? model_part(model, sight->component) : NULL, sight, name};
		if (!reading.part || reading.part->realm != sight->realm || sight->generation ||
		    sight->ordinal > reading.part->instances || !(sight->running || sight->ended_well))
			continue;
		read_image(&reading);
		if (sight->realm != REALM_LOCAL || sight->environment[0])
			read_variables(&reading);
		if (sight->realm == REALM_DOCKER)
			read_what_changes(&reading);
		tally_add(stage->tally, "judged", "instances against the blueprint", 1);
	}
}
