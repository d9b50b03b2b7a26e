/* openstack_bench.h - a recorded OpenStack for tests: each request is answered as the real one did, unless
 * the test says otherwise. */
#ifndef BERTH_TESTS_LOCATIONS_OPENSTACK_BENCH_H
#define BERTH_TESTS_LOCATIONS_OPENSTACK_BENCH_H

#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "locations/openstack/answers.h"

/* Before what is recorded: the first one that a request fits (the method, and the beginning of its address)
 * answers it, so often; 0: always. Status 0: the connection is closed without an answer. */
struct openstack_line {
	const char *method, *url;
	int status;
	const char *headers, *body;
	size_t times;
};

#define KEYSTONE "http://127.0.0.1:5000/v3"
#define NOVA     "http://127.0.0.1:8774/v2.1"
#define NEUTRON  "http://127.0.0.1:9696"
#define GLANCE   "http://127.0.0.1:9292"

extern struct location openstack_here;
extern struct error openstack_error;
extern struct text openstack_asked; /* "GET http://...\n", and of a login its body in a line */
extern struct text openstack_sent;  /* the headers beside Accept and Content-Type, a line each */
extern struct text openstack_said;  /* what the location said to people */

/* The recorded exchange of that name; borrowed. */
const json_t *openstack_recorded(const char *name);
/* All of them, by their numbers. */
size_t openstack_recorded_count(void);
const char *openstack_recorded_name(size_t number);
/* Its body alone. */
const json_t *openstack_recorded_body(const char *name);
/* Lines before what is recorded, until the end of the test. */
void openstack_lines(const struct openstack_line *some, size_t count);
#define LINES(...)                                                                                           \
	openstack_lines((const struct openstack_line[]){__VA_ARGS__},                                        \
			sizeof((const struct openstack_line[]){__VA_ARGS__}) /                               \
			    sizeof(struct openstack_line))
/* What answers before all of these, where it says that it does; NULL: nothing. Until the end of the test. */
void openstack_answers(bool (*answer)(const struct http_request *, struct http_answer *));
/* Of this environment; NULL: unset. */
void openstack_environment(const char *name, const char *value);
/* What openrc of the recorded one sets. */
void openstack_openrc(void);
/* A file of the home or elsewhere below the world's own folder; its path. */
const char *openstack_file(const char *name, const char *content);
/* Open a location with that target and those options (JSON, or NULL). 0 or -1. */
int openstack_open(const char *target, const char *options);
/* Go on until it is over: any of the driver's talks, as its function is called again; a check. */
enum progress openstack_go_on(enum progress (*call)(struct errand *errand, void *owner), void *owner);
enum progress openstack_connect(struct location_facts *ret);

void openstack_bench_begin(void);
void openstack_bench_end(void);

#endif
