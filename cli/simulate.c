/* simulate.c - `berth simulate`: a blueprint on a simulated fleet: the story, then what held and what not. */
#include <string.h>

#include "cli/commands.h"
#include "cli/plot.h"
#include "cli/screen.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"scenario", 0, FLAG_TEXT, AT(scenario), "FILE", NULL, "what happens, and what must hold"},
    {"seed", 0, FLAG_NUMBER, AT(seed), "N", NULL, "what chance is made of; the same seed, the same story"},
    {"plot", 0, FLAG_TEXT, AT(plot), "FILE", NULL,
     "draws what sensors told and the sizes that became of it into this SVG file"},
    {0},
};

static void put_moment(const struct screen *out, int64_t ms)
{
	paint(out, DIM, "%6lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static int widest(const json_t *story)
{
	int width = 0;
	size_t i;
	json_t *line;
	json_array_foreach (story, i, line) {
		int columns = columns_of(text_of(line, "who"));
		width = columns > width ? columns : width;
	}
	return width;
}

static void show_story(const struct screen *out, const json_t *story)
{
	int width = widest(story);
	size_t i;
	json_t *line;
	json_array_foreach (story, i, line) {
		const char *who = text_of(line, "who");
		put_moment(out, number_of(line, "at_ms"));
		fputs("  ", out->to);
		put(out, BOLD, who);
		fprintf(out->to, "%*s  ", width - columns_of(who), "");
		put(out, PLAIN, text_of(line, "what"));
		putc('\n', out->to);
	}
}

static void show_assertions(const struct screen *out, const json_t *assertions)
{
	size_t i;
	json_t *one;
	json_array_foreach (assertions, i, one) {
		bool held = json_is_true(json_object_get(one, "held"));
		paint(out, held ? GREEN : RED, held ? "held    " : "broken  ");
		put(out, PLAIN, text_of(one, "assertion"));
		if (!held) {
			fputs(": ", out->to);
			put(out, PLAIN, text_of(one, "why"));
			fprintf(out->to, " (at %lld.%03lld s, ", (long long)(number_of(one, "at_ms") / 1000),
				(long long)(number_of(one, "at_ms") % 1000));
			put(out, PLAIN, text_of(one, "file"));
			fprintf(out->to, ":%lld)", (long long)number_of(one, "line"));
		} else if (json_object_get(one, "worst_ms")) {
			fprintf(out->to, " (it took at most %lld.%03lld s)",
				(long long)(number_of(one, "worst_ms") / 1000),
				(long long)(number_of(one, "worst_ms") % 1000));
		}
		putc('\n', out->to);
	}
}

static void put_flag(const struct screen *out, const char *flag, const char *value)
{
	fprintf(out->to, " --%s ", flag);
	put_shell_word(out, value);
}

/* The command that plays it again. */
static void show_again(const struct screen *out, const struct invocation *invocation, const json_t *document)
{
	const struct settings *settings = &invocation->settings;
	fputs("again: berth simulate ", out->to);
	put_shell_word(out, invocation->arguments.count ? invocation->arguments.items[0] : "blueprint.yaml");
	put_flag(out, "scenario", settings->scenario);
	if (settings->app)
		put_flag(out, "app", settings->app);
	for (size_t i = 0; i < settings->sets.count; i++)
		put_flag(out, "set", settings->sets.items[i]);
	for (size_t i = 0; i < settings->locations.count; i++)
		put_flag(out, "location", settings->locations.items[i]);
	fprintf(out->to, " --seed %lld\n", (long long)number_of(document, "seed"));
}

static void render(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation), err = screen_of(stderr, invocation);
	show_diagnostics(&err, document);
	if (!json_object_get(document, "story"))
		return;
	show_story(&out, list_of(document, "story"));
	putc('\n', out.to);
	if (json_object_get(document, "series")) {
		plot_series(&out, json_object_get(document, "series"));
		putc('\n', out.to);
	}
	show_assertions(&out, list_of(document, "assertions"));
	if (!json_is_true(json_object_get(document, "held")))
		show_again(&out, invocation, document);
}

/* A scenario without samples has nothing to draw. */
static int write_plot(const struct invocation *invocation, const json_t *document)
{
	const char *path = invocation->settings.plot;
	const json_t *series = json_object_get(document, "series");
	if (!path || !document || !json_object_get(document, "story"))
		return 0;
	if (!series)
		return complain(invocation, BERTH_FAILED, "there is nothing to plot",
				"give the scenario `samples`");
	FILE *to = fopen(path, "we");
	int failed = to ? plot_svg(to, series) : -1;
	failed |= to ? fclose(to) : 0;
	return failed ? complain(invocation, BERTH_FAILED, "the plot cannot be written", path) : 0;
}

static int play(struct invocation *invocation, const struct berth_request *request)
{
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	struct carried carried = carry_out(invocation, berth_simulate, request, &listener, NULL);
	if (wants_json(invocation))
		print_result(&carried);
	else if (carried.document)
		render(invocation, carried.document);
	int plotted = write_plot(invocation, carried.document);
	int code = conclude(invocation, &carried);
	carried_release(&carried);
	return code ? code : plotted;
}

static int simulate_run(struct invocation *invocation)
{
	const struct settings *settings = &invocation->settings;
	const struct words *arguments = &invocation->arguments;
	struct input input = {0}, scenario = {0};
	if (!settings->scenario)
		return complain_usage(invocation, "a file that says what happens: --scenario FILE",
				      "which scenario? usage: berth simulate [BLUEPRINT] --scenario FILE");
	int code = input_file(invocation, settings->scenario, "name a scenario's file", &scenario);
	if (!code)
		code = input_blueprint(invocation, arguments->count ? arguments->items[0] : NULL, &input);
	if (!code) {
		struct berth_request request = request_of(invocation, &input);
		request.scenario = scenario.bytes;
		request.scenario_size = scenario.size;
		request.scenario_file = scenario.file;
		request.seed = (uint64_t)settings->seed;
		code = play(invocation, &request);
	}
	input_release(&scenario);
	input_release(&input);
	return code;
}

const struct command command_simulate = {
    .name = "simulate",
    .arguments = "[BLUEPRINT] --scenario FILE",
    .summary = "a blueprint on a simulated fleet: what happens, and what holds",
    .details =
	"Plays a scenario: the blueprint as it is, this very engine and its drivers, on Docker engines that "
	"are simulated, in virtual time. The scenario says how programs behave, what is done in turn, what "
	"goes wrong (calls that are lost, engines that cannot be reached, containers that die, berth itself "
	"killed) and what must hold. Nothing real is touched: no store, no target, no network. An hour takes "
	"milliseconds.\n\n"
	"Where the scenario has samples of sensors, which is the dry run of an autoscaler, they and the "
	"sizes that become of "
	"them are plotted over time, and with --plot drawn.\n\n"
	"The story is printed, a line for each event, then each assertion with `held` or `broken`, when and "
	"by "
	"what. The same seed tells the same story. `berth schema scenario` is the language for an editor.",
    .flags = flags,
    .examples = {{"berth simulate shop.yaml --scenario engine-away.yaml",
		  "what becomes of `shop` when its engine is away for a while"},
		 {"berth simulate sized.yaml --scenario load.yaml --plot load.svg",
		  "what its autoscaler would have made of a load that was recorded"}},
    .endings = ENDS_READING | ENDS(TIMED_OUT),
    .subjects = {SUBJECT_BLUEPRINT},
    .most = 1,
    .run = simulate_run,
};
