#!/usr/bin/python3
"""provide.py - what the bed's OpenStack begins with, and what is left of a test.

    provide.py users API       services, their users and endpoints, the project demo
    provide.py things GUEST    image, flavors, networks; then waits until machines can be made
    provide.py left            all that the project has, a line each (OS_* say which project)
"""
import os
import sys
import time

import requests

FLAVORS = (("m1.nano", 192, 1), ("m1.tiny", 256, 1), ("m1.small", 512, 2), ("m1.huge", 49000, 1))
SERVICES = (("nova", "compute", 8774, "/v2.1"), ("neutron", "network", 9696, ""),
            ("glance", "image", 9292, ""), ("placement", "placement", 8778, ""))


class Cloud:
    """One who is logged in."""

    def __init__(self, host, user, password):
        self.host, self.session = host, requests.Session()
        domain = {"id": "default"}
        answer = self.post(5000, "/v3/auth/tokens", {"auth": {
            "identity": {"methods": ["password"],
                         "password": {"user": {"name": user, "domain": domain, "password": password}}},
            "scope": {"project": {"name": user, "domain": domain}}}})
        self.session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    def ask(self, method, port, path, **more):
        answer = self.session.request(method, f"http://{self.host}:{port}{path}", timeout=60, **more)
        if answer.status_code >= 400:
            sys.exit(f"{method} {answer.url}: {answer.status_code} {answer.text[:500]}")
        return answer

    def get(self, port, path, **params):
        return self.ask("GET", port, path, params=params).json()

    def post(self, port, path, body):
        return self.ask("POST", port, path, json=body)

    def ensure(self, port, path, one, name, **body):
        """The thing of that name, made where it is not there; and whether it was made."""
        there = self.get(port, path, name=name)[path.rsplit("/", 1)[1]]
        if there:
            return there[0], False
        return self.post(port, path, {one: dict(body, name=name)}).json()[one], True


def users(api):
    cloud = Cloud("127.0.0.1", "admin", "adminpass")
    roles = {role["name"]: role["id"] for role in cloud.get(5000, "/v3/roles")["roles"]}

    def user(name, project, password, role):
        made, _ = cloud.ensure(5000, "/v3/users", "user", name, domain_id="default", password=password,
                               default_project_id=project)
        cloud.ask("PUT", 5000, f"/v3/projects/{project}/users/{made['id']}/roles/{roles[role]}")

    service, _ = cloud.ensure(5000, "/v3/projects", "project", "service", domain_id="default")
    demo, _ = cloud.ensure(5000, "/v3/projects", "project", "demo", domain_id="default")
    user("demo", demo["id"], "demopass", "member")
    for name, kind, port, path in SERVICES:
        user(name, service["id"], "servicepass", "admin")
        made, new = cloud.ensure(5000, "/v3/services", "service", name, type=kind)
        for interface, host in ("public", api), ("internal", "127.0.0.1"), ("admin", "127.0.0.1"):
            if new:
                cloud.post(5000, "/v3/endpoints", {"endpoint": {
                    "service_id": made["id"], "interface": interface, "region_id": "RegionOne",
                    "url": f"http://{host}:{port}{path}"}})


def image(cloud, name, kind, path, **more):
    made = cloud.post(9292, "/v2/images", dict(
        more, name=name, disk_format=kind, container_format="bare" if kind == "raw" else kind,
        visibility="public")).json()["id"]
    with open(path, "rb") as data:
        cloud.ask("PUT", 9292, f"/v2/images/{made}/file", data=data,
                  headers={"Content-Type": "application/octet-stream"})
    return made


def network(cloud, name, more, subnet):
    made, _ = cloud.ensure(9696, "/v2.0/networks", "network", name, **more)
    made, _ = cloud.ensure(9696, "/v2.0/subnets", "subnet", name, network_id=made["id"], ip_version=4,
                           enable_dhcp=True, **subnet)
    return made


def until(what, ready):
    end = time.monotonic() + 300
    while not ready():
        if time.monotonic() > end:
            sys.exit(f"{what}: not within its time")
        time.sleep(0.3)


def serves(admin, network):
    """Waits for its DHCP: the agent that is asked for two networks at once, at its beginning, serves neither."""
    until("DHCP", lambda: any(
        port["status"] == "ACTIVE" for port in admin.get(
            9696, "/v2.0/ports", network_id=network, device_owner="network:dhcp")["ports"]))


def things(guest):
    admin, demo = Cloud("127.0.0.1", "admin", "adminpass"), Cloud("127.0.0.1", "demo", "demopass")
    kernel = image(admin, "tiny-kernel", "aki", guest + "/vmlinuz")
    initrd = image(admin, "tiny-initrd", "ari", guest + "/initrd")
    image(admin, "debian-tiny", "raw", guest + "/disk", kernel_id=kernel, ramdisk_id=initrd, os_distro="debian",
          os_command_line="console=ttyS0 quiet panic=-1 mitigations=off", min_ram=192)
    for name, memory, cores in FLAVORS:
        admin.post(8774, "/v2.1/flavors", {"flavor": {"name": name, "ram": memory, "vcpus": cores, "disk": 1}})
    public = network(admin, "public", {"router:external": True, "shared": True, "provider:network_type": "flat",
                                       "provider:physical_network": "public"},
                     {"cidr": "10.88.0.0/24", "gateway_ip": "10.88.0.1",
                      "allocation_pools": [{"start": "10.88.0.100", "end": "10.88.0.199"}]})
    serves(admin, public["network_id"])
    private = network(demo, "private", {}, {"cidr": "10.77.0.0/24"})
    serves(admin, private["network_id"])
    router, _ = demo.ensure(9696, "/v2.0/routers", "router", "r1",
                            external_gateway_info={"network_id": public["network_id"]})
    demo.ask("PUT", 9696, f"/v2.0/routers/{router['id']}/add_router_interface", json={"subnet_id": private["id"]})
    until("a host for machines", lambda: any(
        host["state"] == "up" for host in admin.get(8774, "/v2.1/os-hypervisors/detail")["hypervisors"]))
    agents = {"neutron-linuxbridge-agent", "neutron-dhcp-agent", "neutron-l3-agent"}
    until("Neutron's agents", lambda: agents <= {
        agent["binary"] for agent in admin.get(9696, "/v2.0/agents")["agents"] if agent["alive"]})


def left():
    """Sorted, so that two of them can be compared."""
    host = os.environ["OS_AUTH_URL"].split("//")[1].split(":")[0]
    cloud = Cloud(host, os.environ["OS_USERNAME"], os.environ["OS_PASSWORD"])
    lines = [f"server {one['name']} {one['id']} {one['status']}"
             for one in cloud.get(8774, "/v2.1/servers/detail")["servers"]]
    lines += [f"keypair {one['keypair']['name']}" for one in cloud.get(8774, "/v2.1/os-keypairs")["keypairs"]]
    lines += [f"server-group {one['name']} {one['id']}" for one in cloud.get(8774, "/v2.1/os-server-groups")["server_groups"]]
    for kind, what in (("ports", "name"), ("floatingips", "floating_ip_address"), ("security-groups", "name"),
                       ("security-group-rules", "direction")):
        for one in cloud.get(9696, "/v2.0/" + kind)[kind.replace("-", "_")]:
            lines.append(f"{kind[:-1]} {one[what]} {one['id']}")
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    {"users": users, "things": things, "left": left}[sys.argv[1]](*sys.argv[2:])
