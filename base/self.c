/* self.c - what this process is in the real world. */
#include "base/world_real_internal.h"

#include <stdio.h>
#include <unistd.h>

pid_t real_process_id(struct world *world)
{
	(void)world;
	return getpid();
}

uid_t real_user_id(struct world *world)
{
	(void)world;
	return geteuid();
}

void real_host_name(struct world *world, char *ret_name, size_t size)
{
	(void)world;
	if (gethostname(ret_name, size))
		snprintf(ret_name, size, "this machine");
	ret_name[size - 1] = '\0';
}

int real_working_directory(struct world *world, char *ret_path, size_t size)
{
	(void)world;
	return getcwd(ret_path, size) ? 0 : -1;
}
