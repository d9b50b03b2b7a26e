/* store_verbs.c - backup and restore: the store as a whole. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/operation.h"
#include "engine/store_copy.h"

/* NULL: no file was named, or where we are cannot be told. */
static const char *whole_path(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct world *world = operation->berth->world;
	char here[4096];
	if (!request->file || !*request->file)
		return NULL;
	if (*request->file == '/')
		return request->file;
	if (!request->folder && world->ops->working_directory(world, here, sizeof here))
		return NULL;
	return arena_format(&operation->arena, "%s/%s", request->folder ?: here, request->file);
}

static void finish(struct berth_operation *operation, const struct store_copying *copying, bool restored)
{
	json_t *document = document_new(NULL);
	json_put_text(document, "file", copying->file);
	json_put_number(document, "applications", copying->applications);
	if (restored)
		json_put_text(document, "former", copying->former);
	operation_finish(operation, BERTH_OK, document);
}

static void copy(struct berth_operation *operation, int (*work)(struct store_copying *, struct error *))
{
	struct store_copying copying = {
	    .world = operation->berth->world,
	    .directory = operation->berth->state_directory,
	    .file = whole_path(operation),
	    .dry_run = operation->request.dry_run,
	};
	if (!copying.file) {
		fail(operation_error(operation), ERR_INVALID, "no file was named");
		operation_finish(operation, BERTH_USAGE, document_new(NULL));
		return;
	}
	if (work(&copying, operation_error(operation)))
		stage_failed(operation);
	else
		finish(operation, &copying, work == store_restore);
	free(copying.former);
}

static void backup_step(struct berth_operation *operation)
{
	copy(operation, store_backup);
}

static void restore_step(struct berth_operation *operation)
{
	copy(operation, store_restore);
}

const struct verb verb_backup = {.name = "backup", .step = backup_step, .needs_store = true};
const struct verb verb_restore = {.name = "restore", .step = restore_step, .needs_store = true};
