/* SPDX-License-Identifier: Apache-2.0 */
/* What --help says: all of it, or of one page. */
#include "app/ringphone/ringphone.h"

#include <stdio.h>
#include <string.h>

static const char head[] =
    "ringphone: a phone in software. It boots from a flash folder, believes only what is signed,\n"
    "gets its certificate, registers at its call manager over TLS, and makes calls with SRTP.\n"
    "\n";

static const char the_phone[] =
    "A flash folder is made by `ringfence factory phone`; the device is made known to the server\n"
    "by `ringfence device add`.\n"
    "\n"
    "The phone\n"
    "  --flash DIR             its flash: identity, firmware, lists, certificates\n"
    "  --tftp HOST[:PORT]      where it boots from (a number, not a name); port 69\n"
    "  --auth-string S         CAPF authentication string, as the administrator told it\n"
    "  --auth-string-file F    the same from the first line of a file (- is standard input)\n"
    "  --device-secret FILE    what its private keys are encrypted under: the first line of a "
    "file\n"
    "  --sccp-version N        protocol version it announces, 3 to 22 (22)\n"
    "\n"
    "The user\n"
    "  --console               read commands from standard input while it runs, one a line:\n"
    "                          `help` lists them (unlock, lsc update, call, hold, transfer, open "
    "...)\n"
    "  --open URL              open this page of a service by HTTPS once registered, or one that\n"
    "                          the configuration names (services, directory, ...); then off, if\n"
    "                          nothing else is to be done\n"
    "\n"
    "Calls\n"
    "  --call NUMBER           call this number once registered, digit by digit\n"
    "  --answer                answer every call that comes in\n"
    "  --play IN.wav           say this (8000 Hz, mono, 16 bit or mu-law); again: the second call\n"
    "                          says the second file, and so on\n"
    "  --codecs LIST           what it speaks, the best first: some of g722, ulaw, alaw (ulaw)\n"
    "  --record OUT.wav        write what it hears\n"
    "  --record-dir DIR        write what it hears in each call, a file for each stream of it\n"
    "  --for TIME              hang up after so long (5s, 500ms, 2m); without a call: stay\n"
    "                          registered so long, then go\n"
    "  --exit-after-call       switch off when the call is over\n";

static const char what_it_keeps[] =
    "What it keeps: options of `ringphone set`\n"
    "  --min-load VERSION      take no firmware below this version, from nowhere; none: any\n"
    "  --file-rollback WHAT    a list or file older than the stored one: off (take it), warn "
    "(take\n"
    "                          it and say so; as it leaves the factory), reject\n"
    "  --sha512-sticks yes|no  who signed with SHA-512 once is not believed with SHA-1 any more "
    "(no)\n"
    "  --srst-clear-fallback allow|refuse\n"
    "                          a router that the configuration has no certificate of is talked to\n"
    "                          in the clear, or not at all (refuse)\n"
    "  --tftp HOST[:PORT]      boot from this server whatever it is told; none: as it is told.\n"
    "                          Forgets the trust lists\n";

static const char behaviour[] =
    "How it behaves\n"
    "  --json                  one JSON object a line for each event\n"
    "  --give-up TIME          fail when it has not registered (or, with --call, is not\n"
    "                          connected) by then\n"
    "  --retry-ms N            first wait after a failure (15000), doubled each time\n"
    "  --retry-max-ms N        longest wait (40 times the first)\n"
    "  --min-load VERSION      take no firmware below this version, or below the one it keeps\n"
    "  --file-rollback WHAT    a list or file older than the stored one: off (take it), warn "
    "(take\n"
    "                          it and say so), reject; else as it keeps it (warn)\n"
    "  --no-clock              do not believe this machine's time: no file is from the future\n"
    "  --http-port N|no        ask for files by HTTP first, where the model does (6970 when TFTP\n"
    "                          is on 69, else never)\n"
    "  --https-port N|no       and for the configuration by HTTPS, when the lists say so (6971)\n"
    "  --tftp-window N         blocks that TFTP may send at a time (1)\n"
    "  --no-tftp-options       ask as the oldest phones do, in blocks of 512\n"
    "  --key-delay-ms N        take so much longer for each key, as old models do\n"
    "  --no-ec                 make no EC keys, as older models do\n"
    "  --log-level LEVEL       error, warn, info or debug, on standard error (error)\n"
    "\n"
    "Weak, for old servers; off unless asked for\n"
    "  --allow-sha1            take files signed with SHA-1\n"
    "  --tls legacy            speak TLS as old phones do: 1.0 only, AES-CBC without forward\n"
    "                          secrecy, SHA-1 (modern)\n"
    "  --bare-digest           prove itself to CAPF as some old servers want it\n"
    "  --keylog FILE           write all TLS secrets to FILE, for debugging: whoever reads it\n"
    "                          reads everything\n";

static const char the_doctor[] =
    "The doctor walks a phone's boot against any server and says which step fails, and why. He "
    "asks\n"
    "for files, and goes no further than the TLS handshake with each server; nothing is written.\n"
    "  --tftp HOST[:PORT]      the file server, as above\n"
    "  --mac MAC               of the phone; not needed with --flash\n"
    "  --flash DIR             a software phone: lists, certificates, model, image keys\n"
    "  --lists DIR             a phone that holds the CTLFile.tlv and ITLFile.tlv of this folder;\n"
    "                          without it, and without --flash: a phone that has no lists yet\n"
    "  --key PEM               the phone's certificate, and its key if it may be shown to servers\n"
    "  --image-keys PEM        certificates of the keys that sign firmware\n"
    "  --model M               7962, 8861 ...: what is known of that model is judged too\n"
    "  --now TIME              what the phone takes for the time: 2026-11-24T04:27:00Z, a day, or\n"
    "                          seconds since 1970\n"
    "  --http-port N|no        look there too, as phones do first (6970 when TFTP is on 69, else "
    "no)\n"
    "  --https-port N|no       and there, for phones that do (6971)\n"
    "  --wait TIME             give up a file after so long without an answer (5s)\n"
    "  --settle TIME           so long after a handshake a server may still refuse (1s)\n"
    "  --images                fetch firmware of any size, to verify it whole\n"
    "  --register              register at the call manager, and leave again\n"
    "  --capf                  open a CAPF session, and leave it before a certificate is issued;\n"
    "                          with --auth-string-file F where a string is wanted\n"
    "  --findings              print the table of all that he can find\n";

static const char the_end[] =
    "Exit status: 0 it did what was asked, 1 it was refused or failed, 2 wrong usage. SIGTERM and\n"
    "SIGINT switch the phone off: it unregisters first.\n";

/* `more` is explained below its line. */
static const struct {
    const char *name;
    const char *usage;
    const char *about;
    const char *more;
} pages[] = {
    {"security", "--flash DIR [--json]", "what it trusts and who it is",
     "With --device-secret FILE (its first line; - is standard input) encrypted keys are looked "
     "at, too.\n"},
    {"status", "--flash DIR [--json]", "its latest status messages", NULL},
    {"install", "--flash DIR [--json] FILE...", "give it firmware",
     "A folder, or a .loads list and its components. It is verified as one that the phone fetches "
     "is.\n"},
    {"unlock", "--flash DIR", "open its settings for ten minutes", NULL},
    {"erase", "--flash DIR", "forget its trust lists (unlocked)",
     "CTL and ITL; the phone takes the next ones on first trust.\n"},
    {"set", "--flash DIR OPTIONS", "change what it keeps (unlocked)", what_it_keeps},
    {"lock", "--flash DIR", "lock its settings again", NULL},
    {"protect", "--flash DIR --device-secret FILE", "encrypt its private keys",
     "Under the first line of FILE (- is standard input), at least eight characters.\n"},
    {"unprotect", "--flash DIR --device-secret FILE", "have them in the clear again", NULL},
    {"doctor", "--tftp HOST[:PORT] --mac MAC ...", "why does a phone not boot there?", the_doctor},
    {"fleet", "--dir DIR --tftp HOST[:PORT] ...", "many phones in one process", NULL},
};
#define PAGES_N (sizeof pages / sizeof *pages)

static void print_line(FILE *to, const char *words, const char *about)
{
    fprintf(to, "  ringphone %-42s %s\n", words, about);
}

void help_print(FILE *to)
{
    char words[80];
    fputs(head, to);
    print_line(to, "--flash DIR --tftp HOST[:PORT] [options]", "switch the phone on");
    for (size_t i = 0; i < PAGES_N; i++) {
        snprintf(words, sizeof words, "%s %s", pages[i].name, pages[i].usage);
        print_line(to, words, pages[i].about);
    }
    fputs("  ringphone [PAGE] --help\n  ringphone --version\n", to);
    const char *const sections[] = {the_phone, what_it_keeps, behaviour, the_doctor, the_end};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        fprintf(to, "\n%s", sections[i]);
    fputc('\n', to);
    fleet_help_print(to);
}

bool help_page_print(const char *page, FILE *to)
{
    size_t at = 0;
    while (at < PAGES_N && strcmp(pages[at].name, page) != 0)
        at++;
    if (at == PAGES_N)
        return false;
    if (strcmp(page, "fleet") == 0) {
        fleet_help_print(to);
        return true;
    }
    fprintf(to, "Usage: ringphone %s %s\n\n%s\n", pages[at].name, pages[at].usage, pages[at].about);
    if (pages[at].more != NULL)
        fprintf(to, "\n%s", pages[at].more);
    return true;
}
