/* metrics.c - what is counted, in the text format of Prometheus, or OpenMetrics where that is asked for. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/server.h"
#include "base/cleanup.h"
#include "berth/numbers.h"

void metrics_count(struct map **map, const char *labels)
{
	size_t *counter = map_get(*map, labels);
	if (!counter) {
		counter = calloc(1, sizeof *counter);
		if (!counter || map_put(map, labels, counter)) {
			free(counter);
			return;
		}
	}
	++*counter;
}

struct page {
	struct text text;
	bool open_metrics;
	const char *name;
	char family[80]; /* the last one of the library's */
};

/* OpenMetrics names the family of a counter without its `_total`. */
static void head(struct page *page, const char *name, const char *type, const char *help)
{
	int length = (int)strlen(name);
	if (page->open_metrics && ends_with(name, "_total"))
		length -= (int)strlen("_total");
	page->name = name;
	text_format(&page->text, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, name, help, length, name, type);
}

/* --- what the library counts ----------------------------------------------------------------- */

/* NAME="VALUE",... in which the value may have anything. */
static void put_labels(struct text *to, const struct berth_number *number)
{
	for (size_t i = 0; i < number->label_count; i++) {
		text_format(to, "%s%s=\"", i ? "," : "", number->labels[i].name);
		for (const char *c = number->labels[i].value; *c; c++)
			if (*c == '\n')
				text_add(to, "\\n");
			else
				text_format(to, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
		text_add_char(to, '"');
	}
}

static void put_duration(struct page *page, const struct berth_number *number, const char *labels)
{
	const char *comma = *labels ? "," : "";
	for (size_t i = 0; i < number->bound_count; i++) {
		double bound = (double)number->bounds[i] / 1000;
		text_format(&page->text, "%s_bucket{%s%sle=\"%.*f\"} %" PRIu64 "\n", page->name, labels,
			    comma,
			    bound < 0.1               ? 2
			    : number->bounds[i] % 100 ? 2
						      : 1,
			    bound, number->within[i]);
	}
	text_format(&page->text, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", page->name, labels, comma,
		    number->value);
	text_format(&page->text, "%s_sum{%s} %.3f\n%s_count{%s} %" PRIu64 "\n", page->name, labels,
		    (double)number->sum_ms / 1000, page->name, labels, number->value);
}

static void put_number(void *of, const struct berth_number *number)
{
	static const struct {
		const char *type, *ending;
	} kinds[] = {[BERTH_COUNTER] = {"counter", "_total"},
		     [BERTH_GAUGE] = {"gauge", ""},
		     [BERTH_DURATION] = {"histogram", "_seconds"}};
	struct page *page = of;
	char name[80];
	owned_text labels = {0};
	snprintf(name, sizeof name, "berth_%s%s", number->name, kinds[number->kind].ending);
	if (strcmp(name, page->family) != 0) {
		strcpy(page->family, name);
		head(page, page->family, kinds[number->kind].type, number->summary);
	}
	put_labels(&labels, number);
	page->text.failed |= labels.failed;
	if (number->kind == BERTH_DURATION)
		put_duration(page, number, text_view(&labels));
	else if (labels.length)
		text_format(&page->text, "%s{%s} %" PRIu64 "\n", page->name, text_view(&labels),
			    number->value);
	else
		text_format(&page->text, "%s %" PRIu64 "\n", page->name, number->value);
}

/* --- what the server counts ------------------------------------------------------------------ */

static void number(struct page *page, const char *name, const char *type, const char *help, double value)
{
	head(page, name, type, help);
	text_format(&page->text, "%s %.15g\n", name, value);
}

static bool put_counter(const char *labels, void *value, void *of)
{
	struct page *page = of;
	text_format(&page->text, "%s{%s} %zu\n", page->name, labels, *(size_t *)value);
	return true;
}

static void counters(struct page *page, const char *name, const char *help, const struct map *map)
{
	head(page, name, "counter", help);
	map_each(map, put_counter, page);
}

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double resident_bytes(void)
{
	long all = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file && fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	double count = -3; /* ".", "..", and the one that is read here */
	while (list && readdir(list))
		count++;
	if (list)
		closedir(list);
	return count > 0 ? count : 0;
}

static void put_webhooks(struct page *page, struct webhook_counts counts)
{
	head(page, "berth_webhook_notices_total", "counter",
	     "notices that webhooks took, refused, or never got");
	text_format(&page->text,
		    "%s{result=\"delivered\"} %zu\n%s{result=\"refused\"} %zu\n%s{result=\"dropped\"} %zu\n",
		    page->name, counts.delivered, page->name, counts.refused, page->name, counts.dropped);
	number(page, "berth_webhook_notices_waiting", "gauge", "notices that wait for a webhook",
	       (double)counts.waiting);
}

static void put_all(struct page *page, const struct berth_server *server)
{
	const struct metrics *metrics = &server->metrics;
	head(page, "berth_build_info", "gauge", "the version");
	text_format(&page->text, "berth_build_info{version=\"%s\"} 1\n", berth_version());
	number(page, "berth_uptime_seconds", "gauge", "since it was started",
	       (double)(steady_ms() - server->began_ms) / 1000);
	number(page, "berth_cpu_seconds_total", "counter", "processor time used", cpu_seconds());
	number(page, "berth_operations_running", "gauge", "operations under way",
	       (double)tracked_running(server));
	counters(page, "berth_operations_total", "operations that ended, by how", metrics->operations);
	counters(page, "berth_http_requests_total", "requests answered", metrics->requests);
	number(page, "berth_http_connections", "gauge", "connections that are open",
	       (double)server->guest_count);
	number(page, "berth_watchers", "gauge", "event streams that are open",
	       (double)(server->watchers[0] + server->watchers[1]));
	number(page, "berth_watchers_dropped_total", "counter", "event streams ended as too slow",
	       (double)metrics->watchers_dropped);
	number(page, "berth_deadlines_missed_total", "counter",
	       "connections that did not say what they wanted", (double)metrics->deadlines_missed);
	number(page, "berth_resident_memory_bytes", "gauge", "memory that it has now", resident_bytes());
	number(page, "berth_open_fds", "gauge", "file descriptors that it has open", open_descriptors());
	put_webhooks(page, webhooks_counts(server->webhooks));
	berth_numbers(server->berth, put_number, page);
	if (page->open_metrics)
		text_add(&page->text, "# EOF\n");
}

void metrics_answer(struct exchange *exchange)
{
	const char *accept = exchange_header(exchange, "Accept");
	struct page page = {.open_metrics = accept && strstr(accept, "application/openmetrics-text")};
	put_all(&page, exchange->server);
	if (!page.text.failed)
		answer_text(exchange, 200,
			    page.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
					      : "text/plain; version=0.0.4; charset=utf-8",
			    page.text.data, page.text.length);
	text_release(&page.text);
}

static bool free_counter(const char *labels, void *value, void *of)
{
	(void)labels, (void)of;
	free(value);
	return true;
}

void metrics_release(struct metrics *metrics)
{
	map_each(metrics->requests, free_counter, NULL);
	map_each(metrics->operations, free_counter, NULL);
	map_release(&metrics->requests);
	map_release(&metrics->operations);
}
