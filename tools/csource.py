# SPDX-License-Identifier: Apache-2.0
"""What the check tools share: finding C sources, and blanking comments and strings in them.

blank() keeps every newline and column, so that line numbers stay true and a call named in a comment
or in a message is not taken for a call.
"""
import re
from pathlib import Path

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(text):
    """The text with the inside of comments, strings and character constants made spaces."""
    def space(match):
        token = match.group(0)
        body = re.sub(r"[^\n]", " ", token)
        if token[0] in "\"'":
            return token[0] + body[1:-1] + token[0]
        return body
    return _TOKEN.sub(space, text)


def sources(root, *folders):
    """Yield (path relative to root, text) of the .c and .h files under the folders, sorted."""
    root = Path(root)
    for folder in folders:
        for path in sorted((root / folder).rglob("*.[ch]")):
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def report(tool, faults, seen):
    """Print the faults, one a line, or one line that says what was read. Returns the exit status."""
    for fault in faults:
        print(fault)
    if not seen:
        print(f"{tool}: no C source found")
        return 1
    if not faults:
        print(f"{seen} files, nothing refused")
    return 1 if faults else 0
