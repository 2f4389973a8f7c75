# SPDX-License-Identifier: Apache-2.0
"""The check tools refuse what they say they refuse, and accept its nearest lawful twin.

Each case is a tiny source tree: the twin must pass with exit status 0, the fault must be refused
with status 1 and a line that names the file, the line and the reason.
"""
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def run(tool, root):
    done = subprocess.run([TOOLS / tool, "--root", root], capture_output=True, text=True,
                          check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def put(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


HEADERS = ["base/err.h", "base/log.h", "wire/sccp/sccp.h", "wire/sdp/sdp.h", "wire/tftp/tftp.h",
           "wire/signedfile/signedfile.h", "wire/signedfile/signedfile_int.h", "trust/cert.h",
           "store/store.h", "net/loop.h", "media/rtp.h", "service/call/call.h",
           "service/call/line.h", "service/capf/capf.h", "service/site/site.h",
           "app/ringfenced/run.h", "app/common/options.h"]

# name, file, refused include, accepted include, words of the refusal
LAYERS = [
    ("upward_base", "base/a.c", '"wire/sccp/sccp.h"', '"base/err.h"', "a layer above base/"),
    ("upward_wire", "wire/sccp/a.c", '"trust/cert.h"', '"wire/sccp/sccp.h"', "layer above wire/"),
    ("upward_trust", "trust/a.c", '"store/store.h"', '"wire/sccp/sccp.h"', "layer above trust/"),
    ("upward_net", "net/a.c", '"service/call/call.h"', '"store/store.h"', "layer above net/"),
    ("upward_service", "service/call/a.c", '"app/common/options.h"', '"net/loop.h"',
     "layer above service/"),
    ("service_to_service", "service/capf/a.c", '"service/call/call.h"', '"service/capf/capf.h"',
     "belongs to another service folder"),
    ("translator_to_call", "service/sccp/a.c", '"service/call/line.h"', '"service/call/call.h"',
     "belongs to another service folder"),
    ("call_knows_no_protocol", "service/call/a.c", '"service/capf/capf.h"',
     '"service/site/site.h"', "belongs to another service folder"),
    ("codec_to_codec", "wire/sip/a.c", '"wire/sccp/sccp.h"', '"wire/sdp/sdp.h"',
     "belongs to another wire folder"),
    ("program_to_program", "app/ringphone/a.c", '"app/ringfenced/run.h"',
     '"app/common/options.h"', "belongs to another app folder"),
    ("private_header", "trust/a.c", '"wire/signedfile/signedfile_int.h"',
     '"wire/signedfile/signedfile.h"', "private to its folder"),
    ("not_from_src", "trust/a.c", '"cert.h"', '"trust/cert.h"', "not written from src/"),
    ("parent_path", "trust/a.c", '"../trust/cert.h"', '"trust/cert.h"', "not written from src/"),
    ("absent", "trust/a.c", '"trust/nothing.h"', '"trust/cert.h"', "does not exist"),
    ("codec_logs", "wire/sccp/a.c", '"base/log.h"', '"base/err.h"', "a codec has no use for"),
    ("codec_sockets", "wire/sccp/a.c", "<sys/socket.h>", "<string.h>", "a codec has no use for"),
    ("commented", "base/a.c", '"trust/cert.h"', '"base/err.h" /* not "trust/cert.h" */',
     "a layer above"),
]

# library header, where it is at home, where it is not
LIBRARIES = [
    ("event2/event.h", "net/a.c", "media/a.c"),
    ("openssl/evp.h", "trust/a.c", "service/capf/a.c"),
    ("openssl/ssl.h", "net/tls.c", "net/tcp.c"),
    ("sqlite3.h", "store/a.c", "service/site/a.c"),
    ("srtp2/srtp.h", "media/a.c", "net/a.c"),
    ("expat.h", "wire/phonexml/a.c", "wire/json/a.c"),
    ("jansson.h", "wire/json/a.c", "wire/phonexml/a.c"),
    ("osipparser2/osip_message.h", "wire/sip/a.c", "wire/sdp/a.c"),
    ("seccomp.h", "app/ringfenced/a.c", "net/a.c"),
]


def layer_tree(root, file, include):
    for header in HEADERS:
        put(root, "src/" + header, "/* header */")
    put(root, "src/" + file, "/* file */\n#include " + include)
    return run("check-layers", root)


@pytest.mark.parametrize("file,bad,good,why", [c[1:] for c in LAYERS], ids=[c[0] for c in LAYERS])
def test_layers(tmp_path, file, bad, good, why):
    status, said = layer_tree(tmp_path / "good", file, good)
    assert status == 0, said
    status, said = layer_tree(tmp_path / "bad", file, bad)
    assert status == 1
    assert f"src/{file}:2: " in said and why in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("header,home,away", LIBRARIES, ids=[f"{c[0]}_in_{c[2]}" for c in LIBRARIES])
def test_library_home(tmp_path, header, home, away):
    status, said = layer_tree(tmp_path / "good", home, f"<{header}>")
    assert status == 0, said
    status, said = layer_tree(tmp_path / "bad", away, f"<{header}>")
    assert status == 1
    assert f"src/{away}:2: <{header}> is only for" in said


# name, file, refused line, accepted line, words of the refusal
BYTES = [
    ("strcpy", "src/base/a.c", "strcpy(a, b);", "rf_strcpy(a, b);", "strcpy is not used"),
    ("strcat", "src/base/a.c", "strcat(a, b);", "x.strcat(a, b);", "strcat is not used"),
    ("sprintf", "src/base/a.c", "sprintf(a, b);", "snprintf(a, n, b);", "sprintf is not used"),
    ("vsprintf", "src/net/a.c", "vsprintf(a, b, c);", "vsnprintf(a, n, b, c);", "vsprintf is not"),
    ("strtok", "src/net/a.c", "strtok(a, b);", '/* strtok(a, b) */', "strtok is not used"),
    ("gets", "src/net/a.c", "gets(a);", "fgets(a, n, f);", "gets is not used"),
    ("atoi", "src/net/a.c", "n = atoi(a);", 'f("atoi(a)");', "atoi is not used"),
    ("scanf", "src/net/a.c", "sscanf(a, b);", "rf_scanf_not(a);", "sscanf is not used"),
    ("alloca", "src/net/a.c", "p = alloca(3);", "int alloca_n;", "alloca is not used"),
    ("rand", "src/net/a.c", "n = rand();", "n = rf_rand();", "rand is not used"),
    ("in_tests", "tests/unit/a.c", "strcpy(a, b);", "free(a);", "strcpy is not used"),
    ("no_excuse", "src/net/a.c", "strcpy(a, b); /* check-bytes: short */", "strlcpy(a, b, n);",
     "strcpy is not used"),
    ("memcmp", "src/trust/a.c", "if (memcmp(a, b, n))", "if (!rf_ct_equal(a, b))",
     "compares secrets"),
    ("memcmp_twin", "src/trust/a.c", "memcmp(a, b, n);", "memcpy(a, b, n);", "compares secrets"),
    ("malloc", "src/net/a.c", "p = malloc(3);", "p = rf_new(3);", "malloc outside base/"),
    ("calloc", "src/app/x/a.c", "p = calloc(3, 1);", "p = rf_calloc(3);", "calloc outside base/"),
    ("realloc", "src/net/a.c", "p = realloc(p, 3);", "realloc_n = 3;", "realloc outside base/"),
    ("free", "src/net/a.c", "free(p);", "free(p); /* check-bytes: json_dumps made it */",
     "free outside base/"),
    ("empty_excuse", "src/net/a.c", "free(p); /* check-bytes: */", "rf_free(p);",
     "free outside base/"),
    ("free_member", "src/net/a.c", "free (p);", "x->free(p);", "free outside base/"),
    ("lock", "src/net/a.c", "pthread_mutex_lock(&m);", "rf_mailbox_post(&m);", "outside base/"),
    ("index", "src/wire/tftp/a.c", "x = in->p[2];", "x = in->port;", "reaches into bytes"),
    ("index_dot", "src/wire/tftp/a.c", "x = in.p[2];", "x = out.pad[2];", "reaches into bytes"),
    ("plus", "src/wire/tftp/a.c", "x = in->p + 2;", "x = in->len + 2;", "reaches into bytes"),
    ("plus_dot", "src/trust/a.c", "x = in.p + 2;", "f(in.p, 2);", "reaches into bytes"),
    ("step", "src/wire/tftp/a.c", "in.p++;", "in.n++;", "reaches into bytes"),
    ("step_before", "src/wire/tftp/a.c", "++in->p;", "++in->n;", "reaches into bytes"),
    ("cast", "src/wire/tftp/a.c", "h = (const struct hdr *)in->p;",
     "h = (const struct hdr *)state;", "bytes seen as a struct"),
    ("write", "src/net/a.c", "fd = open(p, O_WRONLY);", "fd = open(p, O_RDONLY);", "file layer"),
    ("rename", "src/app/x/a.c", "rename(a, b);", "rf_file_rename(a, b);", "file layer"),
    ("unlink", "src/store/a.c", "unlink(a);", "unlink(a); /* check-bytes: a socket */",
     "file layer"),
]


def bytes_tree(root, file, line):
    put(root, "src/base/ok.c", "void *p = malloc(3); x = s->p[1]; y = memcmp(a, b, 1);")
    put(root, file, "/* file */\n" + line)
    return run("check-bytes", root)


@pytest.mark.parametrize("file,bad,good,why", [c[1:] for c in BYTES], ids=[c[0] for c in BYTES])
def test_bytes(tmp_path, file, bad, good, why):
    status, said = bytes_tree(tmp_path / "good", file, good)
    assert status == 0, said
    status, said = bytes_tree(tmp_path / "bad", file, bad)
    assert status == 1
    assert f"{file}:2: " in said and why in said


@pytest.mark.parametrize("tool", ["check-layers", "check-bytes"])
def test_an_empty_tree_is_refused(tmp_path, tool):
    status, said = run(tool, tmp_path)
    assert status == 1
    assert "no C source found" in said
