/* simulate_faults.c - what goes wrong in a simulation: on the wire, at the engines, to containers, to berth
 * itself. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

#define REBOOT_MS 30000
#define SOON_MS   10 /* what is done at an engine has its effect a little later */

/* What meets nothing proves nothing: it breaks the scenario, unless that says `outcome: any`. */
static void in_vain(struct simulation *simulation, const struct scenario_step *step, const char *what,
		    const char *why)
{
	if (said_has(step, STEP_OUTCOME))
		story_tell(simulation, "scenario", "%s: %s", what, why);
	else
		verdicts_note(simulation, step->said.place, what, why);
}

/* --- which call is it? -------------------------------------------------------------------------------- */

struct route {
	const char *method, *path;
};

static const struct route routes[] = {
#define ROUTE(name, method, path, changes, takes) {method, path},
    DOCKER_CALLS_EACH(ROUTE)};

/* What follows the engine's address and the version: "/containers/create?name=x". */
static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://"), *path = strchr(host ? host + 3 : url, '/');
	if (!path)
		return "/";
	if (path[1] == 'v' && path[2] >= '0' && path[2] <= '9') {
		const char *next = strchr(path + 1, '/');
		return next ? next : "/";
	}
	return path;
}

/* Where "{}" stands for one part of a path, and "{*}" for more. *ret_part: what it stands for. */
static bool fits(const char *pattern, const char *path, const char **ret_part, size_t *ret_length)
{
	size_t end = strcspn(path, "?"), at = 0;
	for (; *pattern; pattern++) {
		if (*pattern != '{') {
			if (at >= end || path[at++] != *pattern)
				return false;
			continue;
		}
		bool many = pattern[1] == '*';
		const char *rest = strchr(pattern, '}') + 1;
		size_t length =
		    many ? end - at - (end - at > strlen(rest) ? strlen(rest) : 0) : strcspn(path + at, "/?");
		if (!length)
			return false;
		*ret_part = path + at;
		*ret_length = length;
		at += length;
		pattern = rest - 1;
	}
	return at == end;
}

/* The container that it names, by name or id. */
struct named {
	const struct trouble *trouble;
	const char *part;
	size_t length;
	bool meant;
};

static bool is_meant(void *owner, struct spot *spot, const struct docker_container_view *view)
{
	struct named *named = owner;
	(void)spot;
	bool by_id = named->length >= 12 && strncmp(view->id, named->part, named->length) == 0;
	bool by_name =
	    strlen(view->name) == named->length && strncmp(view->name, named->part, named->length) == 0;
	named->meant = named->meant || by_id || by_name;
	return !named->meant;
}

/* "?name=app.web.1": what is only about to be made. */
static bool names_new(const struct simulation *simulation, const struct trouble *trouble, const char *path)
{
	const char *name = strstr(path, "name=");
	char begin[200];
	snprintf(begin, sizeof begin, "%s.%s.", simulation->app, trouble->component);
	if (!name || strncmp(name + 5, begin, strlen(begin)) != 0)
		return false;
	return !trouble->ordinal || strtoul(name + 5 + strlen(begin), NULL, 10) == trouble->ordinal;
}

static bool is_about(struct simulation *simulation, const struct trouble *trouble, const char *path,
		     const char *part, size_t length)
{
	struct sought sought = {.component = trouble->component, .ordinal = trouble->ordinal};
	struct named named = {.trouble = trouble, .part = part, .length = length};
	if (!trouble->component)
		return true;
	if (!part)
		return names_new(simulation, trouble, path);
	fleet_visit(simulation, &sought, is_meant, &named);
	return named.meant;
}

static bool matches(struct simulation *simulation, const struct trouble *trouble,
		    const struct http_request *request)
{
	const char *path = path_of(request->url);
	for (size_t word = 0; scenario_calls[word]; word++) {
		const struct route *route = &routes[scenario_call(word)];
		const char *part = NULL;
		size_t length = 0;
		if (strcmp(route->method, request->method) != 0 || !fits(route->path, path, &part, &length))
			continue;
		if (trouble->step->fault.calls && !(trouble->step->fault.calls >> word & 1))
			return false;
		return is_about(simulation, trouble, path, part, length);
	}
	return !trouble->step->fault.calls && !trouble->component;
}

/* --- on the wire -------------------------------------------------------------------------------------- */

/* What becomes of the call, for the story. */
static void describe_fault(const struct scenario_fault *fault, struct text *to)
{
	char words[32];
	if (said_has(fault, FAULT_STATUS))
		text_format(to, "answered with %lld, nothing is done", (long long)fault->status);
	else if (said_has(fault, FAULT_DELAY))
		text_format(to, "arrives %s later", duration_words(fault->delay_ms, words));
	else if (said_has(fault, FAULT_TRUNCATED))
		text_format(to, "the answer ends after %lld bytes", (long long)fault->truncated);
	else if (said_has(fault, FAULT_CUT))
		text_format(to, "the connection breaks after %lld bytes of the answer",
			    (long long)fault->cut);
	else
		text_add(to, fault->lost          ? "never arrives"
			     : fault->answer_lost ? "is done, and the answer is lost"
			     : fault->refused     ? "no connection is made"
			     : fault->garbage     ? "the answer is no JSON"
						  : "arrives twice");
}

static void tell_fault(struct simulation *simulation, const struct spot *spot,
		       const struct scenario_fault *fault, const struct http_request *request)
{
	owned_text words = {0};
	describe_fault(fault, &words);
	story_tell(simulation, spot->name, "fault: %s %s: %s", request->method, path_of(request->url),
		   text_view(&words));
}

static void spoil(const struct scenario_fault *fault, struct fate *fate)
{
	fate->lost = fate->lost || fault->lost;
	fate->answer_lost = fate->answer_lost || fault->answer_lost;
	fate->reset = fate->reset || fault->answer_lost;
	fate->refused = fate->refused || fault->refused;
	fate->twice = fate->twice || fault->twice;
	fate->there_ms += fault->delay_ms;
	if (said_has(fault, FAULT_STATUS)) {
		fate->spoiling = SPOIL_STATUS;
		fate->status = (int)fault->status;
	} else if (fault->garbage) {
		fate->spoiling = SPOIL_GARBAGE;
	} else if (said_has(fault, FAULT_TRUNCATED)) {
		fate->spoiling = SPOIL_TRUNCATED;
		fate->after = (size_t)fault->truncated;
	} else if (said_has(fault, FAULT_CUT)) {
		fate->spoiling = SPOIL_CUT;
		fate->after = (size_t)fault->cut;
	}
}

static const struct spot *spot_at(const struct simulation *simulation, const char *address)
{
	const struct spot *spot = simulation->spots;
	while (spot && (!spot->address || strcmp(spot->address, address) != 0))
		spot = spot->next;
	return spot;
}

static void decide(void *owner, struct seat *seat, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	struct simulation *simulation = owner;
	const struct spot *spot = spot_at(simulation, address);
	(void)seat;
	if (!spot)
		return;
	if (spot->said && spot->said->latency_ms)
		ret->there_ms = ret->back_ms = spot->said->latency_ms;
	for (struct trouble *trouble = simulation->troubles; trouble; trouble = trouble->next) {
		bool over = !trouble->left || clock_now(simulation->clock) >= trouble->until_ms;
		if (over || (trouble->spot && trouble->spot != spot) ||
		    !matches(simulation, trouble, request) || (trouble->skip && trouble->skip--))
			continue;
		if (trouble->left > 0)
			trouble->left--;
		trouble->met = trouble->met || !simulation->asking;
		tell_fault(simulation, spot, &trouble->step->fault, request);
		verdicts_disturbed(simulation, clock_now(simulation->clock), "a call was disturbed");
		spoil(&trouble->step->fault, ret);
	}
}

void faults_begin(struct simulation *simulation)
{
	universe_fates(simulation->universe, decide, simulation);
}

static void add_trouble(struct simulation *simulation, const struct scenario_step *step,
			const struct spot *spot)
{
	const struct scenario_fault *fault = &step->fault;
	struct trouble **end = &simulation->troubles;
	struct trouble *trouble = arena_array(&simulation->arena, struct trouble, 1);
	if (!trouble) {
		simulation->failed = true;
		return;
	}
	*trouble = (struct trouble){
	    .step = step,
	    .spot = spot,
	    .until_ms = said_has(fault, FAULT_FOR) ? clock_now(simulation->clock) + fault->for_ms : INT64_MAX,
	    .skip = fault->skip,
	    .left = said_has(fault, FAULT_TIMES) ? fault->times : -1};
	if (fault->component.text)
		trouble->component =
		    instance_said(&simulation->arena, fault->component.text, &trouble->ordinal);
	while (*end)
		end = &(*end)->next;
	*end = trouble;
}

/* --- at an engine ------------------------------------------------------------------------------------- */

static void comes_back(struct event *event)
{
	struct spot *spot = owner_of(event, struct spot, back);
	story_tell(spot->simulation, spot->name, "can be reached again");
}

static void silence(struct spot *spot, int64_t for_ms)
{
	struct simulation *simulation = spot->simulation;
	char words[32];
	universe_silence(simulation->universe, spot->address, for_ms);
	if (spot->back.happen)
		clock_take(simulation->clock, &spot->back);
	event_prepare(&spot->back, comes_back);
	if (clock_add(simulation->clock, &spot->back, for_ms))
		simulation->failed = true;
	story_tell(simulation, spot->name, "cannot be reached for %s", duration_words(for_ms, words));
	verdicts_disturbed(simulation, clock_now(simulation->clock) + for_ms,
			   "a location could not be reached");
}

static void go_down(struct spot *spot, int64_t for_ms, const char *what)
{
	struct simulation *simulation = spot->simulation;
	char words[32];
	docker_engine_restart(spot->engine, for_ms);
	story_tell(simulation, spot->name, "%s, and is back after %s", what, duration_words(for_ms, words));
	verdicts_disturbed(simulation, clock_now(simulation->clock) + for_ms, what);
}

static void at_engine(struct spot *spot, const struct scenario_fault *fault)
{
	if (said_has(fault, FAULT_UNREACHABLE))
		silence(spot, fault->unreachable_ms);
	else
		go_down(spot, fault->engine_down_ms, "the engine goes down");
}

/* --- the disk of whoever deploys -------------------------------------------------------------------- */

static void has_room(struct event *event)
{
	struct deployer *deployer = owner_of(event, struct deployer, has_room);
	machine_disk_room(deployer->machine, -1);
	story_tell(deployer->simulation, deployer->name, "the disk has room again");
}

static void fill_disk(struct simulation *simulation, const struct scenario_fault *fault)
{
	struct deployer *deployer = fleet_deployer(simulation, fault->at.text ? fault->at.text : "you");
	if (!deployer) {
		simulation->failed = true;
		return;
	}
	machine_disk_room(deployer->machine, 0);
	story_tell(simulation, deployer->name, "the disk is full");
	verdicts_disturbed(simulation, clock_now(simulation->clock), "the disk was full");
	if (!said_has(fault, FAULT_FOR))
		return;
	if (deployer->has_room.happen)
		clock_take(simulation->clock, &deployer->has_room);
	event_prepare(&deployer->has_room, has_room);
	if (clock_add(simulation->clock, &deployer->has_room, fault->for_ms))
		simulation->failed = true;
}

void faults_end(struct simulation *simulation)
{
	for (const struct trouble *trouble = simulation->troubles; trouble; trouble = trouble->next) {
		owned_text what = {0};
		if (trouble->met)
			continue;
		text_add(&what, "fault: ");
		describe_fault(&trouble->step->fault, &what);
		in_vain(simulation, trouble->step, text_view(&what), "no call met it");
	}
}

static void fault_act(struct simulation *simulation, const struct scenario_step *step)
{
	const struct scenario_fault *fault = &step->fault;
	struct spot *at = fault->at.text ? fleet_spot(simulation, fault->at.text) : NULL;
	if (said_has(fault, FAULT_DISK_FULL)) {
		fill_disk(simulation, fault);
		return;
	}
	if (fault->at.text && !at) {
		in_vain(simulation, step, "fault", "nothing is at its location yet");
		return;
	}
	if (!said_has(fault, FAULT_UNREACHABLE) && !said_has(fault, FAULT_ENGINE_DOWN)) {
		add_trouble(simulation, step, at);
		return;
	}
	for (struct spot *spot = simulation->spots; spot; spot = spot->next)
		if (spot->engine && (!at || at == spot))
			at_engine(spot, fault);
}

/* --- to what runs ------------------------------------------------------------------------------------- */

/* Their names are gathered first: an engine is not to be visited while it changes. */
struct victims {
	struct simulation *simulation;
	struct victim {
		struct spot *spot;
		const char *name;
		struct victim *next;
	} * first;
};

static bool note_victim(void *owner, struct spot *spot, const struct docker_container_view *view)
{
	struct victims *victims = owner;
	struct victim *victim = arena_array(&victims->simulation->arena, struct victim, 1);
	if (!victim)
		return false;
	*victim = (struct victim){spot, arena_text(&victims->simulation->arena, view->name), victims->first};
	victims->first = victim;
	return true;
}

static struct victim *find_victims(struct simulation *simulation, const char *said, bool running)
{
	struct victims victims = {.simulation = simulation};
	struct sought sought = {.running = running};
	sought.component = instance_said(&simulation->arena, said, &sought.ordinal);
	fleet_visit(simulation, &sought, note_victim, &victims);
	return victims.first;
}

static void nobody(struct simulation *simulation, const struct scenario_step *step, const char *said,
		   const char *what)
{
	owned_text words = {0}, why = {0};
	text_format(&words, "%s %s", scenario_step_form.keys[step->action].name, said);
	text_format(&why, "nothing of `%s` %s", said, what);
	in_vain(simulation, step, text_view(&words), text_view(&why));
}

static void kill_containers(struct simulation *simulation, const struct scenario_step *step)
{
	struct victim *victim = find_victims(simulation, step->kill.text, true);
	struct sought sought = {0};
	sought.component = instance_said(&simulation->arena, step->kill.text, &sought.ordinal);
	if (processes_kill(simulation, &sought) + (victim != NULL) == 0)
		nobody(simulation, step, step->kill.text, "runs");
	for (; victim && victim->name; victim = victim->next) {
		story_tell(simulation, victim->name, "is killed: it ends with code %lld",
			   (long long)step->exit_code);
		verdicts_disturbed(simulation, clock_now(simulation->clock) + SOON_MS,
				   "a container was killed");
		docker_engine_end(victim->spot->engine, victim->name, (int)step->exit_code);
	}
}

static void remove_containers(struct simulation *simulation, const struct scenario_step *step)
{
	struct victim *victim = find_victims(simulation, step->remove.text, false);
	if (!victim)
		nobody(simulation, step, step->remove.text, "is there");
	for (; victim && victim->name; victim = victim->next) {
		owned_memory char *path = NULL;
		if (asprintf(&path, "/containers/%s?force=1", victim->name) < 0)
			return;
		story_tell(simulation, victim->name, "is removed behind berth's back");
		verdicts_disturbed(simulation, clock_now(simulation->clock) + SOON_MS,
				   "a container was removed");
		docker_engine_ask(victim->spot->engine, "DELETE", path, NULL, NULL);
	}
}

static void cut_off_containers(struct simulation *simulation, const struct scenario_step *step)
{
	struct victim *victim = find_victims(simulation, step->cut_off.text, false);
	if (!victim)
		nobody(simulation, step, step->cut_off.text, "is there");
	for (; victim && victim->name; victim = victim->next) {
		owned_memory char *path = NULL, *body = NULL;
		if (asprintf(&path, "/networks/berth.%s/disconnect", simulation->app) < 0 ||
		    asprintf(&body, "{\"Container\":\"%s\",\"Force\":true}", victim->name) < 0)
			return;
		story_tell(simulation, victim->name, "is taken off its network behind berth's back");
		if (map_put(&simulation->cut_off, victim->name, CUTTING))
			simulation->failed = true;
		verdicts_disturbed(simulation, clock_now(simulation->clock) + SOON_MS,
				   "a container was cut off");
		docker_engine_ask(victim->spot->engine, "POST", path, body, NULL);
	}
}

void death_missed(struct simulation *simulation, const struct run *run)
{
	owned_text what = {0};
	text_format(&what, "kill berth at call %llu", (unsigned long long)run->dies_at);
	in_vain(simulation, run->killer, text_view(&what), "berth ended before it: it was not killed");
}

static void kill_berth(struct simulation *simulation, const struct scenario_step *step)
{
	bool any = false;
	for (struct run *run = simulation->runs; run; run = run->next) {
		if (run->over || run->killed || !run->seat)
			continue;
		any = true;
		run->killer = step;
		if (step->at_call)
			seat_kill_at(run->seat, run->dies_at = (uint64_t)step->at_call);
		else
			run_kill(run, "with kill -9");
	}
	for (struct deployer *by = simulation->deployers; by; by = by->next)
		any |= controller_kill(by, step->at_call);
	if (!any)
		in_vain(simulation, step, "kill berth", "no berth runs that could be killed");
}

/* The machine of whoever deploys goes down with its engine, and with the berth that runs on it. */
static void reboot(struct simulation *simulation, const struct scenario_step *step)
{
	struct spot *spot = fleet_spot(simulation, step->reboot.text);
	if (!spot)
		nobody(simulation, step, step->reboot.text, "is there yet");
	else if (spot->engine && spot != simulation->local)
		go_down(spot, REBOOT_MS, "the machine goes down");
	if (!spot || (spot->engine && spot != simulation->local))
		return;
	story_tell(simulation, spot->name, "the power is cut, and is back");
	verdicts_disturbed(simulation, clock_now(simulation->clock) + SOON_MS, "the machine went down");
	machine_power_cut(fleet_deployer(simulation, "you")->machine);
	if (simulation->local)
		docker_engine_restart(simulation->local->engine, REBOOT_MS);
}

static void jump(struct simulation *simulation, const struct scenario_step *step)
{
	char words[32];
	int64_t ms = step->jump_ms < 0 ? -step->jump_ms : step->jump_ms;
	universe_jump(simulation->universe, step->jump_ms);
	story_tell(simulation, "scenario", "the wall clock jumps %s by %s",
		   step->jump_ms < 0 ? "back" : "forward", duration_words(ms, words));
}

void faults_act(struct simulation *simulation, const struct scenario_step *step)
{
	switch (step->action) {
	case STEP_FAULT:
		fault_act(simulation, step);
		break;
	case STEP_KILL:
		if (strcmp(step->kill.text, "berth") == 0)
			kill_berth(simulation, step);
		else
			kill_containers(simulation, step);
		break;
	case STEP_REMOVE:
		remove_containers(simulation, step);
		break;
	case STEP_CUT_OFF:
		cut_off_containers(simulation, step);
		break;
	case STEP_REBOOT:
		reboot(simulation, step);
		break;
	default:
		jump(simulation, step);
	}
}
