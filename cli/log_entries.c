/* log_entries.c - the log of a service on standard error: in words, as logfmt or as JSON, and with what the
 * journal wants to know before it. */
#include "cli/log_entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

/* systemd says which file it took for standard error; somebody may have put another one there since. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat facts;
	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &facts) == 0 && facts.st_dev == (dev_t)device &&
	       facts.st_ino == (ino_t)inode;
}

void log_begin(struct log *log, const char *format)
{
	log->format = !format || strcmp(format, "text") == 0 ? LOG_TEXT
		      : strcmp(format, "json") == 0          ? LOG_JSON
							     : LOG_LOGFMT;
	log->journal = is_journal();
}

static void now_in_words(char ret[40])
{
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	size_t length = strftime(ret, 32, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(ret + length, 8, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

static const char *level_name(enum berth_log_level level)
{
	switch (level) {
	case BERTH_LOG_ERROR:
		return "error";
	case BERTH_LOG_WARNING:
		return "warning";
	case BERTH_LOG_NOTICE:
		return "notice";
	case BERTH_LOG_INFO:
		break;
	}
	return "info";
}

/* In quotes where it could be misread without. */
static void put_logfmt(FILE *to, const char *name, const char *value)
{
	bool plain = *value && !strpbrk(value, " =\"\\\n\t");
	fprintf(to, " %s=%s", name, plain ? value : "\"");
	for (const char *c = value; !plain && *c; c++)
		if (*c == '\n')
			fputs("\\n", to);
		else
			fprintf(to, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	if (!plain)
		fputc('"', to);
}

static void write_logfmt(FILE *to, const struct berth_log_entry *entry, const char *now)
{
	fprintf(to, "time=%s level=%s about=%s", now, level_name(entry->level), entry->about);
	for (size_t i = 0; i < entry->field_count; i++)
		put_logfmt(to, entry->fields[i].name, entry->fields[i].value);
	put_logfmt(to, "msg", entry->text);
	fputc('\n', to);
}

static void write_json(FILE *to, const struct berth_log_entry *entry, const char *now)
{
	owned_json object =
	    json_pack("{ssssss}", "time", now, "level", level_name(entry->level), "about", entry->about);
	for (size_t i = 0; object && i < entry->field_count; i++)
		json_object_set_new(object, entry->fields[i].name, json_string(entry->fields[i].value));
	if (object)
		json_object_set_new(object, "message", json_string(entry->text));
	owned_memory char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	fprintf(to, "%s\n", line ? line : "{}");
}

/* As one write, so that nobody's line comes into the middle of ours. */
void log_write(void *of, const struct berth_log_entry *entry)
{
	const struct log *log = of;
	owned_memory char *line = NULL;
	size_t size = 0;
	char now[40];
	FILE *to = open_memstream(&line, &size);
	if (!to)
		return;
	now_in_words(now);
	if (log->journal)
		fprintf(to, "<%d>", (int)entry->level);
	if (log->format == LOG_LOGFMT)
		write_logfmt(to, entry, now);
	else if (log->format == LOG_JSON)
		write_json(to, entry, now);
	else /* whoever keeps it adds the time */
		fprintf(to, "berth: %s\n", entry->text);
	if (fclose(to) == 0)
		fwrite(line, 1, size, stderr);
}
