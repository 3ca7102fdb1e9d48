use super::*;

fn sample(taken: u32, left: u32, status: Option<u8>) -> String {
    progress(Sample { taken, left, status })
}

#[test]
fn progress_is_told_sample_by_sample() {
    assert_eq!(sample(0, 5, None), "Touch the reader: sample 1 of 5.");
    assert_eq!(sample(1, 4, Some(0x00)), "Touch the reader: sample 2 of 5.");
    assert_eq!(sample(1, 4, Some(0x05)), "That was too fast. Touch the reader: sample 2 of 5.");
    assert_eq!(sample(1, 4, Some(0x99)), "That was not good. Touch the reader: sample 2 of 5.");
    // Numbers that no honest key says.
    assert_eq!(sample(3, 0, None), "Touch the reader: sample 4 of 4.");
    assert!(sample(u32::MAX, u32::MAX, None).starts_with("Touch"));
}

#[test]
fn a_fingerprint_is_found_by_its_name_and_else_by_its_id() {
    let known = || -> Vec<Fingerprint> {
        [("thumb", 1), ("index", 2), ("twin", 3), ("twin", 4), ("", 5), ("AQ", 6)]
            .map(|(name, id)| Fingerprint { id: vec![id], name: name.to_owned() })
            .to_vec()
    };
    for (wanted, id) in [("thumb", 1), ("index", 2), ("Aw", 3), ("BA", 4), ("BQ", 5), ("AQ", 6)] {
        assert_eq!(find(&known(), wanted).unwrap().id, [id], "{wanted}");
    }
    assert!(matches!(find(&known(), "twin"), Err(Error::Key(ManageError::AmbiguousFingerprint(_)))));
    match find(&known(), "toe") {
        Err(Error::Key(ManageError::NoSuchFingerprint { names, .. })) => {
            assert_eq!(names, ["thumb", "index", "twin", "twin", "AQ"]);
        }
        other => panic!("{other:?}"),
    }
    // What has no name is not found by it.
    assert!(matches!(find(&known(), ""), Err(Error::Key(ManageError::NoSuchFingerprint { .. }))));
}

#[test]
fn no_two_fingerprints_get_one_name() {
    let known = ["Finger", "thumb"].map(|name| Fingerprint { id: vec![1], name: name.to_owned() });
    assert_eq!(default_name::unique(UNNAMED, |name| is_free(&known, name)), "Finger 2");
    assert!(check_free(&known, "index").is_ok());
    let taken = check_free(&known, "thumb");
    assert!(matches!(taken, Err(Error::Key(ManageError::FingerprintNameTaken(_)))), "{taken:?}");
}
