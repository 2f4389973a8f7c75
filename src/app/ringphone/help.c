/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringphone/ringphone.h"

#include <stdio.h>

static const char text[] =
    "ringphone: a phone in software. It boots from a flash folder, believes only what is signed,\n"
    "gets its certificate, registers at its call manager over TLS, and makes calls with SRTP.\n"
    "\n"
    "  ringphone --flash DIR --tftp HOST[:PORT] [options]   switch the phone on\n"
    "  ringphone security --flash DIR [--json]              what it trusts and who it is\n"
    "  ringphone status --flash DIR [--json]                its latest status messages\n"
    "  ringphone erase --flash DIR                          forget its trust lists\n"
    "  ringphone --version | --help\n"
    "\n"
    "A flash folder is made by `ringfence factory phone`; the device is made known to the server\n"
    "by `ringfence device add`.\n"
    "\n"
    "The phone\n"
    "  --flash DIR             its flash: identity, firmware, lists, certificates\n"
    "  --tftp HOST[:PORT]      where it boots from (a number, not a name); port 69\n"
    "  --auth-string S         CAPF authentication string, as the administrator told it\n"
    "  --auth-string-file F    the same from the first line of a file (- is standard input)\n"
    "  --sccp-version N        protocol version it announces, 3 to 22 (22)\n"
    "\n"
    "Calls\n"
    "  --call NUMBER           call this number once registered, digit by digit\n"
    "  --answer                answer every call that comes in\n"
    "  --play IN.wav           say this (8000 Hz, mono, 16 bit or mu-law)\n"
    "  --record OUT.wav        write what it hears\n"
    "  --for TIME              hang up after so long (5s, 500ms, 2m); without a call: stay\n"
    "                          registered so long, then go\n"
    "  --exit-after-call       switch off when the call is over\n"
    "\n"
    "How it behaves\n"
    "  --json                  one JSON object a line for each event\n"
    "  --give-up TIME          fail when it has not registered (or, with --call, is not\n"
    "                          connected) by then\n"
    "  --retry-ms N            first wait after a failure (15000), doubled each time\n"
    "  --retry-max-ms N        longest wait (40 times the first)\n"
    "  --min-load VERSION      take no firmware below this version\n"
    "  --no-clock              do not believe this machine's time: no file is from the future\n"
    "  --no-tftp-options       ask as the oldest phones do, in blocks of 512\n"
    "  --log-level LEVEL       error, warn, info or debug, on standard error (error)\n"
    "\n"
    "Weak, for old servers; off unless asked for\n"
    "  --allow-sha1            take files signed with SHA-1\n"
    "  --bare-digest           prove itself to CAPF as some old servers want it\n"
    "  --keylog FILE           write all TLS secrets to FILE, for debugging: whoever reads it\n"
    "                          reads everything\n"
    "\n"
    "Exit status: 0 it did what was asked, 1 it was refused or failed, 2 wrong usage. SIGTERM and\n"
    "SIGINT switch the phone off: it unregisters first.\n";

void help_print(FILE *to)
{
    fputs(text, to);
}
