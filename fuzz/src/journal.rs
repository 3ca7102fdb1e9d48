//! The journal of changes to PAM files: any bytes as an entry, of the form of today or the one before. What is understood is written in
//! the form of today, and read as the same.

use passkey_enroll::fuzzing::journal_entry;

/// Whether it is an entry.
pub fn run(data: &[u8]) -> bool {
    let mut is_understood = false;
    for is_marked in [false, true] {
        let Some(written) = journal_entry(data, is_marked) else { continue };
        is_understood = true;
        // The form of today says by itself what the mark said.
        for is_marked in [false, true] {
            assert_eq!(journal_entry(&written, is_marked).as_ref(), Some(&written));
        }
    }
    is_understood
}
