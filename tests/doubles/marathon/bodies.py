"""Reading what a request carries: JSON or none, of the right type or not."""

import json

import rules
from errors import Refused, invalid_json
from schema import Faults, compact

NOTHING = 'No content to map due to end-of-input\n at [Source: (byte[])""; line: 1, column: 0]'


def judge(request, value):
    """Another look at what was sent, where one is asked for (`--published`)."""


def parsed(request):
    value = read(request)
    judge(request, value)
    return value


def read(request):
    if request.early_eof:
        raise Refused(500, "Early EOF")
    text = request.body.decode("utf-8", "replace")
    if not text.strip():
        raise Refused(400, "Please specify data in JSON format", NOTHING)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
            raise Refused(400, "Invalid JSON", "Unexpected end-of-input within/between Object entries") from error
        letter = text[error.pos]
        raise Refused(
            400, "Invalid JSON", f"Unexpected character ('{letter}' (code {ord(letter)})): {error.msg}"
        ) from error
    except RecursionError as error:
        raise Refused(400, "Invalid JSON", "nested too deeply") from error


def typed(value, kind):
    """`value` as what `kind` says, or all that is wrong with it."""
    if not isinstance(value, dict):
        raise invalid_json([("/id", f"{compact(value)} is not an object")])
    faults = Faults()
    out = kind.read(value, "", faults)
    if faults:
        raise invalid_json(faults)
    return out


def typed_list(value, kind):
    if not isinstance(value, list):
        raise invalid_json([("", "error.expected.jsarray")])
    faults = Faults()
    out = []
    for number, each in enumerate(value):
        if isinstance(each, dict):
            out.append(kind.read(each, f"({number})", faults))
        else:
            faults.add(f"({number})/id", f"{compact(each)} is not an object")
    if faults:
        raise invalid_json(faults)
    return out


def checked(app, roles):
    """The last looks at an app in its one way of writing."""
    rules.check_app(app, roles)
    for check in app.get("healthChecks", ()):
        if check["protocol"] == "COMMAND" and "command" not in check:
            raise Refused(500, "illegal protocol COMMAND for non-command health check")
        if check["protocol"] != "COMMAND" and "command" in check:
            raise Refused(500, f"illegal protocol {check['protocol']} specified with command")
    return app
