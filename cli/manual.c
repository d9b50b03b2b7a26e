/* manual.c - `berth __manual man FOLDER|markdown`: writes the manual's pages, or the reference. */
#include "cli/manual.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/commands.h"

/* Of the sources where the build system tells, so that a build can be repeated to the byte. */
static void date_of_build(char ret[16])
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch && *epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
	struct tm parts;
	if (!gmtime_r(&now, &parts) || !strftime(ret, 16, "%Y-%m-%d", &parts))
		strcpy(ret, "1970-01-01");
}

struct pages {
	const struct invocation *invocation;
	const char *folder;
	char date[16];
	int code;
};

static FILE *open_page(struct pages *pages, int section, const char *name)
{
	owned_memory char *folder = NULL, *path = NULL;
	if (asprintf(&folder, "%s/man%d", pages->folder, section) < 0 ||
	    asprintf(&path, "%s/%s.%d", folder, name, section) < 0)
		return NULL;
	mkdir(pages->folder, 0777);
	mkdir(folder, 0777);
	FILE *page = fopen(path, "we");
	if (!page)
		pages->code =
		    complain_usage(pages->invocation, NULL, "cannot write %s: %s", path, strerror(errno));
	return page;
}

static void close_page(struct pages *pages, FILE *page)
{
	bool failed = ferror(page);
	if (fclose(page) || failed)
		pages->code = complain(pages->invocation, BERTH_FAILED, "a page could not be written", NULL);
}

static json_t *known_types(struct invocation *invocation)
{
	struct berth_request request = {.size = sizeof request};
	struct carried carried = carry_out(invocation, berth_types, &request, NULL, NULL);
	json_t *document = json_incref(carried.document);
	carried_release(&carried);
	return document;
}

static int write_pages(struct invocation *invocation, const char *folder)
{
	struct pages pages = {.invocation = invocation, .folder = folder};
	owned_json types = known_types(invocation);
	date_of_build(pages.date);
	FILE *page = open_page(&pages, 1, "berth");
	if (page) {
		page_of_program(page, pages.date);
		close_page(&pages, page);
	}
	if (page && (page = open_page(&pages, 5, "berth-blueprint"))) {
		page_of_blueprint(page, pages.date, types);
		close_page(&pages, page);
	}
	for (size_t i = 0; commands[i] && page; i++) {
		char name[64];
		if (commands[i]->hidden)
			continue;
		snprintf(name, sizeof name, "berth-%s", commands[i]->name);
		if ((page = open_page(&pages, 1, name))) {
			page_of_command(page, pages.date, commands[i]);
			close_page(&pages, page);
		}
	}
	return pages.code;
}

static int manual_run(struct invocation *invocation)
{
	const struct words *arguments = &invocation->arguments;
	if (arguments->count == 2 && strcmp(arguments->items[0], "man") == 0)
		return write_pages(invocation, arguments->items[1]);
	if (arguments->count != 1 || strcmp(arguments->items[0], "markdown") != 0)
		return complain_usage(invocation, "`berth __manual man FOLDER` or `berth __manual markdown`",
				      "what is to be written?");
	reference(stdout);
	return 0;
}

const struct command command_manual = {
    .name = "__manual",
    .arguments = "man FOLDER|markdown",
    .summary = "the manual's pages, or the reference",
    .endings = ENDS_AT_ONCE,
    .most = 2,
    .hidden = true,
    .run = manual_run,
};
