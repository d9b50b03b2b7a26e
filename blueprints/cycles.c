/* cycles.c - finds components that wait for one another in a circle. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define SHOWN_LIMIT 12

enum colour { UNSEEN, OPEN, DONE };

/* One component on the way that is being walked, and the order it left by. */
struct step {
	size_t index;
	const struct order *next, *taken;
};

struct walk {
	struct step *steps;
	size_t depth;
	unsigned char *colours;
	size_t *depths; /* of the open ones, where in `steps` they stand */
};

/* "a -> b (file:5) -> a (file:9)" */
static void complain_cycle(struct reading *r, const struct walk *walk, size_t from)
{
	owned_text path = {0};
	size_t length = walk->depth - from;

	text_add(&path, r->drafts[walk->steps[from].index].spec->id);
	for (size_t i = 0; i < length; i++) {
		const struct order *order = walk->steps[from + i].taken;
		if (length > SHOWN_LIMIT && i >= SHOWN_LIMIT / 2 && i < length - SHOWN_LIMIT / 2) {
			if (i == SHOWN_LIMIT / 2)
				text_format(&path, " -> (%zu more)", length - SHOWN_LIMIT);
			continue;
		}
		text_format(&path, " -> %s (%s:%d)", r->drafts[order->to].spec->id, r->file,
			    order->place.line);
	}
	struct diagnostic *entry =
	    complain(r->list, walk->steps[from].taken->place,
		     "components wait for one another in a circle: %s", text_view(&path));
	advise(r->list, entry, "take one of these links or uses away");
}

static void visit(struct reading *r, struct walk *walk, size_t index)
{
	walk->colours[index] = OPEN;
	walk->depths[index] = walk->depth;
	walk->steps[walk->depth++] = (struct step){.index = index, .next = r->drafts[index].orders};
}

static void walk_from(struct reading *r, struct walk *walk, size_t start)
{
	visit(r, walk, start);
	while (walk->depth) {
		struct step *step = &walk->steps[walk->depth - 1];
		const struct order *order = step->next;
		if (!order) {
			walk->colours[step->index] = DONE;
			walk->depth--;
			continue;
		}
		step->next = order->next;
		step->taken = order;
		if (walk->colours[order->to] == UNSEEN) {
			visit(r, walk, order->to);
		} else if (walk->colours[order->to] == OPEN) {
			complain_cycle(r, walk, walk->depths[order->to]);
		}
	}
}

void check_cycles(struct reading *r)
{
	owned_memory struct step *steps = calloc(r->count + 1, sizeof(*steps));
	owned_memory unsigned char *colours = calloc(r->count + 1, 1);
	owned_memory size_t *depths = calloc(r->count + 1, sizeof(*depths));
	struct walk walk = {.steps = steps, .colours = colours, .depths = depths};

	if (!steps || !colours || !depths) {
		r->list->failed = true;
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		if (colours[i] == UNSEEN)
			walk_from(r, &walk, i);
}
