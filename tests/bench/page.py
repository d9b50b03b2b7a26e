"""page.py - docs/benchmarks.md: each benchmark writes its own section of it, and leaves the others."""
import os
import platform
import re
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PAGE = os.path.join(ROOT, "docs/benchmarks.md")


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}"


def write_section(title, text):
    """The section of that title, replaced or added at the end."""
    parts = re.split(r"^(?=## )", open(PAGE).read(), flags=re.MULTILINE)
    section = f"## {title}\n\n{text.strip()}\n\n"
    at = next((i for i, part in enumerate(parts) if part.startswith(f"## {title}\n")), len(parts))
    parts[at:at + 1] = [section]
    with open(PAGE, "w") as file:
        file.write("".join(part.rstrip() + "\n\n" for part in parts).rstrip() + "\n")
