//! In `auth` no secret and no tag is compared with `==`, which stops at the first difference and so tells by its time
//! how far a guess was right. Measuring that is the tests' affair: the processor may hide it from them.

use super::Complaint;
use super::code::lines_with_word;
use super::workspace::{File, Workspace};

/// A tag is judged in one file, and not even there with `==`; elsewhere nothing that is named like a secret is.
pub(super) fn tags_are_judged_in_one_place(workspace: &Workspace) -> Vec<Complaint> {
    let files = workspace.rust().filter(|file| file.path.starts_with(AUTH));
    files.flat_map(|file| if file.path == JUDGE { compared(file) } else { judged_elsewhere(file) }).collect()
}

fn judged_elsewhere(file: &File) -> Vec<Complaint> {
    let words = JUDGING.iter().flat_map(|word| lines_with_word(&file.code, word));
    let judging = words.map(|line| Complaint::new(&file.path, line, "a tag is judged by `Claim` only"));
    let is_of_secret = |complaint: &Complaint| names_a_secret(file, complaint.line);
    let complaints = judging.chain(compared(file).into_iter().filter(is_of_secret));
    complaints.filter(|complaint| !file.is_test_line(complaint.line)).collect()
}

/// Every comparison outside tests.
fn compared(file: &File) -> Vec<Complaint> {
    let lines = file.code.lines().enumerate().map(|(index, line)| (index + 1, line));
    let found = lines.filter(|(number, line)| !file.is_test_line(*number) && compares(line));
    let what = "`==` tells by its time how far a guess was right, have a `Claim` judged instead";
    found.map(|(line, _)| Complaint::new(&file.path, line, what)).collect()
}

fn compares(line: &str) -> bool {
    [" == ", " != ", ".eq(", ".ne(", ".cmp("].iter().any(|mark| line.contains(mark))
}

fn names_a_secret(file: &File, line: usize) -> bool {
    SECRETS.iter().any(|word| lines_with_word(&file.code, word).contains(&line))
}

const AUTH: &str = "crates/auth/src/";

/// The file of `Claim`.
const JUDGE: &str = "crates/auth/src/claim.rs";

/// What `hmac` offers for it. The truncated ones take a single right byte for a proof.
const JUDGING: &[&str] =
    &["verify", "verify_slice", "verify_truncated_left", "verify_truncated_right", "ct_eq"];

/// What secrets and tags are called there.
const SECRETS: &[&str] =
    &["tag", "claim", "mac", "key", "secret", "psk", "proof", "answer", "dummy", "expand", "finalize"];

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let complaints = tags_are_judged_in_one_place(&of_files([(path, text)]));
        complaints.iter().map(|complaint| complaint.line).collect()
    }

    #[test]
    fn a_tag_that_is_compared_is_found() {
        let text =
            "let ok = tag == expected;\nif held.key().bytes() != guess {}\nif mac.finalize().eq(&x) {}\n";
        assert_eq!(lines("crates/auth/src/mutual/mod.rs", text), [1, 2, 3]);
        assert_eq!(
            lines("crates/auth/src/mutual/mod.rs", "// tag == expected\nif length == 32 {}\n"),
            [0; 0]
        );
        assert_eq!(lines("crates/apps/src/session/mod.rs", text), [0; 0]);
    }

    #[test]
    fn a_tag_is_judged_in_its_file_only() {
        let text = "mac.verify_slice(tag).is_ok()\n#[cfg(test)]\nmod tests { fn a() { tag == tag } }\n";
        assert_eq!(lines("crates/auth/src/python/digest.rs", text), [1]);
        assert_eq!(lines("crates/auth/src/claim.rs", text), [0; 0]);
        assert_eq!(lines("crates/auth/src/claim.rs", "mac.finalize().into_bytes() == self.0\n"), [1]);
    }
}
