/* value.h - a value of the blueprint that may wait for the deployment: text, or an expression over other
 * components. */
#ifndef BERTH_BLUEPRINTS_VALUE_H
#define BERTH_BLUEPRINTS_VALUE_H

#include "blueprints/diagnostics.h"

enum value_kind {
	VALUE_TEXT,      /* `text` itself */
	VALUE_JOIN,      /* the parts one after the other (formatString) */
	VALUE_SECRET,    /* `text` is the reference: "env:NAME" or "file:PATH" (absolute, or beside the
			    blueprint: made absolute) */
	VALUE_ADDRESS,   /* the host part of the way from this component to `component` */
	VALUE_PORT,      /* the port number of that way, as this component reaches it */
	VALUE_ENDPOINT,  /* "host:port" */
	VALUE_ENDPOINTS, /* that of each instance of `component` that takes requests, with a "," between */
	VALUE_SENSOR,    /* attributeWhenReady: the sensor `text` of `component`, once it is truthy */
	VALUE_SAMPLE, /* the same of a sensor that the blueprint gives it: what that told when it was made */
	VALUE_BALANCER, /* a load balancer's configuration, made of the members that run; `text` tells all
			   else that it is made of */
};

#define NO_COMPONENT ((size_t)-1)

struct value {
	enum value_kind kind;
	struct place place;
	const char *text;
	size_t component; /* index in the blueprint; NO_COMPONENT where the kind has none */
	int port; /* ADDRESS, PORT, ENDPOINT: which port by its number, 0: by `text` or the only/first one */
	const struct value *parts; /* JOIN */
	size_t part_count;
};

/* It is a secret, or one is a part of it. */
bool value_has_secret(const struct value *value);
/* It is of that kind, or a part of it is. */
bool value_has(const struct value *value, enum value_kind kind);

#endif
