/* backup.c - `berth backup` and `berth restore`: what the store remembers, into a file and out of one. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/screen.h"

static const struct flag flags[] = {
    {"state", 0, FLAG_TEXT, offsetof(struct settings, state), "DIR", NULL,
     "the store's directory; without it that of this user"},
    {0},
};

static const char *plural(const json_t *document)
{
	return number_of(document, "applications") == 1 ? "" : "s";
}

static void render_backup(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation);
	if (!*text_of(document, "file"))
		return;
	fputs(invocation->settings.dry_run ? "Would back up to " : "Backed up to ", out.to);
	put(&out, PLAIN, text_of(document, "file"));
	fprintf(out.to, ": %lld application%s\n", (long long)number_of(document, "applications"),
		plural(document));
}

static void render_restore(const struct invocation *invocation, const json_t *document)
{
	struct screen out = screen_of(stdout, invocation);
	if (!*text_of(document, "file"))
		return;
	fputs(invocation->settings.dry_run ? "Would restore from " : "Restored from ", out.to);
	put(&out, PLAIN, text_of(document, "file"));
	fprintf(out.to, ": %lld application%s\n", (long long)number_of(document, "applications"),
		plural(document));
	if (!*text_of(document, "former"))
		return;
	fputs("What was remembered before is in ", out.to);
	put(&out, PLAIN, text_of(document, "former"));
	putc('\n', out.to);
}

static int run(struct invocation *invocation, begin_fn *begin,
	       void (*render)(const struct invocation *, const json_t *document))
{
	const struct words *arguments = &invocation->arguments;
	const struct settings *settings = &invocation->settings;
	struct berth_request request = request_of(invocation, NULL);
	if (!arguments->count)
		return complain_usage(invocation, "name a file of this machine",
				      "which file? usage: berth %s FILE", invocation->command->name);
	if (strstr(arguments->items[0], "://") || strcmp(arguments->items[0], "-") == 0)
		return complain_usage(invocation, "name a file of this machine", "`%s` is none",
				      arguments->items[0]);
	if (settings->controller && strcmp(settings->controller, "none") != 0)
		return complain_usage(invocation, "give the command where the store is, without --controller",
				      "a controller does not send its store");
	request.file = arguments->items[0];
	return simple_command(invocation, begin, &request, render);
}

static int backup_run(struct invocation *invocation)
{
	return run(invocation, berth_backup, render_backup);
}

static int restore_run(struct invocation *invocation)
{
	return run(invocation, berth_restore, render_restore);
}

const struct command command_backup = {
    .name = "backup",
    .arguments = "FILE",
    .summary = "a copy of what the store remembers",
    .details =
	"Copies the store into a new file that only its owner can read: blueprints, settings, history, what "
	"policies remember, events. It is as it was at one time, whoever writes meanwhile; a controller goes "
	"on with its work. Give it as the user whose store it is, on that machine.",
    .flags = flags,
    .examples = {{"berth backup /var/backups/berth.db", "the store of this user"},
		 {"berth backup --state /var/lib/berth monday.db", "that of a controller, which goes on"}},
    .endings = ENDS_AT_ONCE | ENDS(FAILED) | ENDS(DENIED),
    .subjects = {SUBJECT_FILE},
    .most = 1,
    .run = backup_run,
};

const struct command command_restore = {
    .name = "restore",
    .arguments = "FILE",
    .summary = "remember what a backup has",
    .details =
	"The store remembers what the backup has, all of it or nothing: a file that is no store, damaged, or "
	"of a newer berth is refused. What was remembered before is kept beside the store, as a backup "
	"itself. A controller that has the store, and a command that is changing an application, must end "
	"first.\n\n"
	"What runs is not touched. The next `berth deploy` of an application compares it with what is wanted "
	"then.",
    .flags = flags,
    .examples = {{"berth restore /var/backups/berth.db", "as it was then"},
		 {"berth restore monday.db --dry-run", "whether it could be restored"}},
    .endings = ENDS_AT_ONCE | ENDS(FAILED) | ENDS(LOCKED) | ENDS(DENIED),
    .subjects = {SUBJECT_FILE},
    .most = 1,
    .run = restore_run,
};
