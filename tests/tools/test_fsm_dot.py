# SPDX-License-Identifier: Apache-2.0
"""tools/fsm-dot turns a grid into Graphviz text, and refuses a file that is not a grid."""
import subprocess
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "fsm-dot"


def draw(tmp_path, text):
    grid = tmp_path / "call.txt"
    grid.write_text(text)
    return subprocess.run([TOOL, grid], capture_output=True, text=True, check=False, timeout=60)


def test_arrows_and_states(tmp_path):
    done = draw(tmp_path, "# the call\nidle offhook give_tone dialling\ndialling onhook - idle\n"
                          "dialling timeout - idle\ndialling digit add dialling\n")
    assert done.returncode == 0
    assert done.stdout.startswith('digraph "call" {')
    assert '"idle" -> "dialling" [label="offhook / give_tone\\l"];' in done.stdout
    assert '"dialling" -> "idle" [label="onhook\\ltimeout\\l"];' in done.stdout
    assert done.stdout.count("->") == 3


def test_a_line_of_three_words_is_refused(tmp_path):
    done = draw(tmp_path, "idle offhook give_tone dialling\nidle onhook -\n")
    assert done.returncode == 1
    assert "call.txt:2: not" in done.stderr and done.stdout == ""


def test_an_empty_grid_is_refused(tmp_path):
    done = draw(tmp_path, "# nothing\n")
    assert done.returncode == 1 and "no rows" in done.stderr
