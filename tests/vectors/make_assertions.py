#!/usr/bin/env python3
"""Writes assertions.json: WebAuthn assertions with the result that verification has to come to.

Everything is derived from fixed numbers, so that running this again gives the same file. Each row is also put to the
`fido2` library's server side, which has to agree with the result named here.
"""

import hashlib
import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData, CollectedClientData

RP_ID = "host.example"
CHALLENGE = hashlib.sha256(b"the challenge of the test vectors").digest()
CREDENTIAL_ID = hashlib.sha256(b"the credential of the test vectors").digest()
UP, UV, BE, BS, ED = 0x01, 0x04, 0x08, 0x10, 0x80

ORDER = {
    "es256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "es384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "eddsa": 2**252 + 27742317777372353535851937790883648493,
}


def es(curve, hash_algorithm, name):
    scalar = int.from_bytes(hashlib.sha512(name.encode()).digest(), "big") % (ORDER[name] - 1) + 1
    key = ec.derive_private_key(scalar, curve)
    return key, lambda m: key.sign(m, ec.ECDSA(hash_algorithm, deterministic_signing=True))


def eddsa():
    key = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"eddsa").digest())
    return key, key.sign


def rs256():
    # Two primes of 1024 bits, the first ones above numbers of digits of hashes.
    def prime(seed):
        digits = b"".join(hashlib.sha512(seed + bytes([i])).digest() for i in range(2))
        candidate = int.from_bytes(digits, "big") | (3 << 1022) | 1
        while not probably_prime(candidate) or (candidate - 1) % 65537 == 0:
            candidate += 2
        return candidate

    p, q = prime(b"p"), prime(b"q")
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    )
    key = numbers.private_key()
    return key, lambda m: key.sign(m, padding.PKCS1v15(), hashes.SHA256())


def probably_prime(n):
    if any(n % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


KEYS = {
    "es256": es(ec.SECP256R1(), hashes.SHA256(), "es256"),
    "es384": es(ec.SECP384R1(), hashes.SHA384(), "es384"),
    "eddsa": eddsa(),
    "rs256": rs256(),
}


def cose_algorithm(name):
    return {"es256": -7, "eddsa": -8, "es384": -35, "rs256": -257}[name]


def data(flags=UP | UV, sign_count=7, rp_id=RP_ID, extensions=None):
    extension_data = b"" if extensions is None else cbor.encode(extensions)
    flags |= 0 if extensions is None else ED
    return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + sign_count.to_bytes(4, "big") + extension_data


def client_data(challenge=CHALLENGE, origin=RP_ID, ceremony="webauthn.get"):
    return CollectedClientData.create(ceremony, challenge, origin)


ROWS = []


def row(name, algorithm, result, *, auth_data=None, signed=None, client=None, alter=lambda s: s, cose=None):
    """`signed` is what is signed where that is not the data handed over."""
    auth_data = data() if auth_data is None else auth_data
    client = client_data() if client is None else client
    key, sign = KEYS[algorithm]
    message = (auth_data if signed is None else signed) + hashlib.sha256(client).digest()
    cose = CoseKey.for_alg(cose_algorithm(algorithm)).from_cryptography_key(key.public_key()) if cose is None else cose
    signature = alter(sign(message))
    ROWS.append({
        "name": f"{algorithm}: {name}",
        "result": result,
        "public_key": websafe_encode(cbor.encode(dict(cose))),
        "authenticator_data": websafe_encode(auth_data),
        "signature": websafe_encode(signature),
    })
    agree(ROWS[-1], cose, auth_data, signature)


def agree(entry, cose, auth_data, signature):
    """Asks the library, with the client data that is expected."""
    server = Fido2Server({"id": RP_ID, "name": RP_ID}, verify_origin=lambda origin: origin == RP_ID)
    response = {
        "id": websafe_encode(CREDENTIAL_ID),
        "rawId": websafe_encode(CREDENTIAL_ID),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client_data()),
            "authenticatorData": websafe_encode(auth_data),
            "signature": websafe_encode(signature),
        },
        "clientExtensionResults": {},
    }
    try:
        credential = AttestedCredentialData.create(bytes(16), CREDENTIAL_ID, cose)
        server.authenticate_complete(
            {"challenge": websafe_encode(CHALLENGE), "user_verification": "discouraged"}, [credential], response
        )
        accepted = True
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a refusal
        accepted = False
        print(f"{entry['name']}: {type(error).__name__}: {error}", file=sys.stderr)
    # What one implementation may take and another refuse is marked where it is made.
    assert accepted == (entry["result"] == "verified") or entry["result"] in STRICTER, entry


# Shapes that we refuse and the library, or the one beneath it, may take.
STRICTER = {"unusable_public_key", "malformed_signature", "contradictory_backup_flags"}


def flip(index):
    def alter(signature):
        changed = bytearray(signature)
        changed[index] ^= 1
        return bytes(changed)

    return alter


def der_integer(value, zeros=0):
    body = bytes(zeros) + value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return bytes([2, len(body)]) + body


def der_sequence(*items):
    body = b"".join(items)
    return b"\x30" + (b"\x81" if len(body) > 127 else b"") + bytes([len(body)]) + body


def der(change):
    return lambda signature: der_sequence(*map(der_integer, change(*decode_dss_signature(signature))))


for algorithm in KEYS:
    row("presence and verification", algorithm, "verified")
    row("presence only", algorithm, "verified", auth_data=data(UP))
    row("no counter", algorithm, "verified", auth_data=data(sign_count=0))
    row("highest counter", algorithm, "verified", auth_data=data(sign_count=0xFFFFFFFF))
    row("backed up", algorithm, "verified", auth_data=data(UP | UV | BE | BS))
    row("eligible for backup", algorithm, "verified", auth_data=data(UP | UV | BE))
    row("backed up, not eligible", algorithm, "contradictory_backup_flags", auth_data=data(UP | UV | BS))
    row("extension output", algorithm, "verified", auth_data=data(extensions={"credBlob": b"blob", "uvm": [[2, 4, 2]]}))
    row("another RP ID", algorithm, "wrong_rp_id", auth_data=data(rp_id="evil.example"))
    row("flag set after signing", algorithm, "bad_signature", auth_data=data(UP | UV), signed=data(UP))
    row("counter changed after signing", algorithm, "bad_signature", auth_data=data(sign_count=8), signed=data())
    row("extensions taken out after signing", algorithm, "bad_signature", signed=data(extensions={"credBlob": b""}))
    row("another challenge", algorithm, "bad_signature", client=client_data(challenge=bytes(32)))
    row("another origin", algorithm, "bad_signature", client=client_data(origin="evil.example"))
    row("another ceremony", algorithm, "bad_signature", client=client_data(ceremony="webauthn.create"))
    row("last bit flipped", algorithm, "bad_signature", alter=flip(-1))
    row("empty signature", algorithm, "malformed_signature", alter=lambda s: b"")
    row("signature cut short", algorithm, "malformed_signature", alter=lambda s: s[:-1])
    row("signature with a byte after it", algorithm, "malformed_signature", alter=lambda s: s + b"\0")

for algorithm in ("es256", "es384"):
    order = ORDER[algorithm]
    # Both forms of s are valid ECDSA, and authenticators do not choose.
    row("the other s", algorithm, "verified", alter=der(lambda r, s: (r, order - s)))
    row("r of zero", algorithm, "malformed_signature", alter=der(lambda r, s: (0, s)))
    row("s of zero", algorithm, "malformed_signature", alter=der(lambda r, s: (r, 0)))
    row("r and s of zero", algorithm, "malformed_signature", alter=der(lambda r, s: (0, 0)))
    row("s beyond the order", algorithm, "malformed_signature", alter=der(lambda r, s: (r, s + order)))
    row("r beyond the order", algorithm, "malformed_signature", alter=der(lambda r, s: (r + order, s)))
    row("r of the order", algorithm, "malformed_signature", alter=der(lambda r, s: (order, s)))
    row("negative s", algorithm, "malformed_signature", alter=der(lambda r, s: (r, -s)))
    row("r and s exchanged", algorithm, "bad_signature", alter=der(lambda r, s: (s, r)))
    row("r and s of one", algorithm, "bad_signature", alter=der(lambda r, s: (1, 1)))
    size = (order.bit_length() + 7) // 8

    def raw(signature, size=size):
        r, s = decode_dss_signature(signature)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    row("no DER: r and s side by side", algorithm, "malformed_signature", alter=raw)
    row("length in the long form (BER)", algorithm, "malformed_signature", alter=lambda s: s[:1] + b"\x81" + s[1:])
    row("indefinite length (BER)", algorithm, "malformed_signature", alter=lambda s: s[:1] + b"\x80" + s[2:] + b"\0\0")
    row("a set for a sequence", algorithm, "malformed_signature", alter=lambda s: b"\x31" + s[1:])

    def padded(signature):
        r, s = decode_dss_signature(signature)
        return der_sequence(der_integer(r, zeros=1), der_integer(s))

    row("r with a needless zero before it", algorithm, "malformed_signature", alter=padded)

    def off_curve(algorithm=algorithm):
        cose = CoseKey.for_alg(cose_algorithm(algorithm)).from_cryptography_key(KEYS[algorithm][0].public_key())
        y = bytearray(cose[-3])
        y[-1] ^= 1
        return CoseKey.parse({**cose, -3: bytes(y)})

    row("a key that is no point of the curve", algorithm, "unusable_public_key", cose=off_curve())

row("s beyond the order", "eddsa", "bad_signature",
    alter=lambda s: s[:32] + (int.from_bytes(s[32:], "little") + ORDER["eddsa"]).to_bytes(32, "little"))
row("all zero", "eddsa", "bad_signature", alter=lambda s: bytes(64))
row("r and s exchanged", "eddsa", "bad_signature", alter=lambda s: s[32:] + s[:32])
row("half a signature", "eddsa", "malformed_signature", alter=lambda s: s[:32])

# The eight points whose order divides eight, and the ways of writing some of them that RFC 8032 forbids. With such a
# key one signature fits every message, or every eighth.
P = 2**255 - 19
SMALL_ORDER = {
    "order 1": 1,
    "order 2": P - 1,
    "order 4": 0,
    "order 4, negative": 1 << 255,
}


def order_eight():
    """Ordinates of the points of order eight: y⁴·d + 2·y² − 1 = 0 on −x² + y² = 1 + d·x²·y²."""
    d = -121665 * pow(121666, -1, P) % P
    root = square_root((1 + d) % P)
    found = []
    for sign in (1, -1):
        square = (-1 + sign * root) * pow(d, -1, P) % P
        y = square_root(square)
        if y is not None:
            found += [y, P - y]
    return found


def square_root(a):
    x = pow(a, (P + 3) // 8, P)
    if (x * x - a) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if (x * x - a) % P == 0 else None


for number, y in enumerate(order_eight()):
    SMALL_ORDER[f"order 8, {number}"] = y
    SMALL_ORDER[f"order 8, {number}, negative"] = y | 1 << 255
SMALL_ORDER["order 1, not reduced"] = 1 + P
SMALL_ORDER["order 4, not reduced"] = P
SMALL_ORDER["order 1, with the sign that zero has not"] = 1 | 1 << 255
assert len(SMALL_ORDER) == 11

for name, y in SMALL_ORDER.items():
    encoded = y.to_bytes(32, "little")
    cose = CoseKey({1: 1, 3: -8, -1: 6, -2: encoded})
    identity = (1).to_bytes(32, "little")
    row(f"a key of {name}", "eddsa", "unusable_public_key",
        cose=CoseKey.parse(dict(cose)), alter=lambda s: identity + bytes(32))

row("a small r", "eddsa", "bad_signature", alter=lambda s: (1).to_bytes(32, "little") + s[32:])

json.dump(
    {
        "rp_id": RP_ID,
        "challenge": websafe_encode(CHALLENGE),
        "credential_id": websafe_encode(CREDENTIAL_ID),
        "client_data_json": client_data().decode(),
        "assertions": ROWS,
    },
    sys.stdout,
    indent=1,
)
print()
