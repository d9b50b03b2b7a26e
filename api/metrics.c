/* metrics.c - what is counted, in the text format of Prometheus, or OpenMetrics where that is asked for. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "api/server.h"
#include "base/cleanup.h"

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
	number(page, "berth_watchers", "gauge", "event streams that are open", (double)server->watcher_count);
	number(page, "berth_watchers_dropped_total", "counter", "event streams ended as too slow",
	       (double)metrics->watchers_dropped);
	number(page, "berth_deadlines_missed_total", "counter",
	       "connections that did not say what they wanted", (double)metrics->deadlines_missed);
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
