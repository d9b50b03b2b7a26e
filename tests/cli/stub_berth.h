/* stub_berth.h - a library that does what a script says, and remembers what it was asked. */
#ifndef BERTH_TESTS_CLI_STUB_BERTH_H
#define BERTH_TESTS_CLI_STUB_BERTH_H

#include <berth/berth.h>

/* What the next operations do. Texts are borrowed. */
struct script {
	const char *result, *message, *remedy;
	enum berth_outcome outcome;
	const char *plan;                 /* offered to the listener's confirm; NULL: nothing to confirm */
	const struct berth_event *events; /* one a dispatch */
	size_t event_count;
	int waits;  /* until it is cancelled so often */
	int raises; /* this signal, after the events, as often as `raise_times` */
	int raise_times;
	int raise_from;          /* not before so many operations were begun */
	const char *next_result; /* of the second operation and those after it; NULL: the same */
	const char *begin_error; /* it cannot even begin */
	bool until_input_ends;   /* it does not end before its input does */
	size_t ends_input_at;    /* or before so much has come */
	bool waits_for_resize;   /* or before its size has changed */
	void (*looks)(void);     /* called once while it goes on */
	int looks_from;          /* not before so many operations were begun */
	size_t input_waiting;    /* so much is never passed on */
};
extern struct script script;

/* What was asked; the texts live until the next call. */
struct asked {
	int opened, begun, cancelled, freed;
	char verb[16];
	bool confirmed, had_confirm;
	char blueprint[4096], file[256], app[64], owner[64], helper[4200];
	size_t blueprint_size;
	char locations[512], settings[512], components[512]; /* each followed by a newline */
	char format[16], name[64];
	int64_t timeout_ms, tail, since_ms;
	bool dry_run, adopt, volumes, follow, check, remembered, remove;
	int64_t count;
	char wait_for[16], plan[256], action[16], arguments[256], state[64];
	char scenario[256], scenario_file[64];
	uint64_t seed;
	char command[512], user[64], directory[256];
	bool terminal, interactive, input_ended;
	unsigned rows, columns, resizes;
	char input[1024]; /* its beginning, NUL-terminated */
	size_t input_size;
};
extern struct asked asked;

#endif
