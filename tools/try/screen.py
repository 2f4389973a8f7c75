# SPDX-License-Identifier: Apache-2.0
"""What ./try writes on the terminal: one line a step, and the table at the end.

On a terminal a step shows while it runs and its line is then replaced; elsewhere there is one plain
line a step. Colours only on a terminal, and not with NO_COLOR (https://no-color.org) or TERM=dumb.
"""
import os
import shutil
import sys
import textwrap
import time

GOOD, BAD, LATER = "good", "bad", "later"
_MARKS = {GOOD: ("✓", "ok", "32"), BAD: ("✗", "FAIL", "31"), LATER: ("–", "--", "33")}
_WIDTH, _LEAST = 100, 60
_LEFT = 16  # columns of the name of a feature


class Screen:
    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.is_terminal = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR")
        self.has_signs = (self.out.encoding or "").lower().replace("-", "") == "utf8"
        self.width = _WIDTH
        if self.is_terminal:
            self.width = max(_LEAST, min(_WIDTH, shutil.get_terminal_size().columns))

    def say(self, text=""):
        if not self.has_signs:
            text = text.replace("–", "-").replace("…", "...").replace("µ", "u")
        self.out.write(text + "\n")
        self.out.flush()

    def _colour(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self.has_colour else text

    def strong(self, text):
        return self._colour(text, "1")

    def mark(self, state):
        sign, word, code = _MARKS[state]
        return self._colour(sign if self.has_signs else f"{word:<4}", code)

    def step(self, name):
        return Step(self, name)

    def rows(self, rows):
        """The table: (state, feature, sentences) each, the sentences beside the name."""
        gap = " " * (4 if self.has_signs else 7)
        for state, name, sentences in rows:
            left = textwrap.wrap(name, _LEFT)
            right = [line for sentence in sentences for line in self._sentence(sentence, gap)]
            for i in range(max(len(left), len(right))):
                begin = f"  {self.mark(state)} " if i == 0 else gap
                label = f"{left[i] if i < len(left) else '':<{_LEFT}}"
                self.say(f"{begin}{self.strong(label)}  {right[i] if i < len(right) else ''}"
                         .rstrip())
            self.say()

    def _sentence(self, text, gap):
        return textwrap.wrap(text, self.width - len(gap) - _LEFT - 2, initial_indent="- ",
                             subsequent_indent="  ", break_long_words=False,
                             break_on_hyphens=False)


class Step:
    """One step: `with screen.step("a site is made") as step:`. `step.note` stands beside the time."""

    def __init__(self, screen, name):
        self.screen, self.name, self.note, self.state = screen, name, "", GOOD

    def __enter__(self):
        self.began = time.monotonic()
        if self.screen.is_terminal:
            self.screen.out.write(f"  … {self.name}"[:self.screen.width - 1])
            self.screen.out.flush()
        return self

    def __exit__(self, kind, problem, _):
        seconds = time.monotonic() - self.began
        if self.screen.is_terminal:
            self.screen.out.write("\r\033[K")
        if kind is not None and not issubclass(kind, Exception):
            return False  # Ctrl-C is no verdict
        state = self.state if kind is None else BAD
        room = self.screen.width - len(f"  {'✓' if self.screen.has_signs else 'FAIL'} ") - 9
        text = f"{self.name}: {self.note}" if self.note and kind is None else self.name
        if len(text) > room:
            text = text[:room - 1] + "…"
        self.screen.say(f"  {self.screen.mark(state)} {text:<{room}} {seconds:6.2f} s")
        if problem is not None and not hasattr(problem, "step"):
            problem.step = self.name
        return False
