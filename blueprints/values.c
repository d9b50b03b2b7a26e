/* values.c - turns what stands in a value's place into a value: plain text, or an expression looked up. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/reading.h"

#define JOIN_LIMIT  ((size_t)1 << 20)
#define TOTAL_LIMIT ((size_t)64 << 20)

typedef int evaluator(struct reading *r, struct draft *d, const struct expression *e, struct value *ret);

struct function {
	const char *name;
	size_t least, most; /* arguments */
	evaluator *evaluate;
	bool chained; /* may follow component("x"). */
};

static evaluator evaluate;

static int text_value(const struct expression *e, const char *text, struct value *ret)
{
	*ret = (struct value){.kind = VALUE_TEXT, .place = e->place, .text = text, .component = NO_COMPONENT};
	return 0;
}

static int evaluate_component(struct reading *r, struct draft *d, const struct expression *e,
			      struct value *ret)
{
	struct draft *target = named_component(r, d, e);
	if (target && target == d)
		return text_value(e, target->spec->id, ret);
	if (target)
		advise(r->list, complain(r->list, e->place, "a component is no text"),
		       "write $berth:endpoint(\"%s\"), $berth:address(\"%s\"), or add "
		       ".attributeWhenReady(\"SENSOR\")",
		       target->spec->id, target->spec->id);
	return -1;
}

static int evaluate_literal(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	(void)d;
	if (e->arguments[0]->kind == EXPRESSION_TEXT)
		return text_value(e, e->arguments[0]->text, ret);
	complain(r->list, e->place, "literal() takes a text");
	return -1;
}

/* Whether it is its own value of that name that asks. */
static bool is_asking(const struct reading *r, const struct draft *d, const char *name)
{
	const struct yaml_entry *own = map_get(d->config, name);

	for (const struct config_frame *f = r->frames; own && f; f = f->outer)
		if (f->node == own->value)
			return true;
	return false;
}

static int evaluate_config(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	const struct expression *name = e->arguments[0];
	struct draft *scope = e->on && !is_around(e->on) ? named_component(r, d, e->on) : d;
	struct config_frame frame;
	bool absent;

	if (e->on && !scope && !is_around(e->on))
		return -1;
	if (e->on && is_around(e->on) && scope && name->kind == EXPRESSION_TEXT &&
	    is_asking(r, scope, name->text))
		scope = NULL;
	if (name->kind != EXPRESSION_TEXT) {
		complain(r->list, name->place, "config() takes the name of a parameter or config value");
		return -1;
	}
	const struct yaml_node *node = config_enter(r, scope, name->text, e->place, &frame, &absent);
	if (!node)
		return absent ? text_value(e, "", ret) : -1;
	int done = -1;
	if (node->kind != YAML_SCALAR && !is_expression(node))
		complain(r->list, e->place, "the config `%s` is %s; a text is needed here", name->text,
			 kind_name(node));
	else
		done = value_read(r, scope, node, ret);
	config_leave(r);
	return done;
}

int secret_read(struct reading *r, const char *text, struct place place, struct value *ret)
{
	bool file = starts_with(text, "file:") && text[5], variable = starts_with(text, "env:") && text[4];

	if (!file && !variable) {
		advise(r->list, complain(r->list, place, "a secret is given by its place"),
		       "write \"env:NAME\" or \"file:PATH\"");
		return -1;
	}
	if (file && text[5] != '/' && r->options->directory)
		text = arena_format(r->arena, "file:%s/%s", r->options->directory, text + 5);
	if (!text) {
		r->list->failed = true;
		return -1;
	}
	*ret = (struct value){.kind = VALUE_SECRET, .place = place, .text = text, .component = NO_COMPONENT};
	return 0;
}

static int evaluate_secret(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	const struct expression *argument = e->arguments[0];

	(void)d;
	return secret_read(r, argument->kind == EXPRESSION_TEXT ? argument->text : "", argument->place, ret);
}

/* Only one that cannot be read is left of these: see variables.c. */
static int evaluate_variable(struct reading *r, struct draft *d, const struct expression *e,
			     struct value *ret)
{
	(void)d;
	(void)ret;
	advise(r->list, complain(r->list, e->place, "env() takes a name and perhaps a default, both texts"),
	       "write $berth:env(\"NAME\") or $berth:env(\"NAME\", \"default\")");
	return -1;
}

static int evaluate_address(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	return read_attachment(r, d, e, VALUE_ADDRESS, ret);
}

static int evaluate_port(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	return read_attachment(r, d, e, VALUE_PORT, ret);
}

static int evaluate_endpoint(struct reading *r, struct draft *d, const struct expression *e,
			     struct value *ret)
{
	return read_attachment(r, d, e, VALUE_ENDPOINT, ret);
}

static int evaluate_endpoints(struct reading *r, struct draft *d, const struct expression *e,
			      struct value *ret)
{
	return read_attachment(r, d, e, VALUE_ENDPOINTS, ret);
}

struct join {
	struct value *parts; /* at most two for each argument and one more */
	size_t count;
	bool fixed; /* all of it is text */
};

static int add_text(struct reading *r, struct join *join, struct place place, struct text *literal)
{
	if (!literal->length)
		return 0;
	const char *copy = arena_copy(r->arena, literal->data, literal->length);
	if (!copy || literal->failed) {
		r->list->failed = true;
		return -1;
	}
	join->parts[join->count++] =
	    (struct value){.kind = VALUE_TEXT, .place = place, .text = copy, .component = NO_COMPONENT};
	text_clear(literal);
	return 0;
}

static int add_argument(struct reading *r, struct draft *d, const struct expression *e, char conversion,
			struct join *join)
{
	struct value value;
	int64_t number;

	if (evaluate(r, d, e, &value))
		return -1;
	bool whole = value.kind == VALUE_PORT || value.kind == VALUE_SECRET || value.kind == VALUE_SENSOR ||
		     value.kind == VALUE_JOIN ||
		     (value.kind == VALUE_TEXT && parse_number(value.text, INT64_MIN, INT64_MAX, &number));
	if (conversion == 'd' && !whole) {
		advise(r->list, complain(r->list, e->place, "%%d takes a whole number"), "write %%s");
		return -1;
	}
	join->fixed = join->fixed && value.kind == VALUE_TEXT;
	join->parts[join->count++] = value;
	return 0;
}

static void complain_count(struct reading *r, const struct expression *e, size_t wanted)
{
	complain(r->list, e->place, "the format takes %zu argument%s, but %zu %s given", wanted,
		 wanted == 1 ? "" : "s", e->count - 1, e->count - 1 == 1 ? "is" : "are");
}

/* How many arguments the format takes; -1 with a complaint about what it cannot hold. */
static int count_conversions(struct reading *r, const struct expression *format)
{
	int count = 0;

	for (const char *c = format->text; *c; c++) {
		if (*c != '%')
			continue;
		c++;
		if (*c == 's' || *c == 'd') {
			count++;
		} else if (*c != '%') {
			advise(r->list, complain(r->list, format->place, "the format has a `%%%.1s`", c),
			       "it may hold %%s, %%d, and %%%% for a percent sign");
			return -1;
		}
	}
	return count;
}

static int fill_join(struct reading *r, struct draft *d, const struct expression *e, struct join *join)
{
	owned_text literal = {0};
	size_t next = 1;
	int faults = 0;

	for (const char *c = e->arguments[0]->text; *c; c++) {
		if (*c != '%') {
			text_add_char(&literal, *c);
		} else if (*++c == '%') {
			text_add_char(&literal, '%');
		} else {
			if (add_text(r, join, e->place, &literal))
				return -1;
			faults += add_argument(r, d, e->arguments[next++], *c, join);
		}
	}
	return faults || add_text(r, join, e->place, &literal) ? -1 : 0;
}

/* Parts that are all text become one. */
static int fold_join(struct reading *r, const struct expression *e, const struct join *join,
		     struct value *ret)
{
	size_t length = 0;

	for (size_t i = 0; i < join->count; i++)
		length += strlen(join->parts[i].text);
	r->joined += length;
	if (length > JOIN_LIMIT || r->joined > TOTAL_LIMIT) {
		complain(r->list, e->place, "the text becomes too long");
		return -1;
	}
	char *text = reading_alloc(r, length + 1), *end = text;
	if (!text)
		return -1;
	for (size_t i = 0; i < join->count; i++)
		end = stpcpy(end, join->parts[i].text);
	return text_value(e, text, ret);
}

static int evaluate_format(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	const struct expression *format = e->arguments[0];

	if (format->kind != EXPRESSION_TEXT) {
		complain(r->list, format->place, "formatString() begins with its format, a text");
		return -1;
	}
	int wanted = count_conversions(r, format);
	if (wanted < 0)
		return -1;
	if ((size_t)wanted != e->count - 1) {
		complain_count(r, e, (size_t)wanted);
		return -1;
	}
	struct join join = {.parts = reading_alloc(r, sizeof(struct value) * (2 * e->count + 1)),
			    .fixed = true};
	if (!join.parts || fill_join(r, d, e, &join))
		return -1;
	if (join.fixed)
		return fold_join(r, e, &join, ret);
	*ret = (struct value){.kind = VALUE_JOIN,
			      .place = e->place,
			      .component = NO_COMPONENT,
			      .parts = join.parts,
			      .part_count = join.count};
	return 0;
}

static const struct function functions[] = {
    {"component", 1, 2, evaluate_component, false},
    {"entity", 1, 2, evaluate_component, false},
    {"sibling", 1, 1, evaluate_component, false},
    {"child", 1, 1, evaluate_component, false},
    {"descendant", 1, 1, evaluate_component, false},
    {"ancestor", 1, 1, evaluate_component, false},
    {"self", 0, 0, evaluate_component, false},
    {"parent", 0, 0, evaluate_component, false},
    {"root", 0, 0, evaluate_component, false},
    {"scopeRoot", 0, 0, evaluate_component, false},
    {"config", 1, 1, evaluate_config, true},
    {"literal", 1, 1, evaluate_literal, false},
    {"formatString", 1, 32, evaluate_format, false},
    {"secret", 1, 1, evaluate_secret, false},
    {"env", 1, 2, evaluate_variable, false},
    {"address", 1, 1, evaluate_address, false},
    {"port", 1, 2, evaluate_port, false},
    {"endpoint", 1, 2, evaluate_endpoint, false},
    {"endpoints", 1, 2, evaluate_endpoints, false},
    {"attributeWhenReady", 1, 2, read_sensor, true},
};

static bool comes_later(const char *name)
{
	static const char *const later[] = {
	    "member",
	    "application",
	    "entityId",
	    "sensor",
	    "location",
	    "entitySpec",
	    "object",
	    "urlEncode",
	    "regexReplacement",
	    "function",
	    "external",
	    "template",
	    "chain",
	    "attributeWhenReadyAllowingOnFire",
	};

	for (size_t i = 0; i < COUNT_OF(later); i++)
		if (!strcmp(later[i], name))
			return true;
	return false;
}

/* What does the same here; NULL: nothing does. */
static const char *instead_of(const char *name)
{
	static const struct {
		const char *name, *instead;
	} others[] = {
	    {"external",
	     "a secret of whoever deploys is $berth:secret(\"env:NAME\") or secret(\"file:PATH\")"},
	    {"entityId", "write attributeWhenReady(\"entity.id\")"},
	    {"template", "write formatString(), or a file of `templates.runtime`"},
	    {"object", "what is Java does not run here: leave it out"},
	    {"attributeWhenReadyAllowingOnFire", "write attributeWhenReady(\"SENSOR\")"},
	};

	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (!strcmp(others[i].name, name))
			return others[i].instead;
	return NULL;
}

static const struct function *find_function(struct reading *r, const struct expression *e)
{
	const char *names[COUNT_OF(functions)];

	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		names[i] = functions[i].name;
		if (!strcmp(functions[i].name, e->text))
			return &functions[i];
	}
	if (comes_later(e->text)) {
		struct diagnostic *entry = complain(
		    r->list, e->place, "%s() is not supported yet by this version of berth", e->text);
		if (instead_of(e->text))
			advise(r->list, entry, "%s", instead_of(e->text));
	} else
		suggest(r, complain(r->list, e->place, "no function is called `%s`", e->text), e->text, names,
			COUNT_OF(names),
			"the functions are component, config, literal, formatString, secret, env, "
			"address, port, endpoint, endpoints and attributeWhenReady");
	return NULL;
}

static int evaluate(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	if (e->kind == EXPRESSION_TEXT)
		return text_value(e, e->text, ret);
	if (e->kind == EXPRESSION_NODE) {
		complain(r->list, e->place, "%s cannot be an argument here", kind_name(e->node));
		return -1;
	}
	if (e->on && e->on->kind == EXPRESSION_CALL && !find_function(r, e->on))
		return -1;
	const struct function *function = find_function(r, e);
	if (!function)
		return -1;
	if (e->on && !function->chained) {
		complain(r->list, e->place, "%s() cannot follow another call", e->text);
		return -1;
	}
	if (e->count < function->least || e->count > function->most) {
		struct diagnostic *entry = complain(r->list, e->place, "%s() does not take %zu argument%s",
						    e->text, e->count, e->count == 1 ? "" : "s");
		advise(r->list, entry, "it takes %zu%s", function->least,
		       function->most > function->least ? " or more" : "");
		return -1;
	}
	return function->evaluate(r, d, e, ret);
}

static void warn_within(struct reading *r, const struct yaml_node *node)
{
	if (!strstr(node->text, "$brooklyn:") && !strstr(node->text, "$berth:"))
		return;
	advise(r->list,
	       warn(r->list, node->place,
		    "an expression within a text is not evaluated: it stays as it is written"),
	       "an expression is the whole value; write $brooklyn:formatString(\"...%%s...\", ...)");
}

int value_read(struct reading *r, struct draft *d, const struct yaml_node *node, struct value *ret)
{
	if (!r->frames)
		r->owner = d;
	if (is_expression(node)) {
		const struct expression *e = expression_read(r, node);
		return e ? evaluate(r, d, e, ret) : -1;
	}
	if (node->kind != YAML_SCALAR) {
		complain(r->list, node->place, "%s stands where a text is needed", kind_name(node));
		return -1;
	}
	warn_within(r, node);
	*ret = (struct value){.kind = VALUE_TEXT,
			      .place = node->place,
			      .text = yaml_null(node) ? "" : node->text,
			      .component = NO_COMPONENT};
	return 0;
}

/* A config value may be a list or a map as well. */
static const struct yaml_node *fixed_config(struct reading *r, struct draft *d, const struct expression *e)
{
	struct config_frame frame;
	bool absent;
	const struct yaml_node *node = config_enter(r, d, e->arguments[0]->text, e->place, &frame, &absent);

	if (!node)
		return absent ? scalar_node(r, e->place, "", true) : NULL;
	const struct yaml_node *fixed = fixed_node(r, d, node);
	config_leave(r);
	return fixed;
}

const struct yaml_node *fixed_node(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	if (!is_expression(node))
		return node;
	if (!r->frames)
		r->owner = d;
	const struct expression *e = expression_read(r, node);
	if (!e)
		return NULL;
	if (e->kind == EXPRESSION_CALL && !e->on && !strcmp(e->text, "config") && e->count == 1 &&
	    e->arguments[0]->kind == EXPRESSION_TEXT)
		return fixed_config(r, d, e);
	struct value value;
	if (evaluate(r, d, e, &value))
		return NULL;
	if (value.kind == VALUE_TEXT)
		return scalar_like(r, node, value.text, false);
	complain(r->list, node->place,
		 "a fixed value is needed here: this one is only known when components run");
	return NULL;
}

const char *fixed_text(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed)
		return NULL;
	if (fixed->kind == YAML_SCALAR && !yaml_null(fixed))
		return fixed->text;
	complain(r->list, node->place, "`%s` takes a text, not %s", key, kind_name(fixed));
	return NULL;
}

struct draft *component_read(struct reading *r, const struct yaml_node *node)
{
	if (is_expression(node)) {
		const struct expression *e = expression_read(r, node);
		if (!e || (e->kind == EXPRESSION_CALL && !find_function(r, e)))
			return NULL;
		return named_component(r, NULL, e);
	}
	struct diagnostic *entry =
	    complain(r->list, node->place, "a component is named by an expression here");
	advise(r->list, entry, "write $brooklyn:component(\"%s\")",
	       node->kind == YAML_SCALAR && *node->text ? node->text : "id");
	return NULL;
}

bool value_has(const struct value *value, enum value_kind kind)
{
	bool has = value->kind == kind;

	for (size_t i = 0; i < value->part_count && !has; i++)
		has = value_has(&value->parts[i], kind);
	return has;
}

bool value_has_secret(const struct value *value)
{
	return value_has(value, VALUE_SECRET);
}
