"""Checks blueprints against the schema that `berth schema` prints.

schema.py SCHEMA accept FILE...    each file is valid
schema.py SCHEMA refuse FILE...    each document of each file is not, and at the right place: the first line of each is
                                   a comment, "# what is wrong @ where"
schema.py SCHEMA split FILE DIR    the documents of FILE, each as DIR/N.yaml

One `ok` or `not ok` line for each kind of check, with what went wrong.
"""

import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: `no` is a word, 0400 is four hundred."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("merge", r"^<<$", "<"),
):
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first) + ([""] if tag == "null" else []))
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def as_json(value):
    """Keys are texts in JSON, whatever they look like in YAML."""
    if isinstance(value, dict):
        return {str(key): as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(member) for member in value]
    return value


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [part for part in re.split(r"^---\n", file.read(), flags=re.M) if part.strip()]


def complaint(validator, text):
    return jsonschema.exceptions.best_match(validator.iter_errors(as_json(yaml.load(text, Loader))))


def place(error):
    return "/".join(str(part) for part in error.absolute_path)


def report(what, wrong, count):
    for line in wrong:
        print("# " + line)
    print(f"{'not ok' if wrong or not count else 'ok'} - {what} ({count})")
    return bool(wrong or not count)


def main():
    schema_file, verb, *files = sys.argv[1:]
    if verb == "split":
        for number, text in enumerate(documents(files[0])):
            with open(f"{files[1]}/{number:03}.yaml", "w", encoding="utf-8") as file:
                file.write(text)
        return False
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    wrong, count = [], 0
    for path in files:
        for text in documents(path):
            count += 1
            error = complaint(validator, text)
            if verb == "accept" and error:
                wrong.append(f"{path}: {place(error)}: {error.message[:300]}\n" + re.sub("^", "#   ", text, flags=re.M))
            if verb == "refuse":
                name, _, where = text.splitlines()[0].partition(" @ ")
                # Validators differ in how deep they look within one place.
                if not error or not place(error).startswith(where.strip("/")) or (where == "/") != (place(error) == ""):
                    wrong.append(f"{path}: {name}: refused at {place(error) if error else 'no place'}, not {where}")
    return report("valid blueprints are valid" if verb == "accept" else "typical mistakes are refused", wrong, count)


sys.exit(main())
