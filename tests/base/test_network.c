/* test_network.c - this machine's own addresses, interfaces and ports. */
#include "fixture.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A bound socket of the loopback address; its port comes back in network-independent order. */
static int bound(int type, uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

Test(network, the_default_address_is_one_of_ours)
{
	owned_world world = fixture_world();
	char address[64] = "?", tiny[1] = "x";

	cr_assert_eq(world->ops->default_address(world, address, sizeof(address)), 0);
	cr_expect_neq(address[0], '?');
	if (*address) {
		cr_expect(world->ops->port_free(world, address, 0, false), "%s is not ours", address);
		cr_expect_str_neq(address, "127.0.0.1");
	}
	cr_expect_eq(world->ops->default_address(world, tiny, sizeof(tiny)), 0);
	cr_expect_str_eq(tiny, "");
	cr_expect_eq(world->ops->default_address(world, tiny, 0), -1);
}

Test(network, interfaces_are_known_by_name)
{
	owned_world world = fixture_world();

	cr_expect(world->ops->has_interface(world, "lo"));
	cr_expect_not(world->ops->has_interface(world, "no-such-one"));
	cr_expect_not(world->ops->has_interface(world, ""));
}

Test(network, a_port_somebody_listens_on_is_not_free)
{
	owned_world world = fixture_world();
	uint16_t port;
	int fd = bound(SOCK_STREAM, &port);

	cr_assert_eq(listen(fd, 1), 0);
	cr_expect_not(world->ops->port_free(world, "127.0.0.1", port, false));
	cr_expect_not(world->ops->port_free(world, "0.0.0.0", port, false));
	cr_expect(world->ops->port_free(world, "127.0.0.1", port, true), "the udp port is another");
	close(fd);
	cr_expect(world->ops->port_free(world, "127.0.0.1", port, false));
}

Test(network, udp_ports_too)
{
	owned_world world = fixture_world();
	bool differ = false;

	/* Of TCP somebody else may have the same one just now. */
	for (int i = 0; i < 50 && !differ; i++) {
		uint16_t port;
		owned_fd fd = bound(SOCK_DGRAM, &port);
		cr_expect_not(world->ops->port_free(world, "127.0.0.1", port, true));
		differ = world->ops->port_free(world, "127.0.0.1", port, false);
	}
	cr_expect(differ);
}

Test(network, a_port_whose_connections_linger_is_free)
{
	owned_world world = fixture_world();
	uint16_t port;
	int listener = bound(SOCK_STREAM, &port);
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	int on = 1, client = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	int server = accept(listener, NULL, NULL);
	close(server); /* the side that closes first lingers */
	close(client);
	close(listener);
	cr_expect(world->ops->port_free(world, "127.0.0.1", port, false));
}

Test(network, addresses_of_others_and_names_have_no_free_port)
{
	owned_world world = fixture_world();

	cr_expect_not(world->ops->port_free(world, "192.0.2.1", 12345, false));
	cr_expect_not(world->ops->port_free(world, "localhost", 0, false));
	cr_expect_not(world->ops->port_free(world, "", 0, false));
}
