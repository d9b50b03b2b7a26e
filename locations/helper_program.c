/* helper_program.c - the helper program as a file that is to run elsewhere. */
#include "locations/helper_program.h"

#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"

#define PROGRAM_MAX ((size_t)64 << 20)
#define HEAD_MAX    4096

static void refuse(struct helper_program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void refuse(struct helper_program *program, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(program->refused, sizeof(program->refused), format, arguments);
	va_end(arguments);
}

/* As engines call it. */
static const char *platform_of(unsigned machine, bool little)
{
	static const struct {
		unsigned machine;
		bool little;
		const char *name;
	} names[] = {
	    {EM_X86_64, true, "linux/amd64"},  {EM_386, true, "linux/386"},
	    {EM_AARCH64, true, "linux/arm64"}, {EM_ARM, true, "linux/arm"},
	    {EM_PPC64, true, "linux/ppc64le"}, {EM_PPC64, false, "linux/ppc64"},
	    {EM_S390, false, "linux/s390x"},   {EM_RISCV, true, "linux/riscv64"},
	    {EM_MIPS, true, "linux/mips64le"}, {EM_MIPS, false, "linux/mips64"},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].machine == machine && names[i].little == little)
			return names[i].name;
	return NULL;
}

/* A program that asks for an interpreter is linked with libraries that its image would not have. */
static bool has_interpreter(const ElfW(Ehdr) * head, const char *bytes, size_t count)
{
	for (unsigned i = 0; i < head->e_phnum; i++) {
		ElfW(Phdr) part;
		size_t at = head->e_phoff + (size_t)i * head->e_phentsize;
		if (head->e_phentsize < sizeof(part) || at > count || count - at < sizeof(part))
			return true;
		memcpy(&part, bytes + at, sizeof(part));
		if (part.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static void read_head(struct helper_program *program, const char *path, const char *bytes, size_t count)
{
	static const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	static const unsigned short one = 1;
	ElfW(Ehdr) head;

	if (count < sizeof(head) || memcmp(bytes, ELFMAG, SELFMAG) != 0 || bytes[EI_CLASS] != class) {
		refuse(program, "%.200s is no program of this machine", path);
		return;
	}
	memcpy(&head, bytes, sizeof(head));
	program->platform = platform_of(head.e_machine, *(const char *)&one == 1);
	if (!program->platform)
		refuse(program, "what machine %.200s is for is not known", path);
	else if (has_interpreter(&head, bytes, count))
		refuse(program, "%.200s is not linked statically", path);
}

void helper_program_look(const struct location *location, struct helper_program *ret)
{
	const char *path = location->helper;
	struct world *world = location->world;
	owned_text head = {0};
	struct error why;

	*ret = (struct helper_program){0};
	if (!path || !*path)
		refuse(ret, "berth-helper, which is to run there, is not installed");
	else if (world->ops->file_read_at(world, path, 0, HEAD_MAX, &head, &why) < 0)
		refuse(ret, "berth-helper, which is to run there: %.240s", why.text);
	else
		read_head(ret, path, text_view(&head), head.length);
}

int helper_program_read(const struct location *location, struct helper_program *program,
			struct text *ret_bytes, struct error *err)
{
	struct world *world = location->world;
	char hex[DIGEST_HEX];

	if (world->ops->file_read(world, location->helper, PROGRAM_MAX, ret_bytes, err) < 0)
		return -1;
	if (ret_bytes->failed || digest_hex(ret_bytes->data, ret_bytes->length, hex) < 0)
		return fail_memory(err);
	snprintf(program->digits, sizeof(program->digits), "%.*s", HELPER_DIGITS, hex);
	return 0;
}
