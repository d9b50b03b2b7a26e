/* prober_image.c - the helper program as an image: named by its content, and given to the engine when it has
 * it not. */
#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "locations/docker/prober.h"
#include "locations/docker/tar.h"

#define PROGRAM_MAX ((size_t)64 << 20)

enum { HEAD_MAX = 4096, DIGITS = 12, LOAD_MS = 120000 };

/* --- what kind of program it is --- */

static void refuse(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct program *program, const char *format, ...)
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

static void read_head(struct program *program, const char *path, const char *bytes, size_t count)
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

const struct program *program_of(struct docker *docker)
{
	const char *path = docker->location->helper;
	struct world *world = docker->world;
	owned_text head = {0};
	struct error why;

	if (docker->program)
		return docker->program;
	struct program *program = arena_alloc(&docker->arena, sizeof(*program));
	if (!program)
		return NULL;
	if (!path || !*path)
		refuse(program, "berth-helper, which asks there, is not installed");
	else if (world->ops->file_read_at(world, path, 0, HEAD_MAX, &head, &why) < 0)
		refuse(program, "berth-helper, which asks there: %.240s", why.text);
	else
		read_head(program, path, text_view(&head), head.length);
	return docker->program = program;
}

/* --- its image --- */

static int read_program(struct docker *docker, struct text *ret_bytes, struct error *err)
{
	struct world *world = docker->world;

	if (world->ops->file_read(world, docker->location->helper, PROGRAM_MAX, ret_bytes, err) < 0)
		return -1;
	return ret_bytes->failed ? fail_memory(err) : 0;
}

int program_name(struct docker *docker, struct error *err)
{
	owned_text bytes = {0};
	char hex[DIGEST_HEX];

	if (docker->program->image[0])
		return 0;
	if (read_program(docker, &bytes, err) < 0)
		return -1;
	if (digest_hex(bytes.data, bytes.length, hex) < 0)
		return fail_memory(err);
	snprintf(docker->program->image, sizeof(docker->program->image), "berth-helper:%.*s", DIGITS, hex);
	return 0;
}

/* What runs in it, and its one layer by its digest: the same program makes the same image, byte for byte. */
static json_t *configuration(const struct program *program, const char *layer_hex)
{
	const char *machine = strchr(program->platform, '/') + 1;

	return json_pack("{s:s, s:s, s:{s:[s]}, s:{s:s, s:[o]}}", "architecture", machine, "os", "linux",
			 "config", "Entrypoint", "/berth-helper", "rootfs", "type", "layers", "diff_ids",
			 json_sprintf("sha256:%s", layer_hex));
}

static void add(struct text *tar, const char *name, unsigned mode, const char *content, size_t size)
{
	const struct tar_file file = {.name = name, .mode = mode, .content = content, .size = size};

	tar_add(tar, &file);
}

/* As `docker save` writes one: the layer, its configuration, and what names both. */
static int write_image(struct docker *docker, struct text *ret_tar, struct error *err)
{
	owned_text bytes = {0}, layer = {0};
	char layer_hex[DIGEST_HEX], hex[DIGEST_HEX], name[DIGEST_HEX + sizeof(".json")];

	if (read_program(docker, &bytes, err) < 0)
		return -1;
	add(&layer, "berth-helper", 0755, bytes.data, bytes.length);
	tar_end(&layer);
	if (layer.failed || digest_hex(layer.data, layer.length, layer_hex) < 0)
		return fail_memory(err);
	owned_json json = configuration(docker->program, layer_hex);
	owned_memory char *config = json ? json_line(json) : NULL;
	if (!config || digest_hex(config, strlen(config), hex) < 0)
		return fail_memory(err);
	snprintf(name, sizeof(name), "%s.json", hex);
	owned_json manifest = json_pack("[{s:s, s:[s], s:[s]}]", "Config", name, "RepoTags",
					docker->program->image, "Layers", "layer.tar");
	owned_memory char *index = manifest ? json_line(manifest) : NULL;
	if (!index)
		return fail_memory(err);
	add(ret_tar, name, 0644, config, strlen(config));
	add(ret_tar, "layer.tar", 0644, layer.data, layer.length);
	add(ret_tar, "manifest.json", 0644, index, strlen(index));
	tar_end(ret_tar);
	return ret_tar->failed ? fail_memory(err) : 0;
}

enum progress program_load(struct task *task, step *loaded, struct error *err)
{
	owned_text tar = {0};
	const struct question question = {
	    .method = "POST",
	    .path = "/images/load?quiet=1",
	    .archive = &tar,
	    .limit_ms = LOAD_MS,
	};

	if (write_image(task->docker, &tar, err) < 0)
		return PROGRESS_FAILED;
	return ask(task, 0, &question, loaded, err);
}

const char *load_refused(struct task *task)
{
	const struct call *call = &task->calls[0];
	owned_json line = json_parse(text_view(&call->body), call->body.length, "an answer", NULL);
	const char *error = json_text(line, "error");

	return error ? words_of(&task->arena, error, strlen(error)) : NULL;
}
