/* keeper.c - a model of berth-helper: what it does in which order, what it writes, and what it leaves when it
 * is killed in between.
 *
 * Its decisions are those of helper/berth-helper.c, function by function; a test runs both.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/keeper_internal.h"

enum { EXIT_NO_DIRECTORY = 66, EXIT_SETUP = 71, EXIT_HELD = 75 };

#define FIRST_BACK_OFF_MS 100
#define LAST_BACK_OFF_MS  60000
#define STEADY_MS         10000
#define KILL_AGAIN_MS     20
#define WRITE_AGAIN_MS    1000
#define STEP_MS           3 /* less than so long is what it does between two of its steps */

static struct universe *universe_of(const struct keeper *k)
{
	return k->process->machine->universe;
}

static int64_t now_ms(const struct keeper *k)
{
	return clock_now(universe_clock(universe_of(k)));
}

static void soon(struct keeper *k)
{
	if (k->step.index == EVENT_IDLE)
		clock_add(universe_clock(universe_of(k)), &k->step, universe_roll(universe_of(k), STEP_MS));
}

static void look_at(struct keeper *k, int64_t due_ms)
{
	k->due_ms = due_ms;
	if (due_ms)
		clock_add(universe_clock(universe_of(k)), &k->due, due_ms - now_ms(k));
	else
		clock_take(universe_clock(universe_of(k)), &k->due);
}

static void write_state(struct keeper *k)
{
	if (record_write(k))
		clock_take(universe_clock(universe_of(k)), &k->write);
	else
		clock_add(universe_clock(universe_of(k)), &k->write, WRITE_AGAIN_MS);
}

static void set_state(struct keeper *k, const char *state)
{
	k->record.state = state;
	write_state(k);
}

static void end_tree(struct keeper *k)
{
	if (k->ending)
		return;
	k->ending = true;
	look_at(k, now_ms(k) + k->launch.grace_ms);
	tree_signal(k, k->launch.stop_signal);
}

static void kill_tree(struct keeper *k)
{
	k->killing = true;
	look_at(k, now_ms(k) + KILL_AGAIN_MS);
	tree_signal(k, SIGKILL);
}

static void start_failed(struct keeper *k, const struct start_failure *failure)
{
	record_error(k, failure->text);
	k->failed = true;
	k->record.code = failure->code;
	k->record.signal = 0;
	k->record.ended_ms = machine_wall(k->process->machine);
	k->record.exits++;
}

static bool starts_again(struct keeper *k)
{
	enum restart policy = manifest_restart(k);
	return policy == RESTART_ALWAYS || (policy == RESTART_ON_FAILURE && k->record.code != 0);
}

static void plan_restart(struct keeper *k)
{
	k->waits = true;
	look_at(k, now_ms(k) + k->back_off_ms);
	k->back_off_ms = k->back_off_ms * 2 > LAST_BACK_OFF_MS ? LAST_BACK_OFF_MS : k->back_off_ms * 2;
	set_state(k, "restarting");
}

/* The keeper is gone after it. */
static void leave(struct keeper *k)
{
	log_drain(k);
	set_state(k, k->failed ? "failed" : "stopped");
	process_ended(k->process, k->failed ? k->record.code : 0, 0);
}

/* The keeper may be gone after it. */
static void not_started(struct keeper *k, const struct start_failure *failure)
{
	k->stage = STAGE_RUNNING;
	start_failed(k, failure);
	if (k->ever_ran && starts_again(k)) {
		plan_restart(k);
		soon(k);
	} else
		leave(k);
}

static void start_command(struct keeper *k)
{
	struct start_failure failure;
	k->waits = k->ending = k->killing = k->parked = k->woken = k->failed = false;
	look_at(k, 0);
	k->record.starts++;
	k->stage = STAGE_FORKED;
	if (fork_command(k, &failure))
		not_started(k, &failure);
	else
		soon(k);
}

static void command_started(struct keeper *k)
{
	struct start_failure failure;
	if (run_command(k, &failure)) {
		not_started(k, &failure);
		return;
	}
	const struct process *process = process_of(k->process->machine, k->forked);
	k->stage = STAGE_RUNNING;
	k->command = k->group = k->forked;
	k->began_ms = now_ms(k);
	k->record.pid = k->forked;
	k->record.pid_start = process ? process->start_ticks : 0;
	k->record.started_ms = machine_wall(k->process->machine);
	k->ever_ran = true;
	set_state(k, "running");
	soon(k);
}

static void command_ended(struct keeper *k, const struct process_end *end)
{
	k->command = 0;
	k->record.pid = 0;
	k->record.pid_start = 0;
	k->record.exits++;
	k->record.code = end->exit_code;
	k->record.signal = end->signal;
	k->record.ended_ms = machine_wall(k->process->machine);
	if (now_ms(k) - k->began_ms >= STEADY_MS)
		k->back_off_ms = FIRST_BACK_OFF_MS;
	log_drain(k);
	if (k->wish == WISH_RUN && !k->woken)
		set_state(k, starts_again(k) ? "restarting" : "ending");
}

static bool reap(struct keeper *k)
{
	struct machine *machine = k->process->machine;
	bool alone = true;
	for (struct process *child = process_after(machine, 0), *next; child; child = next) {
		next = process_after(machine, child->pid);
		if (child->parent != k->process->pid)
			continue;
		alone = alone && child->zombie;
		if (!child->zombie)
			continue;
		struct process_end end = child->end;
		bool command = child->pid == k->command;
		process_free(child);
		if (command)
			command_ended(k, &end);
	}
	return alone;
}

static void left_behind(struct keeper *k)
{
	char text[240];
	if (k->ending)
		return;
	if (k->record.signal == 0) {
		snprintf(text, sizeof text,
			 "the command ended (exit %d) and left processes running: a component stays in the "
			 "foreground",
			 k->record.code);
		record_error(k, text);
	}
	end_tree(k);
}

static void park(struct keeper *k)
{
	if (k->parked)
		return;
	k->parked = true;
	look_at(k, 0);
	log_drain(k);
	set_state(k, "parked");
}

static void start_afresh(struct keeper *k)
{
	k->back_off_ms = FIRST_BACK_OFF_MS;
	record_error(k, NULL);
	start_command(k);
}

/* The keeper may be gone after it. */
static void go_on(struct keeper *k, bool due)
{
	if (k->wish == WISH_PARK)
		park(k);
	else if (k->wish == WISH_RUN && k->woken)
		start_afresh(k);
	else if (k->wish == WISH_RUN && k->waits && !due)
		return;
	else if (k->wish == WISH_END || !starts_again(k))
		leave(k);
	else if (k->waits)
		start_command(k);
	else
		plan_restart(k);
}

static void take_wish(struct keeper *k, enum wish wish)
{
	if (k->wish == WISH_END || k->wish == wish)
		return;
	k->wish = wish;
	k->woken = wish == WISH_RUN;
	if (wish == WISH_RUN)
		return;
	k->waits = false;
	if (!k->parked) {
		set_state(k, "stopping");
		end_tree(k);
	}
}

static bool take(struct keeper *k, int signal)
{
	bool there = k->signals & UINT64_C(1) << signal;
	k->signals &= ~(UINT64_C(1) << signal);
	return there;
}

/* In the order of their numbers, as the kernel gives them. */
static void take_signals(struct keeper *k)
{
	if (take(k, SIGUSR1))
		take_wish(k, WISH_PARK);
	if (take(k, SIGUSR2))
		take_wish(k, WISH_RUN);
	if (take(k, SIGTERM))
		take_wish(k, WISH_END);
}

static void turn(struct keeper *k)
{
	log_drain(k);
	take_signals(k);
	bool alone = reap(k);
	bool due = k->due_ms && now_ms(k) >= k->due_ms;
	if (alone)
		go_on(k, due);
	else if (k->ending && due)
		kill_tree(k);
	else if (!k->command)
		left_behind(k);
}

/* --- its beginning ------------------------------------------------------------------------------------- */

static int enter(struct keeper *k)
{
	struct process *process = k->process;
	struct files *files = &process->machine->files;
	struct node *directory = walk(files, NULL, k->directory, true, &process->actor);
	if (!directory || directory->kind != FILE_DIRECTORY)
		return EXIT_NO_DIRECTORY;
	process_works_in(process, directory);
	struct node *node = node_find(directory, "lock", 4);
	if (!node)
		node = file_make(files, directory, "lock", 0600, &process->actor);
	if (!node)
		return EXIT_SETUP;
	return lock_node(process, node) ? 0 : EXIT_HELD;
}

static bool make_mark(struct keeper *k)
{
	char mark[512];
	snprintf(mark, sizeof mark, "berth:%.200s:%d.%llu", k->launch.name, (int)k->process->pid,
		 (unsigned long long)k->process->start_ticks);
	launch_default(&k->launch, "BERTH_TREE", mark + strlen("berth:"));
	k->process->memfd = strdup(mark);
	return k->process->memfd;
}

static void give_defaults(struct keeper *k)
{
	launch_default(&k->launch, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	launch_default(&k->launch, "HOME", k->account_home);
	launch_default(&k->launch, "USER", k->account_name);
	launch_default(&k->launch, "LOGNAME", k->account_name);
	launch_default(&k->launch, "LANG", "C.UTF-8");
}

static int set_up(struct keeper *k)
{
	struct start_failure failure = {.code = 126};
	k->record = (struct record){.code = -1, .exits = record_exits_before(k)};
	k->back_off_ms = FIRST_BACK_OFF_MS;
	set_state(k, "starting");
	record_error(k, NULL);
	int unread = launch_read(k, &failure);
	struct node *launch = node_find(k->process->directory, "launch", 6);
	if (launch)
		name_take(&k->process->machine->files, launch, &k->process->actor);
	if (unread || account_find(k, &failure)) {
		start_failed(k, &failure);
		return -1;
	}
	give_defaults(k);
	errno = ENOMEM;
	if (!make_mark(k) || log_open(k)) {
		snprintf(failure.text, sizeof failure.text, "cannot set up its keeper: %s", strerror(errno));
		start_failed(k, &failure);
		return -1;
	}
	k->process->subreaper = true;
	return 0;
}

/* Its next step. The keeper may be gone after it. */
static void happens(struct keeper *k)
{
	int refused;
	switch (k->stage) {
	case STAGE_ENTERING:
		refused = enter(k);
		if (refused) {
			process_ended(k->process, refused, 0);
			return;
		}
		k->stage = STAGE_SETTING_UP;
		soon(k);
		break;
	case STAGE_SETTING_UP:
		k->stage = STAGE_BEGINNING;
		if (!set_up(k)) {
			soon(k);
			break;
		}
		set_state(k, "failed");
		process_ended(k->process, k->record.code, 0);
		break;
	case STAGE_BEGINNING:
		start_command(k);
		break;
	case STAGE_FORKED:
		command_started(k);
		break;
	case STAGE_RUNNING:
		turn(k);
		break;
	}
}

static void step_happens(struct event *event)
{
	happens(owner_of(event, struct keeper, step));
}

static void due_happens(struct event *event)
{
	struct keeper *k = owner_of(event, struct keeper, due);
	if (k->stage == STAGE_RUNNING)
		happens(k);
}

static void write_happens(struct event *event)
{
	write_state(owner_of(event, struct keeper, write));
}

int keeper_begin(struct process *process, const char *directory)
{
	struct keeper *k = calloc(1, sizeof *k);
	if (!k || !(k->directory = strdup(directory))) {
		free(k);
		errno = ENOMEM;
		return -1;
	}
	k->process = process;
	event_prepare(&k->step, step_happens);
	event_prepare(&k->due, due_happens);
	event_prepare(&k->write, write_happens);
	process->keeper = k;
	soon(k);
	return 0;
}

/* Its fork runs the command all the same: that is its own doing by then. */
void keeper_dies(struct keeper *k)
{
	struct start_failure ignored;
	if (k->stage == STAGE_FORKED)
		run_command(k, &ignored);
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	clock_take(universe_clock(universe_of(k)), &k->step);
	clock_take(universe_clock(universe_of(k)), &k->due);
	clock_take(universe_clock(universe_of(k)), &k->write);
	log_release(k);
	launch_release(&k->launch);
	text_release(&k->output);
	free(k->directory);
	free(k);
}

/* --- what it hears of others ---------------------------------------------------------------------------- */

void keeper_signalled(struct keeper *k, int signal)
{
	bool acts = signal == SIGTERM || signal == SIGUSR1 || signal == SIGUSR2;
	bool passed_over = signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGPIPE ||
			   signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU || signal == SIGALRM ||
			   signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT ||
			   signal == SIGSTOP;
	if (k->stage <= STAGE_SETTING_UP) {
		bool ends = acts || (passed_over && signal != SIGCHLD && signal != SIGURG &&
				     signal != SIGWINCH && signal != SIGCONT && signal != SIGSTOP);
		if (ends)
			process_ended(k->process, 0, signal);
		return;
	}
	if (!acts) {
		if (!passed_over)
			process_ended(k->process, 0, signal);
		return;
	}
	k->signals |= UINT64_C(1) << signal;
	if (k->stage == STAGE_RUNNING)
		soon(k);
}

uint64_t keeper_pending(const struct keeper *k)
{
	return k->signals >> 1;
}

void keeper_child_ended(struct keeper *k)
{
	if (k->stage == STAGE_RUNNING)
		soon(k);
}

void keeper_hears(struct keeper *k, const char *line)
{
	text_add(&k->output, line);
	text_add_char(&k->output, '\n');
	if (k->stage == STAGE_RUNNING)
		soon(k);
}
