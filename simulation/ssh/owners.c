/* owners.c - who has an application on a simulated machine reached by SSH, and whose deploy is under way. */
#include <stdlib.h>
#include <string.h>

#include "simulation/ssh/model.h"

static bool no_room(const char *what, struct text *out)
{
	text_format(out, "!failed cannot write .berth/%s\n", what);
	return false;
}

static void tell_claim(const char *app, const char *claim, struct text *out)
{
	text_format(out, "@claim %s\n", app);
	while (*claim) {
		size_t length = strcspn(claim, "\n");
		text_format(out, ":%.*s\n", (int)length, claim);
		claim += length + (claim[length] == '\n');
	}
}

static bool same_owner(const char *one, const char *other)
{
	size_t length = strcspn(one, "\n");

	return length == strcspn(other, "\n") && !strncmp(one, other, length);
}

bool call_claim(struct ssh_machine *machine, const struct statement *list, const struct statement *call,
		struct text *out)
{
	const char *app = call->words[1], *claim = script_variable(list, call, "CLAIM");
	struct folder *folder = folder_make(machine, app);

	if (!folder)
		return no_room(app, out);
	if (folder->claim && !same_owner(folder->claim, claim) && strcmp(call->words[2], "yes") != 0) {
		tell_claim(app, folder->claim, out);
		return true;
	}
	if (machine->full)
		return no_room(app, out);
	free(folder->claim);
	folder->claim = ssh_need(strdup(claim));
	tell_claim(app, claim, out);
	return true;
}

bool call_disclaim(struct ssh_machine *machine, const struct statement *call, struct text *out)
{
	struct folder *folder = folder_find(machine, call->words[1]);

	if (folder) {
		free(folder->claim);
		folder->claim = NULL;
		folder_drop(machine, call->words[1]);
	}
	text_add(out, "@disclaimed\n");
	return true;
}

static void forget_lease(struct folder *folder)
{
	free(folder->lease.token);
	free(folder->lease.words);
	folder->lease.token = folder->lease.words = NULL;
}

static int64_t uptime_ms(const struct ssh_machine *machine)
{
	return clock_now(universe_clock(machine->universe)) - machine->booted_ms;
}

/* How long somebody else still has it; 0: nobody has. */
static int64_t held_ms(const struct ssh_machine *machine, const struct folder *folder, const char *token)
{
	int64_t left = folder->lease.until_ms - uptime_ms(machine);

	if (!folder->lease.token || !strcmp(folder->lease.token, token) ||
	    folder->lease.boot != machine->boot)
		return 0;
	return left > 0 && left <= folder->lease.whole_ms ? left : 0;
}

bool call_lease(struct ssh_machine *machine, const struct statement *list, const struct statement *call,
		struct text *out)
{
	const char *app = call->words[1], *token = script_variable(list, call, "TOKEN");
	struct folder *folder = folder_make(machine, app);

	if (!folder)
		return no_room(app, out);
	int64_t whole_ms = atoll(call->words[2]), left_ms = held_ms(machine, folder, token);
	if (!left_ms) {
		if (machine->full) {
			text_format(out, "!full cannot write to %s\n", app);
			return false;
		}
		forget_lease(folder);
		folder->lease.token = ssh_need(strdup(token));
		folder->lease.words = ssh_need(strdup(script_variable(list, call, "WORDS")));
		folder->lease.boot = machine->boot;
		folder->lease.until_ms = uptime_ms(machine) + whole_ms;
		folder->lease.whole_ms = left_ms = whole_ms;
	}
	text_format(out, "@leased %lld\n:%s\n:%s\n", (long long)left_ms, folder->lease.token,
		    folder->lease.words);
	return true;
}

bool call_tidy(struct ssh_machine *machine, const struct statement *list, const struct statement *call,
	       struct text *out)
{
	struct folder *folder = folder_find(machine, call->words[1]);

	if (folder && folder->lease.token &&
	    !strcmp(folder->lease.token, script_variable(list, call, "TOKEN")))
		forget_lease(folder);
	folder_drop(machine, call->words[1]);
	text_add(out, "@tidied\n");
	return true;
}
