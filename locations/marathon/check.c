/* check.c - whether Marathon could run it at all, told before anything is touched. */
#include <ctype.h>
#include <string.h>

#include "locations/marathon/marathon.h"

static int refuse(const struct location *location, const struct instance_spec *spec, const char *why,
		  const char *instead, struct error *err)
{
	fail(err, ERR_UNSUPPORTED, "location `%s`: `%s`: %s", location->name, spec->component, why);
	remedy(err, "%s", instead);
	return -1;
}

static int check_kind(const struct location *location, const struct instance_spec *spec, struct error *err)
{
	/* What waits for others has no digest yet, and its words are not known. */
	if (spec->kind == COMPONENT_PROCESS && *spec->digest && (!spec->command || !spec->command[0]))
		return fail(err, ERR_INVALID, "a process needs a `command`");
	if (spec->kind == COMPONENT_DOCKER && (!spec->image || !*spec->image))
		return fail(err, ERR_INVALID, "location `%s`: `%s` has no image", location->name,
			    spec->component);
	if (spec->job)
		return refuse(location, spec, "Marathon runs again whatever ends, a job too",
			      "give the job another location", err);
	if (spec->restart == RESTART_NO || spec->restart == RESTART_ON_FAILURE)
		return refuse(location, spec, "Marathon runs again whatever ends",
			      "leave `restart` out, or give it another location", err);
	if (spec->generation)
		return fail(err, ERR_UNSUPPORTED, "location `%s` has one app of a name", location->name);
	return 0;
}

static int check_labels(const struct location *location, const struct instance_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->label_count; i++)
		if (starts_with(spec->labels[i].name, "berth."))
			return fail(err, ERR_INVALID, "location `%s`: the label `%s` of `%s` is berth's own",
				    location->name, spec->labels[i].name, spec->component);
	return 0;
}

static int check_parts(const struct location *location, const struct instance_spec *spec, struct error *err)
{
	if (spec->file_count)
		return refuse(location, spec, "Marathon puts no files into its tasks",
			      "build them into the image, or name them in `fetch` of the location", err);
	for (size_t i = 0; i < spec->volume_count; i++)
		if (spec->volumes[i].name)
			return refuse(location, spec,
				      "a named volume is of one agent, and Marathon moves tasks between them",
				      "give the path of a folder that all agents share", err);
	return 0;
}

/* Its numbers at the host are one: nobody else on that agent may have them. */
static int check_ports(const struct marathon *marathon, const struct instance_spec *spec, struct error *err)
{
	bool host = !strcmp(marathon_network(marathon, spec), "host");

	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		if (host && spec->kind == COMPONENT_PROCESS && port->name && !port->fixed)
			return refuse(
			    marathon->location, spec, "on its hosts' own network a port must have its number",
			    "write a number for `auto`, or let the location have `network: bridge`", err);
		if (host && port->published && port->fixed && port->host_port != port->port)
			return fail(err, ERR_UNSUPPORTED,
				    "location `%s`: on its hosts' own network port %u of `%s` cannot be %u",
				    marathon->location->name, port->port, spec->component, port->host_port);
	}
	return 0;
}

/* What only Docker's own command line has. */
static int check_container(const struct marathon *marathon, const struct instance_spec *spec,
			   struct error *err)
{
	if (!marathon_by_mesos(marathon, spec))
		return 0;
	if (spec->directory || spec->stop_signal ||
	    (spec->kind == COMPONENT_DOCKER && spec->entrypoint && !marathon_shell_line(spec)))
		return refuse(marathon->location, spec,
			      "Mesos' own containers take no `dir`, `stopSignal` or `entrypoint`",
			      "build it into the image, or let Docker run it: `containerizer: docker`", err);
	return 0;
}

int marathon_version_fits(const struct marathon *marathon, const struct instance_spec *spec,
			  struct error *err)
{
	if (!marathon->known || marathon_is_new(marathon) || !marathon_by_mesos(marathon, spec))
		return 0;
	if (!marathon_is_bare(spec) && !marathon_since(marathon, 1, 3))
		return refuse(marathon->location, spec,
			      "before Marathon 1.3 Mesos' own containers have no image",
			      "let Docker run it: `containerizer: docker`", err);
	if (spec->port_count && !strcmp(marathon_network(marathon, spec), "bridge"))
		return refuse(
		    marathon->location, spec,
		    "before Marathon 1.5 Mesos' own containers have no bridge to reach its ports by",
		    "give it `network: host`, or the name of a network, or let Docker run it", err);
	return 0;
}

int marathon_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	return check_kind(location, spec, err) < 0 || check_labels(location, spec, err) < 0 ||
		       check_parts(location, spec, err) < 0 || check_ports(location->state, spec, err) < 0 ||
		       check_container(location->state, spec, err) < 0 ||
		       marathon_version_fits(location->state, spec, err) < 0
		   ? -1
		   : 0;
}
