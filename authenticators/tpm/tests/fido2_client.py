#!/usr/bin/python3
"""An independent client (python-fido2): enrols and signs in with the authenticator behind the socket."""
import socket
import struct
import sys

from fido2.client import ClientError, Fido2Client
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, CredentialManagement, Ctap2
from fido2.ctap2.extensions import CredProtectExtension
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from fido2.hid import CtapHidDevice
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity

RP_ID = "desk.example.org"
PIN = "correct horse"
USER = {"id": b"handle", "name": "alice", "displayName": "Alice"}


class Descriptor:
    report_size_in = report_size_out = 64
    path = sys.argv[1]


class Connection:
    """Reports over a socket, for the account that is named, or the own one."""

    def __init__(self, account=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(60)
        self.socket.connect(Descriptor.path)
        if account is not None:
            naming = struct.pack(">IBHI", 0xFFFFFFFF, 0x80 | 0x42, 4, account)
            self.write_packet(naming.ljust(64, b"\0"))

    def write_packet(self, packet):
        self.socket.send(packet)

    def read_packet(self):
        packet = self.socket.recv(65)
        assert len(packet) == 64, "the service has closed the connection"
        return packet

    def close(self):
        self.socket.close()


def connect(account=None):
    return CtapHidDevice(Descriptor, Connection(account))


def refused(code, call, *arguments):
    try:
        call(*arguments)
    except CtapError as error:
        assert error.code == code, error
    except ClientError as error:
        assert error.cause.code == code, error
    else:
        raise AssertionError("not refused: %s" % code)


server = Fido2Server(PublicKeyCredentialRpEntity(RP_ID, "The desk"), attestation="direct")
server.timeout = 60000


def enrol(client, resident=False, extensions=None):
    options, state = server.register_begin(USER, resident_key=resident, user_verification="required")
    options["publicKey"]["extensions"] = extensions or {}
    result = client.make_credential(options["publicKey"], pin=PIN)
    assert result.attestation_object.fmt == "packed"
    # The server verifies the attestation, too.
    data = server.register_complete(state, result.client_data, result.attestation_object)
    assert data.is_user_verified() and data.is_user_present() and data.counter == 0
    return data.credential_data, result.extension_results


def sign_in(client, credentials, known, extensions=None):
    options, state = server.authenticate_begin(credentials, user_verification="required")
    options["publicKey"]["extensions"] = extensions or {}
    selection = client.get_assertion(options["publicKey"], pin=PIN)
    result = selection.get_response(0)
    server.authenticate_complete(
        state,
        known,
        result.credential_id,
        result.client_data,
        result.authenticator_data,
        result.signature,
    )
    return result


device = connect()
assert device.version == 2 and device.capabilities == 0x04 | 0x08
assert device.ping(b"x" * 7609) == b"x" * 7609
refused(CtapError.ERR.INVALID_COMMAND, device.wink)

ctap = Ctap2(device)
assert ctap.info.versions == ["FIDO_2_0", "FIDO_2_1"]
assert ctap.info.aaguid.hex() == sys.argv[2].replace("-", "")
assert ctap.info.options["plat"] and ctap.info.options["alwaysUv"] and not ctap.info.options["clientPin"]
ClientPin(ctap).set_pin(PIN)
refused(CtapError.ERR.PIN_AUTH_INVALID, ClientPin(ctap).set_pin, PIN)

client = Fido2Client(device, "https://" + RP_ID)
credential, outputs = enrol(client, extensions={"hmacCreateSecret": True})
assert outputs == {"hmacCreateSecret": True}
sign_in(client, [credential], [credential])
salts = {"salt1": b"\1" * 32, "salt2": b"\2" * 32}
secrets = sign_in(client, [credential], [credential], {"hmacGetSecret": salts})
secrets = secrets.extension_results["hmacGetSecret"]
assert len(secrets["output1"]) == 32 and secrets["output1"] != secrets["output2"]

# From another connection, both protocols: the same secret.
for protocol in (PinProtocolV1(), PinProtocolV2()):
    other = Fido2Client(connect(), "https://" + RP_ID)
    other.client_pin.protocol = protocol
    again = sign_in(other, [credential], [credential], {"hmacGetSecret": salts})
    assert again.extension_results["hmacGetSecret"] == secrets

# Discoverable: without a list, and looked after.
found, _ = enrol(client, resident=True, extensions={"credentialProtectionPolicy": CredProtectExtension.POLICY.REQUIRED})
result = sign_in(client, [], [credential, found])
assert result.credential_id == found.credential_id
assert result.user_handle == USER["id"]
pin = ClientPin(ctap)
token = pin.get_pin_token(PIN, ClientPin.PERMISSION.CREDENTIAL_MGMT)
manage = CredentialManagement(ctap, pin.protocol, token)
assert manage.get_metadata()[CredentialManagement.RESULT.EXISTING_CRED_COUNT] == 1
rp = manage.enumerate_rps()[0]
assert rp[CredentialManagement.RESULT.RP]["id"] == RP_ID
kept = manage.enumerate_creds(rp[CredentialManagement.RESULT.RP_ID_HASH])
assert len(kept) == 1
assert kept[0][CredentialManagement.RESULT.CREDENTIAL_ID]["id"] == found.credential_id
assert kept[0][CredentialManagement.RESULT.PUBLIC_KEY] == found.public_key
assert kept[0][CredentialManagement.RESULT.CRED_PROTECT] == 3
manage.update_user_info({"id": found.credential_id, "type": "public-key"}, dict(USER, displayName="A."))
kept = manage.enumerate_creds(rp[CredentialManagement.RESULT.RP_ID_HASH])
assert kept[0][CredentialManagement.RESULT.USER]["displayName"] == "A."
manage.delete_cred({"id": found.credential_id, "type": "public-key"})
refused(CtapError.ERR.NO_CREDENTIALS, sign_in, client, [found], [found])

# Wrong, then changed.
refused(CtapError.ERR.PIN_INVALID, pin.change_pin, "wrong one", "another")
assert pin.get_pin_retries()[0] == int(sys.argv[3])
pin.change_pin(PIN, "another")
PIN = "another"
sign_in(client, [credential], [credential])

# Another account, which root names.
if len(sys.argv) > 4:
    other = Ctap2(connect(int(sys.argv[4])))
    assert not other.info.options["clientPin"]
    ClientPin(other).set_pin(PIN)
    other = Fido2Client(connect(int(sys.argv[4])), "https://" + RP_ID)
    refused(CtapError.ERR.NO_CREDENTIALS, sign_in, other, [credential], [credential])

# Soon after connecting, everything of this account goes.
Ctap2(connect()).reset()
assert not Ctap2(connect()).info.options["clientPin"]
print("done")
