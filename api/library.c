/* library.c - loading libmicrohttpd on first use. */
#include "api/library.h"

#include <dlfcn.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/library.h"

#define OLDEST 0x00097500 /* 0.9.75: what is suspended is resumed in external polling, too */

static const struct library library = {.file = "libmicrohttpd.so.12",
				       .need = "the API needs libmicrohttpd 0.9.75 or newer",
				       .package = "libmicrohttpd12"};

static int check_version(void *handle, struct error *err)
{
	const char *(*version)(void);
	unsigned parts[3] = {0};
	*(void **)&version = dlsym(handle, "MHD_get_version");
	if (!version || sscanf(version(), "%u.%u.%u", &parts[0], &parts[1], &parts[2]) != 3)
		return library_refuse(&library, "the library found is not libmicrohttpd", err);
	/* Its own way of counting: a byte of decimal digits each. */
	unsigned number = parts[0] << 24 | parts[1] << 16 | (parts[2] / 10 * 16 + parts[2] % 10) << 8;
	return number < OLDEST ? library_refuse(&library, version(), err) : 0;
}

int http_library_load(struct http_library *http, struct error *err)
{
	const struct library_function wanted[] = {
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
	void *handle = library_open(&library, err);

	if (!handle)
		return -1;
	if (check_version(handle, err))
		return -1;
	if (library_take(&library, handle, wanted, COUNT_OF(wanted), err))
		return -1;
	return 0;
}
