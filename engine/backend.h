/* backend.h - what lies above the engine and carries operations out elsewhere: a controller's client. */
#ifndef BERTH_ENGINE_BACKEND_H
#define BERTH_ENGINE_BACKEND_H

#include "engine/engine.h"

/* All are required. */
struct berth_backend {
	/* Whether this handle is to speak to somebody: then `backend` and `controller` are set. 0, or -1 with
	 * *err (ERR_INVALID: the options). */
	int (*open)(struct berth *berth, const struct berth_options *options, struct error *err);
	void (*close)(struct berth *berth);
	/* Of a new operation with its request: those that are carried out elsewhere get a `remote`. 0 or -1
	 * (no memory). */
	int (*begin)(struct berth_operation *operation);
	/* In place of the verb's. */
	void (*step)(struct berth_operation *operation);
	void (*let_go)(struct berth_operation *operation);
};

/* The one that there is, from now on: called before main by who is linked in. */
void backend_register(const struct berth_backend *backend);
int backend_open(struct berth *berth, const struct berth_options *options, struct error *err);

/* exec_verb.c: what is given to an exec that is carried out elsewhere. */
struct exec_session *exec_session_of(const struct berth_operation *operation);

#endif
