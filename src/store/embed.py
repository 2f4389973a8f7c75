#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""embed.py OUT FILE...: the numbered migrations as a C array, so that the program needs no files.

Each FILE is NNNN-name.sql; the numbers must be 1, 2, 3 … without a gap. Comments are left in: they
become part of the schema that SQLite keeps.
"""
import re
import sys
from pathlib import Path


def literal(text):
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(f'     "{line}\\n"' for line in quoted.splitlines())


def main():
    out, files = Path(sys.argv[1]), sorted(Path(name) for name in sys.argv[2:])
    rows = []
    for number, file in enumerate(files, 1):
        match = re.fullmatch(r"(\d{4})-([a-z0-9-]+)\.sql", file.name)
        if not match or int(match[1]) != number:
            sys.exit(f"{file.name}: the next migration must be {number:04d}-name.sql")
        rows.append(f'    {{{number}, "{match[2]}",\n{literal(file.read_text())}}},')
    out.write_text("/* SPDX-License-Identifier: Apache-2.0 */\n"
                   "/* Made by embed.py from migrations/. */\n"
                   '#include "store/store_int.h"\n\n'
                   "const struct rf_store_migration rf_store_migrations[] = {\n"
                   + "\n".join(rows) + "\n};\n"
                   f"const size_t rf_store_n_migrations = {len(rows)};\n")


if __name__ == "__main__":
    main()
