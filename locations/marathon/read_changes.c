/* read_changes.c - what Marathon is about: deployments, the answers to changes, itself. */
#include <stdio.h>
#include <string.h>

#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

int marathon_accepted_read(const json_t *json, struct arena *arena, struct marathon_accepted *ret,
			   struct error *err)
{
	const struct marathon_reading reading = {arena, "change", err};

	*ret = (struct marathon_accepted){0};
	return marathon_must_be_object(&reading, json) < 0 ||
		       marathon_take_text(&reading, json, "deploymentId", true, &ret->deployment) < 0 ||
		       marathon_take_text(&reading, json, "version", false, &ret->version) < 0
		   ? -1
		   : 0;
}

int marathon_deployment_read(const json_t *json, struct arena *arena, struct marathon_deployment *ret,
			     struct error *err)
{
	const struct marathon_reading reading = {arena, "deployment", err};
	const json_t *apps, *actions, *steps;

	*ret = (struct marathon_deployment){0};
	if (marathon_must_be_object(&reading, json) < 0 ||
	    marathon_take_text(&reading, json, "id", true, &ret->id) < 0 ||
	    marathon_take_text(&reading, json, "version", false, &ret->version) < 0 ||
	    marathon_take_list(&reading, json, "affectedApps", &apps) < 0 ||
	    marathon_take_list(&reading, json, "currentActions", &actions) < 0 ||
	    marathon_take_list(&reading, json, "steps", &steps) < 0 ||
	    marathon_take_texts(&reading, apps, NULL, &ret->apps, &ret->app_count) < 0 ||
	    marathon_take_count(&reading, json, "currentStep", 0, &ret->step) < 0 ||
	    marathon_take_count(&reading, json, "totalSteps", (int64_t)json_array_size(steps), &ret->steps) <
		0)
		return -1;
	const json_t *first = json_array_get(actions, 0);
	/* Before 1.4 the action was its type. */
	ret->action = json_text(first, "action") ?: json_text(first, "type");
	ret->app = json_text(first, "app");
	return 0;
}

int marathon_info_read(const json_t *json, struct arena *arena, struct marathon_info *ret, struct error *err)
{
	const struct marathon_reading reading = {arena, "Marathon", err};
	const json_t *config;

	*ret = (struct marathon_info){0};
	if (marathon_must_be_object(&reading, json) < 0 ||
	    marathon_take_text(&reading, json, "version", true, &ret->version) < 0 ||
	    marathon_take_text(&reading, json, "name", false, &ret->name) < 0 ||
	    marathon_take_text(&reading, json, "frameworkId", false, &ret->framework) < 0 ||
	    marathon_take_text(&reading, json, "leader", false, &ret->leader) < 0 ||
	    marathon_take_object(&reading, json, "marathon_config", &config) < 0 ||
	    marathon_take_text(&reading, config, "mesos_leader_ui_url", false, &ret->mesos) < 0)
		return -1;
	if (sscanf(ret->version, "%u.%u", &ret->major, &ret->minor) != 2)
		return fail(err, ERR_UNREACHABLE, "Marathon says that its version is `%s`", ret->version);
	return 0;
}
