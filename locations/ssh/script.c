/* script.c - what is said to a machine: words for its shell, and an instance with its files. */
#include "locations/ssh/machine.h"

#include <string.h>

#include "base/cleanup.h"

void say_word(struct text *script, const char *word)
{
	text_add_quoted(script, word);
}

void say_variable(struct text *script, const char *name, const char *value)
{
	text_format(script, "%s=", name);
	say_word(script, value);
	text_add_char(script, '\n');
}

const char *folder_of(const char *app, const char *name)
{
	return name + strlen(app) + 1;
}

static int64_t grace_of(struct location *location, const struct instance_spec *spec)
{
	return spec->stop_timeout_ms >= 0 ? spec->stop_timeout_ms : machine_of(location)->grace_ms;
}

/* What it is under any name, and where it works. */
static void add_incarnation(struct text *text, const struct instance_spec *spec, int64_t created_ms)
{
	text_format(text, "%s.%s.%u.%lld", spec->app, spec->component, spec->ordinal, (long long)created_ms);
}

static void add_manifest(struct location *location, const struct instance_spec *spec, int64_t created_ms,
			 struct text *text)
{
	text_format(text,
		    "app=%s\ncomponent=%s\nordinal=%u\nspec=%s\nlinks=%s\nsalt=%s\nsecrets=%s\nfiles=%s\n",
		    spec->app, spec->component, spec->ordinal, spec->digest, spec->link_digest,
		    spec->secret_salt ? spec->secret_salt : "", spec->secret_digest, spec->file_digest);
	text_add(text, "ports=");
	process_ports_write(spec, text);
	text_format(text, "\nbind=%s\nrestart=%s\njob=%d\nprotect=%d\ncreated=%lld\ngrace=%lld\nsignal=%s\n",
		    spec->bind_address ? spec->bind_address : "", restart_word(spec->restart), spec->job,
		    spec->protect, (long long)created_ms, (long long)grace_of(location, spec),
		    spec->stop_signal ? spec->stop_signal : "TERM");
	text_add(text, "incarnation=");
	add_incarnation(text, spec, created_ms);
	text_add(text, "\nwork=");
	add_incarnation(text, spec, created_ms);
}

static void add_launch(struct location *location, const struct instance_spec *spec, int64_t created_ms,
		       struct text *text)
{
	size_t first = spec->helper && spec->command;

	text_add(text, "BERTH_INCARNATION=");
	add_incarnation(text, spec, created_ms);
	text_add(text, "\nexport BERTH_INCARNATION\n");
	for (size_t i = 0; i < spec->variable_count; i++) {
		text_format(text, "export %s=", spec->variables[i].name);
		say_word(text, spec->variables[i].value);
		text_add_char(text, '\n');
	}
	text_add(text, "directory=");
	if (spec->directory)
		say_word(text, spec->directory);
	else
		text_add(text, "$work");
	text_add(text, "\nas=");
	say_word(text, spec->user ? spec->user : "");
	text_add(text, "\nset --");
	if (first)
		text_format(text, " \"$here/helper-%s\"", machine_of(location)->helper.digits);
	for (size_t i = first; spec->command && spec->command[i]; i++) {
		text_add_char(text, ' ');
		say_word(text, spec->command[i]);
	}
}

/* Text goes as it is; what else there is as octal numbers. */
static void add_content(const struct spec_file *file, struct text *script)
{
	const unsigned char *bytes = file->content;

	if (!memchr(bytes, '\0', file->size)) {
		owned_text text = {.secret = true};
		text_add_bytes(&text, bytes, file->size);
		text_add(script, "printf %s ");
		say_word(script, text_view(&text));
		script->failed = script->failed || text.failed;
		return;
	}
	text_add(script, "printf %b '");
	for (size_t i = 0; i < file->size; i++)
		text_format(script, "\\0%o", bytes[i]);
	text_add_char(script, '\'');
}

/* Lines of a hosts file. */
static void say_names(const struct instance_spec *spec, struct text *script)
{
	owned_text names = {0};

	for (size_t i = 0; i < spec->host_count; i++)
		if (spec->hosts[i].address)
			text_format(&names, "%s%s %s", i ? "\n" : "", spec->hosts[i].address,
				    spec->hosts[i].alias);
	script->failed = script->failed || names.failed;
	say_variable(script, "NAMES", text_view(&names));
}

void say_files(const struct instance_spec *spec, struct text *script)
{
	say_names(spec, script);
	text_add(script, "write_files() {\n:\n");
	for (size_t i = 0; i < spec->file_count; i++) {
		const struct spec_file *file = &spec->files[i];
		add_content(file, script);
		text_format(script, " | file %04o ", file->mode);
		say_word(script, file->user ? file->user : spec->user ? spec->user : "");
		text_add_char(script, ' ');
		say_word(script, file->path);
		text_add(script, " || return 1\n");
	}
	text_add(script, "}\n");
}

void say_instance(struct location *location, const struct instance_spec *spec, int64_t created_ms,
		  struct text *script)
{
	owned_text manifest = {0}, launch = {.secret = true};

	add_manifest(location, spec, created_ms, &manifest);
	add_launch(location, spec, created_ms, &launch);
	script->failed = script->failed || manifest.failed || launch.failed;
	say_variable(script, "MANIFEST", text_view(&manifest));
	say_variable(script, "LAUNCH", text_view(&launch));
	if (spec->helper)
		text_format(script, "HELPER=helper-%s\nPLATFORM=%s\n", machine_of(location)->helper.digits,
			    machine_of(location)->helper.platform);
	say_files(spec, script);
}
