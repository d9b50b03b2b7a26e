"""guests.py - a simulated OpenStack behind HTTP, whose servers are machines with an sshd of their own: a root's home, processes
and a boot for each, at an address of this machine (127.N.0.0/16) that the cloud tells in place of its own.

By root, of which the machines need their namespaces; nothing of the host is changed.
"""
import http.server
import json
import pathlib
import random
import re
import socket
import subprocess
import threading

SERVICES = {"keystone": 5000, "nova": 8774, "neutron": 9696, "glance": 9292, "placement": 8778}
HOST_KEYS = 16
LOGIN = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
    "name": "demo", "domain": {"name": "Default"}, "password": "demopass"}}},
    "scope": {"project": {"name": "demo", "domain": {"name": "Default"}}}}}
# Its own home, /run and processes; where the folder of its sshd lies and at which address it listens come as $0 and $1.
BOOT = """
set -e
home=$(getent passwd 0 | cut -d: -f6)
mount -t tmpfs none "$home"
mount -t proc proc /proc
cp "$0/boot" "$home/.boot" && chmod 644 "$home/.boot"
mount --bind "$home/.boot" /proc/sys/kernel/random/boot_id
mkdir "$home/.door" && cp "$0/host" "$0/allowed" "$home/.door/" && chmod 600 "$home"/.door/*
mount -t tmpfs none /run
mkdir /run/sshd
exec /usr/sbin/sshd -D -e -f /dev/null -o ListenAddress="$1" -o Port=22 -o HostKey="$home/.door/host" \
    -o AuthorizedKeysFile="$home/.door/allowed" -o StrictModes=no -o PermitRootLogin=yes -o PidFile=none \
    -o MaxStartups=100 -o MaxSessions=100
"""


def free_net():
    """Nobody else's part of 127.0.0.0/8."""
    while True:
        net = random.randrange(2, 250)
        with socket.socket() as probe:
            try:
                probe.bind((f"127.{net}.88.1", 22))
                return net
            except OSError:
                continue


class Guest:
    """A machine of a server."""

    def __init__(self, folder, address, host_key, login_key):
        self.address = address
        folder.mkdir(parents=True)
        (folder / "boot").write_text(pathlib.Path("/proc/sys/kernel/random/uuid").read_text())
        (folder / "host").write_bytes(host_key.read_bytes())
        (folder / "allowed").write_text(login_key)
        with open(folder / "log", "wb") as log:
            self.child = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
                                           "bash", "-c", BOOT, str(folder), address], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True)

    def end(self):
        self.child.kill()
        self.child.wait()


class Door:
    """Whoever connects to an address, connects to port 22 of another one."""

    def __init__(self, address, target):
        self.target = target
        self.server = socket.create_server((address, 22))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    def pass_on(self, client):
        try:
            with client, socket.create_connection((self.target, 22), timeout=10) as guest:
                guest.settimeout(None)
                back = threading.Thread(target=pour, args=(guest, client), daemon=True)
                back.start()
                pour(client, guest)
                back.join()
        except OSError:
            pass

    def end(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


def pour(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Cloud:
    """PROGRAM is openstack-cloud; `at` is where its services are."""

    def __init__(self, program, folder):
        self.folder, self.net, self.lock, self.closed = pathlib.Path(folder), free_net(), threading.Lock(), threading.Event()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys = self.make_keys()
        self.child = subprocess.Popen([program, str(self.folder / "host-keys")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.guests, self.doors, self.booted, self.token = {}, {}, 0, None
        self.front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.front.daemon_threads = True
        self.at = "127.0.0.1:%d" % self.front.server_address[1]
        self.threads = [threading.Thread(target=self.front.serve_forever, daemon=True),
                        threading.Thread(target=self.keep_machines, daemon=True)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.closed.set()
        self.threads[1].join(20)
        for thing in [*self.guests.values(), *self.doors.values()]:
            thing.end()
        self.front.shutdown()
        self.front.server_close()
        self.child.stdin.close()
        self.child.wait(20)

    def make_keys(self):
        keys = {}
        for number in range(HOST_KEYS):
            path = self.folder / f"host-{number}"
            subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", str(path)], check=True)
            keys[" ".join(path.with_suffix(".pub").read_text().split()[:2])] = path
        (self.folder / "host-keys").write_text("".join(key + "\n" for key in keys))
        return keys

    # --- the cloud itself ---

    def say(self, asked):
        with self.lock:
            self.child.stdin.write(json.dumps(asked).encode() + b"\n")
            self.child.stdin.flush()
            return json.loads(self.child.stdout.readline())

    def list(self, what):
        return self.outwards(self.say({"list": what}))

    def ask(self, method, service, path, body=None):
        """By somebody of that project: status and answer."""
        headers = ["Accept: application/json", "OpenStack-API-Version: compute 2.93"]
        if self.token and path != "/v3/auth/tokens":
            headers.append("X-Auth-Token: " + self.token)
        said = self.say({"method": method, "url": f"http://10.0.3.1:{SERVICES[service]}{path}", "headers": headers,
                         "body": json.dumps(body) if body is not None else ""})
        if said["status"] == 401 and path != "/v3/auth/tokens":
            login = self.ask("POST", "keystone", "/v3/auth/tokens", LOGIN)
            self.token = re.search(r"X-Subject-Token: (\S+)", login[2]).group(1)
            return self.ask(method, service, path, body)
        return said["status"], json.loads(said["body"]) if said.get("body", "").strip() else None, said.get("headers", "")

    def outwards(self, told):
        """Its addresses are ours."""
        text = json.dumps(told)
        return json.loads(re.sub(r"\b10\.(77|88)\.0\.", rf"127.{self.net}.\1.", text))

    # --- its machines ---

    def keep_machines(self):
        while not self.closed.wait(0.05):
            servers = {server["id"]: server for server in self.list("servers") if server["status"] == "ACTIVE"}
            for gone in set(self.guests) - set(servers):
                self.guests.pop(gone).end()
            for server in servers.values():
                if server["id"] not in self.guests:
                    self.boot(server)
            self.keep_doors()

    def boot(self, server):
        address = next((at["addr"] for at in sum(server["addresses"].values(), [])
                        if at.get("OS-EXT-IPS:type") == "fixed"), None)
        _, told, _ = self.ask("POST", "nova", f"/v2.1/servers/{server['id']}/action", {"os-getConsoleOutput": {}})
        shown = re.search(r"ssh-ed25519 \S+", (told or {}).get("output") or "")
        pair = next((pair["public_key"] for pair in self.list("keypairs") if pair["name"] == server.get("key_name")), None)
        if address and shown and pair:
            self.booted += 1
            self.guests[server["id"]] = Guest(self.folder / f"guest-{self.booted}", address, self.keys[shown.group()], pair)

    def keep_doors(self):
        ports = {port["id"]: port["fixed_ips"][0]["ip_address"] for port in self.list("ports") if port["fixed_ips"]}
        wanted = {floating["floating_ip_address"]: ports[floating["port_id"]] for floating in self.list("floatingips")
                  if floating.get("port_id") in ports}
        for address in [address for address, door in self.doors.items() if wanted.get(address) != door.target]:
            self.doors.pop(address).end()
        for address in set(wanted) - set(self.doors):
            self.doors[address] = Door(address, wanted[address])


def handler_of(cloud):
    """What comes to /5000/v3/... goes to that service; where the catalogue leads is this place, as its client calls it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def serve(self):
            size = int(self.headers.get("Content-Length") or 0)
            body = re.sub(rf"\b127\.{cloud.net}\.(77|88)\.", r"10.\1.0.", self.rfile.read(size).decode()) if size else ""
            said = cloud.say({"method": self.command, "url": "http://10.0.3.1:" + self.path.lstrip("/"),
                              "headers": [f"{name}: {value}" for name, value in self.headers.items()], "body": body})
            if not said["status"]:
                self.close_connection = True
                return
            text = re.sub(r"\b10\.(77|88)\.0\.", rf"127.{cloud.net}.\1.", said["body"])
            text = re.sub(r"http://10\.0\.3\.1:(\d+)", rf"http://{self.headers['Host']}/\1", text).encode()
            self.send_response_only(said["status"])
            for line in said["headers"].splitlines():
                name, _, value = line.partition(": ")
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            try:
                self.end_headers()
                self.wfile.write(text)
            except OSError:  # who asked is gone
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = serve

    return Handler
