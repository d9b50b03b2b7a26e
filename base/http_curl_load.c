/* http_curl_load.c - loading libcurl on first use. */
#include <dlfcn.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/http_internal.h"
#include "base/library.h"

#define OLDEST 0x075500 /* 7.85: protocols by name; its global initialisation is safe with other threads */

static const struct library library = {
    .file = "libcurl.so.4", .need = "HTTP needs libcurl 7.85 or newer", .package = "libcurl4"};

static int check_version(void *handle, struct error *err)
{
	curl_version_info_data *(*version_info)(CURLversion);

	*(void **)&version_info = dlsym(handle, "curl_version_info");
	if (!version_info)
		return library_refuse(&library, "the library found is not libcurl", err);
	const curl_version_info_data *version = version_info(CURLVERSION_NOW);
	if (version->version_num < OLDEST)
		return library_refuse(&library, version->version, err);
	return 0;
}

int curl_load(struct curl_functions *curl, struct error *err)
{
	const struct library_function wanted[] = {
	    {"curl_global_init", (void **)&curl->global_init},
	    {"curl_global_cleanup", (void **)&curl->global_cleanup},
	    {"curl_easy_init", (void **)&curl->easy_init},
	    {"curl_easy_setopt", (void **)&curl->easy_setopt},
	    {"curl_easy_getinfo", (void **)&curl->easy_getinfo},
	    {"curl_easy_send", (void **)&curl->easy_send},
	    {"curl_easy_recv", (void **)&curl->easy_recv},
	    {"curl_easy_cleanup", (void **)&curl->easy_cleanup},
	    {"curl_easy_strerror", (void **)&curl->easy_strerror},
	    {"curl_multi_init", (void **)&curl->multi_init},
	    {"curl_multi_setopt", (void **)&curl->multi_setopt},
	    {"curl_multi_add_handle", (void **)&curl->multi_add_handle},
	    {"curl_multi_remove_handle", (void **)&curl->multi_remove_handle},
	    {"curl_multi_socket_action", (void **)&curl->multi_socket_action},
	    {"curl_multi_info_read", (void **)&curl->multi_info_read},
	    {"curl_multi_assign", (void **)&curl->multi_assign},
	    {"curl_multi_cleanup", (void **)&curl->multi_cleanup},
	    {"curl_slist_append", (void **)&curl->slist_append},
	    {"curl_slist_free_all", (void **)&curl->slist_free_all},
	};
	void *handle = library_open(&library, err);

	if (!handle)
		return -1;
	if (check_version(handle, err))
		return -1;
	if (library_take(&library, handle, wanted, COUNT_OF(wanted), err))
		return -1;
	/* Looked for in what libcurl itself is linked with. */
	*(void **)&curl->ssl_shutdown = dlsym(handle, "SSL_shutdown");
	return 0;
}
