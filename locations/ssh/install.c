/* install.c - puts on a machine what has to lie there: our script, and the helper program where something is
 * made of it; each under the name of its digest, and whole or not at all. */
#include "locations/ssh/machine.h"

#include "base/cleanup.h"

int machine_helper(struct machine *machine, struct error *err)
{
	struct helper_program *helper = &machine->helper;
	owned_text bytes = {0};

	if (*helper->digits)
		return 0;
	helper_program_look(machine->location, helper);
	if (!*helper->refused)
		return helper_program_read(machine->location, helper, &bytes, err);
	fail(err, ERR_UNSUPPORTED, "location `%s`: no stand-in can be there: %s", machine->location->name,
	     helper->refused);
	return -1;
}

int machine_install(struct task *task, struct text *line, struct text *bytes, struct error *err)
{
	struct machine *machine = machine_of(task->location);
	bool script = task->installing == INSTALL_SCRIPT;
	owned_text path = {0};

	if (script)
		text_add_bytes(bytes, machine_script, machine_script_size);
	else if (helper_program_read(task->location, &machine->helper, bytes, err))
		return -1;
	if (script)
		text_add(&path, machine->script);
	else
		text_format(&path, "%s/helper-%s", machine->directory, machine->helper.digits);
	const char *at = text_view(&path);
	/* What is cut off on the way ends like what is whole. */
	text_format(line,
		    "exec /bin/sh -c 'echo @installing; umask 077; mkdir -p %s && cat >%s.$$ && [ $(wc -c "
		    "<%s.$$) -eq %zu ] && "
		    "chmod %s %s.$$ && mv -f %s.$$ %s && echo @installed || { rm -f %s.$$; exit 1; }'",
		    machine->directory, at, at, bytes->length, script ? "600" : "700", at, at, at, at);
	return path.failed || line->failed || bytes->failed ? fail_memory(err) : 0;
}
