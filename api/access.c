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

static enum role token_role(const struct exchange *exchange, char ret_who[96])
{
	static const char scheme[] = "Bearer ";
	const char *given = exchange_header(exchange, "Authorization");
	if (!given || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
		return ROLE_NOBODY;
	given += sizeof scheme - 1;
	const struct token *token = tokens_find(&exchange->server->tokens, given + strspn(given, " "));
	if (!token)
		return ROLE_NOBODY;
	snprintf(ret_who, 96, "%s (token)", token->name);
	return token->role;
}

enum role access_role(const struct exchange *exchange, char ret_who[96])
{
	*ret_who = '\0';
	if (exchange->guest->door->kind == DOOR_UNIX)
		return local_role(exchange, ret_who);
	enum role by_certificate = certificate_role(exchange, ret_who);
	return by_certificate ? by_certificate : token_role(exchange, ret_who);
}
