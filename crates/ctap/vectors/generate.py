#!/usr/bin/env python3
"""Prints vectors.txt: CTAP2 messages and PIN/UV auth protocol values by an implementation that shares nothing with ours.

Needs the PyPI packages fido2 (2.x) and cryptography. Everything is derived from fixed inputs, so that the output never changes:
    python3 generate.py > vectors.txt
"""

import hashlib
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor
from fido2.cose import ES256, ES384, RS256, CoseKey, EdDSA
from fido2.ctap import CtapDevice
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from fido2.webauthn import AttestedCredentialData, AuthenticatorData


def seed(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def emit(name: str, value: bytes) -> None:
    print(name, value.hex())


class Recorder(CtapDevice):
    """A device that keeps requests and answers with what it was told to."""

    capabilities = 0x04

    def __init__(self):
        self.requests: list[bytes] = []
        self.reply: dict | None = {1: ["FIDO_2_1"], 3: bytes(16), 5: 7609}

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        self.requests.append(data)
        return b"\0" + (cbor.encode(self.reply) if self.reply is not None else b"")

    @classmethod
    def list_devices(cls):
        return iter(())


HASH = seed("client data")
ID_1, ID_2 = seed("credential 1"), seed("credential 2") * 2
AAGUID = bytes.fromhex("f8a011f38c0a4d15800617111f9edc7d")
RP_ID = "desk.example.org"
es256 = ec.derive_private_key(int.from_bytes(seed("es256")), ec.SECP256R1())
es384 = ec.derive_private_key(int.from_bytes(seed("es384")), ec.SECP384R1())
eddsa = ed25519.Ed25519PrivateKey.from_private_bytes(seed("eddsa"))
COSE = {
    "es256": ES256.from_cryptography_key(es256.public_key()),
    "es384": ES384.from_cryptography_key(es384.public_key()),
    "eddsa": EdDSA.from_cryptography_key(eddsa.public_key()),
    "rs256": RS256({1: 3, 3: -257, -1: b"\xc5" + seed("n") * 7 + seed("n")[:31], -2: b"\x01\x00\x01"}),
}


def descriptor(credential_id: bytes) -> dict:
    return {"type": "public-key", "id": credential_id}


# Requests
device = Recorder()
ctap = Ctap2(device)
emit("request.get_info", device.requests[-1])


def request(name: str, send, reply) -> None:
    device.reply = reply
    send()
    emit(f"request.{name}", device.requests[-1])


auth_data = AuthenticatorData.create(hashlib.sha256(RP_ID.encode()).digest(), 0x05, 0x01020304)
attested = AttestedCredentialData.create(AAGUID, ID_1, COSE["es256"])
auth_data_created = AuthenticatorData.create(
    hashlib.sha256(RP_ID.encode()).digest(), 0xC5, 7, bytes(attested), {"credProtect": 3, "hmac-secret": True}
)
made = {1: "none", 2: bytes(auth_data_created), 3: {}}
asserted = {1: descriptor(ID_1), 2: bytes(auth_data), 3: b"signature"}

request(
    "make_credential.plain",
    lambda: ctap.make_credential(HASH, {"id": RP_ID}, {"id": b"\x01"}, [{"type": "public-key", "alg": -7}]),
    made,
)
request(
    "make_credential.full",
    lambda: ctap.make_credential(
        HASH,
        {"id": RP_ID, "name": "desk"},
        {"id": seed("user"), "name": "alice", "displayName": "Alice Ünal"},
        [{"type": "public-key", "alg": alg} for alg in (-7, -8, -35, -257)],
        [descriptor(ID_1), descriptor(ID_2)],
        {"credProtect": 2},
        {"rk": True, "uv": True},
        seed("param"),
        2,
        1,
    ),
    made,
)
request("get_assertion.plain", lambda: ctap.get_assertion(RP_ID, HASH), asserted)
request(
    "get_assertion.silent",
    lambda: ctap.get_assertion(RP_ID, HASH, [descriptor(ID_1), descriptor(ID_2)], options={"up": False}),
    asserted,
)
request(
    "get_assertion.uv",
    lambda: ctap.get_assertion(RP_ID, HASH, [descriptor(ID_1)], options={"uv": True}),
    asserted,
)
request(
    "get_assertion.token",
    lambda: ctap.get_assertion(
        RP_ID, HASH, [descriptor(ID_1)], pin_uv_param=seed("param")[:16], pin_uv_protocol=1
    ),
    asserted,
)
request(
    "get_assertion.empty_param",
    lambda: ctap.get_assertion("selection", bytes(32), pin_uv_param=b"", pin_uv_protocol=1),
    asserted,
)
request("get_next_assertion", ctap.get_next_assertion, asserted)
request("selection", ctap.selection, None)
request("reset", ctap.reset, None)

# PIN/UV auth protocols
authenticator = ec.derive_private_key(int.from_bytes(seed("authenticator")), ec.SECP256R1())
platform = ec.derive_private_key(int.from_bytes(seed("platform")), ec.SECP256R1())
emit("agreement.platform_private", seed("platform"))
emit("agreement.iv", seed("iv")[:16])
numbers = authenticator.public_key().public_numbers()
peer = {1: 2, 3: -25, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
emit("agreement.authenticator_key", cbor.encode(peer))

real_derive = ec.derive_private_key
for protocol in (PinProtocolV1(), PinProtocolV2()):
    name = f"protocol{protocol.VERSION}"
    with (
        mock.patch("fido2.ctap2.pin.ec.generate_private_key", lambda *_: platform),
        mock.patch("fido2.ctap2.pin.os.urandom", lambda n: seed("iv")[:n]),
    ):
        key, secret = protocol.encapsulate(CoseKey.parse(peer))
        emit(f"{name}.platform_key", cbor.encode(key))
        pin = ClientPin(ctap, protocol)
        tokens = [seed("token")] if protocol.VERSION == 2 else [seed("token"), seed("token")[:16]]
        for token in tokens:
            emit(f"{name}.token{len(token)}.encrypted", protocol.encrypt(secret, token))
            emit(f"{name}.token{len(token)}.authenticate", protocol.authenticate(token, HASH))
        emit(f"{name}.authenticate", protocol.authenticate(secret, b"a message"))

        encrypted = protocol.encrypt(secret, tokens[0])
        reply = {1: peer, 2: encrypted}

        def pin_request(label, send, options=None):
            device.reply = reply
            info = dict(ctap.info.options)
            ctap.info.options.clear()
            ctap.info.options.update(options or {})
            send()
            ctap.info.options.clear()
            ctap.info.options.update(info)
            emit(f"{name}.request.{label}", device.requests[-1])

        pin_request("key_agreement", lambda: pin._get_shared_secret())
        pin_request("set_pin", lambda: pin.set_pin("1234"), {"clientPin": False})
        pin_request("set_pin_longest", lambda: pin.set_pin("ß" * 31 + "x"), {"clientPin": False})
        pin_request("change_pin", lambda: pin.change_pin("1234", "correct horse"), {"clientPin": True})
        pin_request("pin_token", lambda: pin.get_pin_token("1234"), {"clientPin": True})
        pin_request(
            "pin_token_with_permissions",
            lambda: pin.get_pin_token(
                "1234", ClientPin.PERMISSION.GET_ASSERTION | ClientPin.PERMISSION.MAKE_CREDENTIAL, RP_ID
            ),
            {"clientPin": True, "pinUvAuthToken": True},
        )
        pin_request(
            "uv_token",
            lambda: pin.get_uv_token(ClientPin.PERMISSION.GET_ASSERTION, RP_ID),
            {"uv": True, "pinUvAuthToken": True, "bioEnroll": True},
        )
        device.reply = {3: 8, 5: 3}
        pin.get_pin_retries()
        emit(f"{name}.request.pin_retries", device.requests[-1])
        pin.get_uv_retries()
        emit(f"{name}.request.uv_retries", device.requests[-1])


# Replies
def reply(name: str, value: dict) -> None:
    emit(f"reply.{name}", b"\0" + cbor.encode(value))


reply("info.smallest", {1: ["FIDO_2_0"], 3: AAGUID})
reply(
    "info.ctap20",
    {
        1: ["U2F_V2", "FIDO_2_0"],
        2: ["hmac-secret"],
        3: AAGUID,
        4: {"rk": True, "up": True, "plat": False, "clientPin": True},
        5: 1200,
        6: [1],
    },
)
reply(
    "info.full",
    {
        1: ["U2F_V2", "FIDO_2_0", "FIDO_2_1_PRE", "FIDO_2_1"],
        2: ["credProtect", "hmac-secret", "largeBlobKey", "credBlob", "minPinLength"],
        3: AAGUID,
        4: {
            "plat": False,
            "rk": True,
            "clientPin": True,
            "up": True,
            "uv": False,
            "pinUvAuthToken": True,
            "noMcGaPermissionsWithClientPin": True,
            "largeBlobs": True,
            "ep": False,
            "bioEnroll": False,
            "userVerificationMgmtPreview": False,
            "uvBioEnroll": True,
            "authnrCfg": True,
            "uvAcfg": True,
            "credMgmt": True,
            "credentialMgmtPreview": True,
            "setMinPINLength": True,
            "makeCredUvNotRqd": True,
            "alwaysUv": True,
            "perCredMgmtRO": True,
        },
        5: 1280,
        6: [2, 1, 3],
        7: 8,
        8: 128,
        9: ["nfc", "usb"],
        10: [descriptor_alg for descriptor_alg in ({"type": "public-key", "alg": alg} for alg in (-7, -8, -47, -35))],
        11: 4096,
        12: True,
        13: 6,
        14: 328966,
        15: 32,
        16: 1,
        17: 3,
        18: 2,
        19: {"FIDO": 1},
        20: 25,
        21: [],
        22: ["packed", "none"],
        24: False,
    },
)
statement = {"alg": -7, "sig": seed("sig") * 2, "x5c": [seed("certificate") * 20]}
reply("make_credential.packed", {1: "packed", 2: bytes(auth_data_created), 3: statement})
emit("reply.make_credential.packed.statement", cbor.encode(statement))
emit("reply.make_credential.packed.auth_data", bytes(auth_data_created))
reply("make_credential.enterprise", {1: "packed", 2: bytes(auth_data_created), 3: statement, 4: True, 5: seed("blob")})
reply("make_credential.no_statement", {1: "none", 2: bytes(auth_data_created)})
reply(
    "get_assertion.full",
    {
        1: descriptor(ID_2),
        2: bytes(auth_data),
        3: seed("sig") * 2,
        4: {"id": seed("user"), "name": "alice", "displayName": "Alice Ünal"},
        5: 2,
        6: True,
        7: seed("blob"),
    },
)
reply("get_assertion.anonymous", {2: bytes(auth_data), 3: seed("sig") * 2})
emit("reply.get_assertion.auth_data", bytes(auth_data))
reply("client_pin.key_agreement", {1: peer})
reply("client_pin.retries", {3: 5, 4: True})
reply("client_pin.uv_retries", {5: 2})
reply("client_pin.token", {2: seed("token") + seed("iv")[:16]})

for name, key in COSE.items():
    emit(f"cose.{name}", cbor.encode(dict(key)))
