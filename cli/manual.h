/* manual.h - the manual's pages and the reference, made from the tables that --help shows. */
#ifndef BERTH_CLI_MANUAL_H
#define BERTH_CLI_MANUAL_H

#include <jansson.h>

#include "cli/cli.h"

/* manual_roff.c: pages of man(7). `date` is the release's, "2026-01-02". */
void page_of_program(FILE *, const char *date);
void page_of_command(FILE *, const char *date, const struct command *);
/* `types` is the document of berth_types. */
void page_of_blueprint(FILE *, const char *date, const json_t *types);

/* manual_markdown.c: the part of docs/commands.md that is made. */
void reference(FILE *);

#endif
