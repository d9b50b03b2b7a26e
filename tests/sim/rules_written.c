/* rules_written.c - each instance against the lines of the blueprint that are about it, one by one: its
 * program, variables, secret, limits, file, port and volume. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/local.h"
#include "tests/sim/rules.h"

static void must_be(struct theatre *stage, const struct sight *sight, const char *what, const char *is,
		    const char *wanted)
{
	if (strcmp(is ? is : "", wanted) != 0)
		stage_accuse(stage, "as written", "%s of %s is `%s`, and the blueprint says `%s`", what,
			     sight->name, is ? is : "", wanted);
}

static void image_is(struct theatre *stage, const struct sight *sight, const struct part *part)
{
	char wanted[32];
	model_image(part, wanted, sizeof wanted);
	must_be(stage, sight, "the program", sight->image, wanted);
}

/* A secret reaches who is to be left alone by a change when it is made anew for another reason. */
static void variables_are(struct theatre *stage, const struct sight *sight, const struct model *model,
			  const struct part *part)
{
	char setting[32], secret[32];
	snprintf(setting, sizeof setting, "s%u", part->setting);
	snprintf(secret, sizeof secret, "hush%u", model->secret_version);
	must_be(stage, sight, "SETTING", sight_variable(sight, "SETTING"), setting);
	if (!part->job && part->on_change == 0)
		must_be(stage, sight, "SECRET", sight_variable(sight, "SECRET"),
			model_has_secret(model, part) ? secret : "");
}

static void limits_are(struct theatre *stage, const struct sight *sight, const struct part *part)
{
	char is[32], wanted[32];
	if (!realm_has_processes(part->realm)) {
		snprintf(is, sizeof is, "%lld", (long long)sight->memory);
		snprintf(wanted, sizeof wanted, "%lld", (long long)part->memory << 20);
		must_be(stage, sight, "memory", is, wanted);
	}
	if (!part->job)
		must_be(stage, sight, "the restart policy", sight->policy,
			stage->deployers[0].keeper && part_has_duty(part) ? "no"
			: part->always                                    ? "always"
									  : "unless-stopped");
}

static void file_is(struct theatre *stage, const struct sight *sight, const struct part *part)
{
	owned_text is = {0};
	char wanted[32];
	snprintf(wanted, sizeof wanted, "content %u", part->content);
	sight_file(sight, stage, &is);
	if (part->content)
		must_be(stage, sight, "the file", text_view(&is), wanted);
}

static bool has_spot(const struct sight *sight, uint16_t number)
{
	for (size_t i = 0; i < sight->spot_count; i++)
		if (sight->spots[i].number == number)
			return true;
	return false;
}

static bool is_published(const struct sight *sight)
{
	for (size_t i = 0; i < sight->spot_count; i++)
		if (sight->spots[i].number != 80)
			return true;
	return false;
}

static void holds_its_own(struct theatre *stage, const struct sight *sight, const struct part *part)
{
	char volume[32];
	if (part->bound && sight->running && !has_spot(sight, part->bound))
		stage_accuse(stage, "as written", "%s is not bound to port %u", sight->name, part->bound);
	if (part->published && part->realm == REALM_DOCKER && sight->running && !is_published(sight))
		stage_accuse(stage, "as written", "%s is not published", sight->name);
	if (part->realm == REALM_LOCAL && local_launch_left(stage, sight))
		stage_accuse(stage, "as written", "what %s was given to run lies on the disk", sight->name);
	if (part->realm != REALM_DOCKER || !part->volume)
		return;
	snprintf(volume, sizeof volume, "app.v-%s", part->id);
	must_be(stage, sight, "the volume", sight->volumes[0], volume);
}

void rule_as_written(struct theatre *stage, const struct model *model)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &model->parts[i];
		for (unsigned n = 1; part->there && n <= part->instances; n++) {
			const struct sight *sight = judge_counted(stage, part, n);
			/* Of a process that does not run just now only its keeper tells. */
			if (!sight || part_leaves_nothing(part) ||
			    (part->realm == REALM_LOCAL && !sight->running))
				continue;
			image_is(stage, sight, part);
			variables_are(stage, sight, model, part);
			limits_are(stage, sight, part);
			file_is(stage, sight, part);
			holds_its_own(stage, sight, part);
			tally_add(stage->tally, "judged", "instances against the blueprint", 1);
		}
	}
}
