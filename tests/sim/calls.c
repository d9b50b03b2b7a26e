/* calls.c - stands between the engine and the drivers, by the linker's --wrap of their look-up, and counts.
 */
#include "tests/sim/calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"

/* A location's own table while it is open. */
struct counted {
	struct location_driver table;
	const struct location_driver *real;
};

static struct tally *counting;

void calls_count(struct tally *tally)
{
	counting = tally;
}

static const struct location_driver *real_of(const struct location *location)
{
	return ((const struct counted *)location->driver)->real;
}

static void count(const struct location *location, const char *function, const char *how)
{
	char name[80];
	snprintf(name, sizeof name, "%s %s%s%s", real_of(location)->type, function, *how ? " " : "", how);
	tally_add(counting, "driver call", name, 1);
}

/* How an errand ended; that it waits is no news. */
static enum progress note(const struct location *location, const char *function, enum progress progress)
{
	if (progress != PROGRESS_WAITING)
		count(location, function, progress == PROGRESS_DONE ? "done" : "failed");
	return progress;
}

/* NAME, its parameters after the errand, and those as they are passed on. */
#define ERRANDS_EACH(X)                                                                                      \
	X(connect, (struct location_facts * ret, struct error * err), (ret, err))                            \
	X(list, (const struct list_request *request, struct inventory *ret, struct error *err),              \
	  (request, ret, err))                                                                               \
	X(look,                                                                                              \
	  (const char *app, const char *name, struct arena *arena, struct observed *ret, struct error *err), \
	  (app, name, arena, ret, err))                                                                      \
	X(claim,                                                                                             \
	  (const char *app, const struct owner *owner, bool adopt, struct arena *arena, struct owner *ret,   \
	   struct error *err),                                                                               \
	  (app, owner, adopt, arena, ret, err))                                                              \
	X(disclaim, (const char *app, struct error *err), (app, err))                                        \
	X(prepare, (const struct prepare_request *request, struct error *err), (request, err))               \
	X(release, (const char *app, bool volumes, struct error *err), (app, volumes, err))                  \
	X(place, (const struct instance_spec *spec, const char **note_, struct error *err),                  \
	  (spec, note_, err))                                                                                \
	X(start, (const struct instance_spec *spec, struct error *err), (spec, err))                         \
	X(admit, (const struct instance_spec *spec, struct error *err), (spec, err))                         \
	X(probe, (const struct instance_spec *spec, const struct health_check *check, struct error *err),    \
	  (spec, check, err))                                                                                \
	X(stop, (const char *app, const char *name, struct error *err), (app, name, err))                    \
	X(remove, (const char *app, const char *name, struct error *err), (app, name, err))                  \
	X(update, (const struct instance_spec *spec, struct error *err), (spec, err))                        \
	X(deliver, (const struct instance_spec *spec, struct error *err), (spec, err))                       \
	X(signal, (const char *app, const char *name, const char *word, struct error *err),                  \
	  (app, name, word, err))                                                                            \
	X(withdraw, (const char *app, const char *name, struct error *err), (app, name, err))                \
	X(rename, (const char *app, const char *from, const char *to, struct error *err),                    \
	  (app, from, to, err))                                                                              \
	X(exec, (const char *app, const char *name, struct exec_session *session, struct error *err),        \
	  (app, name, session, err))                                                                         \
	X(lease,                                                                                             \
	  (const char *app, const struct lease *lease, struct arena *arena, struct lease *ret,               \
	   struct error *err),                                                                               \
	  (app, lease, arena, ret, err))                                                                     \
	X(tidy, (const char *app, const char *token, struct error *err), (app, token, err))                  \
	X(logs,                                                                                              \
	  (const char *app, const char *name, const struct log_options *options, log_sink *sink,             \
	   void *sink_owner, struct error *err),                                                             \
	  (app, name, options, sink, sink_owner, err))                                                       \
	X(usage, (const char *app, const char *name, struct usage *ret, struct error *err),                  \
	  (app, name, ret, err))

#define STRIP(...) __VA_ARGS__
#define DEFINE_ERRAND(name, parameters, arguments)                                                           \
	static enum progress count_##name(struct location *location, struct errand *errand,                  \
					  STRIP parameters)                                                  \
	{                                                                                                    \
		return note(location, #name, real_of(location)->name(location, errand, STRIP arguments));    \
	}
ERRANDS_EACH(DEFINE_ERRAND)

static int count_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		       struct error *err)
{
	count(location, "watch", "");
	return real_of(location)->watch(location, app, changed, owner, err);
}

static void count_drop(struct location *location, struct errand *errand)
{
	if (errand->state)
		count(location, "drop", "");
	real_of(location)->drop(location, errand);
}

static int count_open(struct location *location, struct error *err);

static void count_close(struct location *location)
{
	struct counted *own = (struct counted *)location->driver;
	location->driver = own->real;
	own->real->close(location);
	if (own->table.open != count_open)
		free(own);
}

static struct counted shared[8];

static void fill(struct counted *counted, const struct location_driver *real)
{
	counted->table = *real;
	counted->real = real;
#define SET_ERRAND(name, parameters, arguments) counted->table.name = count_##name;
	ERRANDS_EACH(SET_ERRAND)
	counted->table.watch = count_watch;
	counted->table.drop = count_drop;
	counted->table.close = count_close;
}

/* A driver may give the location a table of its own when it opens it. */
static int count_open(struct location *location, struct error *err)
{
	const struct counted *common = (const struct counted *)location->driver;
	struct counted *own = malloc(sizeof *own);
	if (!own)
		return fail_memory(err);
	location->driver = common->real;
	int result = common->real->open(location, err);
	fill(own, location->driver);
	location->driver = &own->table;
	return result;
}

const struct location_driver *__real_location_driver_of(const char *type);
const struct location_driver *__wrap_location_driver_of(const char *type);

const struct location_driver *__wrap_location_driver_of(const char *type)
{
	const struct location_driver *real = __real_location_driver_of(type);
	size_t i = 0;
	if (!real)
		return NULL;
	while (shared[i].real && shared[i].real != real)
		i++;
	fill(&shared[i], real);
	shared[i].table.open = count_open;
	return &shared[i].table;
}

/* A process always stops before its successor starts, so it has no name to lose while it serves. No sensor of
 * the seeds asks a machine reached by SSH. */
static bool possible(const char *type, const char *function)
{
	if (strcmp(type, "ssh") == 0)
		return strcmp(function, "withdraw") != 0 && strcmp(function, "usage") != 0;
	return strcmp(type, "localhost") != 0 || strcmp(function, "withdraw") != 0;
}

void calls_expect(struct tally *tally, const char *type)
{
	static const char *const names[] = {
#define NAME_ERRAND(name, parameters, arguments) #name,
	    ERRANDS_EACH(NAME_ERRAND)};
	char row[80];
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!possible(type, names[i]))
			continue;
		snprintf(row, sizeof row, "%s %s done", type, names[i]);
		tally_add(tally, "driver call", row, 0);
	}
}
