/* http_curl_load.c - loading libcurl on first use. */
#include <dlfcn.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/http_internal.h"

#define OLDEST 0x075500 /* 7.85: protocols by name; its global initialisation is safe with other threads */

static int refuse(struct error *err, const char *why)
{
	fail(err, ERR_UNSUPPORTED, "HTTP needs libcurl 7.85 or newer: %s", why);
	remedy(err, "install it (Debian: apt-get install libcurl4)");
	return -1;
}

static int check_version(void *library, struct error *err)
{
	curl_version_info_data *(*version_info)(CURLversion);

	*(void **)&version_info = dlsym(library, "curl_version_info");
	if (!version_info)
		return refuse(err, "the library found is not libcurl");
	const curl_version_info_data *version = version_info(CURLVERSION_NOW);
	if (version->version_num < OLDEST)
		return refuse(err, version->version);
	return 0;
}

int curl_load(struct curl_functions *curl, struct error *err)
{
	const struct {
		const char *name;
		void **function;
	} wanted[] = {
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
	/* Never closed: OpenSSL below it leaves functions for the end of the process. */
	void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return refuse(err, dlerror());
	if (check_version(library, err))
		return -1;
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		if (!(*wanted[i].function = dlsym(library, wanted[i].name)))
			return refuse(err, wanted[i].name);
	/* Looked for in what libcurl itself is linked with. */
	*(void **)&curl->ssl_shutdown = dlsym(library, "SSL_shutdown");
	return 0;
}
