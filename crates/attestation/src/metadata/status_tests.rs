use super::*;

fn report(status: &str, day: &str) -> Report {
    let effective = match day {
        "" => Effective::Ever,
        day => day.parse().map_or(Effective::Unreadable, Effective::From),
    };
    Report { status: status.to_owned(), effective }
}

fn certified(reports: &[(&str, &str)]) -> Option<Certification> {
    let reports: Vec<Report> = reports.iter().map(|(status, day)| report(status, day)).collect();
    certification(&reports, "2026-11-25".parse().unwrap())
}

#[test]
fn the_highest_certification_that_holds_today_counts() {
    for (reports, expected) in [
        (&[][..], None),
        (&[("FIDO_CERTIFIED", "")], Some(Certification::Functional)),
        (&[("FIDO_CERTIFIED_L1", "2026-11-25")], Some(Certification::L1)),
        (&[("FIDO_CERTIFIED_L1", "2026-11-26")], None),
        (&[("FIDO_CERTIFIED_L1", "soon")], None),
        (
            &[("FIDO_CERTIFIED_L2plus", "2024-01-01"), ("FIDO_CERTIFIED_L1", "2025-01-01")],
            Some(Certification::L2Plus),
        ),
        (&[("FIDO_CERTIFIED_L1", ""), ("UPDATE_AVAILABLE", "2026-01-01")], Some(Certification::L1)),
        (&[("FIDO_CERTIFIED_L1 ", ""), ("fido_certified_l1", ""), ("FIPS140_CERTIFIED_L3", "")], None),
        // It can be taken away, and given again.
        (
            &[("NOT_FIDO_CERTIFIED", "2020-01-01"), ("FIDO_CERTIFIED", "2021-01-01")],
            Some(Certification::Functional),
        ),
        (&[("FIDO_CERTIFIED_L3", "2020-01-01"), ("NOT_FIDO_CERTIFIED", "2021-01-01")], None),
        (&[("NOT_FIDO_CERTIFIED", "2021-01-01"), ("FIDO_CERTIFIED_L3", "2021-01-01")], None),
        (&[("NOT_FIDO_CERTIFIED", ""), ("FIDO_CERTIFIED_L3", "")], None),
        (&[("NOT_FIDO_CERTIFIED", "someday"), ("FIDO_CERTIFIED_L3", "2026-01-01")], None),
        (
            &[("NOT_FIDO_CERTIFIED", "2027-01-01"), ("FIDO_CERTIFIED", "2021-01-01")],
            Some(Certification::Functional),
        ),
    ] {
        assert_eq!(certified(reports), expected, "{reports:?}");
    }
}

#[test]
fn a_compromise_counts_whenever_it_was() {
    for status in [
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "REVOKED",
    ] {
        for day in ["", "2020-01-01", "2030-01-01", "nonsense"] {
            let reports =
                [report("FIDO_CERTIFIED_L3", ""), report(status, day), report("UPDATE_AVAILABLE", "")];
            assert_eq!(compromise(&reports).map(Compromise::as_str), Some(status));
        }
    }
    let both = [report("REVOKED", ""), report("USER_VERIFICATION_BYPASS", "")];
    assert_eq!(compromise(&both), Some(Compromise::Revoked));
    for status in ["FIDO_CERTIFIED", "UPDATE_AVAILABLE", "SELF_ASSERTION_SUBMITTED", "RETIRED", "revoked", ""]
    {
        assert_eq!(compromise(&[report(status, "")]), None);
    }
}
