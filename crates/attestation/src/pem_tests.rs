use super::*;
use crate::vectors::Vectors;

fn pem(certificate: &Certificate) -> String {
    let base64 = Base64::encode_string(certificate.as_der());
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn certificates_come_in_der_and_in_pem() {
    let root = Vectors::load().root();
    let text = pem(&root);
    for file in [
        root.as_der().to_vec(),
        text.clone().into_bytes(),
        text.trim_end().as_bytes().to_vec(),
        text.replace('\n', "\r\n").into_bytes(),
        format!("subject=Root\nissuer=Root\n{text}\n# the end\n").into_bytes(),
    ] {
        assert_eq!(Certificate::parse_all(&file), Ok(vec![root.clone()]));
    }
    let several = format!("{text}{text}\n{text}");
    assert_eq!(Certificate::parse_all(several.as_bytes()), Ok(vec![root.clone(), root.clone(), root]));
}

#[test]
fn what_is_no_file_of_certificates_is_named_with_its_line() {
    let text = pem(&Vectors::load().root());
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (file, error) in [
        (b"".to_vec(), CertificatesError::Empty),
        (b"no certificate\n".to_vec(), CertificatesError::Empty),
        (b"\xff\xfe".to_vec(), CertificatesError::NotText),
        (key.as_bytes().to_vec(), CertificatesError::NoCertificate { line: 1 }),
        (format!("# x\n{text}{key}").into_bytes(), {
            CertificatesError::NoCertificate { line: text.lines().count() + 2 }
        }),
        (
            text.replace("-----END CERTIFICATE-----", "").into_bytes(),
            CertificatesError::Unfinished { line: 1 },
        ),
        (format!("\n{}", text.replace("MII", "M!I")).into_bytes(), CertificatesError::NotBase64 { line: 2 }),
        (
            text.replace("-----BEGIN", "-----BEGIN X509").into_bytes(),
            CertificatesError::NoCertificate { line: 1 },
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_vec(),
            CertificatesError::Certificate { line: 1, error: CertificateError::Malformed },
        ),
    ] {
        assert_eq!(Certificate::parse_all(&file), Err(error), "{}", String::from_utf8_lossy(&file));
    }
}

#[test]
fn no_cut_of_a_file_holds_what_it_did() {
    let text = pem(&Vectors::load().root());
    for end in 0..text.trim_end().len() {
        assert!(Certificate::parse_all(&text.as_bytes()[..end]).is_err(), "{end}");
    }
}
