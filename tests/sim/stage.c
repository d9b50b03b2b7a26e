/* stage.c - the world of a seed is built up, goes on step by step, and is taken down. */
#include "tests/sim/stage.h"

#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/clouded.h"
#include "tests/sim/judge.h"
#include "tests/sim/kept.h"
#include "tests/sim/local.h"
#include "tests/sim/marathon.h"
#include "tests/sim/sized.h"
#include "tests/sim/there.h"
#include "tests/sim/zoned.h"

#define ECHO_MS   60000
#define FIRST_PID 300
#define LAST_PID  400 /* so that numbers are used again */

/* --- words ------------------------------------------------------------------------------------------- */

int64_t stage_now(const struct theatre *stage)
{
	return clock_now(universe_clock(stage->universe));
}

void stage_say(struct theatre *stage, const char *format, ...)
{
	char words[1400];
	va_list arguments;
	if (!stage->line)
		return;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	stage->line(stage->line_owner, stage_now(stage), words);
}

void stage_accuse(struct theatre *stage, const char *rule, const char *format, ...)
{
	va_list arguments;
	if (stage->rule[0])
		return;
	snprintf(stage->rule, sizeof stage->rule, "%s", rule);
	va_start(arguments, format);
	vsnprintf(stage->verdict, sizeof stage->verdict, format, arguments);
	va_end(arguments);
	stage_say(stage, "VIOLATION of %s: %s", stage->rule, stage->verdict);
}

void stage_meet(struct theatre *stage, const char *kind)
{
	tally_add(stage->tally, "fault", kind, 1);
	stage->disturbances++;
	kept_disturbed(stage);
	for (int i = 0; i < DEPLOYERS; i++)
		stage->deployers[i].disturbed = true;
}

void stage_disturb(struct theatre *stage, const char *kind)
{
	stage_meet(stage, kind);
	for (int i = 0; i < DEPLOYERS; i++)
		stage->deployers[i].overtaken = true;
}

void stage_echo(struct theatre *stage)
{
	stage->echoes_until_ms = stage_now(stage) + ECHO_MS;
}

/* --- what becomes of messages ------------------------------------------------------------------------ */

const char only_looks[] = "a look at one";

/* By its name as an instance; that is copied. */
static bool looks_at(const struct http_request *request, char ret_name[static 80])
{
	char end[8] = "";
	return strcmp(request->method, "GET") == 0 && strstr(request->url, "/containers/app.") &&
	       sscanf(strstr(request->url, "/containers/"), "/containers/%79[^/?]/%7s", ret_name, end) == 2 &&
	       strcmp(end, "json") == 0;
}

static bool fits(const struct planned_fate *planned, const struct http_request *request)
{
	bool changes = strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
	char line[1024];
	if (there_hears(request))
		changes = there_changes(request);
	if (planned->only == only_looks)
		return looks_at(request, line);
	if (!planned->only)
		return changes || !planned->only_changes;
	snprintf(line, sizeof line, "%s %s", request->method, request->url);
	return strstr(line, planned->only);
}

static struct deployer *sender(struct theatre *stage, const struct seat *seat)
{
	for (int i = 0; i < DEPLOYERS; i++)
		if (stage->deployers[i].seat == seat)
			return &stage->deployers[i];
	return NULL;
}

/* Commands in it, and what only asks questions in its network, change nothing of an instance. */
static bool changes_instance(const struct http_request *request)
{
	if (there_hears(request))
		return there_changes_instance(request);
	return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0 &&
	       strstr(request->url, "/containers/") && !strstr(request->url, "/exec") &&
	       !strstr(request->url, "/attach") && !strstr(request->url, "berth.helper");
}

/* What arrives late, or once more, may undo what came after it. */
static void meet(struct theatre *stage, struct deployer *deployer, const struct planned_fate *planned,
		 const struct http_request *request)
{
	bool late = planned->fate.there_ms > 1000 || planned->fate.twice;
	(late ? stage_disturb : stage_meet)(stage, planned->kind);
	if (planned->fate.there_ms > 1000)
		stage_echo(stage);
	if (!deployer)
		return;
	deployer->met++;
	deployer->met_at_instance = changes_instance(request);
}

/* By chance alone. */
static void meet_any(struct theatre *stage, const struct http_request *request, struct fate *ret)
{
	static const struct fate fates[] = {{.refused = true},
					    {.lost = true},
					    {.lost = true, .reset = true},
					    {.answer_lost = true},
					    {.answer_lost = true, .reset = true},
					    {.spoiling = SPOIL_STATUS, .status = 500},
					    {.spoiling = SPOIL_TRUNCATED, .after = 7},
					    {.spoiling = SPOIL_CUT, .after = 11}};
	if (universe_roll(stage->universe, 100) >= stage->fault_percent)
		return;
	*ret = fates[universe_roll(stage->universe, COUNT_OF(fates))];
	ret->there_ms = ret->back_ms = 1;
	stage_meet(stage, "a message by chance");
	stage_say(stage, "fault by chance: %s %s", request->method, request->url);
}

static void decide(void *owner, struct seat *seat, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	struct theatre *stage = owner;
	struct deployer *deployer = sender(stage, seat);
	(void)address;
	if (deployer && deployer->operation && changes_instance(request))
		judge_asks(deployer, request);
	ret->there_ms = 1 + universe_roll(stage->universe, 3);
	ret->back_ms = 1 + universe_roll(stage->universe, 3);
	for (size_t i = 0; i < stage->fate_count; i++) {
		struct planned_fate *planned = &stage->fates[i];
		if (!fits(planned, request))
			continue;
		if (planned->skip) {
			planned->skip--;
			continue;
		}
		*ret = planned->fate;
		if (planned->only == only_looks)
			looks_at(request, stage->looked_at);
		stage_say(stage, "fault: %s: %s %s", planned->kind, request->method, request->url);
		meet(stage, deployer, planned, request);
		if (--planned->times == 0)
			*planned = stage->fates[--stage->fate_count];
		return;
	}
	if (stage->fault_percent)
		meet_any(stage, request, ret);
}

/* --- building up ---------------------------------------------------------------------------------------- */

static const char *const images[] = {"good", "slow", "dead", "crash", "job"};

static const char *digest_of(unsigned version)
{
	static char digest[80];
	snprintf(digest, sizeof digest, "sha256:%064u", version);
	return digest;
}

void stage_stock(struct theatre *stage)
{
	for (size_t i = 0; i < COUNT_OF(images); i++)
		for (unsigned version = 1; version < VERSIONS; version++) {
			char reference[32];
			snprintf(reference, sizeof reference, "%s:%u", images[i], version);
			struct docker_registry registry = {
			    .reference = reference, .digest = digest_of(version), .pull_ms = 400};
			docker_engine_registry(stage->engine, &registry);
		}
}

static void stock_engine(struct theatre *stage)
{
	static const struct docker_behaviour manners[COUNT_OF(images)] = {
	    {.name = "app", .stops_ms = 20},
	    {.name = "app", .answers_after_ms = 3000, .stops_ms = 300},
	    {.name = "app", .answers_after_ms = -1, .stops_ms = -1},
	    {.name = "app", .exits = UINT32_MAX, .exit_code = 1, .lives_ms = 100},
	    {.name = "app", .exits = UINT32_MAX},
	};
	stage_stock(stage);
	for (size_t i = 0; i < COUNT_OF(images); i++)
		for (unsigned version = 1; version < VERSIONS; version++) {
			char reference[32];
			snprintf(reference, sizeof reference, "%s:%u", images[i], version);
			if (version < 3)
				docker_engine_image(stage->engine, reference, digest_of(version));
			struct docker_behaviour manner = manners[i];
			manner.image = reference;
			if (strcmp(images[i], "job") == 0)
				manner.lives_ms = model_job_lives_ms(version);
			docker_engine_behave(stage->engine, &manner);
		}
}

/* Scripted targets are told of each component. */
static void teach(struct theatre *stage, const struct part *part)
{
	static const struct fake_behaviour manners[TEMPERS] = {
	    [TEMPER_SLOW] = {.answers_after_ms = 3000},
	    [TEMPER_DEAD] = {.answers_after_ms = -1},
	    [TEMPER_CRASH] = {.exits = UINT32_MAX, .exit_code = 1, .lives_ms = 100},
	};
	const struct fake_behaviour job = {.exits = UINT32_MAX,
					   .lives_ms = model_job_lives_ms(part->version)};
	char component[32], image[32];
	struct fake_behaviour manner = part->job ? job : manners[part->temper];
	snprintf(component, sizeof component, "app.%s", part->id);
	model_image(part, image, sizeof image);
	manner.component = component;
	manner.image = image;
	fake_target_behave(stage->fleet, &manner);
	fake_target_behave(stage->cloud, &manner);
}

void stage_publish(struct theatre *stage)
{
	model_render(&stage->model, &stage->blueprint);
	for (int i = 0; i < PARTS_MAX; i++)
		if (stage->model.parts[i].there)
			teach(stage, &stage->model.parts[i]);
}

static int build_targets(struct theatre *stage)
{
	static const struct usage used = {.cpu_s = 0.02,
					  .memory = 8 << 20,
					  .memory_limit = 64 << 20,
					  .received_bytes = 1000,
					  .sent_bytes = 500,
					  .processes = 1};
	struct world *outside = universe_outside(stage->universe);
	stage->engine = docker_engine_new(stage->universe, ENGINE_ADDRESS);
	stage->fleet = fake_target_new(outside);
	stage->cloud = fake_target_new(outside);
	if (!stage->engine || !stage->fleet || !stage->cloud)
		return -1;
	stock_engine(stage);
	fake_target_usual(stage->fleet, &used);
	fake_target_usual(stage->cloud, &used);
	return fake_target_register("fleet", stage->fleet) || fake_target_register("cloud", stage->cloud) ? -1
													  : 0;
}

/* As much of berth-helper as is looked at before it is loaded into an engine: the head of a program of this
 * machine that asks for no interpreter. */
static int install_helper(struct seat *seat)
{
	ElfW(Ehdr) head = {.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_phoff = sizeof head};
	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	head.e_ident[EI_DATA] = ELFDATA2LSB;
	return seat_world(seat)->ops->file_write(seat_world(seat), HELPER, 0755, &head, sizeof head, NULL);
}

static int build_deployers(struct theatre *stage)
{
	static const struct {
		int machine;
		const char *state;
	} seats[DEPLOYERS] = {{0, "/var/lib/berth"}, {0, "/var/lib/berth"}, {1, "/var/lib/berth"}};
	for (int i = 0; i < DEPLOYERS; i++) {
		struct deployer *deployer = &stage->deployers[i];
		*deployer = (struct deployer){.stage = stage,
					      .number = i,
					      .machine = stage->machines[seats[i].machine],
					      .state = seats[i].state};
		if (deployer_open(deployer) || install_helper(deployer->seat))
			return -1;
	}
	return 0;
}

int stage_open(struct theatre *stage, uint64_t seed, struct tally *tally)
{
	*stage = (struct theatre){
	    .seed = seed, .tally = tally, .line = stage->line, .line_owner = stage->line_owner};
	stage->universe = universe_new(seed);
	if (!stage->universe)
		return -1;
	universe_fates(stage->universe, decide, stage);
	universe_listen(stage->universe, stage->line, stage->line_owner);
	stage->machines[0] = machine_new(stage->universe, "one", "10.0.0.1");
	stage->machines[1] = machine_new(stage->universe, "two", "10.0.0.2");
	stage->judge = judge_new();
	if (!stage->machines[0] || !stage->machines[1] || !stage->judge)
		return -1;
	for (int i = 0; i < MACHINES; i++)
		machine_user(stage->machines[i], 0);
	machine_pids(stage->machines[0], FIRST_PID, LAST_PID);
	return local_open(stage) || there_open(stage) || build_targets(stage) || build_deployers(stage) ? -1
													: 0;
}

void stage_close(struct theatre *stage)
{
	sized_close(stage);
	zoned_close(stage);
	marathon_close(stage);
	clouded_close(stage);
	for (int i = 0; i < DEPLOYERS; i++)
		if (stage->deployers[i].berth)
			deployer_close(&stage->deployers[i]);
	seat_free(stage->observer);
	fake_target_register("fleet", NULL);
	fake_target_register("cloud", NULL);
	fake_target_free(stage->fleet);
	fake_target_free(stage->cloud);
	docker_engine_free(stage->engine);
	ssh_machine_free(stage->there);
	for (int i = 0; i < MACHINES; i++)
		machine_free(stage->machines[i]);
	judge_free(stage->judge);
	kept_close(stage);
	universe_free(stage->universe);
	text_release(&stage->blueprint);
	sights_release(&stage->sights);
}

/* --- going on ----------------------------------------------------------------------------------------- */

void stage_look_round(struct theatre *stage)
{
	for (int i = 0; i < DEPLOYERS; i++) {
		struct deployer *deployer = &stage->deployers[i];
		if (seat_dead(deployer->seat))
			deployer_revive(deployer);
		else if (deployer->operation && berth_done(deployer->operation))
			deployer_conclude(deployer);
	}
}

static bool step(struct theatre *stage, int64_t limit)
{
	bool more = clock_step(universe_clock(stage->universe), limit);
	if (more) {
		stage->steps++;
		stage_look_round(stage);
		judge_step(stage);
		if (stage->kept)
			kept_step(stage);
		if (stage->sized)
			sized_step(stage);
		if (stage->zoned)
			zoned_step(stage);
		if (stage->marathon)
			marathon_step(stage);
		if (stage->clouded)
			clouded_step(stage);
	}
	return more && !stage->rule[0];
}

bool stage_run(struct theatre *stage, int64_t ms)
{
	int64_t limit = stage_now(stage) + ms;
	while (step(stage, limit)) {
	}
	return !stage->rule[0];
}

bool stage_wait(struct theatre *stage, struct deployer *deployer, int64_t limit_ms)
{
	int64_t limit = stage_now(stage) + limit_ms;
	unsigned begun = deployer->begun;
	while (deployer->operation && deployer->begun == begun && step(stage, limit)) {
	}
	return !stage->rule[0] && !deployer->operation;
}
