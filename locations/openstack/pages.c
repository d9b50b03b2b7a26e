/* pages.c - a listing that a service tells page by page is one answer to whoever asked for it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

enum { PAGES_MOST = 200 };

static bool is_links(const char *key)
{
	return ends_with(key, "_links");
}

/* What is asked for the page after this one, or NULL. Nova and Neutron name it by a whole address, of which
 * only what is asked there matters: they may know themselves by another one than we do; Glance by its path.
 */
static const char *next_path(struct talk *talk, const char *path, const json_t *page)
{
	const char *plain = json_text(page, "next"), *key;
	json_t *links, *link;
	size_t i;

	if (plain && *plain == '/')
		return arena_text(&talk->arena, plain);
	json_object_foreach ((json_t *)page, key, links) {
		json_array_foreach (is_links(key) ? links : NULL, i, link) {
			const char *rel = json_text(link, "rel"), *href = json_text(link, "href");
			const char *query = href ? strchr(href, '?') : NULL;
			if (rel && query && !strcmp(rel, "next"))
				return arena_format(&talk->arena, "%.*s%s", (int)strcspn(path, "?"), path,
						    query);
		}
	}
	return NULL;
}

/* Its lists go behind those of the pages before it. One that lacks them tells nothing of what there is. */
static int add(json_t *all, const json_t *page, struct error *err)
{
	const char *key;
	json_t *before;

	json_object_foreach (all, key, before) {
		json_t *list = json_object_get(page, key);
		if (!json_is_array(before))
			continue;
		if (!json_is_array(list))
			return fail(err, ERR_UNREACHABLE, "one of its pages has no list of %s", key);
		if (json_array_extend(before, list) < 0)
			return fail_memory(err);
	}
	return 0;
}

/* It names no page after it any more. */
static void forget_links(json_t *page)
{
	const char *key;
	json_t *value;
	void *after;

	json_object_foreach_safe(page, after, key, value)
	{
		if (is_links(key) || !strcmp(key, "next"))
			json_object_del(page, key);
	}
}

const char *openstack_next_page(struct openstack_call *call)
{
	struct error unread;
	const json_t *page = strcmp(call->question.method, "GET") ? NULL : openstack_json(call, &unread);
	const char *next = page ? next_path(call->talk, call->question.path, page) : NULL;

	if (!page || (!next && !call->pages))
		return NULL;
	if (call->pages && add(call->pages, page, &call->error) < 0) {
		call->again = true; /* nor would it have one then */
		return NULL;
	}
	if (!call->pages) {
		call->pages = json_incref(call->json);
		forget_links(call->pages);
	}
	if (!next) {
		json_decref(call->json);
		call->json = give(call->pages);
	} else if (++call->page_count == PAGES_MOST) {
		fail(&call->error, ERR_UNREACHABLE, "it has no last page");
		call->again = true; /* nor would it have one then */
		next = NULL;
	}
	return next;
}
