# SPDX-License-Identifier: Apache-2.0
"""The manual pages say of a program what its --help says: the same options, the same version."""
import re
import subprocess
from pathlib import Path

import pytest

import rig

MAN = Path(__file__).resolve().parents[2] / "docs/man"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
PAGES = [("ringfenced", "ringfenced.8"), ("ringphone", "ringphone.1")]


def said(program, option):
    done = subprocess.run([rig.program(program), option], capture_output=True, text=True,
                          check=True, timeout=20)
    return done.stdout


@pytest.mark.parametrize("program,page", PAGES)
def test_options(program, page):
    text = (MAN / page).read_text(encoding="utf-8").replace("\\-", "-")
    listed = set(OPTION.findall(said(program, "--help")))
    assert len(listed) > 3
    assert set(OPTION.findall(text)) == listed


@pytest.mark.parametrize("program,page", PAGES)
def test_version(program, page):
    version = said(program, "--version").split()[-1]
    title = next(line for line in (MAN / page).read_text(encoding="utf-8").splitlines()
                 if line.startswith(".TH"))
    assert f'"ringfence {version}"' in title
