/* cp.c - `berth cp`: files and folders into and out of an instance, packed by tar on either side. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/commands.h"
#include "cli/converse.h"

#define AT(member) offsetof(struct settings, member)

static const struct flag flags[] = {
    {"user", 'u', FLAG_TEXT, AT(user), "USER", NULL, "as this user there: NAME or UID, and :GROUP"},
    {0},
};

/* APP/COMPONENT[/N]:PATH */
struct there {
	char *app, *component, *path;
};

static void there_release(struct there *there)
{
	free(there->app);
	free(there->component);
	free(there->path);
}

#define owned_there owned_by(there_release) struct there

static bool is_there(const char *argument)
{
	const char *colon = strchr(argument, ':'), *slash = strchr(argument, '/');
	return colon && slash && slash < colon && slash != argument && *argument != '.';
}

static int read_there(struct invocation *invocation, const char *argument, struct there *ret)
{
	const char *slash = strchr(argument, '/'), *colon = strchr(argument, ':');
	const char *path = colon[1] ? colon + 1 : ".";
	ret->app = strndup(argument, (size_t)(slash - argument));
	ret->component = strndup(slash + 1, (size_t)(colon - slash - 1));
	/* What begins with a hyphen would be taken for a flag. */
	if (asprintf(&ret->path, "%s%s", *path == '-' ? "./" : "", path) < 0)
		ret->path = NULL;
	if (ret->app && ret->component && ret->path)
		return 0;
	complain(invocation, BERTH_FAILED, "out of memory", NULL);
	return BERTH_FAILED;
}

/* The last part of a path, without the slashes behind it; NULL where that is no name of its own. */
static char *own_name(const char *path)
{
	size_t length = strlen(path);
	while (length && path[length - 1] == '/')
		length--;
	size_t from = length;
	while (from && path[from - 1] != '/')
		from--;
	char *name = strndup(path + from, length - from);
	if (name && (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)) {
		free(name);
		return NULL;
	}
	return name;
}

static bool is_folder(const char *path)
{
	struct stat facts;
	return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/* --- the command there ---------------------------------------------------------------------- */

static int run_there(struct invocation *invocation, const struct there *there, const char *const *command,
		     const struct streams *streams)
{
	struct input input = {.app = there->app};
	struct berth_request request = request_of(invocation, &input);
	request.components = (const char *const[]){there->component, NULL};
	request.command = command;
	request.user = invocation->settings.user;
	request.interactive = streams->input >= 0;
	return converse(invocation, &request, streams);
}

/* What its code says, once the other end of the pipe has said its own. */
static int conclude_copy(struct invocation *invocation, int there, int here)
{
	if (there == EXIT_NOT_FOUND)
		complain(invocation, BERTH_FAILED, "there is no `sh` or no `tar` in that instance",
			 "`berth exec` runs what else there is");
	bool ended = there == 0 || there == EXIT_NOBODY_READS;
	if (!ended || !here)
		return there;
	return complain(invocation, BERTH_FAILED, "tar could not do its part on this side", NULL);
}

/* --- out of it ------------------------------------------------------------------------------ */

/* What is not there is an empty archive (two blocks of zeroes), so that tar on this side has nothing to say.
 */
static const char pack[] =
    "[ -e \"$1\" ] || [ -L \"$1\" ] || { echo \"there is no $1\" >&2; head -c 1024 /dev/zero; exit 1; }\n"
    "cd \"$(dirname \"$1\")\" && exec tar -cf - \"./$2\"";

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Takes the place of what is called so; a folder that is there gets what it has. */
static int put_in_place(struct invocation *invocation, const char *from, const char *to)
{
	struct child child;
	owned_memory char *content = NULL;
	if (rename(from, to) == 0)
		return 0;
	if ((errno == ENOTEMPTY || errno == EEXIST) && asprintf(&content, "%s/.", from) >= 0) {
		const char *const words[] = {"cp", "-a", "--", content, to, NULL};
		if (child_begin(&child, words, CHILD_NONE) == 0)
			return child_end(&child)
				   ? complain(invocation, BERTH_FAILED,
					      "the folder that is there could not be filled", NULL)
				   : 0;
	}
	owned_memory char *text = NULL;
	if (asprintf(&text, "cannot write %s: %s", to, strerror(errno)) < 0)
		text = NULL;
	return complain(invocation, BERTH_FAILED, text ? text : "it cannot be written", NULL);
}

static int unpack(struct invocation *invocation, const struct there *there, const char *name,
		  const char *folder)
{
	const char *const words[] = {"tar", "-xpof", "-", "-C", folder, NULL};
	struct child child;
	if (child_begin(&child, words, CHILD_INPUT))
		return complain(invocation, BERTH_FAILED, "tar cannot be run on this side", strerror(errno));
	int code = run_there(invocation, there,
			     (const char *const[]){"sh", "-c", pack, "sh", there->path, name, NULL},
			     &(struct streams){.input = -1, .output = child.stream});
	return conclude_copy(invocation, code, child_end(&child));
}

static int copy_out(struct invocation *invocation, const char *source, const char *destination)
{
	owned_there there = {0};
	int code = read_there(invocation, source, &there);
	if (code)
		return code;
	owned_memory char *name = own_name(there.path);
	if (!name)
		return complain_usage(invocation, "name the folder itself: /srv/data",
				      "`%s` has no name of its own", there.path);
	bool into = is_folder(destination);
	owned_memory char *beside = NULL, *target = NULL, *got = NULL;
	const char *slash = strrchr(destination, '/');
	int above = into ? (int)strlen(destination) : slash ? (int)(slash - destination + 1) : 0;
	if (asprintf(&beside, "%.*s%s.berth-XXXXXX", above, destination, into ? "/" : "") < 0 ||
	    asprintf(&target, "%s%s%s", destination, into ? "/" : "", into ? name : "") < 0)
		return complain(invocation, BERTH_FAILED, "out of memory", NULL);
	if (!into && slash && !slash[1])
		return complain_usage(invocation, "make the folder first", "there is no folder %s",
				      destination);
	if (!mkdtemp(beside))
		return complain(invocation, BERTH_FAILED, "nothing can be written there", strerror(errno));
	code = unpack(invocation, &there, name, beside);
	if (!code && asprintf(&got, "%s/%s", beside, name) >= 0)
		code = put_in_place(invocation, got, target);
	remove_tree(beside);
	return code;
}

/* --- into it -------------------------------------------------------------------------------- */

/* Beside its place and then into it, so that nobody sees half of it. */
static const char fill[] =
    "if [ -d \"$1\" ]; then exec tar -xpof - -C \"$1\"; fi\n"
    "case $1 in */) echo \"there is no folder $1\" >&2; exit 1 ;; esac\n"
    "there=$(mktemp -d \"$(dirname \"$1\")/.berth-XXXXXX\") || exit 1\n"
    "if tar -xpof - -C \"$there\" && mv -f \"$there/$2\" \"$1\"; then rmdir \"$there\"\n"
    "else code=$?; rm -rf \"$there\"; exit $code; fi";

static int copy_in(struct invocation *invocation, const char *source, const char *destination)
{
	owned_there there = {0};
	char path[PATH_MAX];
	int code = read_there(invocation, destination, &there);
	if (code)
		return code;
	struct stat facts;
	if (lstat(source, &facts))
		return complain_usage(invocation, "SRC is a file or folder of this machine",
				      "cannot read %s: %s", source, strerror(errno));
	/* A name is needed, which "." has only once it is known where that is. */
	owned_memory char *name = own_name(source);
	if (!name && realpath(source, path)) {
		source = path;
		name = own_name(path);
	}
	if (!name)
		return complain_usage(invocation, "name a folder in it", "`%s` has no name of its own",
				      source);
	size_t length = strlen(source);
	while (source[length - 1] == '/')
		length--;
	length -= strlen(name);
	owned_memory char *above = strndup(length ? source : ".", length ? length : 1);
	owned_memory char *member = NULL;
	if (!above || asprintf(&member, "./%s", name) < 0)
		return complain(invocation, BERTH_FAILED, "out of memory", NULL);
	const char *const words[] = {"tar", "-cf", "-", "-C", above, member, NULL};
	struct child child;
	if (child_begin(&child, words, CHILD_OUTPUT))
		return complain(invocation, BERTH_FAILED, "tar cannot be run on this side", strerror(errno));
	code = run_there(invocation, &there,
			 (const char *const[]){"sh", "-c", fill, "sh", there.path, name, NULL},
			 &(struct streams){.input = child.stream, .output = STDOUT_FILENO});
	return conclude_copy(invocation, code, child_end(&child));
}

/* --- the whole ------------------------------------------------------------------------------ */

static int cp_run(struct invocation *invocation)
{
	static const char usage[] =
	    "usage: berth cp SRC APP/COMPONENT[/N]:PATH, or APP/COMPONENT[/N]:PATH DEST";
	const struct words *arguments = &invocation->arguments;
	if (arguments->count < 2)
		return complain_usage(invocation, usage,
				      arguments->count ? "to where?" : "what is to be copied?");
	const char *source = arguments->items[0], *destination = arguments->items[1];
	if (is_there(source) && is_there(destination))
		return complain_usage(invocation, usage, "`%s` and `%s` are both in an instance", source,
				      destination);
	if (!is_there(source) && !is_there(destination))
		return complain_usage(invocation, usage, "neither `%s` nor `%s` is in an instance", source,
				      destination);
	return is_there(source) ? copy_out(invocation, source, destination)
				: copy_in(invocation, source, destination);
}

const struct command command_cp = {
    .name = "cp",
    .arguments = "SRC APP/COMPONENT[/N]:PATH | APP/COMPONENT[/N]:PATH DEST",
    .summary = "copy files and folders into or out of an instance",
    .details =
	"Copies a file, or a folder with all that is in it, between this machine and the instance N of a "
	"component, or the lowest one that runs: on a machine, in a container or of a process. Modes, times "
	"and "
	"links are kept; it belongs to whoever copies. A folder as DEST gets it into it; else DEST is what "
	"it is "
	"called from then on. A PATH that does not begin with `/` begins in the instance's own directory. A "
	"path "
	"of this machine with a colon in it begins with `./` or `/`.\n\n"
	"Both sides need `tar`, and the instance a `sh`.",
    .flags = flags,
    .examples = {{"berth cp shop/db:/etc/redis.conf .", "a file out of it"},
		 {"berth cp site shop/web/2:/srv/", "a folder into the second instance of `web`"}},
    .endings = ENDS(DONE) | ENDS(FAILED) | ENDS(USAGE) | ENDS(TIMED_OUT) | ENDS(NOT_RUN) |
	       ENDS(NOT_EXECUTABLE) | ENDS(NOT_FOUND) | ENDS(INTERRUPTED),
    .subjects = {SUBJECT_FILE, SUBJECT_FILE},
    .most = 2,
    .run = cp_run,
};
