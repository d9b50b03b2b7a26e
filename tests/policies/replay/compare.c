/* compare.c - two lists of decisions, a recorded one and a played one: whether they are the same. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "replay.h"

enum { TOLERANCE_MS = 150, MAY_SWAP_MS = 30 };

static bool is_outcome(const json_t *decision, const char *outcome)
{
	const char *said = json_text(decision, "outcome");

	return said && !strcmp(said, outcome);
}

/* What a decision says, without when it was, and how often it was seen. */
static json_t *content_of(const json_t *decision)
{
	static const char *const left_out[] = {"t_ms", "t_min", "t_max", "seen_in_runs"};
	json_t *copy = json_copy((json_t *)decision);

	for (size_t i = 0; i < COUNT_OF(left_out); i++)
		json_object_del(copy, left_out[i]);
	/* A call that failed changed nothing, whether that is said or not. */
	if (is_outcome(decision, "error"))
		json_object_del(copy, "size_after");
	return copy;
}

static int64_t time_of(const json_t *decision)
{
	return json_number(decision, "t_ms", -1);
}

static bool same(const json_t *recorded, const json_t *played)
{
	owned_json a = content_of(recorded);
	owned_json b = content_of(played);

	return json_equal(a, b) && llabs(time_of(recorded) - time_of(played)) <= TOLERANCE_MS;
}

/* What the recordings of a group leave out: the states of its members. */
static bool of_member_state(const json_t *series, const json_t *decision)
{
	const char *type = json_text(json_object_get(series, "subject"), "type");
	const char *entity = json_text(decision, "entity"), *sensor = json_text(decision, "sensor");

	return type && !strcmp(type, "cluster") && entity && strcmp(entity, "subject") != 0 && sensor &&
	       starts_with(sensor, "service.");
}

static bool is_state(const json_t *decision)
{
	const char *sensor = json_text(decision, "sensor");

	return sensor && !strcmp(sensor, "service.state");
}

/* Brooklyn computes a state some time after what it follows from. One that does not last may not be seen: of
 * what was played and not recorded, two states of one entity that come so soon after each other count as
 * used. */
static void forget_blips(const json_t *played, bool *used)
{
	size_t count = json_array_size(played);

	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count && !used[i]; j++) {
			const json_t *a = json_array_get(played, i), *b = json_array_get(played, j);
			if (used[j] || !is_state(a) || !is_state(b) || time_of(b) - time_of(a) >= MAY_SWAP_MS)
				continue;
			if (json_equal(json_object_get(a, "entity"), json_object_get(b, "entity")) &&
			    !json_equal(json_object_get(a, "value"), json_object_get(b, "value")))
				used[i] = used[j] = true;
		}
}

static void show(FILE *to, const char *title, const json_t *list)
{
	const json_t *item;
	size_t i;

	fprintf(to, "  %s:\n", title);
	json_array_foreach (list, i, item) {
		owned_json content = content_of(item);
		char *line = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
		fprintf(to, "    %6lld ms  %s\n", (long long)time_of(item), line ? line : "");
		free(line);
	}
}

/* Which played decision is the recorded one: the first of those that are left. -1: none. */
static long find(const json_t *recorded, const json_t *played, const bool *used)
{
	const json_t *item;
	size_t i;

	json_array_foreach (played, i, item)
		if (!used[i] && same(recorded, item))
			return (long)i;
	return -1;
}

/* Of two recorded ones that lie far enough apart, the earlier is played earlier. */
static bool in_order(const json_t *recorded, const long *places)
{
	size_t count = json_array_size(recorded);

	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++) {
			int64_t apart =
			    time_of(json_array_get(recorded, j)) - time_of(json_array_get(recorded, i));
			if (apart >= MAY_SWAP_MS && places[i] > places[j])
				return false;
		}
	return true;
}

static bool lists_agree(const json_t *series, const json_t *played, FILE *to)
{
	const json_t *recorded = json_object_get(series, "decisions"),
		     *sometimes = json_object_get(series, "sometimes");
	owned_memory bool *used = calloc(json_array_size(played) + 1, sizeof(*used));
	owned_memory long *places = calloc(json_array_size(recorded) + 1, sizeof(*places));
	bool agree = true;
	const json_t *item;
	size_t i;

	json_array_foreach (recorded, i, item) {
		places[i] = find(item, played, used);
		if (places[i] >= 0) {
			used[places[i]] = true;
			continue;
		}
		fprintf(to, "  not decided: recorded decision %zu, at %lld ms\n", i + 1,
			(long long)time_of(item));
		return false;
	}
	json_array_foreach (sometimes, i, item) {
		long place = find(item, played, used);
		if (place >= 0)
			used[place] = true;
	}
	forget_blips(played, used);
	json_array_foreach (played, i, item)
		if (!used[i] && !of_member_state(series, item)) {
			fprintf(to, "  not recorded: played decision %zu, at %lld ms\n", i + 1,
				(long long)time_of(item));
			agree = false;
		}
	if (agree && !in_order(recorded, places)) {
		fprintf(to, "  not in that order\n");
		agree = false;
	}
	return agree;
}

static bool same_end(const json_t *recorded, const json_t *played)
{
	owned_json copy = json_copy((json_t *)recorded);
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(copy, next, key, value)
	{
		if (json_is_null(value)) /* as if it were not there */
			json_object_del(copy, key);
	}
	return json_equal(copy, played);
}

static bool finals_agree(const json_t *series, const json_t *final)
{
	const json_t *variants = json_object_get(series, "final_variants"), *item;
	size_t i;

	if (same_end(json_object_get(series, "final"), final))
		return true;
	json_array_foreach (variants, i, item)
		if (same_end(json_object_get(item, "final"), final))
			return true;
	return false;
}

bool decisions_agree(const json_t *series, const json_t *decisions, const json_t *final, FILE *to)
{
	const char *name = json_text(series, "name");
	char *said = NULL;
	size_t size = 0;
	FILE *words = open_memstream(&said, &size);
	bool lists = words && lists_agree(series, decisions, words), ends = finals_agree(series, final);

	if (words)
		fclose(words);
	if (!lists || !ends) {
		fprintf(to, "%s differs\n%s", name ? name : "a series without a name", said ? said : "");
		show(to, "recorded", json_object_get(series, "decisions"));
		if (json_array_size(json_object_get(series, "sometimes")))
			show(to, "recorded sometimes", json_object_get(series, "sometimes"));
		show(to, "played", decisions);
	}
	if (!ends) {
		char *a = json_dumps(json_object_get(series, "final"), JSON_COMPACT | JSON_SORT_KEYS);
		char *b = json_dumps(final, JSON_COMPACT | JSON_SORT_KEYS);
		fprintf(to, "  recorded at the end: %s\n  played at the end:   %s\n", a ? a : "", b ? b : "");
		free(a);
		free(b);
	}
	free(said);
	return lists && ends;
}

static bool line_agrees(const char *line, const char *path, size_t number, FILE *to)
{
	json_error_t wrong;
	owned_json series = json_loads(line, 0, &wrong);
	owned_json decisions = NULL;
	owned_json final = NULL;
	struct error err;

	if (!json_is_object(series)) {
		fprintf(to, "%s:%zu: no series: %s\n", path, number, wrong.text);
		return false;
	}
	if (stage_play(series, &decisions, &final, &err)) {
		const char *name = json_text(series, "name");
		fprintf(to, "%s differs: it cannot be played: %s\n", name ? name : path, err.text);
		return false;
	}
	return decisions_agree(series, decisions, final, to);
}

int replay_file(const char *path, FILE *to, struct replay_count *count)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0, number = 0;

	if (!file) {
		fprintf(to, "%s: %m\n", path);
		return -1;
	}
	while (getline(&line, &size, file) > 0) {
		number++;
		if (line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#')
			continue;
		count->series++;
		count->differing += !line_agrees(line, path, number, to);
	}
	free(line);
	fclose(file);
	return 0;
}
