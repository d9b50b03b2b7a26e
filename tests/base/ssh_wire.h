/* ssh_wire.h - a way to an sshd on which things go wrong. */
#ifndef BERTH_TESTS_BASE_SSH_WIRE_H
#define BERTH_TESTS_BASE_SSH_WIRE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define SSH_WIRE_MOST 256 /* connections */

struct ssh_wire {
	int listener;
	uint16_t port, to;
	pthread_t thread, ways[SSH_WIRE_MOST];
	int count;
	atomic_bool stopping;
	atomic_int accepted;
	atomic_long cut_after; /* so many bytes of the server's, of each connection; -1: never */
	atomic_bool silent;    /* nothing goes through any more, and nobody is told */
};

void ssh_wire_start(struct ssh_wire *wire, uint16_t to);
void ssh_wire_stop(struct ssh_wire *wire);
#define owned_wire __attribute__((cleanup(ssh_wire_stop))) struct ssh_wire

#endif
