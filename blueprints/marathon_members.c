/* marathon_members.c - the members of an app of Marathon, 1.0 to 1.11, and the check of what is written
 * there.
 */
#include "blueprints/marathon_members.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define TEXT(key)                                                                                            \
	{                                                                                                    \
		.name = (key), .takes = TAKES_TEXT                                                           \
	}
#define WORD(key, all)                                                                                       \
	{                                                                                                    \
		.name = (key), .takes = TAKES_TEXT, .words = (all)                                           \
	}
#define FLAG(key)                                                                                            \
	{                                                                                                    \
		.name = (key), .takes = TAKES_FLAG                                                           \
	}
#define WHOLE(key)                                                                                           \
	{                                                                                                    \
		.name = (key), .takes = TAKES_WHOLE, .most = 9e15                                            \
	}
#define PORT(key)                                                                                            \
	{                                                                                                    \
		.name = (key), .takes = TAKES_WHOLE, .most = 65535                                           \
	}
#define NUMBER(key)                                                                                          \
	{                                                                                                    \
		.name = (key), .takes = TAKES_NUMBER, .most = 9e15                                           \
	}
#define SHARE(key)                                                                                           \
	{                                                                                                    \
		.name = (key), .takes = TAKES_NUMBER, .most = 1                                              \
	}
#define MAP(key, members)                                                                                    \
	{                                                                                                    \
		.name = (key), .takes = TAKES_MAP, .of = (members)                                           \
	}
#define LIST(key, one)                                                                                       \
	{                                                                                                    \
		.name = (key), .takes = TAKES_LIST, .of = &(one)                                             \
	}
#define NAMED(key, one)                                                                                      \
	{                                                                                                    \
		.name = (key), .takes = TAKES_NAMED, .of = &(one)                                            \
	}
#define END                                                                                                  \
	{                                                                                                    \
		.name = NULL                                                                                 \
	}

#define PROTOCOLS "tcp udp udp,tcp"
#define SCHEMES   "HTTP HTTPS"

static const struct marathon_member any_text = {.takes = TAKES_TEXT};
static const struct marathon_member status = {.takes = TAKES_WHOLE, .least = 100, .most = 999};
static const struct marathon_member port = {.takes = TAKES_WHOLE, .most = 65535};
static const struct marathon_member constraint = {.takes = TAKES_LIST, .of = &any_text};

static const struct marathon_member mapping_members[] = {PORT("containerPort"),
							 PORT("hostPort"),
							 PORT("servicePort"),
							 WORD("protocol", PROTOCOLS),
							 TEXT("name"),
							 NAMED("labels", any_text),
							 LIST("networkNames", any_text),
							 END};
static const struct marathon_member mapping = {.takes = TAKES_MAP, .of = mapping_members};

static const struct marathon_member definition_members[] = {PORT("port"), WORD("protocol", PROTOCOLS),
							    TEXT("name"), NAMED("labels", any_text), END};
static const struct marathon_member definition = {.takes = TAKES_MAP, .of = definition_members};

static const struct marathon_member parameter_members[] = {TEXT("key"), TEXT("value"), END};
static const struct marathon_member parameter = {.takes = TAKES_MAP, .of = parameter_members};

static const struct marathon_member pull_members[] = {TEXT("secret"), END};
static const struct marathon_member credential_members[] = {TEXT("principal"), TEXT("secret"), END};

static const struct marathon_member docker_members[] = {
    TEXT("image"),
    FLAG("forcePullImage"),
    FLAG("privileged"),
    LIST("parameters", parameter),
    MAP("pullConfig", pull_members),
    MAP("credential", credential_members),
    {.name = "network",
     .takes = TAKES_TEXT,
     .words = "BRIDGE HOST USER NONE",
     .instead = "write `networks: [{mode: host}]` in `marathon`"},
    {.name = "portMappings",
     .takes = TAKES_LIST,
     .of = &mapping,
     .instead = "write `portMappings` in the `container` itself"},
    END};

static const struct marathon_member appc_members[] = {TEXT("image"), TEXT("id"), FLAG("forcePullImage"),
						      NAMED("labels", any_text), END};

static const struct marathon_member persistent_members[] = {WORD("type", "root path mount"),
							    WHOLE("size"),
							    WHOLE("maxSize"),
							    TEXT("profileName"),
							    LIST("constraints", constraint),
							    END};
static const struct marathon_member external_members[] = {TEXT("name"),
							  TEXT("provider"),
							  WHOLE("size"),
							  FLAG("shared"),
							  {.name = "options", .takes = TAKES_ANYTHING},
							  END};
static const struct marathon_member volume_members[] = {TEXT("containerPath"),
							TEXT("hostPath"),
							WORD("mode", "RO RW"),
							MAP("persistent", persistent_members),
							MAP("external", external_members),
							TEXT("secret"),
							END};
static const struct marathon_member volume = {.takes = TAKES_MAP, .of = volume_members};

static const struct marathon_member seccomp_members[] = {TEXT("profileName"), FLAG("unconfined"), END};
static const struct marathon_member ipc_members[] = {WORD("mode", "PRIVATE SHARE_PARENT"), WHOLE("shmSize"),
						     END};
static const struct marathon_member linux_members[] = {MAP("seccomp", seccomp_members),
						       MAP("ipcInfo", ipc_members), END};

static const struct marathon_member container_members[] = {WORD("type", "DOCKER MESOS"),
							   MAP("docker", docker_members),
							   MAP("appc", appc_members),
							   LIST("volumes", volume),
							   LIST("portMappings", mapping),
							   MAP("linuxInfo", linux_members),
							   END};

static const struct marathon_member network_members[] = {WORD("mode", "container container/bridge host"),
							 TEXT("name"), NAMED("labels", any_text), END};
static const struct marathon_member network = {.takes = TAKES_MAP, .of = network_members};

static const struct marathon_member discovered_members[] = {
    PORT("number"), TEXT("name"), WORD("protocol", PROTOCOLS), NAMED("labels", any_text), END};
static const struct marathon_member discovered = {.takes = TAKES_MAP, .of = discovered_members};
static const struct marathon_member discovery_members[] = {LIST("ports", discovered), END};
static const struct marathon_member address_members[] = {TEXT("networkName"), LIST("groups", any_text),
							 NAMED("labels", any_text),
							 MAP("discovery", discovery_members), END};

static const struct marathon_member health_command_members[] = {TEXT("value"), END};
static const struct marathon_member health_members[] = {
    WORD("protocol", "HTTP HTTPS TCP COMMAND MESOS_HTTP MESOS_HTTPS MESOS_TCP"),
    MAP("command", health_command_members),
    TEXT("path"),
    PORT("port"),
    PORT("portIndex"),
    WHOLE("gracePeriodSeconds"),
    WHOLE("intervalSeconds"),
    WHOLE("timeoutSeconds"),
    WHOLE("delaySeconds"),
    WHOLE("maxConsecutiveFailures"),
    FLAG("ignoreHttp1xx"),
    WORD("ipProtocol", "IPv4 IPv6"),
    END};
static const struct marathon_member health = {.takes = TAKES_MAP, .of = health_members};

static const struct marathon_member check_http_members[] = {PORT("port"), PORT("portIndex"), TEXT("path"),
							    WORD("scheme", SCHEMES), END};
static const struct marathon_member check_tcp_members[] = {PORT("port"), PORT("portIndex"), END};
static const struct marathon_member check_command_members[] = {TEXT("shell"), LIST("argv", any_text), END};
static const struct marathon_member check_exec_members[] = {MAP("command", check_command_members), END};
static const struct marathon_member check_members[] = {MAP("http", check_http_members),
						       MAP("tcp", check_tcp_members),
						       MAP("exec", check_exec_members),
						       WHOLE("intervalSeconds"),
						       WHOLE("timeoutSeconds"),
						       WHOLE("delaySeconds"),
						       END};

static const struct marathon_member readiness_members[] = {
    TEXT("name"),
    WORD("protocol", SCHEMES),
    TEXT("path"),
    TEXT("portName"),
    WHOLE("intervalSeconds"),
    {.name = "timeoutSeconds", .takes = TAKES_WHOLE, .least = 1, .most = 9e15},
    LIST("httpStatusCodesForReady", status),
    FLAG("preserveLastResponse"),
    END};
static const struct marathon_member readiness = {.takes = TAKES_MAP, .of = readiness_members};

static const struct marathon_member artifact_members[] = {TEXT("uri"),   FLAG("extract"),  FLAG("executable"),
							  FLAG("cache"), TEXT("destPath"), END};
static const struct marathon_member artifact = {.takes = TAKES_MAP, .of = artifact_members};

static const struct marathon_member upgrade_members[] = {SHARE("minimumHealthCapacity"),
							 SHARE("maximumOverCapacity"), END};
static const struct marathon_member unreachable_members[] = {WHOLE("inactiveAfterSeconds"),
							     WHOLE("expungeAfterSeconds"), END};
static const struct marathon_member residency_members[] = {
    WHOLE("relaunchEscalationTimeoutSeconds"),
    WORD("taskLostBehavior", "WAIT_FOREVER RELAUNCH_AFTER_TIMEOUT"), END};
static const struct marathon_member executor_members[] = {NUMBER("cpus"), NUMBER("mem"), NUMBER("disk"), END};
static const struct marathon_member limit_members[] = {
    {.name = "cpus", .takes = TAKES_NUMBER | TAKES_TEXT, .words = "unlimited", .most = 9e15},
    {.name = "mem", .takes = TAKES_NUMBER | TAKES_TEXT, .words = "unlimited", .most = 9e15},
    END};

static const struct marathon_member secret_members[] = {TEXT("source"), END};
static const struct marathon_member secret = {.takes = TAKES_MAP, .of = secret_members};
static const struct marathon_member used_members[] = {TEXT("secret"), END};
static const struct marathon_member variable = {.takes = TAKES_TEXT | TAKES_MAP, .of = used_members};

const struct marathon_member marathon_app_members[] = {
    {.name = "id", .takes = TAKES_TEXT, .instead = "the component's `id` is its name there"},
    {.name = "cmd", .takes = TAKES_TEXT, .instead = "write `command: \"...\"` at the component itself"},
    {.name = "args",
     .takes = TAKES_LIST,
     .of = &any_text,
     .instead = "write `command: [...]` at the component itself"},
    {.name = "instances",
     .takes = TAKES_WHOLE,
     .most = 2147483647,
     .instead = "write `instances` at the component itself"},
    {.name = "labels",
     .takes = TAKES_NAMED,
     .of = &any_text,
     .instead = "write `labels` at the component itself"},
    {.name = "dependencies",
     .takes = TAKES_LIST,
     .of = &any_text,
     .instead = "write `dependsOn` at the component itself"},
    {.name = "version", .takes = TAKES_TEXT, .instead = "Marathon gives each change its version"},
    {.name = "ports", .takes = TAKES_LIST, .of = &port, .instead = "write `portDefinitions: [{port: 8080}]`"},
    {.name = "uris", .takes = TAKES_LIST, .of = &any_text, .instead = "write `fetch: [{uri: \"...\"}]`"},
    {.name = "ipAddress",
     .takes = TAKES_MAP,
     .of = address_members,
     .instead = "write `networks: [{mode: container, name: NAME}]`"},
    NUMBER("cpus"),
    NUMBER("mem"),
    NUMBER("disk"),
    WHOLE("gpus"),
    TEXT("user"),
    TEXT("role"),
    TEXT("executor"),
    FLAG("tty"),
    FLAG("requirePorts"),
    NAMED("env", variable),
    NAMED("secrets", secret),
    MAP("container", container_members),
    LIST("networks", network),
    LIST("portDefinitions", definition),
    LIST("constraints", constraint),
    LIST("acceptedResourceRoles", any_text),
    LIST("fetch", artifact),
    LIST("healthChecks", health),
    LIST("readinessChecks", readiness),
    MAP("check", check_members),
    MAP("upgradeStrategy", upgrade_members),
    {.name = "unreachableStrategy",
     .takes = TAKES_TEXT | TAKES_MAP,
     .of = unreachable_members,
     .words = "disabled"},
    MAP("residency", residency_members),
    MAP("executorResources", executor_members),
    MAP("resourceLimits", limit_members),
    {.name = "backoffFactor", .takes = TAKES_NUMBER, .least = 1, .most = 9e15},
    WHOLE("backoffSeconds"),
    WHOLE("maxLaunchDelaySeconds"),
    WHOLE("taskKillGracePeriodSeconds"),
    WORD("killSelection", "YOUNGEST_FIRST OLDEST_FIRST"),
    END};

const char *const marathon_told_members[] = {
    "version",         "versionInfo",           "tasks",      "tasksStaged", "tasksRunning",
    "tasksHealthy",    "tasksUnhealthy",        "tasksStats", "taskStats",   "deployments",
    "lastTaskFailure", "readinessCheckResults", NULL};

/* --- the check ---------------------------------------------------------------------------------------- */

struct checking {
	struct reading *r;
	struct draft *d;
	bool whole;
};

static void check_value(const struct checking *c, const struct yaml_node *written,
			const struct marathon_member *member, const char *path);

static void check_member(const struct checking *c, const struct yaml_entry *entry,
			 const struct marathon_member *members, const char *what)
{
	const char *names[64];
	size_t count = 0;

	for (const struct marathon_member *m = members; m->name; m++) {
		if (!strcmp(m->name, entry->key) && m->instead && !c->whole)
			advise(c->r->list,
			       complain(c->r->list, entry->key_place, "`%s` is not for `marathon` to say",
					entry->key),
			       "%s", m->instead);
		if (!strcmp(m->name, entry->key)) {
			check_value(c, entry->value, m, entry->key);
			return;
		}
		if (count < COUNT_OF(names) && (c->whole || !m->instead))
			names[count++] = m->name;
	}
	const char *meant = members == marathon_app_members && !closest(entry->key, names, count)
				? marathon_member_meant(entry->key)
				: NULL;
	suggest(c->r, complain(c->r->list, entry->key_place, "unknown member `%s` of %s", entry->key, what),
		meant ? meant : entry->key, names, count,
		"what Marathon is to be told besides goes into the location's `options`");
}

/* "text, a number or a map". */
static const char *taken(const struct checking *c, const struct marathon_member *member)
{
	static const struct {
		unsigned bit;
		const char *words;
	} kinds[] = {
	    {TAKES_TEXT, "text"},       {TAKES_WHOLE, "a whole number"},
	    {TAKES_NUMBER, "a number"}, {TAKES_FLAG, "true or false"},
	    {TAKES_LIST, "a list"},     {TAKES_MAP | TAKES_NAMED, "a map"},
	};
	owned_text all = {0};

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (member->takes & kinds[i].bit)
			text_format(&all, "%s%s", all.length ? " or " : "", kinds[i].words);
	const char *words = arena_text(&c->r->scratch, text_view(&all));
	return words ? words : "";
}

static const char *found(const struct yaml_node *node)
{
	owned_json json = node->kind == YAML_SCALAR ? typed_scalar(node) : NULL;

	return json_is_number(json) ? "a number" : json_is_boolean(json) ? node->text : kind_name(node);
}

static void complain_kind(const struct checking *c, const struct yaml_node *node,
			  const struct marathon_member *member, const char *path)
{
	struct diagnostic *entry =
	    complain(c->r->list, node->place, "`%s` takes %s, not %s", path, taken(c, member), found(node));

	if (node->kind == YAML_SCALAR && member->takes & TAKES_TEXT)
		advise(c->r->list, entry, "write it in quotes");
	else if (member == &constraint)
		advise(c->r->list, entry, "write [[\"FIELD\", \"OPERATOR\", \"VALUE\"]]: a list of lists");
	else if (node->kind == YAML_SCALAR && !node->plain &&
		 member->takes & (TAKES_WHOLE | TAKES_NUMBER | TAKES_FLAG))
		advise(c->r->list, entry, "write it without quotes");
}

static void check_word(const struct checking *c, const struct yaml_node *node,
		       const struct marathon_member *member, const char *path)
{
	char *copy = arena_text(&c->r->scratch, member->words), *rest = copy;
	const char *names[16];
	size_t count = 0;
	owned_text all = {0};

	for (char *word = strsep(&rest, " "); copy && word && count < COUNT_OF(names);
	     word = strsep(&rest, " ")) {
		if (!strcmp(word, node->text))
			return;
		text_format(&all, "%s%s", count ? ", " : "it is one of ", word);
		names[count++] = word;
	}
	suggest(c->r, complain(c->r->list, node->place, "`%s` cannot be `%s`", path, node->text), node->text,
		names, count, text_view(&all));
}

static void check_number(const struct checking *c, const struct yaml_node *node,
			 const struct marathon_member *member, const char *path, double number)
{
	if (number < member->least)
		complain(c->r->list, node->place, "`%s` is at least %g, not %s", path, member->least,
			 node->text);
	else if (member->most > 0 && number > member->most)
		complain(c->r->list, node->place, "`%s` is at most %.10g, not %s", path, member->most,
			 node->text);
}

static void check_scalar(const struct checking *c, const struct yaml_node *node,
			 const struct marathon_member *member, const char *path)
{
	owned_json json = typed_scalar(node);
	unsigned is = json_is_string(json)    ? TAKES_TEXT
		      : json_is_integer(json) ? TAKES_WHOLE | TAKES_NUMBER
		      : json_is_real(json)    ? TAKES_NUMBER
		      : json_is_boolean(json) ? TAKES_FLAG
					      : 0;

	/* 3.0 is a whole number to who reads JSON there. */
	if (json_is_real(json) && json_real_value(json) == (double)(int64_t)json_real_value(json))
		is |= TAKES_WHOLE;
	if (!(member->takes & is))
		complain_kind(c, node, member, path);
	else if (json_is_number(json))
		check_number(c, node, member, path, json_number_value(json));
	else if (json_is_string(json) && member->words)
		check_word(c, node, member, path);
}

static void check_value(const struct checking *c, const struct yaml_node *written,
			const struct marathon_member *member, const char *path)
{
	/* In Marathon's own text only variables are read with a component's keys. */
	const struct yaml_node *node = c->whole ? written : fixed_node(c->r, c->d, written);

	if (c->whole && member == &variable && is_expression(written))
		return;
	if (!node || yaml_null(node) || member->takes & TAKES_ANYTHING)
		return;
	if (node->kind == YAML_SCALAR) {
		check_scalar(c, node, member, path);
	} else if (node->kind == YAML_LIST && member->takes & TAKES_LIST) {
		for (size_t i = 0; i < node->count; i++)
			check_value(c, node->items[i], member->of, path);
		if (member == &constraint)
			marathon_constraint_check(c->r, node);
	} else if (node->kind == YAML_MAP && member->takes & TAKES_NAMED) {
		for (size_t i = 0; i < node->count; i++)
			check_value(c, node->entries[i].value, member->of, node->entries[i].key);
	} else if (node->kind == YAML_MAP && member->takes & TAKES_MAP) {
		const char *what = arena_format(&c->r->scratch, "`%s`", path);
		for (size_t i = 0; i < node->count; i++)
			check_member(c, &node->entries[i], member->of, what ? what : path);
		marathon_map_check(c->r, node, path);
	} else {
		complain_kind(c, node, member, path);
	}
}

void marathon_members_check(struct reading *r, struct draft *d, const struct yaml_node *map,
			    const struct marathon_member *members, const char *what, bool whole)
{
	const struct checking c = {r, d, whole};

	for (size_t i = 0; i < map->count; i++)
		check_member(&c, &map->entries[i], members, what);
}
