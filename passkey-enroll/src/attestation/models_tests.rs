use passkey_core::escape::is_dangerous;

use super::*;

#[test]
fn every_entry_of_the_table_is_read() {
    let parsed = DeTable::parse(BUILT_IN).unwrap();
    let written = entries(parsed.get_ref());
    // A line each, and no number twice, which TOML itself would refuse.
    assert_eq!(written.len(), BUILT_IN.lines().filter(|line| line.starts_with('"')).count());
    let table = Table::built_in();
    assert_eq!(table.0.len(), written.len());
    assert!(written.len() > 100);
    for (aaguid, name) in written {
        assert_eq!(aaguid.parse::<Aaguid>().unwrap().to_string(), aaguid, "as it is shown elsewhere");
        assert!(!name.is_empty() && name.chars().count() <= 80, "{name}");
        assert!(name.trim() == name && !name.chars().any(is_dangerous), "{name:?}");
    }
}

#[test]
fn models_are_known_by_name() {
    let models = Models::new(vec![Box::new(Table::built_in())]);
    for (aaguid, name) in [
        ("2fc0579f-8113-47ea-b116-bb5a8db9202a", Some("YubiKey 5 Series with NFC")),
        ("ec99db19-cd1f-4c06-a2a9-940f17a6a30b", Some("Nitrokey 3 NFC")),
        ("42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3", Some("Google Titan Security Key v2")),
        // Of authenticators/tpm.
        ("0796a4bd-c941-483c-a674-343bd5ea3a21", Some("This computer")),
        ("01234567-89ab-cdef-0123-456789abcdef", None),
        ("00000000-0000-0000-0000-000000000000", None),
    ] {
        assert_eq!(models.name(aaguid.parse().unwrap()).as_deref(), name, "{aaguid}");
    }
}

#[test]
fn what_stands_first_names_first() {
    struct Administrator;
    impl ModelNames for Administrator {
        fn name(&self, aaguid: Aaguid) -> Option<String> {
            aaguid.to_string().starts_with("2fc0").then(|| "ours".to_owned())
        }
    }
    let models = Models::new(vec![Box::new(Administrator), Box::new(Table::built_in())]);
    let name = |aaguid: &str| models.name(aaguid.parse().unwrap());
    assert_eq!(name("2fc0579f-8113-47ea-b116-bb5a8db9202a").as_deref(), Some("ours"));
    assert_eq!(name("42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3").as_deref(), Some("Google Titan Security Key v2"));
}
