/* cli.h - what the commands share: the parsed command line and how an operation is carried out. */
#ifndef BERTH_CLI_CLI_H
#define BERTH_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <berth/berth.h>

#define owned_by(release) __attribute__((cleanup(release)))
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

static inline void release_memory(void *pointer)
{
	free(*(void **)pointer);
}

static inline void release_json(json_t **document)
{
	json_decref(*document);
}

#define owned_memory owned_by(release_memory)
#define owned_json   owned_by(release_json) json_t *

enum { EXIT_CHANGES = 2 }; /* plan --detailed-exitcode; all other codes are berth_outcome's */

/* NULL-terminated once something was added; the strings are borrowed. */
struct words {
	const char **items;
	size_t count;
};

/* Every flag's value. */
struct settings {
	const char *app, *output, *color, *progress, *owner, *format, *out, *wait_for;
	const char *user, *dir, *scenario, *plot;
	const char *controller, *token_file, *ca;
	const char *state, *tls_cert, *tls_key, *client_ca, *log_format, *webhook_file, *webhook_ca;
	struct words locations, sets, listen;
	int64_t timeout_ms, since_ms;
	int64_t tail; /* -1: all */
	int64_t seed;
	bool dry_run, yes, verbose, adopt, help, version;
	bool detailed_exitcode, watch, exit_code, volumes, follow, remove;
	bool interactive, tty, leave_data;
};

enum flag_kind {
	FLAG_SWITCH,   /* bool */
	FLAG_TEXT,     /* const char * */
	FLAG_WORDS,    /* struct words, repeatable; one a line in the environment */
	FLAG_CHOICE,   /* const char *, one of `choices` */
	FLAG_DURATION, /* int64_t milliseconds */
	FLAG_NUMBER,   /* int64_t, not negative */
	FLAG_COUNT,    /* the same, or "all", which is -1 */
	FLAG_MOMENT,   /* int64_t milliseconds of the wall clock; a duration is that long ago */
};

/* plan and deploy have it. */
#define FLAG_LEAVE_DATA "what goes to another location leaves the data of its volumes behind"

/* What an argument or a flag's value names, for who completes it. */
enum subject {
	SUBJECT_NOTHING,
	SUBJECT_BLUEPRINT, /* a file */
	SUBJECT_APP,
	SUBJECT_EITHER, /* an application or a blueprint */
	SUBJECT_COMPONENT,
	SUBJECT_LOCATION, /* a name that something is bound to */
	SUBJECT_TYPE,
	SUBJECT_COMMAND,
	SUBJECT_FILE,
	SUBJECT_WORD, /* one of the command's `words` */
};

/* A table of these ends with a NULL name. */
struct flag {
	const char *name;
	char letter; /* 0: none */
	enum flag_kind kind;
	size_t at;           /* offset in struct settings */
	const char *value;   /* what help calls the value */
	const char *choices; /* "table|json" */
	const char *summary;
};

/* How a command may end: rows of the table of exit codes. */
enum ending {
	ENDING_DONE,
	ENDING_FAILED,
	ENDING_CHANGES,
	ENDING_USAGE,
	ENDING_INVALID,
	ENDING_UNREACHABLE,
	ENDING_LOCKED,
	ENDING_DENIED,
	ENDING_TIMED_OUT,
	ENDING_NOT_RUN,
	ENDING_NOT_EXECUTABLE,
	ENDING_NOT_FOUND,
	ENDING_INTERRUPTED,
	ENDING_COUNT
};
#define ENDS(ending)  (1u << ENDING_##ending)
#define ENDS_AT_ONCE  (ENDS(DONE) | ENDS(USAGE))
#define ENDS_READING  (ENDS_AT_ONCE | ENDS(FAILED) | ENDS(INVALID) | ENDS(INTERRUPTED))
#define ENDS_LOOKING  (ENDS_READING | ENDS(UNREACHABLE) | ENDS(DENIED) | ENDS(TIMED_OUT))
#define ENDS_CHANGING (ENDS_LOOKING | ENDS(LOCKED))

struct invocation;

/* Help, the manual, the reference and the completions are made of this. */
struct command {
	const char *name;
	const char *arguments; /* as help shows them */
	const char *summary;
	const char *details;      /* what it does, in paragraphs: a blank line between two */
	const struct flag *flags; /* beside the common ones; may be NULL */
	struct example {
		const char *line, *what;
	} examples[2];
	unsigned endings; /* ENDS() of all that may be */
	/* Of its arguments in turn; the last one also of those that follow. */
	enum subject subjects[3];
	const char *words; /* SUBJECT_WORD: "bash|zsh|fish" */
	size_t most;       /* how many arguments it takes */
	/* After so many all that follows is another command, with its own flags; 0: nothing is. */
	size_t own_arguments;
	/* --location NAME alone chooses among those that are known. */
	bool location_names;
	bool hidden; /* for machines: no help, no manual; nothing but the command line is heeded */
	int (*run)(struct invocation *);
};

/* One call of the program. */
struct invocation {
	const struct command *command;
	struct settings settings;
	struct words arguments;
	struct words kept; /* memory that settings and arguments point to */
	bool silent;       /* complains to nobody */
	struct berth *berth;
};

/* commands.c */
extern const struct command *const commands[]; /* NULL-terminated */
const struct command *command_find(const char *name);
/* Says what to do about a name that is no command. Returns the exit code. */
int command_unknown(const struct invocation *, const char *name);

/* flags.c */
extern const struct flag common_flags[];
const struct flag *flag_find(const struct command *, const char *name);
/* Stores a flag's value; a sentence in `complaint` and -1 when it is none. */
int flag_set(struct invocation *, const struct flag *, const char *value, char complaint[200]);
int words_add(struct words *, const char *word);
/* A copy that lives as long as the invocation. */
const char *keep(struct invocation *, const char *text);
/* The flag's variable, "BERTH_DRY_RUN"; false: it has none. */
bool flag_variable(const struct flag *, char ret_name[64]);
/* What its value names. */
enum subject flag_subject(const struct flag *);
/* The flag and its value as help shows them: "--tail N". */
void flag_shown(const struct flag *, char *ret, size_t size);
/* All flags of a command in one row, the common ones first; NULL past the last. */
const struct flag *flag_number(const struct command *, size_t number);

/* values.c */
int parse_duration(const char *text, int64_t *ret_ms);
int parse_moment(const char *text, int64_t now_ms, int64_t *ret_ms);
int64_t wall_ms(void);
int64_t steady_ms(void);

/* arguments.c: flags of the command line, then of the environment, then of the user's file. 0, or the exit
 * code. */
int arguments_parse(struct invocation *, int argc, char **argv);
void invocation_release(struct invocation *);

/* user_file.c: takes what `given` has not; the common flags come first in it. 0, or the exit code. */
int user_file_read(struct invocation *, const bool *given);

/* suggest.c: the nearest of the names, NULL when none is near. */
const char *nearest(const char *word, const char *(*name)(size_t i, const void *of), const void *of);

/* help.c */
void help_general(FILE *, const struct invocation *);
void help_command(FILE *, const struct invocation *, const struct command *);
/* exits.c */
extern const struct exit_code {
	int code;
	const char *meaning;
} exit_codes[ENDING_COUNT];
/* version.c */
int cli_version(struct invocation *);

/* complain.c: to standard error, and with -o json as a document to standard output too. Returns the exit
 * code. */
int complain_usage(const struct invocation *, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int complain(const struct invocation *, enum berth_outcome, const char *text, const char *remedy);
bool wants_json(const struct invocation *);

/* save.c: whole or not at all, for its owner alone. 0, or the exit code. */
int save_text(const struct invocation *, const char *path, const char *text);

/* input.c */
struct input {
	char *bytes; /* a blueprint, or a saved plan; NULL: `file` is a URL, or there is a name alone */
	size_t size;
	const char *file, *app;
};
bool is_file_name(const char *argument);
bool is_saved_plan(const struct input *);
/* Any file's bytes; `what_to_do` when it cannot be read. 0, or the exit code. */
int input_file(const struct invocation *, const char *file, const char *what_to_do, struct input *ret);
/* A blueprint, by default ./blueprint.yaml. 0, or the exit code. */
int input_blueprint(const struct invocation *, const char *argument, struct input *ret);
/* The first argument, or --app: an application's name and no file. */
int input_app(const struct invocation *, struct input *ret);
/* A blueprint or an application's name. */
int input_either(const struct invocation *, const char *argument, struct input *ret);
void input_release(struct input *);

/* operate.c */
/* Opens the library, once. 0, or -1 with *error. */
int open_berth(struct invocation *, struct berth_error *error);
enum { ATTENDANT_POLLS = 2 };
struct pollfd;

/* What goes along with an operation in its loop. */
struct attendant {
	void *of;
	void (*begun)(void *of, struct berth_operation *); /* NULL: it does not care */
	/* At most ATTENDANT_POLLS descriptors to be looked at besides: `prepare` says which before each wait,
	 * and `tick` finds what came of it. */
	struct pollfd *polls;
	size_t poll_count;
	void (*prepare)(void *of);      /* NULL: as they are */
	int (*timeout)(const void *of); /* milliseconds until tick has something to do; -1, NULL: nothing */
	bool (*tick)(void *of);         /* after every turn; true: nobody listens any more, leave */
	void (*interrupted)(void *of);  /* a line about it comes next; NULL: it is not worth one */
};

typedef struct berth_operation *begin_fn(struct berth *, const struct berth_request *,
					 const struct berth_listener *, struct berth_error *);

struct carried {
	struct berth_operation *operation; /* NULL when it could not even begin: that has been said */
	enum berth_outcome outcome;
	json_t *document; /* NULL when the result is no JSON */
	bool interrupted; /* a signal came */
	bool left;        /* the attendant had enough */
};
struct berth_request request_of(const struct invocation *, const struct input *);
/* Until it ends. `attendant` may be NULL. */
struct carried carry_out(struct invocation *, begin_fn *, const struct berth_request *,
			 const struct berth_listener *, const struct attendant *);
void carried_release(struct carried *);
/* What -o json prints: the result as it is. */
void print_result(const struct carried *);
/* Message and remedy of an operation that did not end well. Returns the exit code. */
int conclude(const struct invocation *, const struct carried *);
/* A listener's `event` that shows warnings; the context is the invocation. */
void show_warning(void *context, const struct berth_event *event);
/* carry_out with print_result for JSON or `render` for people, then conclude(). */
int simple_command(struct invocation *, begin_fn *, const struct berth_request *,
		   void (*render)(const struct invocation *, const json_t *document));
/* Flushes standard output; whether that, or a write before, failed. */
bool output_failed(void);
/* Flushes standard output; the exit code, changed when that could not be written. */
int finish_output(int code);

/* signals.c */
int signals_begin(void); /* the descriptor that becomes readable, -1 on failure */
int signals_taken(void); /* how many came since the last call */
int signals_next(void);  /* the number of the oldest that was not taken yet; 0: none */
void signals_default(void);
void signals_end(void);

/* confirm.c */
struct progress;
struct screen;
struct confirmation {
	const struct invocation *invocation;
	struct progress *progress;
	bool (*needed)(const json_t *change);
	bool always;  /* also when no change needs it */
	bool refused; /* nobody could be asked */
	/* Shows what is asked about; NULL: the changes that need it. */
	void (*show)(const struct screen *, const json_t *document);
};
bool can_ask(void);
/* A listener's `confirm`; the context is a struct confirmation. */
bool confirm(void *confirmation, const char *plan);

/* change.c: what deploy and its kin have in common: a plan, questions, progress, and what came of it. */
struct change {
	begin_fn *begin;
	bool (*needed)(const json_t *change); /* what must be agreed to; NULL: nothing, it was asked for */
	const char *refusal;                  /* said where nobody can be asked */
	const char *done, *nothing;           /* "Deployed", "is as the blueprint says" */
};
/* Of deploy and rollback: something goes, serves not for a while, or its data may be lost. */
bool change_costs(const json_t *change);
int carry_out_change(struct invocation *, const struct change *, const struct berth_request *);
/* stop, start and restart: APP [COMPONENT...]. */
int change_components(struct invocation *, const struct change *);

int berth_cli(int argc, char **argv);

#endif
