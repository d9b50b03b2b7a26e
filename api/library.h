/* library.h - the functions of libmicrohttpd, which is loaded when a server is first opened. */
#ifndef BERTH_API_LIBRARY_H
#define BERTH_API_LIBRARY_H

#include <microhttpd.h>

#include "base/error.h"

struct http_library {
	__typeof__(MHD_start_daemon) *start;
	__typeof__(MHD_stop_daemon) *stop;
	__typeof__(MHD_quiesce_daemon) *quiesce;
	__typeof__(MHD_get_daemon_info) *daemon_info;
	__typeof__(MHD_get_timeout) *timeout;
	__typeof__(MHD_run) *run;
	__typeof__(MHD_get_connection_info) *connection_info;
	__typeof__(MHD_set_connection_option) *set_connection_option;
	__typeof__(MHD_lookup_connection_value) *value;
	__typeof__(MHD_get_connection_values) *values;
	__typeof__(MHD_create_response_from_buffer) *response;
	__typeof__(MHD_create_response_from_callback) *stream;
	__typeof__(MHD_create_response_from_fd64) *file;
	__typeof__(MHD_add_response_header) *add_header;
	__typeof__(MHD_queue_response) *queue;
	__typeof__(MHD_destroy_response) *destroy;
	__typeof__(MHD_suspend_connection) *suspend;
	__typeof__(MHD_resume_connection) *resume;
	__typeof__(MHD_is_feature_supported) *has;
};

/* 0; or -1 with *err when it is not there, or too old. */
int http_library_load(struct http_library *http, struct error *err);

#endif
