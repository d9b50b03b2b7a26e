/* usage.c - what an instance on a machine uses, as its processes there tell. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "locations/ssh/machine.h"

static int read_usage(const char *answer, struct usage *ret)
{
	const char *line = machine_line(answer, "@usage");
	long long ticks, pages, count, hertz, page, now;

	if (!line ||
	    sscanf(line, "%lld %lld %lld %lld %lld %lld", &ticks, &pages, &count, &hertz, &page, &now) != 6 ||
	    hertz <= 0)
		return -1;
	*ret = (struct usage){.cpu_s = (double)ticks / (double)hertz,
			      .memory = (double)pages * (double)page,
			      .memory_limit = NAN,
			      .received_bytes = NAN,
			      .sent_bytes = NAN,
			      .processes = (double)count,
			      .at_ms = now};
	return 0;
}

enum progress ssh_usage(struct location *location, struct errand *errand, const char *app, const char *name,
			struct usage *ret, struct error *err)
{
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	enum progress progress =
	    machine_query(location, errand, err, "usage %s %s\n", app, folder_of(app, name));
	struct task *task = errand->state;
	if (progress != PROGRESS_DONE)
		return progress;
	if (read_usage(text_view(&task->answer), ret)) {
		fail(err, ERR_FAILED, "location `%s`: the machine does not tell what `%s` uses",
		     location->name, name);
		progress = PROGRESS_FAILED;
	}
	return machine_task_end(task, progress);
}
