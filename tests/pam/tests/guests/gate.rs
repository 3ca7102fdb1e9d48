//! What a sign-in takes that is the same in every run, against the figures of the last commit.

use bench::{Gate, Implementation, Profile, Row, Spread, machine, measure};

/// A touch, a PIN, a list of passkeys, and keys of other people.
const ROWS: [&str; 4] = ["touch", "pin", "ten", "sixteen-keys"];

/// `UPDATE_GATE=1` writes the figures; docs/performance.md has those of other modules.
#[test]
fn a_sign_in_takes_what_it_took() {
    const OURS: Implementation = Implementation::PamPasskey;
    let guest = machine().boot();
    let mut gate = Gate::default();
    for name in ROWS {
        let row = Row::named(name).unwrap();
        let (figures, profile) = measure::exact(&guest, &row, OURS);
        assert!(figures.ended == 3 && figures.codes == [0, 0, 0], "{name}: {figures:?}\n{}", guest.syslog());
        let counts = [
            ("transactions", figures.transactions),
            ("reports to the key", figures.reports_in),
            ("reports from the key", figures.reports_out),
            ("opens", figures.opens),
        ];
        for (figure, spread) in counts {
            let Spread { median, min, max } = spread.unwrap();
            assert_eq!(min, max, "{name}: {figure} are not the same each time");
            gate.set(name, figure, median);
        }
        if let Some(Profile { system_calls, bytes_read, instructions }) = profile {
            gate.set(name, "system calls", system_calls);
            gate.set(name, "bytes read", bytes_read);
            // Of one row: to count them takes most of this test's time.
            if let Some(instructions) = instructions {
                gate.set(name, "instructions", instructions);
            }
        }
        gate.set(name, "shared objects", u64::try_from(figures.libraries.len()).unwrap());
    }
    let size = guest.root(&format!("stat -c %s {}", OURS.file())).ok();
    gate.set("module", "bytes of the module", size.trim().parse().unwrap());
    gate.hold();
}
