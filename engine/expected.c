/* expected.c - a change that is meant for an application as somebody saw it, and for no other. */
#include "engine/deploy.h"
#include "engine/operation.h"

static int fail_stale(struct berth_operation *operation, const char *app, int64_t revision)
{
	const struct berth_request *request = &operation->request;
	struct error *err = operation_error(operation);
	if (request->if_new)
		fail(err, ERR_STALE, "`%s` is there already, at revision %lld", app, (long long)revision);
	else if (!revision)
		fail(err, ERR_STALE, "nothing is known of `%s`; this is meant for its revision %lld", app,
		     (long long)request->if_revision);
	else
		fail(err, ERR_STALE, "`%s` is at revision %lld by now; this is meant for revision %lld", app,
		     (long long)revision, (long long)request->if_revision);
	remedy(err, "look at it as it is now, and ask again");
	return -1;
}

/* As it is written down now: what was read when the operation began may be older than the lock. */
static int compare(struct berth_operation *operation, const char *app)
{
	const struct berth_request *request = &operation->request;
	struct stored_application *stored = NULL;
	if (store_application(operation->berth->store, app, &stored, operation_error(operation)))
		return -1;
	int64_t revision = stored ? stored->revision : 0;
	stored_application_free(stored);
	if (request->if_new ? !revision : revision == request->if_revision)
		return 0;
	return fail_stale(operation, app, revision);
}

bool is_as_expected(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	const char *app = operation_app(operation);
	if ((!request->if_revision && !request->if_new) || operation->as_expected)
		return true;
	if (app && compare(operation, app))
		return stage_failed(operation);
	return operation->as_expected = true;
}
