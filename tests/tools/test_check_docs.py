# SPDX-License-Identifier: Apache-2.0
"""check-docs refuses commands that the programs do not know, and runs the page of first steps.

The programs are stand-ins that answer --help; each case is a page, refused with its fault and
accepted without it.
"""
import os
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/check-docs"

FAKES = {
    "ringfence": """
case "$*" in
    --help) echo "  init               Make a site"; echo "  list show          Show a list" ;;
    "init --help") echo "  --site DIR    the folder" ;;
    "list show --help") echo "  --json        print JSON" ;;
    init) echo made ;;
    *) exit 2 ;;
esac""",
    "ringfenced": 'case "$*" in --help) echo "  --config FILE  the file" ;; *) exit 2 ;; esac',
    "ringphone": 'case "$*" in --help) echo "  --flash DIR    its flash" ;; *) exit 2 ;; esac',
}

# name, refused, accepted, words of the refusal
CASES = [
    ("command", "    ringfence int\n", "    ringfence init\n", 'no command "ringfence int"'),
    ("second_word", "    ringfence list shwo\n", "    ringfence list show\n",
     'no command "ringfence list shwo"'),
    ("option", "    ringfence init --sit x\n", "    ringfence init --site x\n",
     "ringfence init has no option --sit"),
    ("option_of_another", "    ringfence init --json\n", "    ringfence list show --json\n",
     "ringfence init has no option --json"),
    ("next_line", "    ringfence init \\\n        --sit x\n", "    ringfence init \\\n        --site x\n",
     "has no option --sit"),
    ("fenced", "```\nringfence int\n```\n", "```\nringfence init\n```\n", "no command"),
    ("code_font", "say `ringfence int` here\n", "say `ringfence init` here\n", "no command"),
    ("in_a_pipe", "    cat x | ringfence int\n", "    cat x | ringfence init\n", "no command"),
    ("in_a_loop", "    until ringfence int; do true; done\n",
     "    until ringfence init; do true; done\n", "no command"),
    ("server", "    ringfenced --conf x &\n", "    ringfenced --config x &\n",
     "ringfenced has no option --conf"),
    ("page_of_phone", "    ringphone secure --flash x\n", "    ringphone status --flash x\n",
     'no page "ringphone secure"'),
    ("not_ours", "    ringfence init --sit\n", "    ringfence init | grep --sit\n", "no option --sit"),
]


def check(root, name, text):
    for program, script in FAKES.items():
        path = root / "build/src/app" / program / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/bash\n" + script + "\n", encoding="utf-8")
        path.chmod(0o755)
    page = root / name
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    done = subprocess.run([TOOL, "--root", root], capture_output=True, text=True, check=False,
                          timeout=100, env={**os.environ, "RINGFENCE_BUILD": str(root / "build")})
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("bad,good,why", [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_command(tmp_path, bad, good, why):
    status, said = check(tmp_path / "good", "docs/page.md", "# Page\n\n" + good)
    assert status == 0, said
    status, said = check(tmp_path / "bad", "docs/page.md", "# Page\n\n" + bad)
    assert status == 1
    assert said.startswith("docs/page.md:3: ") or said.startswith("docs/page.md:4: "), said
    assert why in said and len(said.splitlines()) == 1, said


STEPS = """# First steps

    PATH=$root/build/release/src/app/ringfence:$PATH
    cd "$(mktemp -d)"
    ringfence init > made.txt
    sleep 100 &
    grep -q %s made.txt
"""


def test_page_is_run(tmp_path):
    text = STEPS.replace("$root/build/release", str(tmp_path / "good/build"))
    status, said = check(tmp_path / "good", "docs/first-steps.md", text % "made")
    assert status == 0 and "1 pages run" in said, said
    text = STEPS.replace("$root/build/release", str(tmp_path / "bad/build"))
    status, said = check(tmp_path / "bad", "docs/first-steps.md", text % "lost")
    assert status == 1 and "docs/first-steps.md: ended with status 1" in said, said


def test_without_programs(tmp_path):
    done = subprocess.run([TOOL, "--root", tmp_path], capture_output=True, text=True, check=False,
                          timeout=60, env={**os.environ, "RINGFENCE_BUILD": str(tmp_path)})
    assert done.returncode == 1 and "build first" in done.stdout
