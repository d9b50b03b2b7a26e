/* hosting.c - machines of a pool, which answer as our script on them would. */
#include "tests/engine/hosting.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/support/virtual_ssh.h"

struct pool pool;

static struct placed *find(const char *host, const char *app, const char *folder)
{
	for (size_t i = 0; i < pool.count; i++)
		if (!strcmp(pool.all[i].host, host) && !strcmp(pool.all[i].app, app) &&
		    !strcmp(pool.all[i].folder, folder))
			return &pool.all[i];
	return NULL;
}

static void tell_instances(const char *host, struct text *answer)
{
	text_format(answer, "@machine b00t 1700000000000 %s\n@self b00t:%s\n", host, host);
	if (pool.held_by_others && !strcmp(pool.held_by_others, host))
		text_add(answer, "@host somebody 1764294000\n:id\n:ann of desk\n:desk\n");
	for (size_t i = 0; i < pool.claim_count; i++)
		if (!strcmp(pool.claims[i].host, host))
			text_format(answer, "@app app\n@claim app\n%s", pool.claims[i].lines);
	for (size_t i = 0; i < pool.count; i++) {
		if (strcmp(pool.all[i].host, host) != 0)
			continue;
		text_format(answer, "@instance %s %s\n", pool.all[i].app, pool.all[i].folder);
		for (const char *line = pool.all[i].manifest; *line; line += strcspn(line, "\n") + 1)
			text_format(answer, ":%.*s\n", (int)strcspn(line, "\n"), line);
		text_format(answer, "@state %s alive 0 7 70 8 80 1700000000001 0 0 -1 0 b00t\n",
			    pool.all[i].runs ? "running" : "stopped");
	}
}

/* The text between the quotes behind MANIFEST=, a newline behind each line. */
static void read_manifest(const char *script, struct placed *placed)
{
	const char *begin = strstr(script, "MANIFEST='") + strlen("MANIFEST='");

	snprintf(placed->manifest, sizeof(placed->manifest), "%.*s\n", (int)strcspn(begin, "'"), begin);
}

/* Whoever comes has it: its lines, a colon before each. */
static const char *take_claim(const char *host, const char *script)
{
	struct claimed *claimed = &pool.claims[pool.claim_count++];
	const char *begin = strstr(script, "CLAIM='") + strlen("CLAIM='"), *end = strchr(begin, '\'');
	size_t length = 0;

	*claimed = (struct claimed){0};
	snprintf(claimed->host, sizeof(claimed->host), "%s", host);
	for (const char *line = begin; line < end; line += strcspn(line, "\n") + 1)
		length += (size_t)snprintf(claimed->lines + length, sizeof(claimed->lines) - length,
					   ":%.*s\n", (int)strcspn(line, "\n'"), line);
	return claimed->lines;
}

static void carry_out(const char *host, const char *script, struct text *answer)
{
	const char *last = strstr(script, "\necho @end\n}\n");
	char verb[20], app[40] = "", folder[80] = "";

	if (!last) /* a function that is called by its name */
		return;
	while (last > script && last[-1] != '\n')
		last--;
	sscanf(last, "%19s %39s %79s", verb, app, folder);
	struct placed *placed = find(host, app, folder);
	if (!strcmp(verb, "listing") || !strcmp(verb, "look")) {
		tell_instances(host, answer);
	} else if (!strcmp(verb, "place")) {
		if (pool.full && !strcmp(pool.full, host)) {
			text_add(answer, "!failed cannot write to its disk: it is full\n");
			return;
		}
		if (!placed) {
			placed = &pool.all[pool.count++];
			*placed = (struct placed){0};
			snprintf(placed->host, sizeof(placed->host), "%s", host);
			snprintf(placed->app, sizeof(placed->app), "%s", app);
			snprintf(placed->folder, sizeof(placed->folder), "%s", folder);
		}
		read_manifest(script, placed);
	} else if (!strcmp(verb, "start") && placed) {
		placed->runs = true;
	} else if (!strcmp(verb, "claim")) {
		text_format(answer, "@claim app\n%s", take_claim(host, script));
	} else if (!strcmp(verb, "lease")) {
		const char *token = strstr(script, "TOKEN='") + strlen("TOKEN='");
		text_format(answer, "@leased 60000\n:%.*s\n:me\n", (int)strcspn(token, "'"), token);
	} else if (!strcmp(verb, "remove") && placed) {
		*placed = pool.all[--pool.count];
	}
}

static bool is_dead(const char *host)
{
	for (size_t i = 0; i < COUNT_OF(pool.dead); i++)
		if (pool.dead[i] && !strcmp(pool.dead[i], host))
			return ++pool.knocks;
	return pool.silent;
}

static void asked(void *owner, const struct virtual_ssh_request *request, struct ssh_call *call)
{
	owned_text answer = {0};
	char script[16000];

	(void)owner;
	if (is_dead(request->host->address)) {
		struct error why = {0};
		fail(&why, ERR_UNREACHABLE, "nobody answers");
		virtual_ssh_fail(call, 1, &why, false);
		return;
	}
	if (pool.strangers) {
		struct error why = {0};
		fail(&why, ERR_UNVERIFIED, "the host key of %s is not known", request->host->address);
		virtual_ssh_fail(call, 1, &why, false);
		return;
	}
	cr_assert_not_null(request->command);
	snprintf(script, sizeof(script), "%.*s", (int)request->command->input_size,
		 (const char *)request->command->input);
	text_add(&answer, "@berth 1\n");
	bool otherwise = pool.other_name && !strcmp(pool.other_name, request->host->address);
	carry_out(otherwise ? "10.0.0.1" : request->host->address, script, &answer);
	text_add(&answer, "@end\n");
	virtual_ssh_say(call, 1, false, answer.data, answer.length);
	virtual_ssh_exit(call, 2, 0);
}

void pool_begin(void)
{
	static const struct virtual_hooks hooks = {.ssh = asked};

	keeping_begin();
	virtual_world_hooks(scene.world, &hooks);
	pool = (struct pool){0};
}

const char *machine_of(const char *component)
{
	for (size_t i = 0; i < pool.count; i++)
		if (!strncmp(pool.all[i].folder, component, strlen(component)) &&
		    pool.all[i].folder[strlen(component)] == '.')
			return pool.all[i].host;
	return "none";
}

size_t copies_of(const char *component)
{
	size_t copies = 0;

	for (size_t i = 0; i < pool.count; i++)
		copies += !strncmp(pool.all[i].folder, component, strlen(component)) &&
			  pool.all[i].folder[strlen(component)] == '.';
	return copies;
}

enum berth_outcome pool_run(verb_function *verb, const char *blueprint, json_t **ret)
{
	*ret = NULL;
	return scene_run(&scene, verb, blueprint, ret);
}
