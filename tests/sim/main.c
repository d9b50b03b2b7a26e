/* main.c - berth-sim: many seeds of the simulated world, judged, counted, and a violation told as a story. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/sim/calls.h"
#include "tests/sim/clouded.h"
#include "tests/sim/marathon.h"
#include "tests/sim/play.h"
#include "tests/sim/sized.h"
#include "tests/sim/soak.h"
#include "tests/sim/zoned.h"

enum {
	JOBS_MAX = 16,
	SHRUNK_MAX = 3,
	SEED_S = 120, /* of the processor, unless told; most take hundredths, under sanitizers tenths */
};

struct options {
	uint64_t first, last;
	unsigned jobs;
	unsigned stop_after; /* violations; 0: never */
	unsigned seed_s;     /* who takes longer violates, too */
	bool trace, table, no_shrink, only_kept, only_sized, only_zoned, only_machines, only_marathon,
	    only_clouded;
	const char *moves; /* "3,7,9": only these; NULL: all */
	const char *often; /* what every second move is; NULL: as chance says */
	const char *program;
};

/* Each seed takes as much as the one before and lets all of it go: that is kept for the next one, and joined
 * at once rather than now and then. */
static void keep_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_MXFAST, 0);
}

/* One seed, as it is remembered. */
struct row {
	uint64_t seed, steps, faults;
	unsigned components;
	char rule[48], verdict[1024];
};

static int usage(const char *program, FILE *to)
{
	fprintf(
	    to,
	    "usage: %s --seeds FROM-TO [--trace] [--table] [--jobs N] [--stop-after VIOLATIONS]\n"
	    "       [--moves N,N,...] [--often KIND] [--limit SECONDS] [--no-shrink]\n"
	    "       [--kept] [--sized] [--zoned] [--machines] [--marathon] [--clouded]\n"
	    "       %s --soak DAYS\n"
	    "Plays each seed in the simulated world, or has a controller keep an application for so long.\n"
	    "KIND is `strangers` or a trial as --table names it: every second move is one.\n"
	    "Exits with 1 when a rule was violated, or it grew.\n",
	    program, program);
	return to == stdout ? 0 : 64;
}

static void tell(void *owner, int64_t now_ms, const char *words)
{
	(void)owner;
	printf("%9.3f  %s\n", (double)(now_ms - 1000) / 1000, words);
}

static void keep_moves(struct score *score, const char *list)
{
	for (unsigned i = 0; i < score->count; i++)
		score->moves[i].left_out = true;
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
		unsigned long number = strtoul(at, NULL, 10);
		if (number < score->count)
			score->moves[number].left_out = false;
	}
}

static void write_score(const struct options *options, uint64_t seed, struct score *ret)
{
	score_write(ret, seed);
	if (options->often)
		score_lean(ret, options->often);
}

static void play_seed(const struct options *options, uint64_t seed, struct tally *tally, struct row *row)
{
	struct score score;
	struct outcome outcome;
	write_score(options, seed, &score);
	if (options->moves)
		keep_moves(&score, options->moves);
	score_play(&score, tally, options->trace ? tell : NULL, NULL, &outcome);
	*row = (struct row){
	    .seed = seed, .steps = outcome.steps, .faults = outcome.faults, .components = outcome.components};
	snprintf(row->rule, sizeof row->rule, "%s", outcome.rule);
	snprintf(row->verdict, sizeof row->verdict, "%s", outcome.verdict);
	for (char *at = row->verdict; *at; at++)
		if (*at == '\n' || *at == '\t')
			*at = ' ';
}

/* Whoever goes round in circles is ended. */
static void end_in(time_t seconds)
{
	const struct itimerval limit = {.it_value.tv_sec = seconds};
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

/* Every so many-th seed, written down as rows and then the counters. A row is there when the next seed ends
 * the program, and of that seed its number. */
static void work(const struct options *options, uint64_t first, FILE *to)
{
	struct tally *tally = tally_new();
	unsigned violations = 0;
	calls_count(tally);
	for (uint64_t seed = first; seed <= options->last; seed += options->jobs) {
		struct row row;
		if ((options->only_kept && !score_is_kept(seed)) ||
		    (options->only_sized && !score_is_sized(seed)) ||
		    (options->only_zoned && !score_is_zoned(seed)) ||
		    (options->only_machines && !score_has_machine(seed)) ||
		    (options->only_marathon && !score_has_marathon(seed)) ||
		    (options->only_clouded && !score_has_cloud(seed)))
			continue;
		end_in((time_t)options->seed_s);
		fprintf(to, "%llu\t", (unsigned long long)seed);
		fflush(to);
		play_seed(options, seed, tally, &row);
		fprintf(to, "%llu\t%llu\t%u\t%s\t%s\n", (unsigned long long)row.steps,
			(unsigned long long)row.faults, row.components, row.rule[0] ? row.rule : "-",
			row.verdict);
		fflush(to);
		violations += row.rule[0] != 0;
		if (options->stop_after && violations >= options->stop_after)
			break;
	}
	end_in(0);
	fprintf(to, "\n");
	tally_write(tally, to);
	tally_free(tally);
}

/* False: there is none, or no more of it than its seed. */
static bool read_row(FILE *from, struct row *row)
{
	char line[1400];
	unsigned long long seed, steps, faults;
	int at = 0;
	*row = (struct row){0};
	if (!fgets(line, sizeof line, from) || line[0] == '\n')
		return false;
	line[strcspn(line, "\n")] = 0;
	int found = sscanf(line, "%llu\t%llu\t%llu\t%u\t%47[^\t]\t%n", &seed, &steps, &faults,
			   &row->components, row->rule, &at);
	row->seed = found > 0 ? seed : 0;
	if (found < 5)
		return false;
	row->steps = steps;
	row->faults = faults;
	if (at)
		snprintf(row->verdict, sizeof row->verdict, "%.1000s", line + at);
	if (strcmp(row->rule, "-") == 0)
		row->rule[0] = 0;
	return true;
}

static int by_seed(const void *a, const void *b)
{
	const struct row *one = a, *other = b;
	return one->seed < other->seed ? -1 : one->seed > other->seed;
}

/* What plays it again. */
static void show_command(const struct options *options, uint64_t seed)
{
	printf("%s --seeds %llu-%llu --trace", options->program, (unsigned long long)seed,
	       (unsigned long long)seed);
	if (options->often)
		printf(" --often '%s'", options->often);
}

static void show_violation(const struct options *options, const struct row *row, bool shrink)
{
	printf("seed %llu violates \"%s\": %s\n  again: ", (unsigned long long)row->seed, row->rule,
	       row->verdict);
	show_command(options, row->seed);
	printf("\n");
	if (!shrink || options->moves || options->no_shrink || strcmp(row->rule, "crashes") == 0)
		return;
	struct score score;
	write_score(options, row->seed, &score);
	unsigned left = score_shrink(&score, row->rule);
	printf("  %u of %u moves are enough: ", left, score.count);
	show_command(options, row->seed);
	printf(" --moves ");
	const char *comma = "";
	for (unsigned i = 0; i < score.count; i++)
		if (!score.moves[i].left_out) {
			printf("%s%u", comma, i);
			comma = ",";
		}
	printf("%s\n", left ? "" : "none");
	fflush(stdout);
}

static int by_number(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	return one < other ? -1 : one > other;
}

static uint64_t median(const struct row *rows, size_t count, uint64_t (*of)(const struct row *))
{
	uint64_t *numbers = calloc(count + 1, sizeof *numbers);
	if (!numbers)
		abort();
	for (size_t i = 0; i < count; i++)
		numbers[i] = of(&rows[i]);
	qsort(numbers, count, sizeof *numbers, by_number);
	uint64_t middle = numbers[count / 2];
	free(numbers);
	return middle;
}

static uint64_t steps_of(const struct row *row)
{
	return row->steps;
}

static uint64_t faults_of(const struct row *row)
{
	return row->faults;
}

static uint64_t components_of(const struct row *row)
{
	return row->components;
}

/* The verdict of all seeds; how many violations, and rows of the table that stayed empty. */
static size_t show(const struct options *options, struct row *rows, size_t count, const struct tally *tally)
{
	size_t violations = 0, empty = 0;
	uint64_t steps = 0, faults = 0;
	qsort(rows, count, sizeof *rows, by_seed);
	for (size_t i = 0; i < count; i++) {
		steps += rows[i].steps;
		faults += rows[i].faults;
		if (rows[i].rule[0])
			show_violation(options, &rows[i], violations++ < SHRUNK_MAX);
	}
	if (options->table && count) {
		empty = tally_show(tally, stdout);
		printf("median of a seed: %llu instances, %llu steps, %llu faults\n",
		       (unsigned long long)median(rows, count, components_of),
		       (unsigned long long)median(rows, count, steps_of),
		       (unsigned long long)median(rows, count, faults_of));
		printf("%zu rows of the table are empty\n", empty);
	}
	printf("%zu seeds, %llu steps, %llu faults, %zu violations\n", count, (unsigned long long)steps,
	       (unsigned long long)faults, violations);
	return violations + empty;
}

static FILE *start_worker(const struct options *options, uint64_t first, pid_t *ret_pid)
{
	FILE *file = tmpfile();
	fflush(stdout);
	pid_t pid = file ? fork() : -1;
	if (pid < 0) {
		perror("berth-sim");
		exit(1);
	}
	if (pid == 0) {
		work(options, first, file);
		fflush(stdout);
		_exit(fflush(file) ? 1 : 0);
	}
	*ret_pid = pid;
	return file;
}

/* Of what a worker died, as the verdict of its seed. */
static void died(int status, uint64_t seed, struct row *ret)
{
	*ret = (struct row){.seed = seed, .rule = "crashes"};
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM) {
		snprintf(ret->rule, sizeof ret->rule, "ends");
		snprintf(ret->verdict, sizeof ret->verdict, "it takes longer than any seed");
	} else if (WIFSIGNALED(status)) {
		snprintf(ret->verdict, sizeof ret->verdict, "the program was ended by signal %d",
			 WTERMSIG(status));
	} else {
		snprintf(ret->verdict, sizeof ret->verdict, "the program ended with %d", WEXITSTATUS(status));
	}
}

/* What a worker wrote; the seed that it died of is a violation, too, and *ret_next is the one after it. */
static size_t collect(const struct options *options, FILE *file, int status, uint64_t *ret_next,
		      struct row *rows, struct tally *tally)
{
	size_t count = 0;
	rewind(file);
	while (read_row(file, &rows[count]))
		count++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		tally_read(tally, file);
		*ret_next = options->last + 1;
	} else {
		uint64_t seed = rows[count].seed ? rows[count].seed : *ret_next;
		died(status, seed, &rows[count++]);
		*ret_next = seed + options->jobs;
	}
	fclose(file);
	return count;
}

static unsigned violations_of(const struct row *rows, size_t count)
{
	unsigned violations = 0;
	for (size_t i = 0; i < count; i++)
		violations += rows[i].rule[0] != 0;
	return violations;
}

/* All that one worker was to play, by another one when it died of a seed. */
static size_t finish(const struct options *options, FILE *file, pid_t pid, uint64_t first, struct row *rows,
		     struct tally *tally)
{
	struct options rest = *options;
	uint64_t next = first;
	size_t count = 0;
	while (file) {
		int status = 0;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		}
		count += collect(&rest, file, status, &next, rows + count, tally);
		unsigned violations = violations_of(rows, count);
		bool over =
		    next > options->last || (options->stop_after && violations >= options->stop_after);
		if (options->stop_after && !over)
			rest.stop_after = options->stop_after - violations;
		file = over ? NULL : start_worker(&rest, next, &pid);
	}
	return count;
}

static int run(const struct options *options)
{
	static const char *const drivers[] = {"docker", "localhost", "fake", "ssh"};
	size_t count = 0;
	struct row *rows = calloc(options->last - options->first + 1 + JOBS_MAX, sizeof *rows);
	struct tally *tally = tally_new();
	FILE *files[JOBS_MAX];
	pid_t pids[JOBS_MAX];
	if (!rows || !tally)
		return 1;
	play_expect(tally);
	for (size_t i = 0; i < COUNT_OF(drivers); i++)
		calls_expect(tally, drivers[i]);
	for (unsigned i = 0; i < options->jobs; i++)
		files[i] = start_worker(options, options->first + i, &pids[i]);
	for (unsigned i = 0; i < options->jobs; i++)
		count += finish(options, files[i], pids[i], options->first + i, rows + count, tally);
	size_t violations = show(options, rows, count, tally);
	free(rows);
	tally_free(tally);
	return violations != 0;
}

static bool read_range(const char *text, uint64_t *ret_first, uint64_t *ret_last)
{
	char *end;
	*ret_first = *ret_last = strtoull(text, &end, 10);
	if (end == text)
		return false;
	if (*end == '-')
		*ret_last = strtoull(end + 1, &end, 10);
	return !*end && *ret_first <= *ret_last && *ret_last - *ret_first < 100000000;
}

static bool *flag_of(struct options *options, int option)
{
	switch (option) {
	case 't':
		return &options->trace;
	case 'T':
		return &options->table;
	case 'n':
		return &options->no_shrink;
	case 'k':
		return &options->only_kept;
	case 'z':
		return &options->only_sized;
	case 'Z':
		return &options->only_zoned;
	case 'M':
		return &options->only_machines;
	case 'A':
		return &options->only_marathon;
	case 'O':
		return &options->only_clouded;
	default:
		return NULL;
	}
}

/* False: it is none, or not understood. */
static bool take_option(struct options *options, int option, const char *given)
{
	bool *flag = flag_of(options, option);
	if (flag)
		return *flag = true;
	switch (option) {
	case 's':
		return read_range(given, &options->first, &options->last);
	case 'j':
		options->jobs = (unsigned)strtoul(given, NULL, 10);
		return options->jobs && options->jobs <= JOBS_MAX;
	case 'a':
		options->stop_after = (unsigned)strtoul(given, NULL, 10);
		return true;
	case 'm':
		options->moves = given;
		return true;
	case 'o':
		options->often = given;
		return score_lean(&(struct score){0}, given);
	case 'l':
		options->seed_s = (unsigned)strtoul(given, NULL, 10);
		return options->seed_s > 0;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"seeds", required_argument, NULL, 's'},
					      {"trace", no_argument, NULL, 't'},
					      {"table", no_argument, NULL, 'T'},
					      {"jobs", required_argument, NULL, 'j'},
					      {"stop-after", required_argument, NULL, 'a'},
					      {"moves", required_argument, NULL, 'm'},
					      {"often", required_argument, NULL, 'o'},
					      {"limit", required_argument, NULL, 'l'},
					      {"no-shrink", no_argument, NULL, 'n'},
					      {"kept", no_argument, NULL, 'k'},
					      {"sized", no_argument, NULL, 'z'},
					      {"zoned", no_argument, NULL, 'Z'},
					      {"machines", no_argument, NULL, 'M'},
					      {"marathon", no_argument, NULL, 'A'},
					      {"clouded", no_argument, NULL, 'O'},
					      {"soak", required_argument, NULL, 'S'},
					      {"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct options options = {.jobs = 2, .seed_s = SEED_S, .program = argv[0]};
	bool seeds = false;
	keep_memory();
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == 'S')
			return soak_run((unsigned)strtoul(optarg, NULL, 10), 1, stdout);
		if (option == 'h')
			return usage(argv[0], stdout);
		if (!take_option(&options, option, optarg))
			return usage(argv[0], stderr);
		seeds |= option == 's';
	}
	if (!seeds || optind < argc)
		return usage(argv[0], stderr);
	if (options.trace)
		options.jobs = 1;
	return run(&options);
}
