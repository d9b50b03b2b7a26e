/* pattern.c - rewrites a Java regular expression into an extended POSIX one. */
#include "blueprints/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static int unsupported(struct error *err, const char *at, int length)
{
	return fail(err, ERR_INVALID,
		    "`%.*s` in a regular expression is not supported by this version of berth", length, at);
}

/* What a class of characters holds, in the order that POSIX wants it: "]" first, "-" last. */
struct class
{
	struct text others;
	bool negated, bracket, caret, dash;
};

static void release_class(struct class *c)
{
	text_release(&c->others);
}

/* `\x` within [...]; the character after the backslash. */
static int escape_in_class(struct class *c, const char *at, struct error *err)
{
	switch (at[1]) {
	case 'd':
		text_add(&c->others, "0-9");
		return 0;
	case 'w':
		text_add(&c->others, "A-Za-z0-9_");
		return 0;
	case 's':
		text_add(&c->others, "[:space:]");
		return 0;
	case ']':
		c->bracket = true;
		return 0;
	case '^':
		c->caret = true;
		return 0;
	case '-':
		c->dash = true;
		return 0;
	default:
		if (!at[1] || isalnum((unsigned char)at[1]))
			return unsupported(err, at, 2);
		text_add_char(&c->others, at[1]);
		return 0;
	}
}

static void finish_class(const struct class *c, struct text *ret)
{
	bool only_caret = c->caret && !c->negated && !c->bracket && !c->others.length;

	if (only_caret) {
		text_add(ret, c->dash ? "[-^]" : "\\^");
		return;
	}
	text_add(ret, c->negated ? "[^" : "[");
	text_add(ret, c->bracket ? "]" : "");
	text_add(ret, text_view(&c->others));
	text_add(ret, c->caret ? "^" : "");
	text_add(ret, c->dash ? "-]" : "]");
}

/* From "[" on; *at is left behind "]". */
static int read_class(const char **at, struct text *ret, struct error *err)
{
	owned_by(release_class) struct class c = {0};
	const char *p = *at + 1;

	if (*p == '^') {
		c.negated = true;
		p++;
	}
	for (const char *first = p; *p && (*p != ']' || p == first); p++) {
		const char *end = p[0] == '[' && p[1] == ':' ? strstr(p, ":]") : NULL;
		if (end) {
			text_add_bytes(&c.others, p, (size_t)(end - p) + 2);
			p = end + 1;
		} else if (*p == '[' || (p[0] == '&' && p[1] == '&')) {
			return unsupported(err, p, *p == '[' ? 1 : 2);
		} else if (*p == '\\') {
			if (escape_in_class(&c, p++, err))
				return -1;
		} else if (*p == ']') {
			c.bracket = true;
		} else if (*p == '-' && (p == first || p[1] == ']')) {
			c.dash = true;
		} else {
			text_add_char(&c.others, *p);
		}
	}
	if (!*p)
		return fail(err, ERR_INVALID, "a `[` of the regular expression is not closed");
	*at = p + 1;
	if (c.others.failed)
		return fail_memory(err);
	finish_class(&c, ret);
	return 0;
}

static int read_escape(const char **at, struct text *ret, struct error *err)
{
	char c = (*at)[1];

	if (c == 'd' || c == 'D')
		text_add(ret, c == 'd' ? "[0-9]" : "[^0-9]");
	else if (c == 't' || c == 'n' || c == 'r')
		text_add_char(ret, c == 't' ? '\t' : c == 'n' ? '\n' : '\r');
	else if (c && (strchr("wWsSbB", c) || !isalnum((unsigned char)c)))
		text_format(ret, "\\%c", c);
	else
		return unsupported(err, *at, c ? 2 : 1);
	*at += 2;
	return 0;
}

static int rewrite(const char *text, struct text *ret, struct error *err)
{
	bool repeated =
	    false; /* a repetition ends here: a `?` makes it lazy, which is the same for a whole text */

	for (const char *at = text; *at;) {
		bool again = repeated;
		repeated = false;
		if (*at == '\\') {
			if (read_escape(&at, ret, err))
				return -1;
		} else if (*at == '[') {
			if (read_class(&at, ret, err))
				return -1;
		} else if (starts_with(at, "(?:")) {
			text_add_char(ret, '(');
			at += 3;
		} else if (starts_with(at, "(?")) {
			return unsupported(err, at, 3);
		} else if (again && *at == '+') {
			return unsupported(err, at - 1, 2);
		} else if (again && *at == '?') {
			at++;
		} else {
			repeated = strchr("*+?}", *at);
			text_add_char(ret, *at++);
		}
	}
	return 0;
}

/* --- what it costs: the matcher writes repetitions out, and remembers much of each character it reads --- */

#define WEIGHT_LIMIT 1000 /* atoms, repetitions written out */
#define DEPTH_LIMIT  40
#define TEXT_LIMIT   4096

struct level {
	size_t sum, last; /* of what is open, and of what a repetition would repeat */
};

static void add_atom(struct level *level, size_t weight)
{
	level->last = weight;
	level->sum += weight;
}

static void repeat_atom(struct level *level, size_t times)
{
	level->sum += level->last * (times ? times - 1 : 0);
	level->last *= times ? times : 1;
}

/* Behind "[...]". */
static const char *skip_class(const char *at)
{
	at += at[1] == '^' ? 2 : 1;
	at += *at == ']';
	while (*at && *at != ']') {
		const char *end = at[0] == '[' && at[1] == ':' ? strstr(at, ":]") : NULL;
		at = end ? end + 2 : at + 1;
	}
	return at + (*at == ']');
}

/* The larger number of "{2,5}", at most a little more than the limit; 0 when it is none. */
static size_t bound_of(const char *at)
{
	size_t most = 0, number = 0;

	for (at++; isdigit((unsigned char)*at) || *at == ','; at++) {
		number = *at == ',' ? 0 : number * 10 + (size_t)(*at - '0');
		if (number > WEIGHT_LIMIT)
			return WEIGHT_LIMIT + 1;
		most = number > most ? number : most;
	}
	return *at == '}' ? most : 0;
}

/* More than the limit when it is too much. */
static size_t weigh(const char *posix)
{
	struct level levels[DEPTH_LIMIT] = {0};
	size_t depth = 0;

	for (const char *at = posix; *at; at++) {
		struct level *level = &levels[depth];
		if (level->sum > WEIGHT_LIMIT)
			return WEIGHT_LIMIT + 1;
		if (*at == '(') {
			if (++depth == DEPTH_LIMIT)
				return WEIGHT_LIMIT + 1;
			levels[depth] = (struct level){0};
		} else if (*at == ')' && depth) {
			depth--;
			add_atom(&levels[depth], level->sum + 1);
		} else if (*at == '[') {
			add_atom(level, 1);
			at = skip_class(at) - 1;
		} else if (*at == '{') {
			repeat_atom(level, bound_of(at));
		} else if (*at == '+') {
			repeat_atom(level, 2);
		} else if (!strchr("*?|", *at)) {
			at += *at == '\\' && at[1];
			add_atom(level, 1);
		}
	}
	return levels[0].sum;
}

static int check_weight(const char *posix, size_t *budget, struct error *err)
{
	size_t weight = weigh(posix);

	if (weight > WEIGHT_LIMIT)
		return fail(err, ERR_INVALID, "the pattern is too long, too deep, or repeats too much");
	if (weight > *budget)
		return fail(err, ERR_INVALID,
			    "the patterns before this one are too many, or repeat too much");
	*budget -= weight;
	return 0;
}

/* Compiles, and is fit to be used. NULL with *err. */
static const char *proved(struct arena *arena, const struct text *posix, const char *text, size_t *budget,
			  struct error *err)
{
	regex_t regex;
	const char *copy = posix->failed ? NULL : arena_text(arena, text_view(posix));

	if (!copy) {
		fail_memory(err);
		return NULL;
	}
	if (check_weight(copy, budget, err))
		return NULL;
	int code = regcomp(&regex, copy, REG_EXTENDED | REG_NOSUB);
	if (!code) {
		regfree(&regex);
		return copy;
	}
	char why[120];
	regerror(code, &regex, why, sizeof(why));
	if (code == REG_ESPACE)
		fail_memory(err);
	else
		fail(err, ERR_INVALID, "`%.200s` is no regular expression: %s", text, why);
	return NULL;
}

const char *pattern_posix(struct arena *arena, const char *text, size_t *budget, struct error *err)
{
	owned_text posix = {0};

	text_add(&posix, "^(");
	if (rewrite(text, &posix, err))
		return NULL;
	text_add(&posix, ")$");
	return proved(arena, &posix, text, budget, err);
}

/* A class is the same, but for "!" and for a backslash. */
static const char *rewrite_glob_class(const char *at, struct text *ret)
{
	const char *end = skip_class(at[1] == '!' ? at + 1 : at);

	if (end[-1] != ']' || end < at + 3) { /* not closed: it means itself */
		text_add(ret, "\\[");
		return at + 1;
	}
	text_add_char(ret, '[');
	at++;
	if (*at == '!' || *at == '^') {
		text_add_char(ret, '^');
		at++;
	}
	text_add_bytes(ret, at, (size_t)(end - at));
	return end;
}

/* The C library's own matcher of these tries all ways, which takes for ever where there are many. */
const char *glob_posix(struct arena *arena, const char *text, size_t *budget, struct error *err)
{
	owned_text posix = {0};

	text_add_char(&posix, '^');
	for (const char *at = text; *at;) {
		if (*at == '[') {
			at = rewrite_glob_class(at, &posix);
			continue;
		}
		if (*at == '*') {
			text_add(&posix, ".*");
		} else if (*at == '?') {
			text_add_char(&posix, '.');
		} else {
			at += *at == '\\' && at[1];
			if (strchr("^$.|()*+?{}[]\\", *at))
				text_add_char(&posix, '\\');
			text_add_char(&posix, *at);
		}
		at++;
	}
	text_add_char(&posix, '$');
	return proved(arena, &posix, text, budget, err);
}

bool pattern_matches(const char *posix, const char *text)
{
	regex_t regex;

	if (strlen(text) > TEXT_LIMIT)
		return false;
	if (regcomp(&regex, posix, REG_EXTENDED | REG_NOSUB)) {
		count_memory_failure(); /* it was compiled before */
		return true;
	}
	bool matches = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return matches;
}
