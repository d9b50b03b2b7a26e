/* prober_image.c - the helper program as an image: named by its content, and given to the engine when it has
 * it not. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "locations/docker/prober.h"
#include "locations/docker/tar.h"

enum { LOAD_MS = 120000 };

const struct program *program_of(struct docker *docker)
{
	if (docker->program)
		return docker->program;
	struct program *program = arena_alloc(&docker->arena, sizeof(*program));
	if (!program)
		return NULL;
	helper_program_look(docker->location, &program->is);
	return docker->program = program;
}

/* --- its image --- */

int program_name(struct docker *docker, struct error *err)
{
	struct program *program = docker->program;
	owned_text bytes = {0};

	if (program->image[0])
		return 0;
	if (helper_program_read(docker->location, &program->is, &bytes, err) < 0)
		return -1;
	snprintf(program->image, sizeof(program->image), "berth-helper:%s", program->is.digits);
	return 0;
}

/* What runs in it, and its one layer by its digest: the same program makes the same image, byte for byte. */
static json_t *configuration(const struct program *program, const char *layer_hex)
{
	const char *machine = strchr(program->is.platform, '/') + 1;

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

	if (helper_program_read(docker->location, &docker->program->is, &bytes, err) < 0)
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
