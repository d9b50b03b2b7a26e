/* docker_bench.h - a scripted engine at the HTTP seam, for tests of the Docker driver in virtual time. */
#ifndef BERTH_TESTS_LOCATIONS_DOCKER_BENCH_H
#define BERTH_TESTS_LOCATIONS_DOCKER_BENCH_H

#include <criterion/criterion.h>

#include "locations/docker/docker.h"
#include "tests/support/virtual_channel.h"

/* An answer to requests whose "METHOD /path?query" (without the version) begins so. Later ones are asked
 * first; one with `times` is used that often. */
struct reply {
	const char *request;
	const char *body;          /* NULL: none */
	size_t size;               /* of a body that is no text; 0: it is one */
	const char *headers;       /* NULL: those of an engine that speaks API 1.41 */
	const char *text, *remedy; /* of the error; NULL: the usual one */
	int64_t delay_ms;
	int status; /* 0: no answer, `error` says why */
	enum code error;
	unsigned times; /* 0: always */
	bool sent;      /* the request arrived before the answer was lost */
};

struct asked {
	char line[512]; /* "POST /containers/create?name=x" */
	char api[8];    /* "1.41", "" when the path had no version */
	char *body;     /* "" when none */
	size_t size;    /* of it */
	char proxy[64]; /* "" when none */
	bool secure, old_tls;
	char login[512]; /* the JSON of its X-Registry-Auth; "" when none */
};

extern struct world *docker_world;
extern struct location docker_location;
extern struct errand docker_errand;
extern struct error docker_error;
extern struct asked docker_asked[256];
extern size_t docker_asked_count;

/* Opened on unix:///engine.sock, speaking API 1.41; the network of `app` is there as n0. */
void docker_set_up(void);
void docker_take_down(void);
/* Open (again) with this target, options (JSON or NULL) and DOCKER_HOST (or NULL). */
int docker_reopen(const char *target, const char *more, const char *host);
/* A variable of the environment, until the bench is taken down; value NULL: not set. */
void docker_variable(const char *name, const char *value);
/* A socket that is there; all others outside of the world's directory are not. */
void docker_socket(const char *path);
/* The JSON of an X-Registry-Auth header, which must be what Docker asks for. */
void docker_login_read(const char *header, char *ret_json, size_t size);
/* Who runs programs. */
void docker_programs(int (*spawn)(void *owner, const struct process_options *options,
				  struct process_end *ret_end, int64_t *ret_lives_ms, struct error *err));
/* Who answers TCP probes. */
void docker_tcp(int64_t (*tcp)(void *owner, const char *address, uint16_t port, struct error *answer));
/* Who is at the other end of channels; their requests are noted as those of exchanges are. */
void docker_talks(void (*channel)(struct channel *channel),
		  void (*heard)(struct channel *channel, const char *bytes, size_t count));
/* What network interfaces this machine has, NULL-terminated: at first those of the engine. */
void docker_interfaces(const char *const *names);
void docker_reply(const struct reply *reply);
void docker_forget(void); /* what was asked so far */
/* The n-th request of those that begin so, or NULL. */
const struct asked *docker_request(const char *line, size_t n);
size_t docker_requests(const char *line);
void docker_until_woken(const char *what);
void docker_errand_new(void);
/* {"Id": "c1", "Name": "/app.web.1", "Config": {"Labels": ...}, ...}: an inspected container of this digest's
 * first letter and state; `digest` 0: nobody's. In static memory, valid until the next call. */
const char *docker_container(char digest, const char *state);
/* app.web.1 of busybox:1, listening on port 80. */
extern const struct instance_spec docker_web;

#define REPLY(request_, status_, body_, ...)                                                                 \
	docker_reply(                                                                                        \
	    &(struct reply){.request = (request_), .status = (status_), .body = (body_), ##__VA_ARGS__})

#define AWAIT(function, ...)                                                                                 \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		docker_errand_new();                                                                         \
		while ((progress_ = docker_driver.function(&docker_location, &docker_errand, __VA_ARGS__,    \
							   &docker_error)) == PROGRESS_WAITING)              \
			docker_until_woken(#function);                                                       \
		cr_assert_null(docker_errand.state);                                                         \
		progress_;                                                                                   \
	})
#define MUST(function, ...)                                                                                  \
	cr_assert(AWAIT(function, __VA_ARGS__) == PROGRESS_DONE, "%s: %s", #function, docker_error.text)
#define MUST_FAIL(wanted, function, ...)                                                                     \
	do {                                                                                                 \
		cr_assert(AWAIT(function, __VA_ARGS__) == PROGRESS_FAILED, "%s did not fail", #function);    \
		cr_assert(docker_error.code == (wanted), "%s: %s: %s", #function,                            \
			  code_name(docker_error.code), docker_error.text);                                  \
	} while (0)
#define SAYS(part)  cr_assert(strstr(docker_error.text, part), "no `%s` in: %s", part, docker_error.text)
#define HELPS(part) cr_assert(strstr(docker_error.remedy, part), "no `%s` in: %s", part, docker_error.remedy)

#endif
