/* schemas.c - what the API's documents look like, in a line each, as JSON Schema.
 *
 * A line has members `NAME:TYPE`, with a blank between two. A TYPE is `text`, `number` (a whole one), `real`,
 * `flag`, `any`, the name of another line (with a capital), or words with `|` between; `[TYPE]` is a list of
 * them and `TYPE?` may be null. A NAME with `-` before it may be left out. Documents may get more members
 * than these.
 */
#include <ctype.h>
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

#define STATES                                                                                               \
	"absent|linking|placing|starting|running|unhealthy|updating|finished|stopping|removing|gone|"        \
	"stopped|"                                                                                           \
	"broken|unknown|quarantined"

static const struct {
	const char *name, *members;
} shapes[] = {
    {"Problem", "type:text title:text status:number detail:text -remedy:text -outcome:number "
		"-diagnostics:[Diagnostic] -result:any"},
    {"Error", "code:text text:text remedy:text"},
    {"Operation", "id:text verb:text app:text? by:text state:running|done began_ms:number -ended_ms:number "
		  "-outcome:number -message:text -remedy:text -result:any"},
    {"Operations", "format_version:text operations:[Operation]"},
    {"Input", "-bytes:text -end:flag -rows:number -columns:number"},
    {"Sample", "value:real -instance:number -time_ms:number"},
    {"Version", "format_version:text version:text"},

    {"Port", "port:number protocol:tcp|udp -host_port:number -host_address:text?"},
    {"Link", "alias:text to:text path:text host:text? port:number? -note:text"},
    {"Instance", "name:text -location:text state:" STATES
		 " target_id:text? address:text? ports:[Port] -exits:number -exit_code:number "
		 "-signal:text "
		 "-error:text -last_failure:text"},
    {"Metric",
     "name:text -component:text state:unknown|stale|fresh -value:any -at:text -lower:any -upper:any "
     "-target:any -wants:number"},
    {"Size", "wanted:number real:number initial:number -members:number -quarantined:number -no_room:text "
	     "-first:number "
	     "-first_type:text "
	     "-how:policy|scale|blueprint|found -by:text -since:text "
	     "-why:text -policy:text -min:number -max:number -metrics:[Metric] -wants:number -target:number "
	     "-holds:text -until:text"},
    {"Component",
     "id:text type:text? location:text? state:" STATES
     " -error:text -instances:[Instance] -links:[Link] -size:Size -sensors:any -instance_sensors:any"},
    {"Unreachable", "location:text error:text remedy:text"},
    {"Group", "id:text state:" STATES " members:[text]"},
    {"Status", "format_version:text app:text -revision:number -state:" STATES
	       " components:[Component] -groups:[Group] -unreachable:[Unreachable]"},
    {"Summary", "app:text state:" STATES " -instances:number -running:number -finished:number -broken:number "
		"-locations:[text] -owner:text?"},
    {"Applications", "format_version:text applications:[Summary] -unreachable:[Unreachable]"},

    {"Reason", "path:text file:text? line:number? column:number? old:text? new:text? -note:text"},
    {"Publication", "port:number? protocol:tcp|udp host_address:text? host_port:number? why:text"},
    {"Change",
     "component:text instance:text location:text? -lacks:text -first:text "
     "action:unchanged|create|start|update|relink|replace|restart|stop|remove because:[Reason] links:[Link] "
     "publishes:[Publication] outage:none|seconds|until%20ready order:text? data_at_risk:[text] "
     "readiness:text?"},
    {"Counts", "unchanged:number create:number start:number update:number relink:number replace:number "
	       "restart:number stop:number remove:number"},
    {"Awaited", "instance:text why:text"},
    {"Plan", "format_version:text app:text changes:[Change] summary:Counts -awaited:[Awaited] -saved:text "
	     "-owner:text"},
    {"Failure", "-component:text? -instance:text? -location:text? -app:text? -name:text? error:text "
		"remedy:text? -kept:text -log:[text]"},
    {"Deployed", "format_version:text app:text -changes:[Change] -summary:Counts -awaited:[Awaited] "
		 "-outcome:text -changed:flag "
		 "-revision:number -components:[Component] -failures:[Failure] -saved:text -owner:text "
		 "-error:Error"},
    {"Volume", "name:text location:text spec:text? target_name:text?"},
    {"Destroyed", "format_version:text app:text -removed:[text] -removed_volumes:[Volume] "
		  "-kept_volumes:[Volume] -failures:[Failure] -error:Error"},
    {"Remains", "location:text spec:text? app:text? kind:instance|network|lease|helper|volume|claim "
		"name:text "
		"state:text? removed:flag -owner:text?"},
    {"Collected", "format_version:text found:[Remains] -failures:[Failure] -error:Error"},

    {"LastFailure", "time:text text:text -remedy:text"},
    {"Finding",
     "component:text instance:text location:text state:" STATES
     " why:text since:text? last_failure:LastFailure? who:you|administrator|owner|nobody remedy:text "
     "next:text log:[text]"},
    {"Policy",
     "component:text policy:text type:text supplied:flag suspended:flag config:any about:text -each:[text]"},
    {"Why", "format_version:text app:text state:" STATES " under_way:text? owner:text? findings:[Finding] "
	    "unknown:[text] policies:[Policy] kept:flag?"},
    {"Policies", "format_version:text app:text kept:flag policies:[Policy]"},
    {"Revision", "revision:number time:text file:text? by:text? outcome:number? images:any current:flag"},
    {"History", "format_version:text app:text revisions:[Revision]"},
    {"Record",
     "number:number time:text app:text component:text? instance:text? what:text text:text? -remedy:text"},
    {"Records", "format_version:text events:[Record]"},
    {"Run", "instance:text location:text exit_code:number? error:text? output:[text]"},
    {"Invoked", "format_version:text app:text -component:text -effector:text -results:[Run] -error:Error"},
    {"Executed", "format_version:text app:text -instance:text -exit_code:number -error:Error"},

    {"Position", "line:number column:number byte:number"},
    {"Range", "filename:text start:Position end:Position"},
    {"Snippet", "code:text start_line:number highlight_start_offset:number highlight_end_offset:number"},
    {"Diagnostic", "severity:error|warning summary:text detail:text -range:Range? -snippet:Snippet?"},
    {"Validated", "format_version:text valid:flag error_count:number warning_count:number "
		  "diagnostics:[Diagnostic]"},
    {"Location", "name:text type:text spec:text? source:text? reachable:flag? endpoint:text? because:text? "
		 "version:text? details:text? error:text? remedy:text?"},
    {"Locations", "format_version:text locations:[Location]"},
    {"Key", "name:text summary:text"},
    {"Type", "name:text summary:text example:text? keys:[Key]"},
    {"Types", "format_version:text types:[Type]"},
};

/* What a verb's document is. */
static const struct {
	const char *verb, *shape;
	const char *needs; /* the members of its request that it cannot do without, beside the path's */
} documents[] = {
    {"validate", "Validated", ""},
    {"plan", "Plan", ""},
    {"deploy", "Deployed", ""},
    {"status", "Status", ""},
    {"destroy", "Destroyed", ""},
    {"stop", "Deployed", ""},
    {"start", "Deployed", ""},
    {"restart", "Deployed", ""},
    {"scale", "Deployed", "components count"},
    {"exec", "Executed", "components command"},
    {"wait", "Status", ""},
    {"why", "Why", ""},
    {"gc", "Collected", ""},
    {"history", "History", ""},
    {"rollback", "Deployed", ""},
    {"invoke", "Invoked", "components name"},
    {"policies", "Policies", ""},
    {"policy", "Policies", "name action"},
    {"events", "Records", ""},
    {"types", "Types", ""},
    {"locations", "Locations", ""},
};

json_t *schema_reference(const char *name)
{
	return json_pack("{ss+}", "$ref", "#/components/schemas/", name);
}

static json_t *schema_of(const char *type, size_t length);

static json_t *either(json_t *schema, json_t *other)
{
	return json_pack("{s[oo]}", "anyOf", schema, other);
}

/* "none|until%20ready" */
static json_t *one_of(const char *words, size_t length)
{
	json_t *list = json_array();
	const char *end = words + length;
	while (words < end) {
		owned_text word = {0};
		for (; words < end && *words != '|'; words++)
			if (strncmp(words, "%20", 3) == 0)
				text_add_char(&word, ' '), words += 2;
			else
				text_add_char(&word, *words);
		words++;
		json_add(list, json_string(text_view(&word)));
	}
	return json_pack("{ssso}", "type", "string", "enum", list);
}

static json_t *plain(const char *word)
{
	static const struct {
		const char *word, *type;
	} types[] = {{"text", "string"}, {"number", "integer"}, {"real", "number"}, {"flag", "boolean"}};
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strcmp(types[i].word, word) == 0)
			return json_pack("{ss}", "type", types[i].type);
	return strcmp(word, "any") == 0 ? json_object() : schema_reference(word);
}

static json_t *schema_of(const char *type, size_t length)
{
	if (type[length - 1] == '?')
		return either(schema_of(type, length - 1), json_pack("{ss}", "type", "null"));
	if (*type == '[')
		return json_pack("{ssso}", "type", "array", "items", schema_of(type + 1, length - 2));
	if (memchr(type, '|', length))
		return one_of(type, length);
	owned_memory char *word = strndup(type, length);
	return word ? plain(word) : NULL;
}

static json_t *object_of(const char *line)
{
	json_t *properties = json_object(), *required = json_array();
	while (*line) {
		bool optional = *line == '-';
		line += optional;
		size_t name = strcspn(line, ":"), whole = strcspn(line, " ");
		owned_memory char *key = strndup(line, name);
		if (key)
			json_put(properties, key, schema_of(line + name + 1, whole - name - 1));
		if (key && !optional)
			json_add(required, json_string(key));
		line += whole;
		line += strspn(line, " ");
	}
	return json_pack("{sssoso}", "type", "object", "properties", properties, "required", required);
}

json_t *schemas_all(void)
{
	json_t *all = json_object();
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		json_put(all, shapes[i].name, object_of(shapes[i].members));
	return all;
}

const char *schema_of_verb(const char *verb)
{
	for (size_t i = 0; verb && i < COUNT_OF(documents); i++)
		if (strcmp(documents[i].verb, verb) == 0)
			return documents[i].shape;
	return NULL;
}

const char *schema_needs(const char *verb)
{
	for (size_t i = 0; verb && i < COUNT_OF(documents); i++)
		if (strcmp(documents[i].verb, verb) == 0)
			return documents[i].needs;
	return "";
}
