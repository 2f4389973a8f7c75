# SPDX-License-Identifier: Apache-2.0
"""check-citations refuses what leads nowhere, and accepts its nearest twin that leads somewhere."""
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/check-citations"

PAGE = """# Media

## A stream

Text.

### `rtp` and tags: 1

```
# not a heading
```
"""

# name, file, refused text, accepted text, words of the refusal
CASES = [
    ("no_page", "src/a.c", "/* doc: docs/nothing.md */", "/* doc: docs/media.md */",
     "there is no page docs/nothing.md"),
    ("page_of_nowhere", "src/a.c", "/* doc: see below */", "/* guess: see below */",
     "doc: names no page"),
    ("second_page", "src/a.c", "/* doc: docs/media.md; docs/gone.md */",
     "/* doc: docs/media.md; docs/media.md */", "there is no page docs/gone.md"),
    ("no_section", "src/a.c", '/* doc: docs/media.md, "A strem" */',
     '/* doc: docs/media.md, "A stream" */', 'docs/media.md has no section "A strem"'),
    ("second_section", "src/a.c", '/* doc: docs/media.md, "Media", "Tags" */',
     '/* doc: docs/media.md, "Media", "A stream" */', 'has no section "Tags"'),
    ("code_block", "src/a.c", '/* doc: docs/media.md, "not a heading" */',
     '/* doc: docs/media.md, "rtp and tags: 1" */', 'has no section "not a heading"'),
    ("no_quotes", "src/a.c", "/* doc: docs/media.md, A stream */",
     '/* doc: docs/media.md, "A stream" */', "without quotes"),
    ("over_lines", "src/a.c", '/* doc: docs/media.md, "A\n * strem" */',
     '/* doc: docs/media.md, "A\n * stream" */', 'has no section "A strem"'),
    ("private_spec", "src/a.c", "/* spec: security.md 0.3 */", "/* spec: RFC 3550 A.8 */",
     "no public document"),
    ("bare_number", "src/a.c", "/* spec: 7.2.1 */", "/* spec: ITU-T G.711 table 2a */",
     "no public document"),
    ("spec_behind_doc", "src/a.c", "/* doc: docs/media.md; spec: sccp.md 7 */",
     "/* doc: docs/media.md; spec: RFC 3711 3.3.1 */", "no public document"),
    ("no_capture", "src/a.c", "/* seen: tests/data/gone.pcap */",
     "/* seen: tests/data/here.pcap */", "there is no tests/data/gone.pcap"),
    ("python", "tools/a.py", "# doc: docs/nothing.md\n", "# doc: docs/media.md\n",
     "there is no page"),
    ("just_named", "src/a.c", 'puts("read docs/gone.md");', 'puts("read docs/media.md");',
     "there is no page docs/gone.md"),
    ("link", "docs/other.md", "[page](gone.md)", "[page](media.md)", "which is not there"),
    ("anchor", "docs/other.md", "[page](media.md#a-strem)", "[page](media.md#a-stream)",
     "no heading there"),
    ("own_anchor", "docs/other.md", "# Top\n[up](#topp)", "# Top\n[up](#top)", "no heading there"),
    ("path", "docs/other.md", "in `src/b.c`", "in `src/a*.c`, `src/`", "there is no src/b.c"),
    ("number", "tests/test_a.py", "def test_sec_12b_x(): pass", "def test_sec_12a_x(): pass",
     "docs/acceptance.md has no SEC-12b"),
    ("number_of_range", "tests/a.c", "static void x_sec_95(void **state)",
     "static void x_sec_94(void **state)", "no SEC-95"),
    ("number_of_pair", "tests/a.c", "static void x_sec_115(void **state)",
     "static void x_sec_114_y(void **state)", "no SEC-115"),
    ("path_from_src", "docs/other.md", "in `net/b.c`", "in `net/c.c`", "there is no net/b.c"),
]


def check(root, file, text):
    numbers = "| SEC-12a | + |\n| SEC-90 to 94 | + |\n| SEC-113, 114 | - |\n"
    for name, content in (("docs/media.md", PAGE), ("docs/acceptance.md", numbers),
                          ("src/aa.c", ""), ("src/net/c.c", ""), ("tests/data/here.pcap", ""),
                          (file, text)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n", encoding="utf-8")
    done = subprocess.run([TOOL, "--root", root], capture_output=True, text=True, check=False,
                          timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("file,bad,good,why", [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_citation(tmp_path, file, bad, good, why):
    status, said = check(tmp_path / "good", file, good)
    assert status == 0, said
    status, said = check(tmp_path / "bad", file, bad)
    assert status == 1
    assert said.startswith(f"{file}:") and why in said
    assert len(said.splitlines()) == 1, said


def test_words_in_code_font_are_no_citations(tmp_path):
    status, said = check(tmp_path, "docs/other.md", "say `doc:` or `spec:`, and why\n")
    assert status == 0, said


def test_nothing_to_read_is_a_failure(tmp_path):
    done = subprocess.run([TOOL, "--root", tmp_path], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 1 and "nothing to read" in done.stdout


def test_this_repository():
    done = subprocess.run([TOOL], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
