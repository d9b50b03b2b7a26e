/* embed.c - deploy a blueprint through libberth from a poll loop of your own: embed BLUEPRINT [NAME=SPEC]. */
#include <berth/berth.h>
#include <poll.h>
#include <stdio.h>

static void on_event(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind == BERTH_EVENT_PHASE)
		printf("%s is %s%s%s\n", event->instance ? event->instance : event->component, event->phase,
		       event->text ? ": " : "", event->text ? event->text : "");
}

static char blueprint[1 << 16];

int main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
	if (!file) {
		fprintf(stderr, "usage: embed BLUEPRINT [NAME=SPEC]\n");
		return BERTH_USAGE;
	}
	size_t size = fread(blueprint, 1, sizeof blueprint - 1, file);
	fclose(file);

	struct berth_error error;
	struct berth *berth;
	if (berth_open(&berth, NULL, &error) < 0) {
		fprintf(stderr, "%s\n%s\n", error.text, error.remedy);
		return error.outcome;
	}
	const char *locations[] = {argc > 2 ? argv[2] : NULL, NULL};
	struct berth_request request = {.size = sizeof request,
					.blueprint = blueprint,
					.blueprint_size = size,
					.file = argv[1],
					.locations = locations};
	struct berth_listener listener = {.size = sizeof listener, .event = on_event};
	struct berth_operation *deploy = berth_deploy(berth, &request, &listener, &error);
	while (deploy && !berth_done(deploy)) {
		/* Your own descriptors and timers go here too. */
		struct pollfd fds[] = {{.fd = berth_fd(berth), .events = POLLIN}};
		poll(fds, 1, berth_timeout_ms(berth));
		berth_dispatch(berth);
	}
	enum berth_outcome outcome = deploy ? berth_outcome(deploy) : error.outcome;
	if (outcome != BERTH_OK)
		fprintf(stderr, "%s\n%s\n", deploy ? berth_message(deploy) : error.text,
			deploy ? berth_remedy(deploy) : error.remedy);
	berth_operation_free(deploy);
	berth_close(berth);
	return outcome;
}
