/* measure.c - how a sensor's number is found in what was answered. */
#include "blueprints/measure.h"

#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_path.h"
#include "base/text.h"

enum { MOST_LABELS = 32, LONGEST_PATTERN = 256, SHOWN = 40 };

/* --- a number ----------------------------------------------------------------------------------- */

/* What stands there and nothing else but space; NaN and infinities are no numbers here. */
static int number_of(const char *text, double *ret, struct error *err)
{
	char *end;
	double number = strtod(text, &end);
	bool any = end != text;

	end += strspn(end, " \t\r\n");
	if (any && !*end && isfinite(number)) {
		*ret = number;
		return 0;
	}
	owned_text shown = {0};
	text_add_printable(&shown, text, strnlen(text, SHOWN));
	return fail(err, ERR_FAILED, "`%s` is no number", text_view(&shown));
}

/* --- a document ----------------------------------------------------------------------------------- */

static int in_json(const char *path, const char *text, size_t size, double *ret, struct error *err)
{
	owned_json document = json_parse(text, size, "the answer", err);
	const json_t *value = document ? json_path_find(document, path) : NULL;

	if (!document)
		return -1;
	if (json_is_string(value))
		return number_of(json_string_value(value), ret, err);
	if (json_is_boolean(value))
		*ret = json_is_true(value);
	else if (json_is_number(value))
		*ret = json_number_value(value);
	else
		return fail(err, ERR_FAILED,
			    value ? "there is no number at `%s`" : "there is nothing at `%s`", path);
	return 0;
}

/* --- Prometheus' text ------------------------------------------------------------------------------ */

struct piece {
	const char *at;
	size_t length;
};

/* name{label="value",...} */
struct series {
	struct piece name;
	struct {
		struct piece name, value; /* the value as it is written */
	} labels[MOST_LABELS];
	size_t count;
};

static struct piece read_name(const char *at)
{
	size_t length = 0;

	while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == ':' ||
	       at[length] == '.')
		length++;
	return (struct piece){at, length};
}

static const char *skip(const char *at)
{
	return at + strspn(at, " \t");
}

/* What is between quotes; the rest, or NULL. */
static const char *read_quoted(const char *at, struct piece *ret)
{
	if (*at++ != '"')
		return NULL;
	ret->at = at;
	while (*at && *at != '"' && *at != '\n')
		at += *at == '\\' && at[1] ? 2 : 1;
	ret->length = (size_t)(at - ret->at);
	return *at == '"' ? at + 1 : NULL;
}

static const char *read_labels(const char *at, struct series *ret)
{
	for (at = skip(at); *at != '}'; at = skip(at)) {
		if (ret->count == MOST_LABELS)
			return NULL;
		struct piece name = read_name(at);
		at = skip(at + name.length);
		if (!name.length || *at++ != '=')
			return NULL;
		ret->labels[ret->count].name = name;
		at = read_quoted(skip(at), &ret->labels[ret->count++].value);
		if (!at)
			return NULL;
		at = skip(at);
		if (*at == ',')
			at++;
		else if (*at != '}')
			return NULL;
	}
	return at + 1;
}

/* The rest after one; NULL: there is none. */
static const char *read_series(const char *at, struct series *ret)
{
	*ret = (struct series){.name = read_name(at)};
	at = skip(at + ret->name.length);
	if (!ret->name.length)
		return NULL;
	return *at == '{' ? read_labels(at + 1, ret) : at;
}

static bool same(struct piece a, struct piece b)
{
	return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

static bool has_label(const struct series *series, struct piece name, struct piece value)
{
	for (size_t i = 0; i < series->count; i++)
		if (same(series->labels[i].name, name))
			return same(series->labels[i].value, value);
	return false;
}

static bool is_meant(const struct series *wanted, const struct series *series)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!has_label(series, wanted->labels[i].name, wanted->labels[i].value))
			return false;
	return same(wanted->name, series->name);
}

static int in_metrics(const char *where, const char *text, double *ret, struct error *err)
{
	struct series wanted, series;
	double sum = 0;
	bool any = false;

	if (!read_series(where, &wanted))
		return fail(err, ERR_INVALID, "`%s` is no metric", where);
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		const char *value = *line == '#' ? NULL : read_series(line, &series);
		if (!value || value >= end || !is_meant(&wanted, &series))
			continue;
		double number = strtod(value, NULL);
		any |= isfinite(number);
		sum += isfinite(number) ? number : 0;
	}
	if (!any)
		return fail(err, ERR_FAILED, "there is no metric `%s`", where);
	*ret = sum;
	return 0;
}

/* --- a pattern -------------------------------------------------------------------------------------- */

static void release_pattern(regex_t *pattern)
{
	regfree(pattern);
}

static int compile(const char *where, regex_t *ret, struct error *err)
{
	char words[160];
	int code = regcomp(ret, where, REG_EXTENDED | REG_NEWLINE);

	if (!code)
		return 0;
	regerror(code, ret, words, sizeof(words));
	return code == REG_ESPACE ? fail_memory(err)
				  : fail(err, ERR_INVALID, "`%s` is no pattern: %s", where, words);
}

/* Where it last matches. */
static int in_text(const char *where, const char *text, double *ret, struct error *err)
{
	regex_t compiled;
	regmatch_t match[2];
	struct piece last = {0};

	if (compile(where, &compiled, err))
		return -1;
	regex_t pattern __attribute__((cleanup(release_pattern))) = compiled;
	for (const char *at = text; !regexec(&pattern, at, 2, match, at == text ? 0 : REG_NOTBOL);) {
		if (match[1].rm_so >= 0)
			last = (struct piece){at + match[1].rm_so, (size_t)(match[1].rm_eo - match[1].rm_so)};
		at += match[0].rm_eo;
		if (match[0].rm_eo == match[0].rm_so && !*at++)
			break;
	}
	if (!last.at)
		return fail(err, ERR_FAILED, "nothing matches `%s`", where);
	owned_text number = {0};
	text_add_bytes(&number, last.at, last.length);
	return number.failed ? fail_memory(err) : number_of(text_view(&number), ret, err);
}

/* --- any of them ------------------------------------------------------------------------------------- */

static int check_metric(const char *where, struct error *err)
{
	struct series series;
	const char *rest = read_series(where, &series);

	if (rest && !*skip(rest))
		return 0;
	fail(err, ERR_INVALID, "`%s` is no metric", where);
	remedy(err, "such as queue_length or http_requests_total{code=\"200\"}");
	return -1;
}

static int check_pattern(const char *where, struct error *err)
{
	regex_t pattern;

	if (strlen(where) > LONGEST_PATTERN)
		return fail(err, ERR_INVALID, "a pattern of more than %d characters", LONGEST_PATTERN);
	if (compile(where, &pattern, err))
		return -1;
	size_t groups = pattern.re_nsub;
	regfree(&pattern);
	if (groups)
		return 0;
	fail(err, ERR_INVALID, "`%s` does not say which part is the number", where);
	remedy(err, "put it in brackets: load=([0-9.]+)");
	return -1;
}

int measure_check(enum measure_kind kind, const char *where, struct error *err)
{
	switch (kind) {
	case MEASURE_JSON:
		return json_path_check(where, err);
	case MEASURE_METRIC:
		return check_metric(where, err);
	case MEASURE_PATTERN:
		return check_pattern(where, err);
	default:
		return 0;
	}
}

int measure(enum measure_kind kind, const char *where, const char *text, size_t size, double *ret,
	    struct error *err)
{
	switch (kind) {
	case MEASURE_JSON:
		return in_json(where, text, size, ret, err);
	case MEASURE_METRIC:
		return in_metrics(where, text, ret, err);
	case MEASURE_PATTERN:
		return in_text(where, text, ret, err);
	default:
		return number_of(text, ret, err);
	}
}
