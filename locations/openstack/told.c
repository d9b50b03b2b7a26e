/* told.c - what there is, for the remedy of what is not there. */
#include "locations/openstack/told.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/words.h"

enum { REMEDY_MOST = 200 };

void openstack_tell(struct openstack_told *told, size_t far, const char *words)
{
	size_t at = told->count < TOLD_MOST ? told->count : TOLD_MOST;

	told->count++;
	for (; at && told->nearest[at - 1].far > far; at--)
		if (at < TOLD_MOST)
			told->nearest[at] = told->nearest[at - 1];
	if (at == TOLD_MOST)
		return;
	snprintf(told->nearest[at].words, TOLD_SIZE, "%s", words);
	told->nearest[at].far = far;
}

void openstack_tell_name(struct openstack_told *told, const char *name)
{
	char words[TOLD_SIZE];

	if (!name)
		return;
	snprintf(words, sizeof(words), "`%.80s`", name);
	openstack_tell(told, told->wish ? edit_distance(told->wish, name) : 0, words);
}

void openstack_advise_of(const struct openstack_told *told, struct error *err)
{
	owned_text words = {0};
	size_t shown = 0;

	for (; shown < told->count && shown < TOLD_MOST; shown++) {
		const char *next = told->nearest[shown].words;
		if (shown && words.length + strlen(next) > REMEDY_MOST)
			break;
		text_format(&words, "%s%s", shown ? ", " : "", next);
	}
	if (told->count > shown)
		text_format(&words, " and %zu more", told->count - shown);
	if (told->count)
		remedy(err, "there are %s", text_view(&words));
	else
		remedy(err, "there is none at all");
}
