/* balancer_program.c - the proxies that a load balancer may run, and what the component is that runs one: its
 * files, its commands and its end. */
#include "base/cleanup.h"
#include "blueprints/component.h"
#include "blueprints/embedded.h"

#define STOP_MS (10 * 1000) /* for what is under way when the proxy itself stops */

/* What the two programs want. Both look for the key beside the certificate, where haproxy does. Their scripts
 * are lines after those of proxy.sh. */
static const struct program {
	const char *image, *folder, *file; /* its configuration in a container; a process has it in its own */
	const char *const *words;          /* what a container runs */
	const char *provide;               /* what installs it on a machine elsewhere */
	const char *script;                /* what a process runs */
	const char *change, *change_here;  /* what tells it of its file, in a container and of a process */
	const char *stop;                  /* the signal for an end that lets go on what is under way */
} programs[] = {
    [PROXY_NGINX] = {.image = "nginx:stable",
		     .folder = "/etc/nginx",
		     .file = "nginx.conf",
		     .words = (const char *const[]){"nginx", "-g", "daemon off;", NULL},
		     .provide = "provide nginx nginx-light\n",
		     /* Its workers belong to who runs it, who alone may read the folder. */
		     .script =
			 "need nginx nginx-light\n"
			 "[ \"$(id -u)\" != 0 ] || as=' user root;'\n"
			 "exec nginx -e stderr -p \"$PWD/\" -c \"$PWD/nginx.conf\" -g \"daemon off;$as\"",
		     .change = "take /etc/nginx/nginx.conf\n"
			       "tell 1 HUP nginx -t",
		     .change_here = "tell \"$(cat nginx.pid)\" HUP "
				    "nginx -t -e stderr -p \"$PWD/\" -c \"$PWD/nginx.conf\"",
		     .stop = "QUIT"},
    [PROXY_HAPROXY] =
	{.image = "haproxy:lts",
	 .folder = "/usr/local/etc/haproxy",
	 .file = "haproxy.cfg",
	 .words =
	     (const char *const[]){"haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg", NULL},
	 .provide = "provide haproxy haproxy\n",
	 .script = "need haproxy haproxy\n"
		   "exec haproxy -W -db -p haproxy.pid -f haproxy.cfg",
	 .change = "take /usr/local/etc/haproxy/haproxy.cfg\n"
		   "tell 1 USR2 haproxy -c -f /usr/local/etc/haproxy/haproxy.cfg",
	 /* Without the variables of its master, by which it would take itself for one that waits. */
	 .change_here = "tell \"$(cat haproxy.pid)\" USR2 "
			"env -i PATH=\"$PATH\" haproxy -c -f haproxy.cfg",
	 .stop = "USR1"},
};

const char *balancer_image(enum proxy_program proxy)
{
	return programs[proxy].image;
}

/* In a container beside its configuration, of a process in its folder. */
static const char *path_of(struct reading *r, const struct draft *d, const char *name)
{
	const char *folder = programs[d->balancer->spec.proxy].folder;
	const char *path = d->spec->kind == COMPONENT_DOCKER ? arena_format(r->arena, "%s/%s", folder, name)
							     : arena_text(r->arena, name);

	if (!path)
		r->list->failed = true;
	return path ? path : name;
}

static void add_file(struct reading *r, struct draft *d, struct growing *files, struct file_entry entry,
		     const char *name)
{
	struct file_entry *file = grow_new(r, files, struct file_entry);

	entry.path = path_of(r, d, name);
	add_key_place(r, d, arena_format(r->arena, "files.%s", entry.path), entry.place);
	if (file)
		*file = entry;
}

static void put_files(struct reading *r, struct draft *d)
{
	struct balancer_draft *balancer = d->balancer;
	const struct yaml_entry *members = given_of(d, KEY_MEMBERS) ?: given_of(d, KEY_ROUTES);
	struct place at = members ? members->key_place : d->place;
	struct growing files = {0};

	if (balancer_has_tls(d))
		balancer->spec.certificate = path_of(r, d, "tls.pem");
	struct value made = {.kind = VALUE_BALANCER,
			     .place = at,
			     .text = balancer_described(r, &balancer->spec),
			     .component = NO_COMPONENT};
	add_file(r, d, &files,
		 (struct file_entry){.content = kept_as(r, struct value, &made), .mode = 0644, .place = at},
		 programs[balancer->spec.proxy].file);
	if (balancer_has_tls(d)) {
		add_file(r, d, &files, balancer->certificate, "tls.pem");
		add_file(r, d, &files, balancer->key, "tls.pem.key");
	}
	add_key_place(r, d, "files", at); /* who its members are is told by the file alone */
	d->spec->files = kept(r, &files, sizeof(*d->spec->files));
	d->spec->file_count = files.count;
}

static void put_words(struct reading *r, const struct draft *d, const char *const *words, bool shell,
		      struct command *ret)
{
	size_t count = 0;

	while (words[count])
		count++;
	struct value *values = reading_alloc(r, sizeof(*values) * count);
	for (size_t i = 0; values && i < count; i++)
		values[i] = (struct value){
		    .kind = VALUE_TEXT, .place = d->place, .text = words[i], .component = NO_COMPONENT};
	*ret = (struct command){
	    .given = true, .shell = shell, .words = values, .count = values ? count : 0, .place = d->place};
}

static void put_commands(struct reading *r, struct draft *d)
{
	const struct program *program = &programs[d->balancer->spec.proxy];
	bool here = d->spec->kind == COMPONENT_PROCESS;
	const char *script = arena_format(r->arena, "%s%s%s", proxy_script,
					  d->spec->reached ? program->provide : "", program->script);
	const char *telling =
	    arena_format(r->arena, "%s%s", proxy_script, here ? program->change_here : program->change);
	struct on_change change = {.kind = ON_CHANGE_COMMAND};

	r->list->failed |= !script || !telling;
	put_words(r, d, here ? (const char *const[]){script, NULL} : program->words, here, &d->spec->command);
	put_words(r, d, (const char *const[]){telling, NULL}, true, &change.command);
	d->spec->on_change = kept_as(r, struct on_change, &change) ?: d->spec->on_change;
}

/* It answers when its port does: what its members answer is not its own. */
static void put_life(struct reading *r, struct draft *d)
{
	const struct program *program = &programs[d->balancer->spec.proxy];
	struct component_spec *spec = d->spec;
	struct health_check health = {.kind = CHECK_TCP,
				      .port = spec->kind == COMPONENT_DOCKER ? d->balancer->spec.port : 0,
				      .path = "/",
				      .interval_ms = 2000,
				      .timeout_ms = 5000,
				      .retries = 3,
				      .place = d->place};

	if (!given_of(d, KEY_HEALTH_CHECK))
		spec->health = kept_as(r, struct health_check, &health) ?: spec->health;
	spec->stop_signal = program->stop;
	if (!given_of(d, KEY_STOP_TIMEOUT))
		spec->stop_timeout_ms = given_of(d, KEY_DRAIN_TIMEOUT) ? d->balancer->spec.drain_ms : STOP_MS;
}

void balancer_run(struct reading *r, struct draft *d)
{
	put_files(r, d);
	put_commands(r, d);
	put_life(r, d);
}
