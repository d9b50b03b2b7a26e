"""The Docker engine under the virtual agents, over its own HTTP API."""

import http.client
import io
import ipaddress
import json
import socket
import struct
import tarfile
import urllib.parse

LABEL = "double.marathon"


class EngineError(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class PullError(EngineError):
    """An image is neither here nor to be had."""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self.path_of_socket = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path_of_socket)


class Engine:
    """Calls that wait for their answer; every container carries the label of `owner`."""

    def __init__(self, host, owner):
        self.host, self.owner = host, owner

    def connection(self, timeout):
        if self.host.startswith("unix://"):
            return UnixConnection(self.host[len("unix://") :], timeout)
        return http.client.HTTPConnection(self.host.split("://")[-1], timeout=timeout)

    def call(self, method, path, body=None, query=None, timeout=120):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        connection = self.connection(timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            try:
                message = json.loads(data)["message"]
            except (ValueError, KeyError, TypeError):
                message = data.decode("utf-8", "replace")
            raise EngineError(answer.status, message)
        if "json" in (answer.getheader("Content-Type") or ""):
            # What goes on for long is told of by a line each.
            return json.loads(data.splitlines()[-1] if path.startswith("/images/create") else data or b"null")
        return data

    def create(self, name, config):
        config.setdefault("Labels", {})[LABEL] = self.owner
        return self.call("POST", "/containers/create", config, {"name": name})["Id"]

    def start(self, container):
        self.call("POST", f"/containers/{container}/start")

    def pull(self, image):
        name, _, tag = image.rpartition(":") if ":" in image.rsplit("/", 1)[-1] else (image, "", "latest")
        last = self.call("POST", "/images/create", None, {"fromImage": name or image, "tag": tag}, timeout=300)
        if isinstance(last, dict) and last.get("error"):
            raise EngineError(500, last["error"])

    def has_image(self, image):
        try:
            self.call("GET", f"/images/{urllib.parse.quote(image, safe='')}/json")
            return True
        except EngineError:
            return False

    def stop(self, container, grace):
        try:
            self.call("POST", f"/containers/{container}/stop", query={"t": int(grace)}, timeout=grace + 60)
        except EngineError as error:
            if error.status not in (304, 404):
                raise

    def wait(self, container):
        """Waits for its end: the status it ended with, 137 for one that is removed under our feet."""
        try:
            return self.call("POST", f"/containers/{container}/wait", timeout=None)["StatusCode"]
        except (EngineError, OSError, http.client.HTTPException):
            return 137

    def inspect(self, container):
        return self.call("GET", f"/containers/{container}/json")

    def remove(self, container):
        try:
            self.call("DELETE", f"/containers/{container}", query={"force": 1, "v": 1})
        except EngineError as error:
            if error.status not in (404, 409):
                raise

    def mine(self):
        filters = json.dumps({"label": [f"{LABEL}={self.owner}"]})
        return [each["Id"] for each in self.call("GET", "/containers/json", query={"all": 1, "filters": filters})]

    def logs(self, container):
        """What it has written so far: (stdout, stderr)."""
        try:
            data = self.call("GET", f"/containers/{container}/logs", query={"stdout": 1, "stderr": 1})
        except (EngineError, OSError, http.client.HTTPException):
            return b"", b""
        out, position = {1: b"", 2: b""}, 0
        while position + 8 <= len(data):
            kind, size = struct.unpack(">BxxxI", data[position : position + 8])
            out[kind] = out.get(kind, b"") + data[position + 8 : position + 8 + size]
            position += 8 + size
        return out[1], out[2]

    def put(self, container, files):
        """Lays {name: content} into the sandbox of a container."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo("mnt/mesos/sandbox/" + name)
                member.size, member.mode = len(content), 0o755
                archive.addfile(member, io.BytesIO(content))
        connection = self.connection(60)
        try:
            connection.request(
                "PUT",
                f"/containers/{container}/archive?path=/",
                packed.getvalue(),
                {"Content-Type": "application/x-tar"},
            )
            connection.getresponse().read()
        finally:
            connection.close()

    def run_in(self, container, command):
        """Runs a shell command in a container: its status."""
        body = {"Cmd": ["/bin/sh", "-c", command], "AttachStdout": True, "AttachStderr": True}
        made = self.call("POST", f"/containers/{container}/exec", body)["Id"]
        self.call("POST", f"/exec/{made}/start", {"Detach": False}, timeout=60)
        return self.call("GET", f"/exec/{made}/json")["ExitCode"]

    def gateway(self):
        """The address of this machine on the engine's own bridge: what containers and we can both reach."""
        try:
            config = self.call("GET", "/networks/bridge")["IPAM"]["Config"][0]
            return config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))
        except (EngineError, KeyError, IndexError, TypeError, ValueError):
            return "127.0.0.1"
