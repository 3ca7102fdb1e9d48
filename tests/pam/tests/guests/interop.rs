//! What we enrol, others verify; what others enrol, we verify.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, path};

/// Yubico's python-fido2 takes our public key and checks the key's signature with it.
const VERIFY: &str = r#"
import base64, sys, tomllib
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.ctap2 import Ctap2
from fido2.hid import CtapHidDevice
unpad = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
entry = tomllib.load(open("/etc/passkey/credentials/alice.toml", "rb"))["credential"][0]
key = Ctap2(next(CtapHidDevice.list_devices()))
challenge = bytes(range(32))
answer = key.get_assertion(entry["rp_id"], challenge, [{"type": "public-key", "id": unpad(entry["id"])}])
public_key = CoseKey.parse(cbor.decode(unpad(entry["public_key"])))
public_key.verify(answer.auth_data + challenge, answer.signature)
assert answer.auth_data.is_user_present()
print("verified by python-fido2")
"#;

/// python-fido2 makes a passkey and writes it down in our format.
const ENROL: &str = r#"
import base64
from fido2 import cbor
from fido2.ctap2 import Ctap2
from fido2.hid import CtapHidDevice
b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
key = Ctap2(next(CtapHidDevice.list_devices()))
made = key.make_credential(bytes(32), {"id": "elsewhere.example", "name": "x"}, {"id": b"abc", "name": "alice"},
                           [{"type": "public-key", "alg": ALGORITHM}])
credential = made.auth_data.credential_data
print(f'''version = 1
count = 1
user_handle = "{b64(b"abc")}"

[[credential]]
name = "made elsewhere"
id = "{b64(credential.credential_id)}"
rp_id = "elsewhere.example"
public_key = "{b64(cbor.encode(dict(credential.public_key)))}"
algorithm = "NAME"
aaguid = "00000000-0000-0000-0000-000000000000"
discoverable = false
user_verification = "none"
transports = ["usb"]
added = "2026-01-01T00:00:00Z"
enabled = true''')
"#;

#[test]
fn others_verify_what_we_enrol_and_we_what_others_do() {
    let guest = guest("").key("blue", KeyOptions::default()).file("/root/verify.py", VERIFY).boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(50);
    assert_eq!(guest.root("python3 /root/verify.py").ok(), "verified by python-fido2\n");
    fido2_tools_verify_what_we_enrol(&guest);
    we_verify_what_others_enrol(&guest);
}

fn fido2_tools_verify_what_we_enrol(guest: &Guest) {
    let device = path(guest, "blue");
    let script = format!(
        r#"set -e; cd /root
python3 - <<'P' > parameters
import base64, tomllib
entry = tomllib.load(open("/etc/passkey/credentials/alice.toml", "rb"))["credential"][0]
unpad = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
print(base64.b64encode(bytes(range(32))).decode(), entry["rp_id"], base64.b64encode(unpad(entry["id"])).decode(), sep="\n")
P
python3 - <<'P' > key.pem
import base64, tomllib
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
entry = tomllib.load(open("/etc/passkey/credentials/alice.toml", "rb"))["credential"][0]
unpad = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
cose = cbor.decode(unpad(entry["public_key"]))
point = ec.EllipticCurvePublicNumbers(int.from_bytes(cose[-2], "big"), int.from_bytes(cose[-3], "big"), ec.SECP256R1())
print(point.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(), end="")
P
fido2-assert -G -p -i parameters -o assertion {device}
fido2-assert -V -p -i assertion key.pem es256 && echo accepted"#
    );
    assert_eq!(guest.root(&script).ok(), "accepted\n");
}

fn we_verify_what_others_enrol(guest: &Guest) {
    for (number, name) in [("-7", "es256"), ("-8", "eddsa")] {
        guest.write("/root/enrol.py", ENROL.replace("ALGORITHM", number).replace("NAME", name));
        guest
            .root(
                "set -e; rm -rf /etc/passkey /var/lib/passkey; mkdir -p -m 755 /etc/passkey/credentials; cd /etc/passkey/credentials; \
                 python3 /root/enrol.py > alice.toml; chmod 640 alice.toml",
            )
            .ok();
        let output = guest.root("pamtester passkey alice authenticate 2>&1");
        assert_eq!(output.status, 0, "{name}: {} {}", output.stdout, guest.syslog());
    }
}
