//! What a service has to show, as a person sees it: a sentence and a code on sudo's terminal, which a scanner reads off the screen.

use guest::{Guest, KeyOptions};
use pam_tests::{audit_line, passkey_only, second_factor};
use virtual_key::Hybrid;

const SOCKET: &str = "/run/passkey/authenticators/phone.sock";
/// Of a character, and whether its upper and lower half are filled.
const CELLS: [(char, [bool; 2]); 4] =
    [(' ', [false, false]), ('▀', [true, false]), ('▄', [false, true]), ('█', [true, true])];
/// Pixels of a square of the code, as a scanner sees it.
const SCALE: usize = 4;

/// A phone behind a service, and no security key.
pub(crate) fn a_phone_scans_the_code(guest: &Guest) {
    guest.root(&format!("mkdir -p $(dirname {SOCKET})")).ok();
    let options = ["--socket", SOCKET, "--form", "hybrid", "--fingerprint"];
    let phone = guest.add_key("phone", &KeyOptions::default().ctap("2.0").pin("1111").with(&options));
    phone.touch_always(50);
    let add = format!("passkey-enroll add --user alice --name phone --device {SOCKET} --pin-stdin");
    guest.run("root", &add, b"1111\n", guest::PATIENCE).ok();
    phone.touch_never();

    guest.write("/etc/pam.d/sudo", second_factor("timeout=60"));
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    sudo.expect(Hybrid::TEXT);
    phone.wait_blinking();
    let screen = sudo.screen();
    assert_eq!(scan(&screen).as_deref(), Some(Hybrid::URI), "{screen}");
    phone.touch();
    let exit = sudo.wait();
    assert!(exit.status == 0 && exit.screen.trim_end().ends_with("root"), "{}", exit.screen);
    assert!(!exit.screen.contains("PIN"), "it is the phone that asks: {}", exit.screen);
    let audit = audit_line(guest);
    assert!(audit.contains("passkey=\"phone\"") && audit.contains("user_verified=yes"), "{audit}");

    // Where a picture would not come out as one, there is none, and the phone is not asked.
    phone.reset_counts();
    for host in ["lightdm", "gdm"] {
        guest.write("/etc/pam.d/passkey", passkey_only(&format!("host={host} timeout=5 wait_for_key=0")));
        let told = guest.root("pamtester passkey alice authenticate 2>&1 </dev/null");
        assert_ne!(told.status, 0, "{host}");
        assert!(!told.stdout.contains(Hybrid::TEXT) && !told.stdout.contains('█'), "{host}: {}", told.stdout);
    }
    assert_eq!(phone.counts().commands.get("0x02"), None, "{:?}", phone.counts());
    phone.unplug();
}

/// What a scanner reads off a dark terminal with light letters.
fn scan(screen: &str) -> Option<String> {
    let half = |cell: char| CELLS.iter().find(|(one, _)| *one == cell).map(|(_, halves)| *halves);
    let rows: Vec<Vec<[bool; 2]>> = screen
        .lines()
        .filter_map(|line| line.chars().map(half).collect::<Option<Vec<_>>>())
        .filter(|row| !row.is_empty())
        .collect();
    let columns = rows.iter().map(Vec::len).max()?;
    let is_dark = |x: usize, y: usize| {
        let row = rows.get(y / SCALE / 2);
        !row.and_then(|row| row.get(x / SCALE)).is_some_and(|cell| cell[y / SCALE % 2])
    };
    let (width, height) = (columns * SCALE, rows.len() * 2 * SCALE);
    let mut picture = rqrr::PreparedImage::prepare_from_bitmap(width, height, is_dark);
    let grids = picture.detect_grids();
    grids.first()?.decode().ok().map(|(_, text)| text)
}
