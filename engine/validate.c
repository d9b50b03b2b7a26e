/* validate.c - what is wrong with a blueprint, without touching any target. */
#include "engine/deploy.h"

static void validate_step(struct berth_operation *operation)
{
	if (operation_read_blueprint(operation))
		return;
	if (sites_bind(operation, operation_error(operation))) {
		stage_failed(operation);
		return;
	}
	sites_check(operation);
	balancers_check(operation);
	if (operation->diagnostics.errors) {
		refuse_blueprint(operation);
		return;
	}
	sites_warn_clouds(operation);
	operation_finish(operation, BERTH_OK, validation_document(operation));
}

const struct verb verb_validate = {.name = "validate", .step = validate_step};
