# SPDX-License-Identifier: Apache-2.0
"""check-docs refuses commands that the programs do not know, and runs what pages show in its place.

The programs are stand-ins that do as little as the tool asks of the real ones; each case is a page or
a message of a source, refused with its fault and accepted without it.
"""
import os
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/check-docs"

FAKES = {
    "ringfence": r"""
case "$*" in
--help) printf '  init   Make\n  list show   Show\n  list publish   Sign\n  fail   Fail\n' ;;
"init --help" | "list publish --help") echo "  --site DIR   the folder" ;;
"list show --help") echo "  --json   print JSON" ;;
*--help) ;;
init*) mkdir -p site/run; echo '{"tftp": 6969}' > site/run/ports.json; echo "$*" > init.txt ;;
fail*) echo "this is why"; exit 3 ;;
*) printf '%s|' "$@" >> ran.txt; echo >> ran.txt ;;
esac""",
    "ringfenced": r"""
[ "$1" != --help ] || { echo "--site DIR --config FILE"; exit; }
[ "$2" != nowhere ] || { echo "no such site"; exit 1; }
trap 'rm -f serving; exit ${STATUS:-0}' TERM
touch serving
echo "info main: ready x=1"
while :; do sleep 0.05; done""",
    "ringphone": r"""
[ "$1" != --help ] || { echo "--flash DIR --tftp HOST --answer"; exit; }
echo "$*" > phone.txt
echo "  0.1 registered" """,
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
    ("working_copy", "    ./tries --keep    stays\n", "    ./try --keep    stays\n",
     "./tries is no program of the working copy"),
    ("over_a_line", "say `ringfence\nlist shwo`\n", "say `ringfence\nlist show`\n", "no command"),
    ("prefix", "say `ringfence lists` here\n", "say `ringfence list` or `ringfence … --any`\n",
     "no command"),
    ("not_ours", "    ringfence init --sit\n", "    ringfence init | grep --sit\n", "no option --sit"),
]


@pytest.fixture
def check(tmp_path):
    """check(text of a page, text of a source) -> (exit status, output)."""
    for name, text in FAKES.items():
        path = tmp_path / "build/src/app" / name / name
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
    (tmp_path / "root/src").mkdir(parents=True)
    (tmp_path / "root/try").write_text("#!/bin/sh\n")
    (tmp_path / "root/try").chmod(0o755)

    def run(text="", source="", **env):
        (tmp_path / "root/page.md").write_text(text)
        (tmp_path / "root/src/a.c").write_text(source)
        done = subprocess.run([TOOL, "--root", tmp_path / "root"], capture_output=True, text=True,
                              check=False, timeout=60,
                              env=dict(os.environ, RINGFENCE_BUILD=str(tmp_path / "build"),
                                       TMPDIR=str(tmp_path), **env))
        assert not list(tmp_path.glob("check-docs-*"))  # nothing is left behind
        assert done.stderr == ""
        return done.returncode, done.stdout
    return run


def page(place, *lines):
    return f"# Page\n<!-- commands: {place} -->\n\nText.\n\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("bad,good,why", [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_command(check, bad, good, why):
    status, said = check(f"# Page\n<!-- commands: none -->\n{good}")
    assert status == 0, said
    status, said = check(f"# Page\n<!-- commands: none -->\n{bad}")
    assert status == 1
    assert said.startswith(("page.md:3: ", "page.md:4: ")), said
    assert why in said and len(said.splitlines()) == 1, said


def test_messages_of_the_sources_are_looked_up(check):
    text = 'x("say `ringfence list "\n  "show --%s`");\n'
    assert check(source=text % "json")[0] == 0
    status, said = check(source="\n" + text % "colour")
    assert status == 1 and said.startswith("src/a.c:2: ringfence list show has no option --colour")
    assert check(source="/* `ringfence list\n * show` */\n")[0] == 0


def test_commands_run_in_order_and_join_their_lines(check):
    text = page("folder", "    ringfence list show a \\", "        --json", "    ringfence list publish",
                "", "More.", "", "```sh", "ringfence list show b", "```", "",
                "    ./look", "", "    int not_a_command;")
    want = "printf 'list|show|a|--json|\\nlist|publish|\\nlist|show|b|\\n' | diff - ran.txt"
    status, out = check(text.replace("    ./look", f"    curl --version > curl.txt; {want}"))
    assert status == 0 and "1 pages run, nothing refused" in out, out
    status, out = check(text.replace("    ./look", f"    curl --version > curl.txt; {want}")
                        .replace("show b", "show c"))
    assert status == 1 and "page.md:16: " in out


def test_a_command_that_fails_is_told_with_page_line_and_output(check):
    status, out = check(page("folder", "    ringfence list publish", "    ringfence fail now"))
    assert status == 1
    assert "page.md:7: ringfence fail now\n    exit status 3\n    this is why\n" in out
    status, out = check(page("folder", "    ringfence fail now | cat"))
    assert status == 1


def test_a_page_with_commands_says_where_they_run(check):
    block = "    ringfence list publish"
    assert check(page("folder", block))[0] == 0
    for text in (page("moon", block), f"# Page\n\n{block}\n", page("folder", "Only text.")):
        status, out = check(text)
        assert status == 1 and "page.md:" in out, text
    assert "where they run" in check(f"# Page\n\n{block}\n")[1]


def test_a_place_is_made_before_the_page_and_its_failure_told(check):
    words = ["    curl --version > curl.txt; test -d site; grep -q sccp_port=0 init.txt"]
    assert check(page("site", *words))[0] == 0
    status, out = check(page("folder", *words))
    assert status == 1 and "page.md:6" in out


def test_a_server_runs_beside_until_the_end_of_its_page(check):
    words = ["    ringfenced --site site", "    curl --version > curl.txt; test -e serving"]
    assert check(page("site", *words))[0] == 0
    status, out = check(page("site", *words[1:]))
    assert status == 1
    status, out = check(page("site", *words), STATUS="4")
    assert status == 1 and "page.md:6: ringfenced --site site" in out
    assert "ended with exit status 4" in out
    status, out = check(page("site", "    ringfenced --site nowhere"))
    assert status == 1 and "did not get ready (exit status 1)" in out and "no such site" in out


def test_a_phone_asks_where_the_site_serves(check):
    words = ["    ringphone --flash p --tftp 192.0.2.10 --answer",
             "    curl --version > curl.txt; grep -q -- '--tftp 127.0.0.1:6969 ' phone.txt"]
    assert check(page("site", *words))[0] == 0


STEPS = """
    PATH=$root/build/release/src/app/ringfence:$PATH
    cd "$(mktemp -d)"
    ringfence init --site site
    sleep 100 &
    grep -q %s init.txt
"""


def test_page_is_one_script(check, tmp_path):
    text = page("script", STEPS.replace("$root/build/release", str(tmp_path / "build")))
    status, said = check(text % "site")
    assert status == 0 and "1 pages run" in said, said
    status, said = check(text % "lost")
    assert status == 1 and "page.md: ended with status 1" in said, said


def test_a_page_with_a_fault_is_not_run(check, tmp_path):
    text = page("folder", f"    curl --version > curl.txt; touch {tmp_path}/ran", "    ringfence list %s")
    assert check(text % "shwo")[0] == 1 and not (tmp_path / "ran").exists()
    assert check(text % "show")[0] == 0 and (tmp_path / "ran").exists()


def test_without_programs(tmp_path):
    done = subprocess.run([TOOL, "--root", tmp_path], capture_output=True, text=True, check=False,
                          timeout=60, env={**os.environ, "RINGFENCE_BUILD": str(tmp_path)})
    assert done.returncode == 1 and "build first" in done.stdout
