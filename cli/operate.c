/* operate.c - opens the library and moves one operation to its end, with signals and progress in one loop. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/screen.h"

struct berth_request request_of(const struct invocation *invocation, const struct input *input)
{
	const struct settings *settings = &invocation->settings;
	struct berth_request request = {
	    .size = sizeof request,
	    .app = settings->app,
	    .locations = settings->locations.items,
	    .settings = settings->sets.items,
	    .timeout_ms = settings->timeout_ms,
	    .dry_run = settings->dry_run,
	    .adopt = settings->adopt,
	    .leave_data = settings->leave_data,
	};
	if (!input)
		return request;
	request.app = input->app;
	if (is_saved_plan(input)) {
		request.plan = input->bytes;
		request.plan_size = input->size;
	} else {
		request.blueprint = input->bytes;
		request.blueprint_size = input->size;
		request.file = input->file;
	}
	return request;
}

/* --- opening -------------------------------------------------------------------------------- */

int open_berth(struct invocation *invocation, struct berth_error *error)
{
	if (invocation->berth)
		return 0;
	const char *helper = getenv("BERTH_HELPER");
	const struct settings *settings = &invocation->settings;
	struct berth_options options = {
	    .size = sizeof options,
	    .state_directory = settings->state,
	    .helper = helper && *helper ? helper : NULL,
	    .owner = settings->owner,
	    .controller = settings->controller,
	    .token_file = settings->token_file,
	    .ca_file = settings->ca,
	};
	return berth_open(&invocation->berth, &options, error);
}

/* --- the loop ------------------------------------------------------------------------------- */

struct loop {
	struct berth *berth;
	struct berth_operation *operation;
	const struct attendant *attendant;
	FILE *err;
	int interrupts;
	bool left;
};

enum { OUR_POLLS = 2 };

static int sooner(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* The first finishes what flies, the second leaves, and a third ends even what hangs. */
static void take_signals(struct loop *loop, int count)
{
	for (; count > 0 && loop->interrupts < 2; count--) {
		berth_cancel(loop->operation);
		if (++loop->interrupts == 2) {
			signals_default();
		} else if (loop->attendant && loop->attendant->interrupted) {
			loop->attendant->interrupted(loop->attendant->of);
			fprintf(loop->err,
				"interrupted: finishing what flies; Ctrl-C again leaves at once\n");
		}
	}
}

static void turn(struct loop *loop, int signals)
{
	struct pollfd wait[OUR_POLLS + ATTENDANT_POLLS] = {{.fd = berth_fd(loop->berth), .events = POLLIN},
							   {.fd = signals, .events = POLLIN}};
	int timeout = berth_timeout_ms(loop->berth);
	const struct attendant *attendant = loop->attendant;
	size_t count = attendant ? attendant->poll_count : 0;
	if (attendant && attendant->prepare)
		attendant->prepare(attendant->of);
	if (attendant && attendant->timeout)
		timeout = sooner(timeout, attendant->timeout(attendant->of));
	for (size_t i = 0; i < count; i++)
		wait[OUR_POLLS + i] = attendant->polls[i];
	if (poll(wait, OUR_POLLS + count, timeout) < 0)
		for (size_t i = 0; i < count; i++)
			wait[OUR_POLLS + i].revents = 0;
	for (size_t i = 0; i < count; i++)
		attendant->polls[i].revents = wait[OUR_POLLS + i].revents;
	take_signals(loop, signals_taken());
	berth_dispatch(loop->berth);
	if (!attendant || !attendant->tick(attendant->of) || loop->left)
		return;
	loop->left = true;
	berth_cancel(loop->operation);
	berth_cancel(loop->operation);
}

static json_t *parse_result(const struct berth_operation *operation)
{
	const char *result = berth_result(operation);
	return *result == '{' ? json_loads(result, 0, NULL) : NULL;
}

struct carried carry_out(struct invocation *invocation, begin_fn *begin, const struct berth_request *request,
			 const struct berth_listener *listener, const struct attendant *attendant)
{
	struct carried carried = {0};
	struct berth_error error = {0};
	struct loop loop = {.attendant = attendant, .err = stderr};
	int signals = signals_begin();
	if (open_berth(invocation, &error) == 0)
		loop.operation = begin(invocation->berth, request, listener, &error);
	if (!loop.operation) {
		signals_end();
		carried.outcome = error.outcome ? error.outcome : BERTH_FAILED;
		complain(invocation, carried.outcome, error.text, error.remedy);
		return carried;
	}
	loop.berth = invocation->berth;
	if (attendant && attendant->begun)
		attendant->begun(attendant->of, loop.operation);
	while (!berth_done(loop.operation))
		turn(&loop, signals);
	signals_end();
	carried.operation = loop.operation;
	carried.outcome = berth_outcome(loop.operation);
	carried.document = parse_result(loop.operation);
	carried.interrupted = loop.interrupts > 0;
	carried.left = loop.left;
	return carried;
}

void carried_release(struct carried *carried)
{
	json_decref(carried->document);
	berth_operation_free(carried->operation);
	*carried = (struct carried){0};
}

/* --- what came of it ------------------------------------------------------------------------ */

void print_result(const struct carried *carried)
{
	const char *result = carried->operation ? berth_result(carried->operation) : "";
	size_t length = strlen(result);
	fwrite(result, 1, length, stdout);
	if (length && result[length - 1] != '\n')
		putchar('\n');
}

/* Whether the document's diagnostics have said it all. */
static bool explained(const json_t *document)
{
	return number_of(document, "error_count") > 0 &&
	       json_array_size(list_of(document, "diagnostics")) > 0;
}

int conclude(const struct invocation *invocation, const struct carried *carried)
{
	struct screen err = screen_of(stderr, invocation);
	const char *message = carried->operation ? berth_message(carried->operation) : "";
	bool told = explained(carried->document) && !wants_json(invocation);
	if (carried->outcome == BERTH_OK || !*message || told)
		return (int)carried->outcome;
	fflush(stdout);
	show_error(&err, message, berth_remedy(carried->operation));
	return (int)carried->outcome;
}

void show_warning(void *context, const struct berth_event *event)
{
	struct screen err = screen_of(stderr, context);
	if (event->kind != BERTH_EVENT_WARNING || !event->text)
		return;
	paint(&err, BOLD, "berth: ");
	paint(&err, YELLOW, "warning: ");
	put(&err, PLAIN, event->text);
	putc('\n', stderr);
}

int simple_command(struct invocation *invocation, begin_fn *begin, const struct berth_request *request,
		   void (*render)(const struct invocation *, const json_t *document))
{
	struct berth_listener listener = {
	    .size = sizeof listener, .event = show_warning, .context = invocation};
	struct carried carried = carry_out(invocation, begin, request, &listener, NULL);
	if (wants_json(invocation))
		print_result(&carried);
	else if (carried.document)
		render(invocation, carried.document);
	int code = conclude(invocation, &carried);
	carried_release(&carried);
	return code;
}

/* A pipe whose reader is gone; errno may be another's by the time it is asked. */
static bool nobody_reads(void)
{
	struct pollfd output = {.fd = fileno(stdout)};
	return poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

bool output_failed(void)
{
	return fflush(stdout) != 0 || ferror(stdout);
}

int finish_output(int code)
{
	if (!output_failed() || nobody_reads())
		return code; /* who closed the pipe has seen enough */
	fputs("berth: error: the output could not be written\n", stderr);
	return code ? code : BERTH_FAILED;
}
