#!/usr/bin/env python3
"""Makes the inputs of corpus/ that the fuzz targets begin with, from the test vectors, the transcripts and the documents of this tree."""
import base64
import json
import pathlib
import re
import struct

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz/corpus"


def text(path):
    return (ROOT / path).read_text()


def keep(target, name, data):
    if isinstance(data, str):
        data = data.encode()
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if len(data) <= 4096:
        (folder / name).write_bytes(data)


def b64(value):
    return base64.b64decode(value)


def head(major, count):
    """The first bytes of a CBOR item."""
    for limit, code, form in ((24, None, None), (1 << 8, 24, ">B"), (1 << 16, 25, ">H")):
        if count < limit:
            return bytes([major << 5 | count]) if code is None else bytes([major << 5 | code]) + struct.pack(form, count)
    raise ValueError(count)


def reports(command, payload, channel):
    """A message as a key sends it (CTAPHID)."""
    first = channel + bytes([0x80 | command]) + struct.pack(">H", len(payload)) + payload[:57]
    whole = first.ljust(64, b"\0")
    for number, start in enumerate(range(57, len(payload), 59)):
        whole += (channel + bytes([number]) + payload[start:start + 59]).ljust(64, b"\0")
    return whole


vectors = dict(line.split(" ", 1) for line in text("crates/ctap/vectors/vectors.txt").splitlines())
vectors = {name: bytes.fromhex(value) for name, value in vectors.items() if re.fullmatch("[0-9a-f]*", value)}
attestations = json.loads(text("tests/vectors/attestations.json"))

# Replies: the shapes of every parser. A reply is a status and CBOR.
for name, value in vectors.items():
    if name.startswith("reply.") or name.startswith("cose."):
        keep("replies", name, value)
        if value[:1] == b"\0":
            keep("replies", name + " without status", value[1:])
    if name.startswith("request.") or ".request." in name:
        keep("tpm_request", name, value)

# Reports: a channel is given, then a reply of several reports, and keepalives before it.
NONCE, BROADCAST, CHANNEL = b"\7" * 8, b"\xff" * 4, b"\1\2\3\4"
init = reports(0x06, NONCE + CHANNEL + bytes([2, 5, 4, 3, 0x04]), BROADCAST)
info = vectors["reply.info.full"]
keep("channel", "info", init + reports(0x10, info, CHANNEL))
keep("channel", "keepalive before info", init + reports(0x3B, b"\2", CHANNEL) * 2 + reports(0x10, info, CHANNEL))
keep("channel", "error busy", init + reports(0x3F, b"\6", CHANNEL) + reports(0x10, b"\0", CHANNEL))
keep("channel", "foreign channel between", init + reports(0x10, info, b"\9\9\9\9")[:64] + reports(0x10, info, CHANNEL))

# Descriptors, as they stand in the tests of their parser.
source = text("crates/hidraw/src/descriptor_tests.rs")
for name, value in re.findall(r"const ([A-Z]+): &\[u8\] = &\[(.*?)\];", source, re.S):
    keep("descriptor", name, bytes(int(byte, 16) for byte in re.findall("0x([0-9A-Fa-f]{2})", value)))
specification = (CORPUS / "descriptor/specification").read_bytes()
keyboard = (CORPUS / "descriptor/keyboard").read_bytes()
keep("descriptor", "keyboard and key", keyboard + specification)

# Files, as this software writes them and people do.
for name, path in (("credentials", "credential_file_tests"), ("state", "state_tests")):
    keep("files", name, re.search(r'const TEXT: &str = r#"(.*?)"#;', text(f"crates/passkey-core/src/store/{path}.rs"), re.S)[1])
wrapped = {"id": "AQEB", "made": "2026-11-23T02:03:04Z", "salt": "A" * 43, "nonce": "A" * 16, "mark": "A" * 43}
keep("files", "keyring", 'version = 1\ncount = 1\n\n[[wrapped]]\n' + "".join(f'{key} = "{value}"\n' for key, value in wrapped.items())
     + f'stale = false\nciphertext = "{"A" * 107}"\n')
settings = text("config/passkey.toml")
keep("files", "settings", "\n".join(line for line in settings.splitlines() if line and not line.startswith("# ")))
keep("files", "settings of services", "[defaults]\ntimeout = 20\nwait_for_key = 5\n[service.sudo]\nunenrolled = \"ignore\"\n"
     "[attestation]\nrequire = \"trusted\"\nroots = \"/etc/passkey/roots\"\n")

# What other programs wrote.
for path in sorted((ROOT / "tests/vectors/foreign").iterdir()):
    keep("foreign", path.name, path.read_bytes())

# GDM's exchange.
for name, members in (
    ("pin", '"status":"Ok","passkey":{"pin":"1234","kerberos":false,"cryptoChallenge":""}'),
    ("password", '"status":"Ok","password":{"password":"correct horse"}'),
    ("escapes", r'"st\u0061tus":"O\u006b","passkey":{"pin":"\ud83d\ude00\"\\\/"}'),
    ("others", '"a":[1,-2.5e+3,true,false,null,"x",{},[],{"b":[{}]}],"status":"Ok","passkey":{"c":[[]],"pin":"7"},"d":{}'),
    ("error", '"status":"Error","passkey":{"pin":"1"}'),
):
    keep("gdm", name, '{"authSelection":{' + members + "}}")

# Recovery codes, on paper and in their file.
keep("recovery", "file", re.search(r'const TEXT: &str = r#"(.*?)"#;', text("crates/passkey-core/src/store/recovery/codes_tests.rs"), re.S)[1])
found = re.findall(r'\], "([0-9A-Z]{4}(?:-[0-9A-Z]{4}){4})"\)', text("crates/passkey-core/src/store/recovery/code_tests.rs"))
keep("recovery", "pin", "123456")
for number, code in enumerate(found):
    keep("recovery", f"code {number}", code)

# Attestation: replies that hold a statement, certificates and metadata, a few of each result.
seen = set()
for row in attestations["statements"]:
    format_ = row["format"].encode()
    if (row["format"], row["result"]) in seen or len(seen) > 9:
        continue
    seen.add((row["format"], row["result"]))
    data = b64(row["authenticator_data"])
    reply = b"\0" + head(5, 3) + b"\1" + head(3, len(format_)) + format_ + b"\2" + head(2, len(data)) + data + b"\3" + b64(row["statement"])
    keep("statement", row["name"], reply)
for row in attestations["paths"][:6]:
    chain = [b64(certificate) for certificate in row["chain"]]
    keep("certificate", row["name"], chain[0])
    pem = "".join("-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n"
                  for der in chain + [b64(root) for root in row["roots"]])
    keep("certificate", row["name"] + " pem", pem)
for row in attestations["blobs"][:4]:
    keep("metadata", row["name"], row["blob"])
    payload = row["blob"].split(".")[1:2]
    if payload:
        keep("metadata", row["name"] + " payload", base64.urlsafe_b64decode(payload[0] + "=" * (-len(payload[0]) % 4)))

# The module's arguments, one a line.
keep("arguments", "second factor", "mode=second-factor\ntimeout=20\nwait_for_key=5\nunenrolled=ignore\n")
keep("arguments", "passwordless", "mode=passwordless\nusernameless\nverification=required\npin_attempts=2\nquiet=false\n")
keep("arguments", "every other", "remote=allow\ncounter=deny\nrecovery=allow\nkeyring=off\nhost=gdm\ndebug\nconfig=/etc/passkey/other.toml\n")
keep("arguments", "unknown", "mode=both\n")

# Service files of real machines.
for name in ("alpine", "debian-12", "nixos", "void"):
    keep("pam_files", name, text("passkey-enroll/tests/stacks/" + name))
keep("pam_files", "flat", "==> etc/pam.d/flat <==\nauth required pam_env.so\nauth required \\\npam_unix.so\nauth [success=1 default=bad] pam_deny.so\n"
     "auth optional pam_permit.so\naccount required pam_unix.so\n")

# The journal, as this command writes it and as its first version did.
deadline = {"boot_id": "-", "boottime_ms": 5, "wall": "2026-11-23T02:03:04Z"}
entry = {"version": 2, "service": "sudo", "way": "second-factor", "switched": "2026-11-23T02:03:04Z", "profile": None,
         "files": [{"path": "/etc/pam.d/sudo", "existed": True, "mode": 0o644}]}
states = {
    "on trial": {"is": "on-trial", "until": deadline, "kept_by": {"sign-in": {"user": "alice", "accounts": [{"name": "alice", "uid": 1000, "gid": 1000}]}}},
    "kept": {"is": "kept", "since": "2026-11-23T02:03:04Z"},
    "undone": {"is": "undone", "at": "2026-11-23T02:03:04Z", "because": "not-confirmed", "how": "restored"},
    "undo failed": {"is": "undo-failed", "reason": "no room", "tries": 3, "because": "called-off", "again": deadline},
}
for name, state in states.items():
    keep("journal", name, json.dumps({**entry, "state": state}))
old = {"version": 1, "service": "sudo", "way": "passwordless", "switched": "2026-11-23T02:03:04Z"}
keep("journal", "first version", json.dumps({**old, "change": {"file": {"path": "/etc/pam.d/sudo", "existed": True, "mode": 0o644, "after": "x"}}}))
keep("journal", "first version of a profile", json.dumps({**old, "change": {"profile": {"name": "passkey"}}}))

# Sockets of services: a name, and packets.
keep("service", "reports", b"tpm.sock\0" + b"\x40" + reports(0x10, b"\4", CHANNEL) + b"\x40" + reports(0x3B, b"\2", CHANNEL))
keep("service", "other lengths", b"phone-2.sock\0" + b"\x40" + reports(0x10, b"\4", CHANNEL) + b"\x3f" + b"\1" * 63 + b"\x41" + b"\1" * 65 + b"\0")
keep("service", "no name of a service", b"Tpm.sock\0\x40" + reports(0x10, b"\4", CHANNEL))


# Whole sign-ins, by `fuzz/src/sign_in/scenario.rs`: a byte a choice, a text behind its length.
def several(items):
    return bytes([len(items)]) + b"".join(items)


def sized(data):
    return bytes([len(data)]) + data


def sign_in(name, user=0, service=0, patience=0, rhost=0, tty=0, arguments=(), answers=(), edits=(), devices=()):
    known = [bytes([argument]) if isinstance(argument, int) else b"\xff" + sized(argument) for argument in arguments]
    keep("sign_in", name, bytes([service, user, patience, rhost, tty]) + several(known) + several(answers) + several(edits)
         + several(devices))


def device(*kind, touch=0, edits=()):
    return bytes(kind) + bytes([touch]) + several(edits)


ALICE, BOB, CAROL, UNKNOWN, NOBODY = range(5)
SECOND_FACTOR, PASSWORDLESS, USERNAMELESS, REQUIRED = 0, 1, 2, 3
TIMEOUT_1, IGNORE, REMOTE, ONE_PIN, GDM_JSON, DEBUG = 6, 10, 12, 17, 21, 23
PIN, WRONG, EMPTY, NULL, FAILURE = (bytes([answer]) for answer in range(5))
alices, bobs, disabled, foreign = device(0, 0), device(0, 1), device(0, 2), device(3)
# Success: a touch, a PIN, the right one of two PINs, the right one of several devices.
sign_in("touch", user=BOB, arguments=[SECOND_FACTOR], devices=[bobs])
sign_in("pin", arguments=[PASSWORDLESS], answers=[PIN], devices=[alices])
sign_in("second pin", arguments=[REQUIRED], answers=[WRONG, PIN], devices=[alices])
sign_in("one of several", user=ALICE, arguments=[SECOND_FACTOR, DEBUG], devices=[foreign, device(4, 0), alices, disabled])
sign_in("two keys and a pin", arguments=[PASSWORDLESS], answers=[PIN], devices=[bobs, alices, foreign])
# Refused; services have no part in a sign-in without a name.
sign_in("usernameless", user=NOBODY, arguments=[PASSWORDLESS, USERNAMELESS, DEBUG], answers=[PIN], devices=[alices])
sign_in("wrong pin", arguments=[PASSWORDLESS, ONE_PIN], answers=[WRONG], devices=[alices])
sign_in("empty pin", arguments=[PASSWORDLESS], answers=[EMPTY], devices=[alices])
sign_in("null answer", arguments=[PASSWORDLESS], answers=[NULL], devices=[alices])
sign_in("failed conversation", arguments=[PASSWORDLESS], answers=[FAILURE], devices=[alices])
sign_in("another user's key", arguments=[SECOND_FACTOR], devices=[bobs])
sign_in("disabled", arguments=[SECOND_FACTOR], devices=[disabled])
sign_in("no device", arguments=[SECOND_FACTOR])
sign_in("no touch in time", user=BOB, patience=4, arguments=[SECOND_FACTOR, TIMEOUT_1], devices=[device(0, 1, touch=2)])
sign_in("unenrolled", user=CAROL, arguments=[IGNORE], devices=[alices])
sign_in("unknown user", user=UNKNOWN, devices=[alices])
sign_in("remote", rhost=3, devices=[alices])
sign_in("unknown argument", arguments=[b"cue"], devices=[alices])
sign_in("broken settings", edits=[b"\0" + b"\0\0\xff" + sized(b"timeout = [\n")], devices=[alices])
sign_in("enabled by hand", edits=[b"\1" + b"\0\0\0" + sized(b"# \n")], devices=[disabled])
sign_in("gdm", service=3, arguments=[PASSWORDLESS, GDM_JSON], answers=[b"\5" + sized(b"{}")], devices=[alices])
# Hostile: every impostor that has a name, devices that misbehave at each step, replies that are changed on their way.
for number in range(6):
    sign_in(f"impostor {number}", arguments=[PASSWORDLESS], answers=[PIN], devices=[device(4, number)])
for asked in (0, 1, 2, 3, 6, 7):
    sign_in(f"misbehaving at {asked}", arguments=[PASSWORDLESS], answers=[PIN], devices=[device(1, 0, asked, asked * 4 + 2), foreign])
for number in range(6):
    sign_in(f"corrupt {number}", user=BOB, devices=[device(2, 1, number)])
for number, how in enumerate((b"\0\4" + sized(b"\x90"), b"\1\x20\3", b"\2", b"\3", b"\4", b"\5\x3f")):
    sign_in(f"changed {number}", user=BOB, devices=[device(0, 1, edits=[bytes([2 + number % 3]) + how])])
info = min((value[1:] for name, value in vectors.items() if name.startswith("reply.info")), key=len)
sign_in("claims", arguments=[PASSWORDLESS], answers=[PIN],
        devices=[bytes([5]) + several([b"\1" + sized(info), b"\2" + sized(info)]) + b"\0\0"])
sign_in("raw", devices=[bytes([6]) + several([sized(init[:64]), sized(init[64:]), sized(b"\xff" * 64)]) + b"\0\0"])
