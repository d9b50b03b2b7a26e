/* library.c - loading libmicrohttpd on first use. */
#include "api/library.h"

#include <dlfcn.h>
#include <stdio.h>

#include "base/cleanup.h"

#define OLDEST 0x00097500 /* 0.9.75: what is suspended is resumed in external polling, too */

static int refuse(struct error *err, const char *why)
{
	fail(err, ERR_UNSUPPORTED, "the API needs libmicrohttpd 0.9.75 or newer: %s", why);
	remedy(err, "install it (Debian: apt-get install libmicrohttpd12)");
	return -1;
}

static int check_version(void *library, struct error *err)
{
	const char *(*version)(void);
	unsigned parts[3] = {0};
	*(void **)&version = dlsym(library, "MHD_get_version");
	if (!version || sscanf(version(), "%u.%u.%u", &parts[0], &parts[1], &parts[2]) != 3)
		return refuse(err, "the library found is not libmicrohttpd");
	/* Its own way of counting: a byte of decimal digits each. */
	unsigned number = parts[0] << 24 | parts[1] << 16 | (parts[2] / 10 * 16 + parts[2] % 10) << 8;
	return number < OLDEST ? refuse(err, version()) : 0;
}

int http_library_load(struct http_library *http, struct error *err)
{
	const struct {
		const char *name;
		void **function;
	} wanted[] = {
	    {"MHD_start_daemon", (void **)&http->start},
	    {"MHD_stop_daemon", (void **)&http->stop},
	    {"MHD_quiesce_daemon", (void **)&http->quiesce},
	    {"MHD_get_daemon_info", (void **)&http->daemon_info},
	    {"MHD_get_timeout", (void **)&http->timeout},
	    {"MHD_run", (void **)&http->run},
	    {"MHD_get_connection_info", (void **)&http->connection_info},
	    {"MHD_set_connection_option", (void **)&http->set_connection_option},
	    {"MHD_lookup_connection_value", (void **)&http->value},
	    {"MHD_get_connection_values", (void **)&http->values},
	    {"MHD_create_response_from_buffer", (void **)&http->response},
	    {"MHD_create_response_from_callback", (void **)&http->stream},
	    {"MHD_create_response_from_fd64", (void **)&http->file},
	    {"MHD_add_response_header", (void **)&http->add_header},
	    {"MHD_queue_response", (void **)&http->queue},
	    {"MHD_destroy_response", (void **)&http->destroy},
	    {"MHD_suspend_connection", (void **)&http->suspend},
	    {"MHD_resume_connection", (void **)&http->resume},
	    {"MHD_is_feature_supported", (void **)&http->has},
	};
	/* Never closed: GnuTLS below it leaves functions for the end of the process. */
	void *library = dlopen("libmicrohttpd.so.12", RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return refuse(err, dlerror());
	if (check_version(library, err))
		return -1;
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		if (!(*wanted[i].function = dlsym(library, wanted[i].name)))
			return refuse(err, wanted[i].name);
	return 0;
}
