/* guest.c - who came in: by which door, as whom, and how long it may take to say what it wants. */
#include <stdlib.h>
#include <sys/socket.h>

#include "api/server.h"

static void learn_peer(struct guest *guest)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	if (guest->door->kind != DOOR_UNIX || getsockopt(guest->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return;
	guest->uid = peer.uid;
	guest->pid = peer.pid;
	guest->known = true;
}

static void *welcome(struct door *door, struct MHD_Connection *connection)
{
	struct berth_server *server = door->server;
	const union MHD_ConnectionInfo *info =
	    server->http.connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct guest *guest = info ? calloc(1, sizeof *guest) : NULL;
	if (!guest)
		return NULL; /* its requests are refused */
	guest->door = door;
	guest->fd = info->connect_fd;
	guest->deadline_ms = steady_ms() + HEAD_MS;
	learn_peer(guest);
	guest->next = server->guests;
	if (guest->next)
		guest->next->previous = guest;
	server->guests = guest;
	server->guest_count++;
	return guest;
}

static void farewell(struct guest *guest)
{
	struct berth_server *server = guest->door->server;
	if (guest->previous)
		guest->previous->next = guest->next;
	else
		server->guests = guest->next;
	if (guest->next)
		guest->next->previous = guest->previous;
	server->guest_count--;
	free(guest);
}

void guest_notice(void *door, struct MHD_Connection *connection, void **context,
		  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = welcome(door, connection);
	} else if (*context) {
		farewell(*context);
		*context = NULL;
	}
}

/* The library's own time-out begins anew with each byte: it is the slow who stay. */
void guests_sweep(struct berth_server *server)
{
	int64_t now_ms = steady_ms();
	for (struct guest *guest = server->guests; guest; guest = guest->next) {
		if (!guest->deadline_ms || now_ms < guest->deadline_ms)
			continue;
		guest->deadline_ms = 0;
		server->metrics.deadlines_missed++;
		shutdown(guest->fd, SHUT_RDWR); /* noticed, and closed, by who reads from it */
	}
}
