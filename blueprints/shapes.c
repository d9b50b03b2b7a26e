/* shapes.c - the definitions of `berth schema`: texts, ports, links, files. They say how a value looks;
 * whether what it names is there, `berth validate` knows. */
#include "blueprints/shapes.h"

#include "base/cleanup.h"

/* JSON keeps its own layout. */
/* clang-format off */
const struct shape shapes[] = {
    {"dslMap", JSON({
	"description": "an expression as a map: its function over the arguments",
	"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
	"patternProperties": {"^\\$(brooklyn|berth):": true}})},
    {"expression", JSON({"anyOf": [{"type": "string", "pattern": "^\\$(brooklyn|berth):"}, "@dslMap"]})},
    {"text", JSON({"anyOf": [{"type": ["string", "number", "boolean"]}, "@dslMap"]})},
    {"value", JSON({"anyOf": [{"type": ["string", "number", "boolean", "null"]}, "@dslMap"]})},
    {"flag", JSON({"anyOf": [
	{"type": "boolean"}, {"enum": ["true", "false", "yes", "no", "on", "off"]}, "@expression"]})},
    {"anything", JSON({})},
    {"config", JSON({"type": ["object", "null"]})},
    {"address", JSON({"type": "string", "pattern": "^[^ /@]+$|^\\$(brooklyn|berth):"})},
    {"restart", JSON({"anyOf": [{"enum": ["unless-stopped", "no", "on-failure", "always"]}, "@expression"]})},
    {"update", JSON({"anyOf": [{"enum": ["start-first", "stop-first"]}, "@expression"]})},
    {"pull", JSON({"anyOf": [{"enum": ["missing", "always"]}, "@expression"]})},
    {"link", JSON({"anyOf": [{"enum": ["direct", "ambassador"]}, "@expression"]})},
    {"linkAddress", JSON({"anyOf": [{"enum": ["name", "ip"]}, "@expression"]})},
    {"type", JSON({"anyOf": [
	{"type": "string", "pattern": "^docker:.*$"}, {"enum": ["process", "software", "external", "cluster", "loadbalancer", "group"]},
	{"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.-]*$"},
	{"type": "string", "pattern": "^((java|brooklyn|catalog):)?[A-Za-z][A-Za-z0-9_-]*([.][A-Za-z0-9_-]+)+(:[0-9][A-Za-z0-9_.-]*)?$"},
	{"type": "string", "pattern": "^(java|brooklyn|catalog):[A-Za-z][A-Za-z0-9_.-]*$"},
	{"type": "string", "pattern": "^(org\\.apache\\.)?brooklyn\\.entity\\.(group\\.DynamicCluster|proxy\\.nginx\\.NginxController)$"}, "@expression"]})},

    {"port", JSON({"anyOf": [
	{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "pattern": "^[0-9]+$"},
	"@expression"]})},
    {"portWord", JSON({"anyOf": [
	{"type": "integer", "minimum": 1, "maximum": 65535},
	{"type": "string", "pattern": "^[0-9]+(-[0-9]+)?(/([tT][cC][pP]|[uU][dD][pP]))?( *, *[0-9]+(-[0-9]+)?(/([tT][cC][pP]|[uU][dD][pP]))?)*$"},
	"@expression"]})},
    {"ports", JSON({"anyOf": ["@portWord", {"type": "array", "items": "@portWord"}, {"type": "null"}]})},
    {"namedPorts", JSON({"anyOf": [
	{"type": ["object", "null"],
	 "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_-]*$"},
	 "additionalProperties": {"anyOf": [
		{"enum": ["auto"]},
		{"type": "integer", "minimum": 1, "maximum": 65535},
		{"type": "string", "pattern": "^[0-9]+(-[0-9]+|\\+)?$"},
		"@expression"]}},
	"@expression"]})},
    {"externalPorts", JSON({"anyOf": [
	"@ports",
	{"type": "object",
	 "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_-]*$"}, "additionalProperties": "@port"}]})},
    {"portBindings", JSON({"anyOf": [
	{"type": ["object", "null"],
	 "propertyNames": {"pattern": "^(([0-9.]+|\\[?[0-9a-fA-F:.]+\\]?):)?[0-9]+(/(tcp|udp))?$"},
	 "additionalProperties": {"anyOf": ["@port", {"type": "string", "pattern": "^[0-9]+/(tcp|udp)$"}]}},
	{"type": "array", "items": "@text"},
	{"type": ["integer", "string"]},
	"@expression"]})},
    {"directPorts", JSON({"anyOf": ["@port", {"type": "array", "items": "@port"}, {"type": "null"}]})},

    {"command", JSON({"anyOf": [
	{"type": "string", "minLength": 1}, {"type": ["number", "boolean"]},
	{"type": "array", "items": "@value"}, "@dslMap"]})},
    {"environment", JSON({"anyOf": [
	{"type": ["object", "null"],
	 "propertyNames": {"pattern": "^[^=]+$"}, "additionalProperties": "@value"},
	"@expression"]})},
    {"policies", JSON({"anyOf": [
	{"type": ["array", "null"], "items": {"anyOf": [
		{"type": "string", "minLength": 1},
		{"type": "object", "required": ["type"], "properties": {"type": "@text"}},
		"@expression"]}},
	"@expression"]})},
    {"effectors", JSON({"anyOf": [
	{"type": ["object", "null"],
	 "propertyNames": {"pattern": "^(?!(start|stop|restart)$)[A-Za-z0-9_][A-Za-z0-9_-]*$"},
	 "additionalProperties": {"anyOf": ["@command",
		{"type": "object", "additionalProperties": false,
		 "oneOf": [{"required": ["command"]}, {"required": ["http"]}],
		 "properties": {
			"command": "@command",
			"http": {"type": "object", "additionalProperties": false,
				 "properties": {
					"method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]},
					"port": "@probe",
					"path": {"type": "string", "pattern": "^(/[^ ]*|\\$(brooklyn|berth):.*)$"},
					"headers": {"type": ["object", "null"]},
					"body": {"type": ["string", "number", "boolean"]}}},
			"parameters": {"type": ["object", "null"],
				       "propertyNames": {"pattern": "^(?!BERTH_)[A-Za-z_][A-Za-z0-9_]*$"}}}}]}},
	"@expression"]})},
    {"sensors", JSON({"anyOf": [
	{"type": ["object", "null"],
	 "propertyNames": {"pattern": "^(?!service\\.)[^ \"'{}/]{1,120}$"},
	 "additionalProperties": {
		"type": "object", "additionalProperties": false,
		"oneOf": [{"required": ["uri"]}, {"required": ["http"]}, {"required": ["command"]},
			  {"required": ["value"]}, {"required": ["usage"]}, {"required": ["tcp"]},
			  {"required": ["log"]}, {"required": ["pushed"]}, {"required": ["from"]},
			  {"required": ["expression"]}, {"required": ["text"]}],
		"properties": {
			"text": {"type": ["string", "number", "boolean", "object"]},
			"uri": {"type": "string", "pattern": "^(https?://[^ ]+|\\$(brooklyn|berth):.*)$"},
			"headers": {"type": ["object", "null"]},
			"http": {"anyOf": ["@probe",
				{"type": "string", "pattern": "^(/[^ ]*|\\$(brooklyn|berth):.*)$"},
				{"type": "object", "additionalProperties": false,
				 "properties": {
					"method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]},
					"port": "@probe",
					"path": {"type": "string", "pattern": "^(/[^ ]*|\\$(brooklyn|berth):.*)$"},
					"headers": {"type": ["object", "null"]},
					"body": {"type": ["string", "number", "boolean"]}}}]},
			"command": "@command",
			"value": "@text",
			"usage": {"anyOf": [
				{"enum": ["cpu", "cpus", "memory", "memory.limit", "memory.free",
					  "memory.percent", "network.in", "network.out", "processes"]},
				"@expression"]},
			"tcp": {"anyOf": ["@probe", {"const": true},
				{"type": "object", "additionalProperties": false, "required": ["send"],
				 "properties": {
					"port": {"anyOf": ["@probe", {"const": true}]},
					"send": {"type": ["string", "number", "boolean", "object"]}}}]},
			"log": {"type": "string", "minLength": 1, "maxLength": 256},
			"pushed": {"anyOf": [{"const": true}, "@expression"]},
			"from": "@text", "expression": "@text", "each": "@flag", "env": {"type": ["object", "null"]},
			"json": {"type": "string"}, "jsonPath": {"type": "string"},
			"metric": {"type": "string"}, "pattern": {"type": "string"},
			"period": "@duration", "staleAfter": "@duration", "window": "@duration",
			"rate": "@flag",
			"aggregate": {"anyOf": [
				{"type": "string", "pattern": "^(mean|sum|max|min|count|p([1-9][0-9]?|100))$"},
				"@expression"]}}}},
	"@expression"]})},
    {"initializers", JSON({"anyOf": [
	{"type": ["array", "null"],
	 "items": {"type": "object", "required": ["type"]}},
	"@expression"]})},
    {"labels", JSON({"anyOf": [
	{"type": ["object", "null"],
	 "propertyNames": {"pattern": "^(?!berth\\.).+"}, "additionalProperties": "@value"},
	"@expression"]})},
    {"marathon", JSON({"type": ["object", "null"]})},
    {"volumes", JSON({"anyOf": [
	{"type": "array", "items": {"type": "string"}}, {"type": "string"}, {"type": "null"}, "@expression"]})},

    {"component", JSON({"anyOf": ["@expression", {"type": "null"}], "description": "$brooklyn:component(\"id\")"})},
    {"links", JSON({"anyOf": [
	"@component",
	{"type": "array", "items": "@expression"},
	{"type": "object",
	 "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"},
	 "additionalProperties": {"anyOf": [
		"@expression",
		{"type": "object", "additionalProperties": false, "required": ["component"],
		 "properties": {
			"component": "@expression",
			"wait": {"allOf": ["@flag"],
				 "description": "false: wired, but not waited for; such links may form circles"}}}]}}]})},
    {"dependsOn", JSON({"anyOf": [
	"@value",
	{"type": "array", "items": "@text"},
	{"type": "object",
	 "additionalProperties": {"anyOf": [{"enum": ["ready", "started", "finished"]}, "@expression"]}}]})},

    {"duration", JSON({"anyOf": [
	{"type": "number", "minimum": 0},
	{"type": "string", "pattern": "^ *([0-9]+(\\.[0-9]+)? *[A-Za-z]* *)+$"},
	"@expression"]})},
    {"memory", JSON({"anyOf": [
	{"type": "integer", "minimum": 0},
	{"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *([kKmMgGtT][iI]?)?[bB]?$"},
	"@expression"]})},
    {"cpus", JSON({"anyOf": [
	{"type": "number", "exclusiveMinimum": 0},
	{"type": "string", "pattern": "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)$"},
	"@expression"]})},
    {"instances", JSON({"anyOf": [
	{"type": "integer", "minimum": 1, "maximum": 1000}, {"type": "string", "pattern": "^[0-9]+$"},
	"@expression"]})},
    {"size", JSON({"anyOf": [
	{"type": "integer", "minimum": 0, "maximum": 1000}, {"type": "string", "pattern": "^[0-9]+$"},
	"@expression"]})},
    {"zoneNames", JSON({"anyOf": [{"type": "array", "items": "@text"}, "@text"]})},
    {"quorum", JSON({"anyOf": [
	{"type": "integer", "minimum": -1, "maximum": 1000}, {"type": "string", "pattern": "^-?[0-9]+$"},
	"@expression"]})},
    {"removalStrategy", JSON({"anyOf": [{"enum": ["newest", "oldest", "unhealthy"]}, "@expression"]})},
    {"memberSpec", JSON({"anyOf": [
	{"type": "string", "minLength": 1},
	{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
	 "patternProperties": {"^\\$(brooklyn|berth):entitySpec$": {"anyOf": [
		{"type": "string", "minLength": 1}, "@service"]}}},
	"@service"]})},
    {"signal", JSON({"anyOf": [
	{"type": "integer", "minimum": 1, "maximum": 64},
	{"type": "string", "pattern": "^([sS][iI][gG])?[A-Za-z]+[0-9]?([+-][0-9]+)?$|^[0-9]+$"},
	"@expression"]})},

    {"probe", JSON({"anyOf": ["@port", {"type": "string"}, {"type": "null"}]})},
    {"healthCheck", JSON({"anyOf": [
	{"type": "object", "additionalProperties": false,
	 "oneOf": [{"required": ["http"]}, {"required": ["tcp"]}, {"required": ["command"]}],
	 "properties": {
		"http": {"description": "an HTTP request; ready is any status of 200 to 399, or `status`",
			 "anyOf": ["@probe",
				   {"type": "object", "additionalProperties": false,
				    "properties": {
					"port": "@probe",
					"path": {"type": "string", "pattern": "^(/[^ ]*|\\$(brooklyn|berth):.*)$"},
					"status": {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599},
							     {"type": "string"}]}}}]},
		"tcp": {"description": "a connection",
			"anyOf": ["@probe",
				  {"type": "object", "additionalProperties": false, "properties": {"port": "@probe"}}]},
		"command": {"description": "a command within the component that ends with 0", "allOf": ["@command"]},
		"interval": {"description": "between two questions", "allOf": ["@duration"]},
		"timeout": {"description": "for each question", "allOf": ["@duration"]},
		"startPeriod": {"description": "failures within it do not count", "allOf": ["@duration"]},
		"retries": {"description": "failures in a row until it counts as unhealthy",
			    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"type": "string"}]}}},
	"@expression"]})},

    {"file", JSON({"anyOf": [
	{"type": ["string", "number", "boolean"]},
	"@dslMap",
	{"type": "object", "additionalProperties": false,
	 "oneOf": [{"required": ["content"]}, {"required": ["source"]}, {"required": ["secret"]}],
	 "properties": {
		"content": {"description": "what is in it; expressions such as formatString make it a template",
			    "allOf": ["@value"]},
		"source": {"description": "a file beside the blueprint", "allOf": ["@text"]},
		"secret": {"description": "where a secret is: env:NAME or file:PATH",
			   "anyOf": [{"type": "string", "pattern": "^(env:|file:|\\$(brooklyn|berth):)"}, "@dslMap"]},
		"mode": {"description": "octal, as in \"0640\"",
			 "anyOf": [{"type": "string", "pattern": "^(0o)?[0-7]{1,5}$|^\\$(brooklyn|berth):"},
				   {"type": "integer", "minimum": 0}]},
		"user": {"description": "a name, a number, or two: \"1000:1000\"", "allOf": ["@text"]}}}]})},
    {"files", JSON({"anyOf": [
	{"type": ["object", "null"], "additionalProperties": "@file"}, "@expression"]})},
    {"onChange", JSON({"anyOf": [
	{"enum": ["restart", "none"]},
	{"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
	 "properties": {
		"signal": {"description": "sent to its main process: HUP, USR1, ...", "allOf": ["@signal"]},
		"command": {"description": "run in it", "allOf": ["@command"]}}},
	{"type": "string", "pattern": "^\\$(brooklyn|berth):"}]})},

    {"proxy", JSON({"anyOf": [{"enum": ["nginx", "haproxy"]}, "@expression"]})},
    {"balancerProtocol", JSON({"anyOf": [{"enum": ["http", "https", "tcp"]}, "@expression"]})},
    {"algorithm", JSON({"anyOf": [{"enum": ["roundRobin", "leastConnections", "source"]}, "@expression"]})},
    {"sticky", JSON({"anyOf": [{"enum": ["none", "source", "cookie"]}, "@expression"]})},
    {"balancerPort", JSON({"anyOf": [
	{"type": "integer", "minimum": 1, "maximum": 65535},
	{"type": "string", "pattern": "^[0-9]+(-[0-9]+|\\+)?$"},
	"@expression"]})},
    {"retries", JSON({"anyOf": [
	{"type": "integer", "minimum": 0, "maximum": 10}, {"type": "string", "pattern": "^[0-9]+$"},
	"@expression"]})},
    {"member", JSON({"anyOf": [
	{"type": "string", "minLength": 1},
	"@dslMap",
	{"type": "object", "additionalProperties": false, "required": ["component"],
	 "properties": {
		"component": {"type": ["string", "object"], "description": "an id, or $brooklyn:component(\"id\")"},
		"port": {"description": "one of its ports, by number or name; else its first one",
			 "anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string"}]},
		"weight": {"description": "its share: twice as much as one of half the weight (1)",
			   "anyOf": [{"type": "integer", "minimum": 1, "maximum": 256}, {"type": "string"}]}}}]})},
    {"members", JSON({"anyOf": ["@member", {"type": "array", "minItems": 1, "items": "@member"}]})},
    {"routes", JSON({"type": "array", "items": {
	"type": "object", "additionalProperties": false, "required": ["members"],
	"anyOf": [{"required": ["host"]}, {"required": ["path"]}],
	"properties": {
		"host": {"description": "the host that requests are for: www.example.org, or *.example.org",
			 "type": "string", "pattern": "^(\\*\\.)?[A-Za-z0-9][A-Za-z0-9.-]*$|^\\$(brooklyn|berth):"},
		"path": {"description": "the path they are for, with all below it (/)",
			 "type": "string", "pattern": "^/[A-Za-z0-9/._~+@:,=-]*$|^\\$(brooklyn|berth):"},
		"members": {"description": "who takes them", "allOf": ["@members"]}}}})},
    {"memberCheck", JSON({"anyOf": [
	{"type": "object", "additionalProperties": false,
	 "oneOf": [{"required": ["http"]}, {"required": ["tcp"]}],
	 "properties": {
		"http": {"description": "an HTTP request; good is any status of 200 to 399, or `status`",
			 "anyOf": [{"type": ["string", "null"]},
				   {"type": "object", "additionalProperties": false,
				    "properties": {
					"path": {"type": "string", "pattern": "^(/[^ ]*|\\$(brooklyn|berth):.*)$"},
					"status": {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599},
							     {"type": "string"}]}}}]},
		"tcp": {"description": "a connection", "type": ["object", "null"], "additionalProperties": false},
		"interval": {"description": "between two questions", "allOf": ["@duration"]},
		"timeout": {"description": "for each question", "allOf": ["@duration"]},
		"retries": {"description": "failures in a row until the member gets no requests",
			    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"type": "string"}]}}},
	"@expression"]})},
    {"certificate", JSON({"anyOf": [
	{"type": "string", "minLength": 1},
	"@dslMap",
	{"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
	 "properties": {
		"source": {"description": "a file beside the blueprint", "allOf": ["@text"]},
		"secret": {"description": "where it is: env:NAME or file:PATH",
			   "anyOf": [{"type": "string", "pattern": "^(env:|file:|\\$(brooklyn|berth):)"}, "@dslMap"]}}}]})},
    {"tls", JSON({
	"type": "object", "additionalProperties": false, "required": ["certificate", "key"],
	"properties": {
		"certificate": {"description": "the chain as PEM, its own certificate first", "allOf": ["@certificate"]},
		"key": {"description": "its private key as PEM, without a pass phrase", "allOf": ["@certificate"]}}})},

    {"step", JSON({"anyOf": [{"type": ["string", "number", "boolean", "null"]}, "@dslMap"]})},
    {"catalog", JSON({"anyOf": [
	{"type": ["string", "null"]},
	{"type": "array", "items": {"anyOf": [
		{"type": "string", "minLength": 1},
		{"type": "object", "required": ["id", "item"]}]}},
	{"type": "object", "required": ["id", "item"]}]})},
    {"children", JSON({"type": ["array", "null"], "items": {"type": "object"}})},
    {"versionMatch", JSON({"anyOf": [{"enum": ["exact", "at-least", "any"]}, "@expression"]})},
    {"sha256", JSON({"anyOf": [{"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}, "@expression"]})},
    {"softwareFiles", JSON({"anyOf": [
	{"type": ["object", "null"], "propertyNames": {"pattern": "^[^$]"}, "additionalProperties": "@text"},
	"@expression"]})},

    {"location", JSON({"anyOf": [
	{"type": "string", "minLength": 1},
	{"type": "object", "minProperties": 1}]})},
    {"locations", JSON({"anyOf": [
	{"type": "array", "items": "@location"},
	{"type": "object", "additionalProperties": "@location"},
	{"type": ["string", "null"]}]})},
    {"locationList", JSON({"anyOf": [{"type": "array", "items": "@location"}, {"type": ["string", "null"]}]})},

    {"constraint", JSON({"anyOf": [
	{"enum": ["required"]},
	{"type": "object", "additionalProperties": false,
	 "properties": {
		"required": "@flag",
		"regex": {"type": "string"},
		"glob": {"type": "string"},
		"requiredIf": {"type": "string"},
		"requiredUnless": {"type": "string"},
		"requiredUnlessAnyOf": "@names",
		"forbiddenIf": {"type": "string"},
		"forbiddenUnless": {"type": "string"},
		"forbiddenUnlessAnyOf": "@names"}}]})},
    {"names", JSON({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})},
    {"parameter", JSON({"anyOf": [
	{"type": "string"},
	{"type": "object", "additionalProperties": false, "required": ["name"],
	 "properties": {
		"name": {"description": "what config(\"NAME\") and --set NAME=VALUE call it", "allOf": ["@text"]},
		"type": {"description": "string, integer, double, boolean, port, duration, timestamp, list or map",
			 "type": "string"},
		"default": {"description": "its value when nobody sets it"},
		"required": {"description": "whether it must have a value", "allOf": ["@flag"]},
		"description": {"description": "for people"},
		"label": {"description": "for people"},
		"constraints": {"description": "what its value may be",
				"anyOf": ["@constraint", {"type": "array", "items": "@constraint"}, {"type": "null"}]},
		"pinned": true,
		"reconfigurable": true,
		"inheritance.type": true,
		"inheritance.runtime": true}}]})},
    {"services", JSON({"type": "array", "minItems": 1, "items": "@service"})},
    {"parameters", JSON({"anyOf": [{"type": "array", "items": "@parameter"}, {"type": "null"}]})},
};
/* clang-format on */

const size_t shape_count = COUNT_OF(shapes);
