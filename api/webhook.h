/* webhook.h - those who want to hear what happens to what is kept, each at a URL of its own. */
#ifndef BERTH_API_WEBHOOK_H
#define BERTH_API_WEBHOOK_H

#include "base/error.h"
#include "berth/berth.h"

struct receiver;
struct webhooks;

/* Lines of `URL SECRET [WHAT,...]`; SECRET is `-` for none. 0 and a list, which may be NULL, or -1 with *err.
 */
int receivers_read(const char *path, struct receiver **ret, struct error *err);
void receivers_free(struct receiver *receivers);

/* What came of it. */
struct webhook_counts {
	size_t delivered, refused, dropped; /* by them; because it took too long, or too many waited */
	size_t waiting;
};

/* `log` is told what the operator may want to know. NULL without memory. */
struct webhooks *webhooks_new(struct berth *berth, const char *ca_file,
			      void (*log)(void *context, bool well, const char *line), void *context);
/* Those are it from now on: who was before, and is still, gets what waits for it. Takes them over. */
void webhooks_take(struct webhooks *webhooks, struct receiver *receivers);
/* NULL is fine, here and below. */
void webhooks_tell(struct webhooks *webhooks, const struct berth_event *notice);
struct webhook_counts webhooks_counts(const struct webhooks *webhooks);
/* Whether something is on its way to anybody. */
bool webhooks_flying(const struct webhooks *webhooks);
void webhooks_free(struct webhooks *webhooks);

#endif
