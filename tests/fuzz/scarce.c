/* scarce.c - stands before the C library's allocating functions. */
#include "tests/fuzz/scarce.h"

#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	size_t count, at;
	bool on, lasting, show;
} scarce;

void scarce_begin(size_t at, bool lasting)
{
	scarce.count = 0;
	scarce.at = at;
	scarce.lasting = lasting;
	scarce.on = true;
}

size_t scarce_end(void)
{
	scarce.on = false;
	return scarce.count;
}

bool scarce_pause(void)
{
	bool on = scarce.on;

	scarce.on = false;
	return on;
}

void scarce_resume(bool paused)
{
	scarce.on = paused;
}

void scarce_show(bool show)
{
	scarce.show = show;
}

/* The sanitizers', where there is one. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));

static bool refused(void)
{
	if (!scarce.on)
		return false;
	scarce.count++;
	if (!scarce.at || (scarce.lasting ? scarce.count < scarce.at : scarce.count != scarce.at))
		return false;
	if (scarce.show && scarce.count == scarce.at && __sanitizer_print_stack_trace) {
		scarce.on = false;
		__sanitizer_print_stack_trace();
		scarce.on = true;
	}
	errno = ENOMEM;
	return true;
}

/* A function of the C library that gives `failed` where there is no memory. */
#define SCARCE(result, name, failed, parameters, ...)                                                        \
	result __real_##name parameters;                                                                     \
	result __wrap_##name parameters;                                                                     \
	result __wrap_##name parameters                                                                      \
	{                                                                                                    \
		return refused() ? failed : __real_##name(__VA_ARGS__);                                      \
	}

SCARCE(void *, malloc, NULL, (size_t size), size)
SCARCE(void *, calloc, NULL, (size_t count, size_t size), count, size)
SCARCE(void *, realloc, NULL, (void *memory, size_t size), memory, size)
SCARCE(void *, reallocarray, NULL, (void *memory, size_t count, size_t size), memory, count, size)
SCARCE(char *, strdup, NULL, (const char *text), text)
SCARCE(char *, strndup, NULL, (const char *text, size_t size), text, size)
SCARCE(int, vasprintf, -1, (char **to, const char *format, va_list list), to, format, list)
SCARCE(DIR *, opendir, NULL, (const char *path), path)
SCARCE(DIR *, fdopendir, NULL, (int fd), fd)
SCARCE(FILE *, fopen, NULL, (const char *path, const char *mode), path, mode)
SCARCE(int, regcomp, REG_ESPACE, (regex_t * to, const char *pattern, int flags), to, pattern, flags)

int __wrap_asprintf(char **to, const char *format, ...);
int __wrap_asprintf(char **to, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = __wrap_vasprintf(to, format, arguments);
	va_end(arguments);
	return length;
}

/* Where jansson's lexer has no memory for the next character it leaves it out and goes on; nobody can tell.
 * That is not for us to test. */
#define PLENTY(name, parameters, ...)                                                                        \
	int __real_##name parameters;                                                                        \
	int __wrap_##name parameters;                                                                        \
	int __wrap_##name parameters                                                                         \
	{                                                                                                    \
		bool paused = scarce_pause();                                                                \
		int result = __real_##name(__VA_ARGS__);                                                     \
		scarce_resume(paused);                                                                       \
		return result;                                                                               \
	}

PLENTY(strbuffer_append_byte, (void *buffer, char byte), buffer, byte)
PLENTY(strbuffer_append_bytes, (void *buffer, const char *bytes, size_t count), buffer, bytes, count)
