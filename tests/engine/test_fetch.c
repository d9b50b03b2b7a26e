/* test_fetch.c - a blueprint behind a URL: fetched, followed, refused, and what messages call it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static json_t *document;

/* What the web answers. */
static struct page {
	const char *url, *body, *location;
	int status;
	int64_t after_ms;
} pages[4];
static char asked[512];

static int64_t serve(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	size_t length = strlen(asked);
	snprintf(asked + length, sizeof asked - length, "%s %s\n", request->method, request->url);
	for (size_t i = 0; i < COUNT_OF(pages) && pages[i].url; i++) {
		if (strcmp(pages[i].url, request->url) != 0)
			continue;
		answer->status = pages[i].status;
		text_add(&answer->body, pages[i].body ? pages[i].body : "");
		if (pages[i].location)
			text_format(&answer->headers, "Server: x\r\nLocation: %s\r\n", pages[i].location);
		return pages[i].after_ms;
	}
	fail(&answer->error, ERR_UNREACHABLE, "nobody answers at %s", request->url);
	return 10;
}

static void raise_curtain(void)
{
	struct virtual_hooks hooks = {.http = serve};
	scene_open(&scene);
	virtual_world_hooks(scene.world, &hooks);
	memset(pages, 0, sizeof pages);
	asked[0] = '\0';
}

static void drop_curtain(void)
{
	json_decref(document);
	document = NULL;
	scene_close(&scene);
}

TestSuite(fetch, .init = raise_curtain, .fini = drop_curtain);

#define ONE "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a}\n"
#define URL "http://deploy.test/shop/app.yaml"

static enum berth_outcome run(verb_function *verb, const char *url, int64_t timeout_ms)
{
	struct berth_request request = {.size = sizeof request, .file = url, .timeout_ms = timeout_ms};
	json_decref(document);
	document = NULL;
	return scene_request(&scene, verb, &request, &document);
}

static const char *error_text(void)
{
	const char *text = json_text(json_object_get(document, "error"), "text");
	return text ? text : "";
}

Test(fetch, it_is_deployed_and_remembered_as_any_other)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	pages[0] = (struct page){.url = URL, .body = ONE, .status = 200, .after_ms = 100};
	cr_assert_eq(run(berth_deploy, URL, 0), BERTH_OK);
	cr_expect_str_eq(asked, "GET " URL "\n");
	cr_expect_eq(fake_target_instances(scene.target), 1);
	cr_assert_eq(scene_request(&scene, berth_status, &by_name, NULL), BERTH_OK);
	cr_expect_str_eq(asked, "GET " URL "\n", "by name the store's text is used");
}

Test(fetch, messages_name_the_url_and_the_line)
{
	pages[0] = (struct page){
	    .url = URL, .body = "id: app\nservices:\n- {type: 'docker:x', ids: a}\n", .status = 200};
	cr_assert_eq(run(berth_validate, URL, 0), BERTH_INVALID);
	cr_expect_eq(strncmp(error_text(), URL ":3:", strlen(URL ":3:")), 0, "%s", error_text());
}

Test(fetch, it_is_sent_on_a_few_times_but_not_in_circles_nor_to_an_open_connection)
{
	pages[0] = (struct page){.url = URL, .status = 302, .location = "/moved.yaml"};
	pages[1] = (struct page){
	    .url = "http://deploy.test/moved.yaml", .status = 301, .location = "https://safe.test/app.yaml"};
	pages[2] = (struct page){.url = "https://safe.test/app.yaml", .body = ONE, .status = 200};
	cr_expect_eq(run(berth_validate, URL, 0), BERTH_OK);
	pages[2] = (struct page){.url = "https://safe.test/app.yaml", .status = 307, .location = URL};
	cr_expect_eq(run(berth_validate, URL, 0), BERTH_INVALID);
	cr_expect(strstr(error_text(), "sends on to `" URL "`, which is not followed"), "%s", error_text());
	pages[1] =
	    (struct page){.url = "http://deploy.test/moved.yaml", .status = 301, .location = "/moved.yaml"};
	cr_expect_eq(run(berth_validate, URL, 0), BERTH_INVALID);
	pages[1].location = "file:///etc/passwd";
	cr_expect_eq(run(berth_validate, URL, 0), BERTH_INVALID);
	pages[1].location = NULL;
	cr_expect_eq(run(berth_validate, URL, 0), BERTH_INVALID);
}

Test(fetch, what_is_not_to_be_had_says_so)
{
	pages[0] = (struct page){.url = URL, .status = 404};
	cr_expect_eq(run(berth_plan, URL, 0), BERTH_USAGE);
	cr_expect_str_eq(error_text(), "cannot fetch " URL ": it answers 404");
	pages[0].status = 403;
	cr_expect_eq(run(berth_plan, URL, 0), BERTH_DENIED);
	pages[0].status = 503;
	cr_expect_eq(run(berth_plan, URL, 0), BERTH_UNREACHABLE);
	cr_expect_eq(run(berth_plan, "http://nowhere.test/a.yaml", 0), BERTH_UNREACHABLE);
	cr_expect(strstr(error_text(), "nobody answers"), "%s", error_text());
}

Test(fetch, it_does_not_outlast_its_time)
{
	pages[0] = (struct page){.url = URL, .body = ONE, .status = 200, .after_ms = 60000};
	cr_expect_eq(run(berth_deploy, URL, 1000), BERTH_TIMED_OUT);
	cr_expect_eq(fake_target_instances(scene.target), 0);
}

Test(fetch, one_that_is_abandoned_leaves_nothing_behind)
{
	struct berth_error error;
	struct berth_request request = {.size = sizeof request, .file = URL};
	pages[0] = (struct page){.url = URL, .body = ONE, .status = 200, .after_ms = 60000};
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	berth_operation_free(operation);
	virtual_world_run(scene.world, NULL, NULL, 120000);
	cr_expect_eq(fake_target_instances(scene.target), 0);
}
