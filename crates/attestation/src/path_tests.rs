use super::*;
use crate::vectors::Vectors;

fn word(error: &PathError) -> &'static str {
    match error {
        PathError::TooLong => "too_long",
        PathError::NotYetValid { .. } => "not_yet_valid",
        PathError::Expired { .. } => "expired",
        PathError::CriticalExtension { .. } => "critical_extension",
        PathError::WrongIssuer { .. } => "wrong_issuer",
        PathError::NoAuthority { .. } => "no_authority",
        PathError::TooDeep { .. } => "too_deep",
        PathError::Signature { .. } => "signature",
        PathError::NoRoot { .. } => "no_root",
    }
}

#[test]
fn each_chain_comes_to_its_result() {
    let vectors = Vectors::load();
    for row in &vectors.paths {
        let roots = row.roots();
        match validate(&row.chain(), &roots, vectors.now) {
            Ok(root) => {
                let number = roots.iter().position(|known| std::ptr::eq(known, root)).unwrap();
                assert_eq!(row.result, number, "{}", row.name);
            }
            Err(error) => assert_eq!(row.result, word(&error), "{}: {error}", row.name),
        }
    }
    let accepted = vectors.paths.iter().filter(|row| row.result.is_number()).count();
    assert!(vectors.paths.len() >= 60 && accepted >= 20, "{accepted} of {}", vectors.paths.len());
}

#[test]
fn a_clock_that_is_wrong_trusts_nothing() {
    let vectors = Vectors::load();
    let row = vectors.paths.iter().find(|row| row.name == "two below the root").unwrap();
    for (now, expected) in [("1969-12-31T23:59:59Z", "not_yet_valid"), ("2120-01-01T00:00:01Z", "expired")] {
        let error = validate(&row.chain(), &row.roots(), now.parse().unwrap()).unwrap_err();
        assert_eq!(word(&error), expected);
    }
}

#[test]
fn each_refusal_is_a_sentence() {
    let vectors = Vectors::load();
    let refused: Vec<_> = vectors.paths.iter().filter(|row| row.result.is_string()).collect();
    assert!(refused.len() > 20, "{}", refused.len());
    for row in refused {
        let error = validate(&row.chain(), &row.roots(), vectors.now).unwrap_err().to_string();
        assert!(error.len() > 10 && !error.contains('\n') && !error.ends_with('.'), "{error}");
    }
}
