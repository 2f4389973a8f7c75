#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A terminal's output as a picture: standard input to an SVG on standard output. How docs/try.svg is
made, of the table at the end of a real run:

    script -qec "stty cols 100; ./try" /dev/null | tools/try/picture.py --from "image" > docs/try.svg
"""
import argparse
import re
import sys
from xml.sax.saxutils import escape

COLOURS = {"31": "#f47067", "32": "#57ab5a", "33": "#c69026"}
PAPER, INK, STRONG = "#1c2128", "#adbac7", "#ffffff"
CHAR, LINE, EDGE, SIZE = 7.85, 17, 18, 13
SGR = re.compile(r"\033\[([0-9;]*)m")
OTHER = re.compile(r"\033\[[0-9;?]*[A-Za-z]")


def shown(text):
    """What a line looks like at last: what a carriage return has overwritten is gone."""
    last = text.rstrip("\r").split("\r")[-1]
    return OTHER.sub(lambda m: m.group(0) if m.group(0).endswith("m") else "", last)


def spans(line):
    """(column, colour, is strong, text) of each part of a line."""
    at, column, style = 0, 0, ""
    for m in list(SGR.finditer(line)) + [None]:
        text = line[at:m.start() if m else len(line)]
        if text.strip():
            lead = len(text) - len(text.lstrip())
            yield (column + lead, STRONG if style == "1" else COLOURS.get(style, INK),
                   style == "1", text.strip())
        column += len(text)
        if m:
            at, style = m.end(), m.group(1) if m.group(1) != "0" else ""


def picture(lines):
    width = max(len(SGR.sub("", line)) for line in lines) * CHAR + 2 * EDGE
    height = len(lines) * LINE + 2 * EDGE
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
           f'viewBox="0 0 {width:.0f} {height}" font-family="ui-monospace, SFMono-Regular, Menlo, '
           f'DejaVu Sans Mono, monospace" font-size="{SIZE}">')
    yield "<title>The table that ./try prints at its end</title>"
    yield f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
    for i, line in enumerate(lines):
        for column, colour, is_strong, text in spans(line):
            weight = ' font-weight="bold"' if is_strong else ""
            yield (f'<text x="{EDGE + column * CHAR:.1f}" y="{EDGE + (i + 1) * LINE - 4}" '
                   f'fill="{colour}"{weight} textLength="{len(text) * CHAR:.1f}" '
                   f'xml:space="preserve">{escape(text)}</text>')
    yield "</svg>"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="first", default="",
                        help="begin at the first line whose words begin so, after the steps")
    chosen = parser.parse_args()
    lines = [shown(line) for line in sys.stdin.read().split("\n")]
    lines = [line for line in lines if not line.startswith("Script ")]
    if chosen.first:
        plain = [re.sub(r"^\W+", "", SGR.sub("", line)) for line in lines]
        lines = lines[next(i for i, text in enumerate(plain)
                           if text.startswith(chosen.first + " ")):]
    while lines and not SGR.sub("", lines[-1]).strip():
        lines.pop()
    print("\n".join(picture(lines)))


if __name__ == "__main__":
    main()
