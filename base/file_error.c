/* file_error.c - errno as a code to branch on and a sentence to show. */
#include "base/file_error.h"

#include <errno.h>
#include <string.h>

static enum code code_of_errno(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return ERR_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case EEXIST:
	case ENOTEMPTY:
		return ERR_CONFLICT;
	case ENOMEM:
		return ERR_NO_MEMORY;
	case ENAMETOOLONG:
	case ELOOP:
	case EINVAL:
		return ERR_INVALID;
	default:
		return ERR_FAILED;
	}
}

int fail_file(struct error *err, const char *path, const char *doing)
{
	int error = errno;

	return fail(err, code_of_errno(error), "%s %s: %s", doing, path, strerror(error));
}
