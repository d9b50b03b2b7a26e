/* component_life.c - how a component lives and ends: job, restart, protect, pull, stopping, and how its
 * consumers are told where it is. */
#include "base/cleanup.h"
#include "base/signals.h"
#include "base/text.h"
#include "blueprints/component.h"

/* Longer than anybody waits, and short enough to be added to a clock. */
#define STOP_LIMIT_MS (24 * 3600 * 1000LL)

void read_job(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	d->spec->job = fixed_flag(r, d, node, "job", false);
	if (d->spec->job)
		d->spec->restart = RESTART_NO;
}

void read_restart(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {
	    [RESTART_UNLESS_STOPPED] = "unless-stopped",
	    [RESTART_NO] = "no",
	    [RESTART_ON_FAILURE] = "on-failure",
	    [RESTART_ALWAYS] = "always",
	};
	int word = fixed_word(r, d, node, "restart", words, COUNT_OF(words));

	if (word < 0)
		return;
	if (d->spec->job && word != RESTART_NO && word != RESTART_ON_FAILURE) {
		advise(r->list,
		       complain(r->list, node->place, "`%s` is a job: it ends, and is not to be restarted %s",
				d->spec->id, word == RESTART_ALWAYS ? "always" : "whenever it ends"),
		       "write `restart: no` or `restart: on-failure`, or take `job` away");
		return;
	}
	d->spec->restart = (enum restart_policy)word;
}

void read_protect(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	d->spec->protect = fixed_flag(r, d, node, "protect", false);
}

void read_pull(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {"missing", "always"};

	d->spec->pull_always = fixed_word(r, d, node, "pull", words, COUNT_OF(words)) == 1;
}

void read_link_address(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {"name", "ip"};

	d->spec->link_numbers = fixed_word(r, d, node, "linkAddress", words, COUNT_OF(words)) == 1;
}

void read_stop_timeout(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	int64_t ms = fixed_duration(r, d, node, "stopTimeout", 0);

	if (ms > STOP_LIMIT_MS)
		advise(r->list, complain(r->list, node->place, "`stopTimeout` is longer than a day"),
		       "write 10s, 2m, 1h30m; 0 ends it at once");
	else if (ms >= 0)
		d->spec->stop_timeout_ms = ms;
}

const char *signal_read(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key)
{
	const char *text = fixed_text(r, d, node, key);
	int number = text ? signal_number(text) : 0;
	char name[SIGNAL_NAME];
	size_t count;

	if (!text)
		return NULL;
	if (!number) {
		const char *const *names = signal_names(&count);
		suggest(r, complain(r->list, node->place, "no signal is called `%s`", text),
			starts_with(text, "SIG") ? text + 3 : text, names, count,
			"write HUP, USR1, TERM and the like");
		return NULL;
	}
	signal_name(number, name);
	const char *copy = arena_text(r->arena, name);
	if (!copy)
		r->list->failed = true;
	return copy;
}

void read_stop_signal(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	d->spec->stop_signal = signal_read(r, d, node, "stopSignal");
}
