/* log_entries.h - the log of a service, on standard error. */
#ifndef BERTH_CLI_LOG_ENTRIES_H
#define BERTH_CLI_LOG_ENTRIES_H

#include <stdbool.h>

#include <berth/serve.h>

struct log {
	enum log_format { LOG_TEXT, LOG_LOGFMT, LOG_JSON } format;
	bool journal; /* standard error leads to the journal, which takes a priority before each line */
};

/* `format`: "text", "logfmt", "json"; NULL: text. */
void log_begin(struct log *log, const char *format);
/* For struct berth_server_options: `of` is a struct log. */
void log_write(void *of, const struct berth_log_entry *entry);

#endif
