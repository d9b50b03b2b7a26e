/* berth-helper.c - keeps one command of a blueprint alive on this machine, and ends all that came of it when
 * told to.
 *
 * `berth-helper RUNDIR` holds a lock there, runs what RUNDIR/launch says, starts it again when it ends,
 * writes its output to RUNDIR/log and its state to RUNDIR/state. SIGUSR1 ends the whole tree and parks: what
 * to run, secrets and all, stays in memory alone, and SIGUSR2 starts it again. SIGTERM ends the tree and the
 * helper. It asks for nothing but libc, since it must run wherever a process can. Its environment carries
 * berth's marks, by which it is found again.
 *
 * `berth-helper probe` has nothing to do with that: it asks addresses from inside a container (probe.h). Nor
 * has `berth-helper relay`: it takes connections there, and passes them on (relay.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/command.h"
#include "helper/log.h"
#include "helper/probe.h"
#include "helper/record.h"
#include "helper/relay.h"
#include "helper/tree.h"

enum { EXIT_USAGE = 64, EXIT_NO_DIRECTORY = 66, EXIT_SETUP = 71, EXIT_HELD = 75 };

#define FIRST_BACK_OFF_MS 100
#define LAST_BACK_OFF_MS  60000
#define STEADY_MS         10000 /* a command that ran so long starts again without delay */
#define KILL_AGAIN_MS     20
#define WRITE_AGAIN_MS    1000 /* what the disk did not take */

enum wish { WISH_RUN, WISH_PARK, WISH_END };

struct keeper {
	struct launch launch;
	struct account account;
	struct record record;
	struct log log;
	struct stream output, errors;
	int signals;
	pid_t command;    /* 0: not running */
	pid_t group;      /* of the command that runs or ran last */
	int64_t began_ms; /* monotonic, of this run */
	int64_t back_off_ms;
	int64_t due_ms;   /* when to look again without being called; 0: never */
	int64_t write_ms; /* when to write the state again; 0: it is written */
	enum wish wish;   /* the last one told */
	bool ever_ran;
	bool failed;  /* the last start did */
	bool ending;  /* the tree was asked to end */
	bool asked;   /* who is left of it was, when its command had gone */
	bool killing; /* and is now made to */
	bool waits;   /* the tree is gone; starts again when due */
	bool parked;  /* the tree is gone; starts again when told */
	bool woken;   /* was told: starts as soon as the tree is gone */
	bool done;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_state(struct keeper *k)
{
	k->write_ms = record_write(&k->record) ? 0 : now_ms() + WRITE_AGAIN_MS;
}

static void set_state(struct keeper *k, const char *state)
{
	k->record.state = state;
	write_state(k);
}

/* Ask the whole tree to end, and note when patience is over. */
static void end_tree(struct keeper *k, int signal_number)
{
	if (k->ending)
		return;
	k->ending = true;
	k->due_ms = now_ms() + k->launch.grace_ms;
	tree_signal(k->group, signal_number);
}

static void kill_tree(struct keeper *k)
{
	k->killing = true;
	k->due_ms = now_ms() + KILL_AGAIN_MS;
	tree_signal(k->group, SIGKILL);
}

static void start_failed(struct keeper *k, const struct start_failure *failure)
{
	record_error(failure->text);
	k->failed = true;
	k->record.code = failure->code;
	k->record.signal = 0;
	k->record.ended_ms = wall_ms();
	k->record.exits++;
}

/* Asked anew each time: the policy may be changed while the command runs. */
static bool starts_again(const struct keeper *k)
{
	enum restart policy = manifest_restart("manifest", k->launch.restart);
	return policy == RESTART_ALWAYS || (policy == RESTART_ON_FAILURE && k->record.code != 0);
}

static void plan_restart(struct keeper *k)
{
	k->waits = true;
	k->due_ms = now_ms() + k->back_off_ms;
	k->back_off_ms = k->back_off_ms * 2 > LAST_BACK_OFF_MS ? LAST_BACK_OFF_MS : k->back_off_ms * 2;
	set_state(k, "restarting");
}

static void start_command(struct keeper *k)
{
	struct start_failure failure;
	k->waits = k->ending = k->asked = k->killing = k->parked = k->woken = k->failed = false;
	k->due_ms = 0;
	k->record.starts++;
	pid_t pid = command_start(&k->launch, &k->account, k->output.output, k->errors.output, &failure);
	if (pid < 0) {
		start_failed(k, &failure);
		/* What never ran would fail again in the same way; what once ran may be in the midst of an
		 * upgrade. */
		if (k->ever_ran && starts_again(k))
			plan_restart(k);
		else
			k->done = true;
		return;
	}
	k->command = k->group = pid;
	k->began_ms = now_ms();
	k->record.pid = pid;
	k->record.pid_start = tree_start_ticks(pid);
	k->record.started_ms = wall_ms();
	k->ever_ran = true;
	set_state(k, "running");
}

static void command_ended(struct keeper *k, int status)
{
	k->command = 0;
	k->record.pid = 0;
	k->record.pid_start = 0;
	k->record.exits++;
	k->record.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	k->record.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	k->record.ended_ms = wall_ms();
	if (now_ms() - k->began_ms >= STEADY_MS)
		k->back_off_ms = FIRST_BACK_OFF_MS;
	stream_flush(&k->output, &k->log);
	stream_flush(&k->errors, &k->log);
	if (k->wish == WISH_RUN && !k->woken)
		set_state(k, starts_again(k) ? "restarting" : "ending");
}

/* Take in who ended. True when nobody is left: an orphan would have become our child. */
static bool reap(struct keeper *k)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->command)
			command_ended(k, status);
	return pid < 0 && errno == ECHILD;
}

static void left_behind(struct keeper *k)
{
	char text[240];
	if (k->ending) {
		/* Its own signal was for the command, which is gone; who is left knows TERM. */
		if (!k->asked && !k->killing && k->launch.stop_signal != SIGTERM)
			tree_signal(k->group, SIGTERM);
		k->asked = true;
		return;
	}
	if (k->record.signal == 0) {
		snprintf(text, sizeof(text),
			 "the command ended (exit %d) and left processes running: a component stays in the "
			 "foreground",
			 k->record.code);
		record_error(text);
	}
	k->asked = true;
	end_tree(k, SIGTERM);
}

static void park(struct keeper *k)
{
	if (k->parked)
		return;
	k->parked = true;
	k->due_ms = 0;
	stream_flush(&k->output, &k->log);
	stream_flush(&k->errors, &k->log);
	set_state(k, "parked");
}

/* Told to run again, after it was parked or on the way to it. */
static void start_afresh(struct keeper *k)
{
	k->back_off_ms = FIRST_BACK_OFF_MS;
	record_error(NULL);
	start_command(k);
}

/* The tree is gone. */
static void go_on(struct keeper *k, bool due)
{
	if (k->wish == WISH_PARK)
		park(k);
	else if (k->wish == WISH_RUN && k->woken)
		start_afresh(k);
	else if (k->wish == WISH_RUN && k->waits && !due)
		return;
	else if (k->wish == WISH_END || !starts_again(k))
		k->done = true;
	else if (k->waits)
		start_command(k);
	else
		plan_restart(k);
}

/* Bring the tree one step closer to what is wanted; safe to call at any time. */
static void step(struct keeper *k)
{
	bool alone = reap(k);
	bool due = k->due_ms && now_ms() >= k->due_ms;
	if (alone)
		go_on(k, due);
	else if (k->ending && due)
		kill_tree(k);
	else if (!k->command)
		left_behind(k);
}

/* The end is for good; of park and run the last one told counts. */
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
		end_tree(k, k->launch.stop_signal);
	}
}

static void take_signals(struct keeper *k)
{
	struct signalfd_siginfo info;
	while (read(k->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			take_wish(k, WISH_PARK);
		else if (info.ssi_signo == SIGUSR2)
			take_wish(k, WISH_RUN);
		else if (info.ssi_signo == SIGTERM)
			take_wish(k, WISH_END);
	}
}

/* For poll(): until something is due, -1: for as long as it takes. */
static int patience_ms(const struct keeper *k)
{
	int64_t at = k->due_ms && (!k->write_ms || k->due_ms < k->write_ms) ? k->due_ms : k->write_ms;
	int64_t wait = at - now_ms();
	return !at ? -1 : wait < 0 ? 0 : (int)wait;
}

static void run(struct keeper *k)
{
	while (!k->done) {
		struct pollfd polls[] = {
		    {.fd = k->signals, .events = POLLIN},
		    {.fd = k->output.input, .events = POLLIN},
		    {.fd = k->errors.input, .events = POLLIN},
		};
		if (poll(polls, 3, patience_ms(k)) < 0 && errno != EINTR)
			return;
		stream_drain(&k->output, &k->log);
		stream_drain(&k->errors, &k->log);
		take_signals(k);
		step(k);
		if (k->write_ms && now_ms() >= k->write_ms)
			write_state(k);
	}
}

/* A terminal's signals are nobody's business here; those we act on are read from a descriptor. */
static int take_over_signals(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM};
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The mark that every descendant inherits, whatever it makes of its environment: the name, and whose tree it
 * is. */
static int make_mark(struct launch *launch)
{
	char mark[512];
	snprintf(mark, sizeof(mark), "berth:%.200s:%d.%llu", launch->name, (int)getpid(),
		 tree_start_ticks(getpid()));
	launch_default(launch, "BERTH_TREE", mark + strlen("berth:"));
	int fd = memfd_create(mark, MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	/* Out of the way of programs that count on low numbers. */
	int high = fcntl(fd, F_DUPFD, 100);
	if (high >= 0)
		close(fd);
	return high >= 0 ? high : fd;
}

static void give_defaults(struct launch *launch, const struct account *account)
{
	launch_default(launch, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	launch_default(launch, "HOME", account->home);
	launch_default(launch, "USER", account->name);
	launch_default(launch, "LOGNAME", account->name);
	launch_default(launch, "LANG", "C.UTF-8");
}

static int set_up(struct keeper *k)
{
	k->signals = take_over_signals();
	k->record = (struct record){.code = -1, .exits = record_exits_before()};
	k->back_off_ms = FIRST_BACK_OFF_MS;
	set_state(k, "starting");
	record_error(NULL);
	struct start_failure failure = {.code = 126};
	int unread = launch_read("launch", &k->launch, failure.text, sizeof(failure.text));
	unlink("launch"); /* it holds secrets, which from here on live in memory alone */
	if (unread < 0 || account_find(k->launch.user, &k->account, &failure) < 0) {
		start_failed(k, &failure);
		return -1;
	}
	give_defaults(&k->launch, &k->account);
	if (k->signals < 0 || make_mark(&k->launch) < 0 || log_open(&k->log, k->launch.log_limit) < 0 ||
	    stream_open(&k->output, 'o') < 0 || stream_open(&k->errors, 'e') < 0 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		snprintf(failure.text, sizeof(failure.text), "cannot set up its keeper: %s", strerror(errno));
		start_failed(k, &failure);
		return -1;
	}
	/* So that another user's command may open /dev/stdout. */
	if (k->account.given && (fchown(k->output.output, k->account.uid, k->account.gid) < 0 ||
				 fchown(k->errors.output, k->account.uid, k->account.gid) < 0))
		return 0;
	return 0;
}

/* Only one helper works in a directory: the second finds the lock held. */
static int enter(const char *directory)
{
	umask(077);
	if (chdir(directory) < 0)
		return EXIT_NO_DIRECTORY;
	int lock = open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return EXIT_SETUP;
	return flock(lock, LOCK_EX | LOCK_NB) < 0 ? EXIT_HELD : 0;
}

int main(int count, char **arguments)
{
	static struct keeper keeper;
	if (count == 3 && strcmp(arguments[1], "probe") == 0)
		return probe_serve((unsigned)strtoul(arguments[2], NULL, 10));
	if (count == 3 && strcmp(arguments[1], "relay") == 0)
		return relay_serve(arguments[2]);
	if (count == 3 && strcmp(arguments[1], "relay-told") == 0)
		return relay_told(arguments[2]);
	if (count != 2) {
		fprintf(stderr, "usage: berth-helper RUNDIR\n       berth-helper probe SECONDS\n       "
				"berth-helper relay FILE\nberth runs it; it is of no use by itself.\n");
		return EXIT_USAGE;
	}
	close_range(3, ~0U, 0);
	int refused = enter(arguments[1]);
	if (refused)
		return refused;
	if (set_up(&keeper) < 0) {
		set_state(&keeper, "failed");
		return keeper.record.code;
	}
	start_command(&keeper);
	run(&keeper);
	stream_flush(&keeper.output, &keeper.log);
	stream_flush(&keeper.errors, &keeper.log);
	set_state(&keeper, keeper.failed ? "failed" : "stopped");
	return keeper.failed ? keeper.record.code : 0;
}
