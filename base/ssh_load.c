/* ssh_load.c - loading libssh2 on first use. */
#include "base/cleanup.h"
#include "base/library.h"
#include "base/ssh_internal.h"

#define OLDEST 0x010a00 /* 1.10: its sign callback may say "not yet", which an agent needs */

static const struct library library = {
    .file = "libssh2.so.1", .need = "SSH needs libssh2 1.10 or newer", .package = "libssh2-1"};

int ssh2_load(struct ssh2_functions *lib, struct error *err)
{
	const struct library_function wanted[] = {
	    {"libssh2_version", (void **)&lib->version},
	    {"libssh2_init", (void **)&lib->init},
	    {"libssh2_exit", (void **)&lib->exit},
	    {"libssh2_session_init_ex", (void **)&lib->session_init_ex},
	    {"libssh2_session_free", (void **)&lib->session_free},
	    {"libssh2_session_set_blocking", (void **)&lib->session_set_blocking},
	    {"libssh2_session_callback_set", (void **)&lib->session_callback_set},
	    {"libssh2_session_method_pref", (void **)&lib->session_method_pref},
	    {"libssh2_session_handshake", (void **)&lib->session_handshake},
	    {"libssh2_session_hostkey", (void **)&lib->session_hostkey},
	    {"libssh2_session_last_error", (void **)&lib->session_last_error},
	    {"libssh2_session_disconnect_ex", (void **)&lib->session_disconnect_ex},
	    {"libssh2_userauth_list", (void **)&lib->userauth_list},
	    {"libssh2_userauth_authenticated", (void **)&lib->userauth_authenticated},
	    {"libssh2_userauth_publickey", (void **)&lib->userauth_publickey},
	    {"libssh2_userauth_password_ex", (void **)&lib->userauth_password_ex},
	    {"libssh2_channel_open_ex", (void **)&lib->channel_open_ex},
	    {"libssh2_channel_request_pty_ex", (void **)&lib->channel_request_pty_ex},
	    {"libssh2_channel_request_pty_size_ex", (void **)&lib->channel_request_pty_size_ex},
	    {"libssh2_channel_process_startup", (void **)&lib->channel_process_startup},
	    {"libssh2_channel_read_ex", (void **)&lib->channel_read_ex},
	    {"libssh2_channel_write_ex", (void **)&lib->channel_write_ex},
	    {"libssh2_channel_send_eof", (void **)&lib->channel_send_eof},
	    {"libssh2_channel_eof", (void **)&lib->channel_eof},
	    {"libssh2_channel_wait_closed", (void **)&lib->channel_wait_closed},
	    {"libssh2_channel_free", (void **)&lib->channel_free},
	    {"libssh2_channel_get_exit_status", (void **)&lib->channel_get_exit_status},
	    {"libssh2_channel_get_exit_signal", (void **)&lib->channel_get_exit_signal},
	};
	void *handle = library_open(&library, err);

	if (!handle)
		return -1;
	if (library_take(&library, handle, wanted, COUNT_OF(wanted), err))
		return -1;
	if (!lib->version(OLDEST))
		return library_refuse(&library, lib->version(0), err);
	return 0;
}
