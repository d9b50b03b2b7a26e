/* test_docker_newest.c - what registries have now under a tag is asked for those who want the newest, and
 * only for them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

static void set_up(void);

TestSuite(docker_newest, .init = set_up, .fini = docker_take_down);

#define D1   "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2   "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define ASK  "GET /distribution/"
#define SAID "{\"Descriptor\": {\"digest\": \"%s\", \"size\": 527}, \"Platforms\": []}"

static struct inventory inventory;

/* Of "reg:5000/web:1" and "busybox:1" there are instances, of "other:2" there is none. */
static void set_up(void)
{
	static char containers[2048];

	docker_set_up();
	snprintf(containers, sizeof(containers),
		 "[{\"Id\": \"c1\", \"Names\": [\"/app.web.1\"], \"Image\": \"x\", \"ImageID\": "
		 "\"sha256:old\", \"State\": "
		 "\"running\", \"Status\": \"Up\", \"Created\": 1, \"Labels\": {\"berth.app\": \"app\", "
		 "\"berth.component\": \"web\", \"berth.instance\": \"1\", \"berth.type\": "
		 "\"docker:reg:5000/web:1\"}}, "
		 "{\"Id\": \"c2\", \"Names\": [\"/app.box.1\"], \"Image\": \"x\", \"ImageID\": "
		 "\"sha256:old\", \"State\": "
		 "\"running\", \"Status\": \"Up\", \"Created\": 1, \"Labels\": {\"berth.app\": \"app\", "
		 "\"berth.component\": \"box\", \"berth.instance\": \"1\", \"berth.type\": "
		 "\"docker:busybox:1\"}}]");
	REPLY("GET /containers/json", 200, containers);
	REPLY("GET /networks?", 200, "[]");
	REPLY("GET /volumes", 200, "{\"Volumes\": null}");
	REPLY("GET /images/json", 200,
	      "[{\"Id\": \"sha256:old\", \"RepoTags\": [\"reg:5000/web:1\"]}, {\"Id\": \"sha256:bb\", "
	      "\"RepoTags\": "
	      "[\"busybox:1\"]}]");
}

static const char *const all[] = {"reg:5000/web:1", "busybox:1", "other:2", NULL};
static const char *const web[] = {"reg:5000/web:1", "other:2", NULL};

static const struct inventory_image *listed(const char *const *newest, const char *image)
{
	const struct list_request request = {.app = "app", .images = all, .newest = newest};

	inventory_release(&inventory);
	MUST(list, &request, &inventory);
	for (size_t i = 0; i < inventory.image_count; i++)
		if (!strcmp(inventory.images[i].reference, image))
			return &inventory.images[i];
	cr_assert_fail("%s is not listed", image);
	return NULL;
}

static void registry_has(const char *digest)
{
	static char said[200];

	snprintf(said, sizeof(said), SAID, digest);
	REPLY(ASK "reg:5000/web:1/json", 200, said);
}

Test(docker_newest, nobody_is_asked_for_those_who_take_what_is_there)
{
	cr_expect_str_eq(listed(NULL, "reg:5000/web:1")->id, "sha256:old");
	cr_expect_eq(docker_requests(ASK), 0);
	inventory_release(&inventory);
}

Test(docker_newest, one_that_is_here_has_its_id)
{
	registry_has(D1);
	REPLY("GET /images/reg:5000/web@" D1 "/json", 200, "{\"Id\": \"sha256:new\"}");
	const struct inventory_image *image = listed(web, "reg:5000/web:1");
	cr_expect_str_eq(image->newest, "sha256:new");
	cr_expect_str_eq(image->id, "sha256:old", "for those who take what is here");
	cr_expect_null(image->doubt);
	cr_expect_eq(docker_requests(ASK), 1, "only what is wanted and in use is asked for");
	inventory_release(&inventory);
}

Test(docker_newest, one_that_is_not_here_has_the_registry_s_digest)
{
	registry_has(D2);
	REPLY("GET /images/reg:5000/web@" D2 "/json", 404, "{\"message\": \"No such image\"}");
	cr_expect_str_eq(listed(web, "reg:5000/web:1")->newest, D2);
	cr_expect_null(listed(web, "busybox:1")->newest);
	inventory_release(&inventory);
}

static void doubted(const char *words)
{
	const struct inventory_image *image = listed(web, "reg:5000/web:1");

	cr_expect_null(image->newest, "what is there counts");
	cr_assert(image->doubt && strstr(image->doubt, words), "no `%s` in: %s", words, image->doubt);
	cr_expect(strstr(image->doubt, "`reg:5000/web:1`"), "%s", image->doubt);
	inventory_release(&inventory);
}

Test(docker_newest, registry_that_does_not_tell_leaves_a_doubt)
{
	REPLY(ASK, 401, "{\"message\": \"unauthorized: authentication required\"}");
	doubted("docker login reg:5000");
	REPLY(ASK, 500, "{\"message\": \"Get \\\"https://reg:5000/v2/\\\": dial tcp: connection refused\"}");
	doubted("connection refused");
	REPLY(ASK, 404, "{\"message\": \"manifest unknown\"}");
	doubted("manifest unknown");
	REPLY(ASK, 404, "Not Found");
	doubted("asks no registry; what is there already counts");
	REPLY(ASK, 0, NULL, .error = ERR_TIMED_OUT);
	doubted("timed out");
	REPLY(ASK, 0, NULL, .error = ERR_UNREACHABLE);
	doubted("no answer");
	REPLY(ASK, 200, "nonsense");
	doubted("no digest");
	REPLY(ASK, 200, "{\"Descriptor\": {\"digest\": \"sha256:../../x\"}}");
	doubted("no digest");
}

Test(docker_newest, engine_that_does_not_tell_leaves_one_too)
{
	registry_has(D1);
	REPLY("GET /images/reg:5000/web@", 500, "{\"message\": \"disk is broken\"}");
	doubted("disk is broken");
	REPLY("GET /images/reg:5000/web@", 0, NULL, .error = ERR_UNREACHABLE);
	doubted("no answer");
	REPLY("GET /images/reg:5000/web@", 200, "[]");
	doubted("200");
}

Test(docker_newest, login_goes_along)
{
	static char folder[300], path[320];
	static const char config[] = "{\"auths\":{\"reg:5000\":{\"auth\":\"YW5uOnMzOmNyZXQ=\"}}}";

	snprintf(folder, sizeof(folder), "%s/docker", virtual_world_directory(docker_world));
	snprintf(path, sizeof(path), "%s/config.json", folder);
	cr_assert_eq(docker_world->ops->directories_make(docker_world, folder, 0700, NULL), 0);
	cr_assert_eq(docker_world->ops->file_write(docker_world, path, 0600, config, strlen(config), NULL),
		     0);
	docker_variable("DOCKER_CONFIG", folder);
	registry_has(D1);
	REPLY("GET /images/reg:5000/web@", 200, "{\"Id\": \"sha256:new\"}");
	listed(all, "reg:5000/web:1");
	cr_expect_str_eq(docker_request(ASK "reg:5000", 0)->login,
			 "{\"username\":\"ann\",\"password\":\"s3:cret\",\"serveraddress\":\"reg:5000\"}");
	cr_expect_str_eq(docker_request(ASK "busybox", 0)->login, "", "it is not Docker Hub's");
	cr_expect_str_eq(docker_request("GET /images/reg:5000/web@", 0)->login, "");
	inventory_release(&inventory);
}

/* More than are asked at one time. */
Test(docker_newest, many_are_asked_in_turn)
{
	enum { COUNT = 11 };
	static char names[COUNT][24], containers[COUNT * 300], said[200];
	const char *images[COUNT + 1] = {NULL};
	const struct list_request request = {.app = "app", .images = images, .newest = images};
	size_t length = 0;

	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "reg:5000/i%d:1", i);
		images[i] = names[i];
		length += (size_t)snprintf(
		    containers + length, sizeof(containers) - length,
		    "%s{\"Id\": \"c%d\", \"Names\": [\"/app.i%d.1\"], \"State\": \"running\", \"Labels\": "
		    "{\"berth.app\": \"app\", \"berth.component\": \"i%d\", \"berth.instance\": \"1\", "
		    "\"berth.type\": \"docker:%s\"}}",
		    i ? "," : "[", i, i, i, names[i]);
	}
	snprintf(containers + length, sizeof(containers) - length, "]");
	snprintf(said, sizeof(said), SAID, D1);
	REPLY("GET /containers/json", 200, containers);
	REPLY(ASK, 200, said, .delay_ms = 50);
	REPLY(ASK "reg:5000/i7", 500, "{\"message\": \"EOF\"}");
	REPLY("GET /images/reg:5000/i", 404, "{}");
	MUST(list, &request, &inventory);
	cr_assert_eq(inventory.image_count, COUNT);
	for (int i = 0; i < COUNT; i++)
		cr_expect(i == 7 ? inventory.images[i].doubt && !inventory.images[i].newest
				 : !strcmp(inventory.images[i].newest, D1),
			  "%d", i);
	cr_expect_eq(docker_requests(ASK), COUNT);
	inventory_release(&inventory);
}

static void wake_nobody(struct errand *errand)
{
	(void)errand;
}

Test(docker_newest, dropped_question_is_forgotten)
{
	const struct list_request request = {.app = "app", .images = all, .newest = all};
	struct errand errand = {.wake = wake_nobody};

	registry_has(D1);
	REPLY(ASK, 200, "", .delay_ms = 5000);
	for (int i = 0; i < 10; i++) {
		cr_assert_eq(
		    docker_driver.list(&docker_location, &errand, &request, &inventory, &docker_error),
		    PROGRESS_WAITING);
		virtual_world_run(docker_world, NULL, NULL, 100);
	}
	cr_assert(docker_requests(ASK) > 0);
	docker_driver.drop(&docker_location, &errand);
	cr_expect_eq(virtual_world_pending(docker_world), 0);
	cr_expect_eq(inventory.instance_count, 0, "nothing is handed out half");
}
