"""The errors of the API: each knows the status and the body that it becomes."""


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status, message, details=None, **more):
        super().__init__(message)
        self.status, self.body = status, {"message": message}
        if details is not None:
            self.body["details"] = details
        self.body.update(more)


def grouped(faults):
    """[(path, word)] as the API shows them: the words of a path together."""
    paths = {}
    for path, word in faults:
        paths.setdefault(path, []).append(word)
    return [{"path": path, "errors": words} for path, words in paths.items()]


def invalid_json(faults):
    return Refused(422, "Invalid JSON", grouped(faults))


def not_valid(faults):
    return Refused(422, "Object is not valid", grouped(faults))


def unknown(what):
    """404 of what is looked at; of what is to be changed it has no details."""
    return Refused(404, what + " does not exist", [])


def unknown_to_change(what):
    return Refused(404, what + " does not exist")


def locked(ids):
    return Refused(
        409,
        "App is locked by one or more deployments. Override with the option '?force=true'. "
        "View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
        deployments=[{"id": each} for each in ids],
    )
