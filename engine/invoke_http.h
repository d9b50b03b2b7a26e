/* invoke_http.h - an effector that is a request to an instance. */
#ifndef BERTH_ENGINE_INVOKE_HTTP_H
#define BERTH_ENGINE_INVOKE_HTTP_H

#include "engine/engine.h"

/* One under way: zero before it begins. */
struct invoked_call {
	struct exchange *exchange;
	bool ended;
	int status; /* 0: no answer */
	struct error error;
	struct work *work; /* what is answered goes into its log */
};

/* Begun, or gone on with. `environment` is NAME=VALUE of the parameters. DONE: it was answered, with *call's
 * status; FAILED with *err: it could not be asked. */
enum progress invoke_call(struct work *work, const struct effector *effector, const char *const *environment,
			  struct invoked_call *call, struct error *err);
/* Where its port can be reached from here. 0 or -1 with *err. */
int instance_address(const struct work *work, const struct effector_call *call, const char **ret_address,
		     uint16_t *ret_number, struct error *err);
/* "http://10.0.0.3:8080": where the instance can be reached from here. 0 or -1 with *err. */
int instance_origin(const struct work *work, const struct effector_call *call, struct text *to,
		    struct error *err);
void invoke_call_end(struct world *world, struct invoked_call *call);
/* The parameters and what they are unless they are given, in the arena; NULL with *err: one is given that
 * there is not, or no memory. */
const char *const *invoke_parameters(struct arena *arena, const struct effector *effector,
				     const char *const *given, struct error *err);

#endif
