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
