/* access.c - who asks, and what they may do. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/server.h"

/* Through the socket of this machine: whoever runs the controller, and root. */
static enum role local_role(const struct exchange *exchange, char ret_who[96])
{
	const struct guest *guest = exchange->guest;
	if (!guest->known)
		return ROLE_NOBODY;
	snprintf(ret_who, 96, "user %ld", (long)guest->uid);
	return guest->uid == 0 || guest->uid == geteuid() ? ROLE_ADMIN : ROLE_NOBODY;
}

static enum role token_role(const struct exchange *exchange, struct asker *ret)
{
	static const char scheme[] = "Bearer ";
	const char *given = exchange_header(exchange, "Authorization");
	if (!given || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
		return ROLE_NOBODY;
	given += sizeof scheme - 1;
	const struct token *token = tokens_find(&exchange->server->tokens, given + strspn(given, " "));
	if (!token)
		return ROLE_NOBODY;
	snprintf(ret->who, sizeof ret->who, "%s (token)", token->name);
	strcpy(ret->token, token->digest);
	return token->role;
}

void access_look(const struct exchange *exchange, struct asker *ret)
{
	*ret = (struct asker){0};
	if (exchange->guest->door->kind == DOOR_UNIX) {
		ret->role = local_role(exchange, ret->who);
		return;
	}
	ret->role = certificate_role(exchange, ret->who);
	if (!ret->role)
		ret->role = token_role(exchange, ret);
}

static bool same_asker(const struct asker *a, const struct asker *b)
{
	return strcmp(a->who, b->who) == 0 && strcmp(a->token, b->token) == 0;
}

bool access_hears(const struct exchange *exchange, const struct tracked *tracked)
{
	return exchange->by.role >= ROLE_OPERATE || same_asker(&exchange->by, &tracked->by);
}

static bool is_revoked(const struct exchange *exchange)
{
	struct asker now;
	access_look(exchange, &now);
	return now.role < exchange->by.role || !same_asker(&now, &exchange->by);
}

void access_review(struct berth_server *server)
{
	for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next)
		if (exchange->by.role && !exchange->revoked && is_revoked(exchange)) {
			exchange->revoked = true;
			server_log(server, "%s may not go on with %.16s %.200s", exchange->by.who,
				   exchange->method, exchange->path);
		}
}
