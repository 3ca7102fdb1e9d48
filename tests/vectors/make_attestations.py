#!/usr/bin/env python3
"""Writes attestations.json: attestation statements, chains of certificates and signed metadata, each with the result that
verification has to come to.

Everything is derived from fixed numbers, so that running this again gives the same file. Statements and metadata are also put
to the libraries `fido2` and `jwt`, and chains to `openssl verify`; they have to agree with the result named here, unless the row
says that they do not.
"""

import base64
import datetime
import hashlib
import json
import subprocess
import sys
import tempfile

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID, ObjectIdentifier
from fido2 import cbor
from fido2.attestation import Attestation
from fido2.cose import CoseKey
from fido2.attestation.base import verify_x509_chain
from fido2.mds3 import MetadataBlobPayload
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticatorData

NOW = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.timezone.utc)
FOREVER = (datetime.datetime(2020, 1, 1), datetime.datetime(2120, 1, 1))
PAST = (datetime.datetime(2020, 1, 1), datetime.datetime(2026, 11, 25, 11, 59, 59))
FUTURE = (datetime.datetime(2026, 11, 25, 12, 0, 1), datetime.datetime(2120, 1, 1))

FIDO_AAGUID = ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
FIDO_SERIAL = ObjectIdentifier("1.3.6.1.4.1.45724.1.1.2")
AAGUID = bytes.fromhex("2fc0579f811347eab116bb5a8db9202a")
OTHER_AAGUID = bytes.fromhex("00112233445566778899aabbccddeeff")
ALG = {"es256": -7, "eddsa": -8, "es384": -35, "rs256": -257}

b64 = lambda data: base64.b64encode(data).decode()
sha256 = lambda data: hashlib.sha256(data).digest()


# Keys

def scalar(label):
    return int.from_bytes(sha256(label.encode()), "big")


def es256(label):
    return ec.derive_private_key(scalar(label), ec.SECP256R1())


def es384(label):
    return ec.derive_private_key(scalar(label), ec.SECP384R1())


def ed25519_key(label):
    return ed25519.Ed25519PrivateKey.from_private_bytes(sha256(label.encode()))


def rsa_key(p=1279, q=2203):
    """Of two Mersenne primes 2^n - 1, as in the test vectors of WebAuthn: 3482 bits unless told otherwise."""
    p, q, e = 2**p - 1, 2**q - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q)
    ).private_key(unsafe_skip_rsa_key_validation=True)


def sign(key, message, hash_algorithm=None):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hash_algorithm or hashes.SHA256())
    if hash_algorithm is None:
        hash_algorithm = hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()
    return key.sign(message, ec.ECDSA(hash_algorithm, deterministic_signing=True))


def cose(algorithm, key):
    return cbor.encode(dict(CoseKey.for_alg(ALG[algorithm]).from_cryptography_key(key.public_key())))


# Certificates

def subject(common="Test attestation", unit="Authenticator Attestation", organization="Test makers", country="ZZ"):
    parts = [
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common),
    ]
    return x509.Name([x509.NameAttribute(kind, text, _validate=False) for kind, text in parts if text is not None])


def authority(common):
    return subject(common, "Authenticator Attestation CA")


def usage(sign_certificates):
    return x509.KeyUsage(not sign_certificates, False, False, False, False, sign_certificates, False, False, False)


def octets(value):
    return bytes([4, len(value)]) + value


class Issued:
    """A certificate with its key."""

    def __init__(self, name, key, issuer=None, ca=False, path=None, *, constraints=True, key_usage=None, validity=FOREVER,
                 hash_algorithm=None, extensions=(), serial=7, named_issuer=None):
        signer = issuer.key if issuer else key
        if isinstance(signer, ed25519.Ed25519PrivateKey):
            hash_algorithm = None
        elif hash_algorithm is None:
            hash_algorithm = hashes.SHA256()
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(named_issuer or (issuer.name if issuer else name))
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(validity[0])
            .not_valid_after(validity[1])
        )
        if constraints:
            builder = builder.add_extension(x509.BasicConstraints(ca, path), critical=True)
        if key_usage is not None:
            builder = builder.add_extension(key_usage, critical=True)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        deterministic = {"ecdsa_deterministic": True} if isinstance(signer, ec.EllipticCurvePrivateKey) else {}
        self.name, self.key = name, key
        self.der = builder.sign(signer, hash_algorithm, **deterministic).public_bytes(serialization.Encoding.DER)

    def altered(self, der):
        """The same with other bytes."""
        other = object.__new__(Issued)
        other.name, other.key, other.der = self.name, self.key, der
        return other


def tlv(tag, *parts):
    value = b"".join(parts)
    length = len(value).to_bytes(2, "big")
    head = length[1:] if len(value) < 0x80 else b"\x81" + length[1:] if len(value) < 0x100 else b"\x82" + length
    return bytes([tag]) + head + value


def children(der):
    """The elements of a constructed value."""
    def split(data):
        length, head = data[1], 2
        if length & 0x80:
            head = 2 + (length & 0x7F)
            length = int.from_bytes(data[2:head], "big")
        return data[:head + length], data[head:head + length], data[head + length:]

    _, rest, _ = split(der)
    found = []
    while rest:
        element, _, rest = split(rest)
        found.append(element)
    return found


def signed_anew(issued, signer, change):
    """The certificate with the elements of its signed part changed, signed again by an ES256 key."""
    signed, algorithm, _ = children(issued.der)
    signed = tlv(0x30, *change(children(signed)))
    return issued.altered(tlv(0x30, signed, algorithm, tlv(0x03, b"\0", sign(signer, signed))))


def version_1(elements):
    return [element for element in elements if element[0] not in (0xA0, 0xA3)]


def repeat_extension(elements):
    extensions = children(children(elements[-1])[0])
    return elements[:-1] + [tlv(0xA3, tlv(0x30, *extensions, extensions[0]))]


def aaguid_extension(value=octets(AAGUID), critical=False):
    return x509.UnrecognizedExtension(FIDO_AAGUID, value), critical


ROOT = Issued(authority("Root"), es256("root"), ca=True)


def attestation(key=None, **options):
    name = options.pop("name", subject())
    return Issued(name, key or es256("attestation"), options.pop("issuer", ROOT), **options)


# Statements

STATEMENTS = []
RP_ID_HASH = sha256(b"host.example")
CLIENT_DATA_HASH = sha256(b"client data of the test vectors")
CREDENTIAL_ID = sha256(b"credential of the test vectors")
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40

# Results with which the library has to agree, and those of rows on which it may be less strict.
ACCEPTED = {"none", "self", "certified"}
REFUSED_BY_ALL = {"bad_signature", "other_model"}


def auth_data(public_key, aaguid=AAGUID, credential_id=CREDENTIAL_ID, flags=UP | AT, rp_id_hash=RP_ID_HASH):
    return (rp_id_hash + bytes([flags]) + bytes(4) + aaguid + len(credential_id).to_bytes(2, "big") + credential_id
            + public_key)


def statement_row(name, result, fmt, statement, data, client_data_hash=CLIENT_DATA_HASH, aaguid=None):
    row = {
        "name": f"{fmt}: {name}",
        "result": result,
        "format": fmt,
        "statement": b64(cbor.encode(statement)),
        "authenticator_data": b64(data),
        "client_data_hash": b64(client_data_hash),
    }
    if result == "certified":
        row["aaguid"] = (AAGUID if aaguid is None else aaguid).hex()
    STATEMENTS.append(row)
    try:
        Attestation.for_type(fmt)().verify(statement, AuthenticatorData(data), client_data_hash)
        accepted = True
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a refusal
        accepted = False
        print(f"{row['name']}: {type(error).__name__}: {error}", file=sys.stderr)
    assert not (result in ACCEPTED and not accepted), row
    assert not (result in REFUSED_BY_ALL and accepted), row


def flipped(signature):
    return signature[:-1] + bytes([signature[-1] ^ 1])


def packed_row(name, result, certificates=None, *, algorithm="es256", key=None, public_key=None, alter=lambda s: s, said=None,
               signed=None, data=None, client_data_hash=CLIENT_DATA_HASH, x5c=None):
    """With an attestation key where there are certificates, else by the credential itself."""
    credential = {"es256": es256, "es384": es384, "eddsa": ed25519_key}.get(algorithm, lambda _: rsa_key())("credential")
    if data is None:
        data = auth_data(public_key or cose(algorithm if certificates is None and x5c is None else "es256",
                                            credential if certificates is None and x5c is None else es256("credential")))
    signer = certificates[0].key if certificates else key or credential
    statement = {"alg": ALG[algorithm] if said is None else said,
                 "sig": alter(sign(signer, (data if signed is None else signed) + CLIENT_DATA_HASH))}
    if certificates is not None:
        statement["x5c"] = [certificate.der for certificate in certificates]
    if x5c is not None:
        statement["x5c"] = x5c
    statement_row(name, result, "packed", statement, data, client_data_hash)


for algorithm in ALG:
    packed_row(f"by the credential itself, {algorithm}", "self", algorithm=algorithm)
    packed_row(f"by the credential itself, {algorithm}, last bit flipped", "bad_signature", algorithm=algorithm, alter=flipped)
for algorithm, key in {"es256": es256("attestation"), "es384": es384("attestation"), "eddsa": ed25519_key("attestation"),
                       "rs256": rsa_key()}.items():
    packed_row(f"by a certificate, {algorithm}", "certified", [attestation(key)], algorithm=algorithm)
    packed_row(f"by a certificate, {algorithm}, last bit flipped", "bad_signature", [attestation(key)], algorithm=algorithm,
               alter=flipped)
packed_row("by the credential itself, the algorithm of another key", "wrong_algorithm", said=ALG["es384"])
packed_row("by the credential itself, no algorithm of anybody", "wrong_algorithm", said=-65535)
packed_row("by another key than the credential", "bad_signature", key=es256("somebody"))
packed_row("for another client", "bad_signature", [attestation()], client_data_hash=sha256(b"other"))
packed_row("changed after signing", "bad_signature", [attestation()],
           signed=auth_data(cose("es256", es256("credential")), flags=AT))
packed_row("the algorithm of another key", "wrong_algorithm", [attestation()], said=ALG["es384"])
packed_row("a certificate with the AAGUID", "certified", [attestation(extensions=[aaguid_extension()])])
packed_row("a certificate with a serial number", "certified", [attestation(extensions=[
    aaguid_extension(), (x509.UnrecognizedExtension(FIDO_SERIAL, octets(b"\0\1\2")), False)])])
packed_row("a certificate and its issuer", "certified", [attestation(), ROOT])
packed_row("no certificate", "malformed", [], key=es256("attestation"))
packed_row("a certificate for another AAGUID", "other_model", [attestation(extensions=[aaguid_extension(octets(OTHER_AAGUID))])])
packed_row("a certificate with a critical AAGUID", "requirement", [attestation(extensions=[aaguid_extension(critical=True)])])
packed_row("an AAGUID in one octet string only", "certificate", [attestation(extensions=[aaguid_extension(AAGUID)])])
packed_row("an AAGUID too short", "certificate", [attestation(extensions=[aaguid_extension(octets(AAGUID[:15]))])])
for part in ("country", "organization", "unit", "common"):
    packed_row(f"a certificate without {part}", "requirement", [attestation(name=subject(**{part: None}))])
packed_row("a certificate with a country of three letters", "requirement", [attestation(name=subject(country="ZZZ"))])
packed_row("a certificate of another unit", "requirement", [attestation(name=subject(unit="Authenticator attestation"))])
packed_row("a certificate of an authority", "requirement", [attestation(ca=True)])
packed_row("a certificate that does not say whether it is an authority", "requirement", [attestation(constraints=False)])
packed_row("a certificate of version 1", "requirement", [signed_anew(attestation(), ROOT.key, version_1)])
packed_row("a certificate with an extension twice", "certificate",
           [signed_anew(attestation(), ROOT.key, repeat_extension)])
packed_row("no DER", "certificate", key=es256("attestation"), x5c=[b"certificate"])
packed_row("a certificate with a byte after it", "certificate", key=es256("attestation"), x5c=[attestation().der + b"\0"])
packed_row("a certificate cut short", "certificate", key=es256("attestation"), x5c=[attestation().der[:-1]])
packed_row("a certificate with nonsense above it", "certificate", key=es256("attestation"), x5c=[attestation().der, b""])
packed_row("a certificate on a curve that is not supported", "unknown_key",
           [attestation(ec.derive_private_key(scalar("k1"), ec.SECP256K1()))])
packed_row("a certificate with a short RSA key", "unknown_key", [attestation(rsa_key(521, 607))], algorithm="rs256")


def u2f_row(name, result, *, certificates=None, credential=None, alter=lambda s: s, aaguid=bytes(16), signed_id=CREDENTIAL_ID):
    certificates = [attestation()] if certificates is None else certificates
    public_key = credential or cose("es256", es256("credential"))
    data = auth_data(public_key, aaguid)
    key = cbor.decode(public_key)
    point = b"\x04" + key[-2] + key.get(-3, b"")
    signature = sign(certificates[0].key, b"\0" + RP_ID_HASH + CLIENT_DATA_HASH + signed_id + point, hashes.SHA256())
    statement = {"sig": alter(signature), "x5c": [certificate.der for certificate in certificates]}
    statement_row(name, result, "fido-u2f", statement, data, aaguid=bytes(16))


u2f_row("a key of U2F", "certified")
u2f_row("a model that nobody has signed", "certified", aaguid=AAGUID)
u2f_row("a certificate that says little of itself", "certified",
        certificates=[attestation(name=subject("U2F key", None, None, None), constraints=False)])
u2f_row("last bit flipped", "bad_signature", alter=flipped)
u2f_row("another credential", "bad_signature", signed_id=sha256(b"other"))
u2f_row("two certificates", "malformed", certificates=[attestation(), ROOT])
u2f_row("a certificate on another curve", "unknown_key", certificates=[attestation(es384("attestation"))])
u2f_row("a credential of another kind", "wrong_algorithm", credential=cose("eddsa", ed25519_key("credential")))

PLAIN = auth_data(cose("es256", es256("credential")))
statement_row("nothing", "none", "none", {}, PLAIN)
statement_row("something", "malformed", "none", {"sig": b""}, PLAIN)
statement_row("a format of other devices", "unknown", "tpm", {"ver": "2.0"}, PLAIN)


# The examples of WebAuthn Level 3, section 16, by the rule that stands there: numbers from HKDF over their name, deterministic
# signatures.

class Drawn:
    def __init__(self, info):
        self.info, self.count = info, 0

    def take(self, length):
        salt = bytes([self.count])
        self.count += 1
        return HKDF(hashes.SHA256(), length, salt, self.info.encode()).derive(b"WebAuthn test vectors")

    def key(self, curve=ec.SECP256R1(), length=32):
        return ec.derive_private_key(int.from_bytes(self.take(length), "big"), curve)


def specification_name(unit):
    parts = [(NameOID.COMMON_NAME, "WebAuthn test vectors"), (NameOID.ORGANIZATION_NAME, "W3C"),
             (NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.COUNTRY_NAME, "AA")]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def specification_certificate(drawn, unit, key, issuer=None):
    identifier = x509.SubjectKeyIdentifier.from_public_key
    extensions = [(x509.KeyUsage(bool(issuer), *[False] * 4, not issuer, not issuer, False, False), True),
                  (identifier(key.public_key()), False)]
    if issuer:
        above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier(issuer.key.public_key()))
        extensions.append((above, False))
    serial = int.from_bytes(drawn.take(16), "big")
    validity = (datetime.datetime(2024, 1, 1), datetime.datetime(3024, 1, 1))
    return Issued(specification_name(unit), key, issuer, ca=not issuer, extensions=extensions, serial=serial, validity=validity)


def specification_root():
    drawn = Drawn("Attestation CA")
    return specification_certificate(drawn, "Authenticator Attestation CA", drawn.key())


SPECIFICATION_ROOT = specification_root()


def specification_row(info, algorithm, fmt, result):
    drawn = Drawn(info)
    challenge = drawn.take(32)
    if algorithm == "rs256":
        key = rsa_key()
    elif algorithm == "eddsa":
        key = ed25519.Ed25519PrivateKey.from_private_bytes(drawn.take(32))
    else:
        key = drawn.key(ec.SECP384R1(), 48) if algorithm == "es384" else drawn.key()
    client_data = {"type": "webauthn.create", "challenge": websafe_encode(challenge), "origin": "https://example.org",
                   "crossOrigin": False}
    if drawn.take(1)[0] & 1:
        client_data["extraData"] = ("clientDataJSON may be extended with additional fields in the future, such as this: "
                                    + websafe_encode(drawn.take(16)))
    client_data_hash = sha256(json.dumps(client_data, separators=(",", ":")).encode())
    aaguid, credential_id = drawn.take(16), drawn.take(32)
    flags = UP | AT
    if fmt != "fido-u2f":
        random = drawn.take(1)[0] & (UV | BE | BS)
        flags |= random if random & BE else random & ~BS
    data = auth_data(cose(algorithm, key), aaguid, credential_id, flags, sha256(b"example.org"))
    statement, signer = {}, key
    if result == "certified":
        signer = drawn.key()
        certificate = specification_certificate(drawn, "Authenticator Attestation", signer, SPECIFICATION_ROOT)
        statement["x5c"] = [certificate.der]
        SPECIFIED.append(certificate)
    if fmt == "packed":
        statement |= {"alg": ALG["es256"], "sig": sign(signer, data + client_data_hash)}
    if fmt == "fido-u2f":
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        signed = b"\0" + sha256(b"example.org") + client_data_hash + credential_id + point
        statement |= {"sig": sign(signer, signed)}
        aaguid = bytes(16)
    statement_row(f"WebAuthn Level 3, {info}", result, fmt, statement, data, client_data_hash, aaguid)


SPECIFIED = []
specification_row("none.ES256", "es256", "none", "none")
specification_row("packed-self.ES256", "es256", "packed", "self")
specification_row("packed.ES256", "es256", "packed", "certified")
specification_row("packed.ES384", "es384", "packed", "certified")
specification_row("packed.RS256", "rs256", "packed", "certified")
specification_row("packed.EdDSA", "eddsa", "packed", "certified")
specification_row("fido-u2f.ES256", "es256", "fido-u2f", "certified")


# Chains

PATHS = []


def pem(certificates):
    return "".join(
        f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(issued.der).decode()}-----END CERTIFICATE-----\n"
        for issued in certificates
    )


def openssl_accepts(chain, roots):
    with tempfile.TemporaryDirectory() as folder:
        for name, certificates in (("leaf", chain[:1]), ("above", chain[1:]), ("roots", roots)):
            with open(f"{folder}/{name}", "w") as file:
                file.write(pem(certificates))
        above = ["-untrusted", f"{folder}/above"] if chain[1:] else []
        if not roots:
            return False
        command = ["openssl", "verify", "-partial_chain", "-attime", str(int(NOW.timestamp())), "-no-CApath", "-no-CAstore",
                   "-CAfile", f"{folder}/roots", *above, f"{folder}/leaf"]
        verified = subprocess.run(command, capture_output=True, check=False, text=True)
        print(verified.stderr.strip(), file=sys.stderr)
        return verified.returncode == 0


def path_row(name, result, chain, roots=(ROOT,), *, openssl=None):
    """`result` is the number of the root, or a word for the refusal; `openssl` what it says where it says otherwise."""
    PATHS.append({
        "name": name,
        "result": result,
        "chain": [b64(issued.der) for issued in chain],
        "roots": [b64(issued.der) for issued in roots],
    })
    if chain:
        accepted = openssl_accepts(chain, list(roots))
        assert accepted == (isinstance(result, int) if openssl is None else openssl), (name, accepted)


def middle(label="Middle", issuer=ROOT, **options):
    return Issued(authority(label), options.pop("key", es256(label)), issuer, ca=options.pop("ca", True), **options)


MIDDLE = middle()
LEAF, BELOW = attestation(), attestation(issuer=MIDDLE)
OTHER_ROOT = Issued(authority("Root"), es256("another root of the same name"), ca=True)
RSA_ROOT = Issued(authority("RSA root"), rsa_key(), ca=True, hash_algorithm=hashes.SHA512())
path_row("one below the root", 0, [LEAF])
path_row("the root is in the chain", 0, [LEAF, ROOT])
path_row("two below the root", 0, [BELOW, MIDDLE])
path_row("another root of the same name before it", 1, [LEAF], [OTHER_ROOT, ROOT], openssl=False)
path_row("another root of the same name alone", "signature", [LEAF], [OTHER_ROOT])
path_row("no root at all", "no_root", [LEAF], [])
path_row("nothing at all", "no_root", [])
path_row("a root that has nothing to do with it", "no_root", [LEAF], [RSA_ROOT])
path_row("an issuer that is missing", "no_root", [BELOW])
path_row("trusted by itself", 0, [LEAF], [LEAF])
path_row("trusted from the middle", 0, [BELOW, MIDDLE], [MIDDLE])
path_row("trusted from the middle, which is missing", 0, [BELOW], [MIDDLE])
path_row("the wrong way round", "wrong_issuer", [BELOW, ROOT, MIDDLE], openssl=True)
path_row("something between that does not belong there", "wrong_issuer", [LEAF, MIDDLE], [OTHER_ROOT])
path_row("a certificate below one that is trusted and no authority", "no_authority", [attestation(issuer=LEAF)], [LEAF])
path_row("an attestation certificate issues another", "no_authority", [attestation(issuer=LEAF), LEAF])
path_row("an issuer that does not say that it is an authority", "no_authority",
         [attestation(issuer=middle("Mute", constraints=False)), middle("Mute", constraints=False)])
path_row("an issuer that may not sign certificates", "no_authority",
         [attestation(issuer=middle("Wrong use", key_usage=usage(False))), middle("Wrong use", key_usage=usage(False))])
path_row("an issuer that may", 0,
         [attestation(issuer=middle("Right use", key_usage=usage(True))), middle("Right use", key_usage=usage(True))])
OLD_MIDDLE = signed_anew(middle("Version 1"), ROOT.key, version_1)
path_row("an issuer of version 1", "no_authority", [attestation(issuer=OLD_MIDDLE), OLD_MIDDLE])
OLD_ROOT = Issued(authority("Old root"), es256("old root"))
OLD_ROOT = signed_anew(OLD_ROOT, OLD_ROOT.key, version_1)
path_row("a root of version 1", "no_authority", [attestation(issuer=OLD_ROOT)], [OLD_ROOT], openssl=True)

SHORT_ROOT = Issued(authority("Short root"), es256("short root"), ca=True, path=0)
path_row("no authority allowed between, and none there", 0, [attestation(issuer=SHORT_ROOT)], [SHORT_ROOT])
TOO_LOW = middle("Too low", SHORT_ROOT)
path_row("no authority allowed between", "too_deep", [attestation(issuer=TOO_LOW), TOO_LOW], [SHORT_ROOT])
FIRST = middle("First", path=0)
SECOND = middle("Second", FIRST)
path_row("no authority allowed below one in the middle", "too_deep", [attestation(issuer=SECOND), SECOND, FIRST])
ITSELF = middle("First", FIRST, key=es256("First, newer"), path=0)
path_row("a new key of the same authority does not count", 0, [attestation(issuer=ITSELF), ITSELF, FIRST], openssl=False)

chain = [ROOT]
for number in range(6):
    chain.insert(0, middle(f"Number {number}", chain[0]))
path_row("six in the chain", 0, [attestation(issuer=chain[1]), *chain[1:-1]])
path_row("seven in the chain", "too_long", [attestation(issuer=chain[0]), *chain[:-1]], openssl=True)

for word, validity in (("expired", PAST), ("not_yet_valid", FUTURE)):
    late_middle = middle(f"Middle {word}", validity=validity)
    late_root = Issued(authority(f"Root {word}"), es256("late"), ca=True, validity=validity)
    path_row(f"{word}: the certificate", word, [attestation(validity=validity)])
    path_row(f"{word}: the one in the middle", word, [attestation(issuer=late_middle), late_middle])
    path_row(f"{word}: the root", word, [attestation(issuer=late_root)], [late_root])
LAST_SECOND = (FOREVER[0], NOW.replace(tzinfo=None))
path_row("valid for this second yet", 0, [attestation(validity=LAST_SECOND)], openssl=False)
ENDLESS = (FOREVER[0], datetime.datetime(9999, 12, 31, 23, 59, 59))
path_row("valid for ever", 0, [attestation(validity=ENDLESS)])

CRITICAL = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.45724.99"), b"\x05\0")
path_row("an unknown extension", 0, [attestation(extensions=[(CRITICAL, False)])])
path_row("an unknown extension that is critical", "critical_extension", [attestation(extensions=[(CRITICAL, True)])])
STRANGE_MIDDLE = middle("Strange", extensions=[(CRITICAL, True)])
path_row("an unknown critical extension in the middle", "critical_extension",
         [attestation(issuer=STRANGE_MIDDLE), STRANGE_MIDDLE])
NARROW = x509.NameConstraints([x509.DirectoryName(subject("Nobody"))], None)
NARROW_MIDDLE = middle("Narrow", extensions=[(NARROW, True)])
path_row("names that are restricted", "critical_extension", [attestation(issuer=NARROW_MIDDLE), NARROW_MIDDLE])

FORGED = LEAF.altered(flipped(LEAF.der))
path_row("a forged signature", "signature", [FORGED])
FORGED_MIDDLE = MIDDLE.altered(flipped(MIDDLE.der))
path_row("a forged signature in the middle", "signature", [BELOW, FORGED_MIDDLE])
path_row("issued by somebody who borrowed the name", "signature",
         [attestation(issuer=OTHER_ROOT, named_issuer=ROOT.name)])

for name, key, algorithms in (
    ("P-256", es256("ca"), (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())),
    ("P-384", es384("ca"), (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())),
    ("RSA", rsa_key(), (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())),
    ("Ed25519", ed25519_key("ca"), (None,)),
):
    root = Issued(authority(name), key, ca=True)
    for algorithm in algorithms:
        label = f"{name} with {algorithm.name if algorithm else 'its own hash'}"
        path_row(label, 0, [attestation(issuer=root, hash_algorithm=algorithm)], [root])
        path_row(f"{label}, forged", "signature",
                 [(lambda issued: issued.altered(flipped(issued.der)))(attestation(issuer=root, hash_algorithm=algorithm))],
                 [root])
SMALL_ROOT = Issued(authority("Small RSA"), rsa_key(521, 607), ca=True)
path_row("a short RSA key", "signature", [attestation(issuer=SMALL_ROOT)], [SMALL_ROOT], openssl=True)
K1_ROOT = Issued(authority("Koblitz"), ec.derive_private_key(scalar("k1"), ec.SECP256K1()), ca=True)
path_row("a curve that is not supported", "signature", [attestation(issuer=K1_ROOT)], [K1_ROOT], openssl=True)
for certificate in SPECIFIED:
    path_row(f"WebAuthn Level 3, number {certificate.der[-1]}", 0, [certificate], [SPECIFICATION_ROOT])


# Metadata

BLOBS = []
SIGNER = "mds.fidoalliance.org"
MDS_MIDDLE = Issued(subject("Metadata authority", None), es256("metadata authority"), RSA_ROOT, ca=True, path=0,
                    key_usage=usage(True))
ALTERNATIVE = (x509.SubjectAlternativeName([x509.DNSName("other.example"), x509.DNSName("MDS.fidoalliance.org")]), False)


def signer(key=None, **options):
    name = options.pop("name", subject("Signer", None))
    options.setdefault("extensions", [ALTERNATIVE])
    options.setdefault("key_usage", usage(False))
    return Issued(name, key or es256("signer"), options.pop("issuer", MDS_MIDDLE), **options)


def entry(aaguid, description, roots, *reports, **more):
    return {
        **({"aaguid": aaguid} if aaguid else {}),
        "metadataStatement": {
            "legalHeader": "none", "description": description, "authenticatorVersion": 2, "schema": 3,
            "upv": [{"major": 1, "minor": 1}], "attestationTypes": ["basic_full"], "keyProtection": ["hardware"],
            "userVerificationDetails": [[{"userVerificationMethod": "presence_internal"}]], "matcherProtection": ["on_chip"],
            "attachmentHint": ["external"], "tcDisplay": [],
            "attestationRootCertificates": [b64(root.der) for root in roots],
        },
        "statusReports": [
            {"status": status, **({"effectiveDate": date} if date else {})} for status, date in reports
        ],
        "timeOfLastStatusChange": "2026-01-01",
        **more,
    }


def key_identifier(issued):
    return x509.SubjectKeyIdentifier.from_public_key(issued.key.public_key()).digest.hex()


PAYLOAD = {
    "legalHeader": "none",
    "no": 7,
    "nextUpdate": "2026-12-01",
    "entries": [
        entry("2fc0579f-8113-47ea-b116-bb5a8db9202a", "Test key", [ROOT], ("FIDO_CERTIFIED", "2024-01-01"),
              ("FIDO_CERTIFIED_L1", "2024-02-01"), ("UPDATE_AVAILABLE", "2025-01-01"), ("FIDO_CERTIFIED_L2", "2027-01-01")),
        entry("00112233-4455-6677-8899-AABBCCDDEEFF", "Revoked key", [ROOT], ("FIDO_CERTIFIED_L1", None), ("REVOKED", None)),
        entry("11111111-1111-1111-1111-111111111111", "Key of another maker", [RSA_ROOT], ("NOT_FIDO_CERTIFIED", None)),
        entry(None, "Test U2F key", [ROOT], ("FIDO_CERTIFIED_L1", "2020-01-01"),
              attestationCertificateKeyIdentifiers=[key_identifier(LEAF)]),
        entry(None, "For phones", [ROOT], ("FIDO_CERTIFIED", None), aaid="1234#5678"),
    ],
}
TEXT = json.dumps(PAYLOAD, separators=(",", ":"))
# One model is enough to see whether a signature holds.
SHORT = json.dumps({**PAYLOAD, "entries": [entry("00112233-4455-6677-8899-AABBCCDDEEFF", "Revoked key", [], ("REVOKED", None))]},
                   separators=(",", ":"))
# What makers have been seen to write, and words that may come.
MISTAKES = (
    TEXT.replace('"status":"UPDATE_AVAILABLE"', '"status":"A_STATUS_OF_TOMORROW"')
    .replace('"aaguid":"11111111-1111-1111-1111-111111111111"', '"aaguid":"no AAGUID"')
    .replace('"attestationCertificateKeyIdentifiers":["', '"attestationCertificateKeyIdentifiers":["none","00","')
    .replace('"attestationRootCertificates":["', '"attestationRootCertificates":["no Base64","AAAA","\\n')
)


def jws_signature(key, message):
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(sign(key, message))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return sign(key, message)


def others_accept(blob, root):
    chain = [base64.b64decode(text, validate=True) for text in jwt.get_unverified_header(blob)["x5c"]]
    verify_x509_chain([*chain, root.der])
    key = x509.load_der_x509_certificate(chain[0]).public_key()
    MetadataBlobPayload.from_dict(jwt.decode(blob, key, algorithms=["ES256", "RS256"]))


def blob_row(name, result, *, chain=None, roots=(RSA_ROOT,), header=None, payload=SHORT, signed=None, alter=lambda s: s,
             alg="ES256", finish=lambda text: text, others=None):
    """`others` is what other libraries say where they say otherwise."""
    chain = [signer(), MDS_MIDDLE] if chain is None else chain
    if header is None:
        header = json.dumps({"alg": alg, "typ": "JWT", "x5c": [b64(issued.der) for issued in chain]})
    part = lambda text: websafe_encode(text.encode() if isinstance(text, str) else text)
    message = f"{part(header)}.{part(payload)}"
    signed = message if signed is None else f"{part(header)}.{part(signed)}"
    signature = alter(jws_signature(chain[0].key if chain else es256("signer"), signed.encode()))
    blob = finish(f"{message}.{websafe_encode(signature)}")
    BLOBS.append({"name": name, "result": result, "blob": blob, "roots": [b64(root.der) for root in roots]})
    try:
        others_accept(blob, roots[0])
        accepted = True
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a refusal
        accepted = False
        print(f"metadata: {name}: {type(error).__name__}: {error}", file=sys.stderr)
    assert accepted == (result == "verified" if others is None else others), (name, accepted)


blob_row("ES256", "verified", payload=TEXT)
blob_row("RS256", "verified", chain=[signer(rsa_key()), MDS_MIDDLE], alg="RS256")
blob_row("the root is in it", "verified", chain=[signer(), MDS_MIDDLE, RSA_ROOT])
blob_row("a signer by common name", "verified", chain=[signer(name=subject(SIGNER, None), extensions=[]), MDS_MIDDLE])
blob_row("a signature with its last bit flipped", "signature", alter=flipped)
blob_row("a signature of DER", "signature", alter=lambda _: sign(es256("signer"), b""))
blob_row("an empty signature", "signature", alter=lambda _: b"")
SWAPPED = {**PAYLOAD, "entries": PAYLOAD["entries"][1::-1] + PAYLOAD["entries"][2:]}
blob_row("entries exchanged after signing", "signature", payload=json.dumps(SWAPPED), signed=TEXT)
blob_row("a day changed after signing", "signature", payload=SHORT.replace("2026-12-01", "2036-12-01"), signed=SHORT)
blob_row("another root", "path", roots=[ROOT])
blob_row("another root of the same name", "path",
         roots=[Issued(authority("RSA root"), es256("false root"), ca=True)])
blob_row("an issuer that is missing", "path", chain=[signer()])
blob_row("an expired signer", "path", chain=[signer(validity=PAST), MDS_MIDDLE], others=True)
EXPIRED_MIDDLE = Issued(subject("Metadata authority", None), es256("metadata authority"), RSA_ROOT, ca=True, validity=PAST)
blob_row("an expired authority", "path", chain=[signer(issuer=EXPIRED_MIDDLE), EXPIRED_MIDDLE], others=True)
blob_row("signed below a signer", "path", chain=[signer(issuer=signer()), signer(), MDS_MIDDLE], others=True)
blob_row("another signer", "signer", chain=[signer(extensions=[]), MDS_MIDDLE], others=True)
blob_row("another signer with the name in the wrong place", "signer",
         chain=[signer(name=subject(SIGNER, None),
                       extensions=[(x509.SubjectAlternativeName([x509.DNSName("other.example")]), False)]), MDS_MIDDLE],
         others=True)
blob_row("a certificate that is not for signing", "not_for_signing", chain=[signer(key_usage=usage(True)), MDS_MIDDLE],
         others=True)
X5C = json.dumps([b64(signer().der), b64(MDS_MIDDLE.der)])
blob_row("no certificate", "no_certificate", header='{"alg":"ES256"}')
blob_row("no algorithm", "header", header=f'{{"x5c":{X5C}}}')
blob_row("the algorithm none", "algorithm", header=f'{{"alg":"none","x5c":{X5C}}}')
blob_row("the algorithm HS256", "algorithm", header=f'{{"alg":"HS256","x5c":{X5C}}}')
blob_row("the algorithm of another key", "signature", header=f'{{"alg":"RS256","x5c":{X5C}}}')
blob_row("an algorithm twice", "header", header=f'{{"alg":"none","alg":"ES256","x5c":{X5C}}}', others=True)
blob_row("certificates twice", "header", header=f'{{"alg":"ES256","x5c":[],"x5c":{X5C}}}', others=True)
blob_row("a critical header", "critical_header", header=f'{{"alg":"ES256","crit":["b64"],"b64":false,"x5c":{X5C}}}')
blob_row("a header that is no JSON", "header", header="header")
blob_row("a certificate that is none", "certificate", header='{"alg":"ES256","x5c":["AAAA"]}')
blob_row("a certificate that is no Base64", "certificate", header='{"alg":"ES256","x5c":["-_-_"]}')
blob_row("two parts", "not_compact", finish=lambda text: text.rsplit(".", 1)[0])
blob_row("four parts", "not_compact", finish=lambda text: text + ".AAAA")
blob_row("padding", "not_compact", finish=lambda text: text + "=")
blob_row("nothing", "not_compact", finish=lambda text: "")
blob_row("white space around it", "verified", finish=lambda text: f"\n {text}\r\n", others=False)

blob_row("content: mistakes of makers", "verified", payload=MISTAKES, others=False)
DEEP = 200
blob_row("content: deep nesting where nobody looks", "verified",
         payload=SHORT.replace('"no":7', f'"no":7,"deep":{"[" * DEEP}{"]" * DEEP}'))
for name, text, others in (
    ("no JSON", "payload", False),
    ("a list", "[]", False),
    ("no day", SHORT.replace("2026-12-01", "tomorrow"), False),
    ("a day twice", SHORT.replace('"no":7', '"no":7,"nextUpdate":"2036-12-01"'), True),
    ("entries twice", SHORT.replace('"no":7', '"no":7,"entries":[]'), True),
    ("a status twice", SHORT.replace('{"status":"REVOKED"}', '{"status":"REVOKED","status":"FIDO_CERTIFIED"}'), True),
    ("no reports", SHORT.replace('"statusReports"', '"reports"'), False),
    ("reports that are none", SHORT.replace('{"status":"REVOKED"}', '"REVOKED"'), False),
    ("something after it", SHORT + "{}", False),
    ("deep nesting", SHORT.replace('[{"status":"REVOKED"}]', "[" * DEEP + "]" * DEEP), False),
):
    blob_row(f"content: {name}", "payload", payload=text, others=others)

json.dump(
    {
        "now": NOW.isoformat().replace("+00:00", "Z"),
        "signer": SIGNER,
        "root": b64(ROOT.der),
        "statements": STATEMENTS,
        "paths": PATHS,
        "blobs": BLOBS,
    },
    sys.stdout,
    indent=1,
)
print()
