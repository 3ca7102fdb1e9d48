use faults::Call;

/// What is wrong with the order in which `file` was replaced: its content is to be on the disk before it has the file's name, and the
/// name before the command goes on.
pub(crate) fn faults(calls: &[Call], file: &str) -> Vec<String> {
    let name = file.rsplit('/').next().unwrap();
    let is_rename =
        |call: &Call| call.name.starts_with("rename") && call.text.contains(&format!(", \"{name}\""));
    let Some(renamed) = calls.iter().position(is_rename) else {
        return vec![format!("{file} is not replaced")];
    };
    let (earlier, later) = calls.split_at(renamed);
    let mut wrong = Vec::new();
    let temporary = earlier.iter().rposition(|call| call.text.contains("O_CREAT|O_EXCL")).unwrap();
    if !is_synced(earlier.get(temporary..).unwrap()) {
        wrong.push(format!("{file} is not on the disk before it is renamed"));
    }
    // The folder that is renamed in, opened to be synced.
    let folder =
        later.iter().position(|call| call.name == "openat" && call.text.contains(", \".\", O_RDONLY"));
    if !folder.is_some_and(|folder| is_synced(later.get(folder..).unwrap())) {
        wrong.push(format!("the name of {file} is not on the disk"));
    }
    wrong
}

/// Whether what the first call has opened is synced after it was last written to, before it is closed.
fn is_synced(calls: &[Call]) -> bool {
    let Some((opened, calls)) = calls.split_first() else { return false };
    let descriptor = opened.text.rsplit("= ").next().unwrap();
    let of_it = |call: &&Call| {
        let (_, arguments) = call.text.split_once('(').unwrap();
        arguments.strip_prefix(descriptor).is_some_and(|rest| rest.starts_with([',', ')']))
    };
    let until_closed = calls.iter().filter(of_it).take_while(|call| call.name != "close");
    let last = until_closed.filter(|call| matches!(call.name.as_str(), "write" | "fsync")).last();
    last.is_some_and(|call| call.name == "fsync" && call.text.ends_with("= 0"))
}
