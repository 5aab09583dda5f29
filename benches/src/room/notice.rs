//! What is said in a room, and what everybody else must hear of it, byte for byte. Hearing it is a member's.

/// What a member of `sb-chat` asks its hub.
pub(super) fn say() -> String {
    format!(r#"{{"type":"say","room":"r0","text":"{TEXT}","ref":1}}"#)
}

/// What `sb-chat` tells everybody else when it has answered so, if that is the answer to a message of the first member:
/// its number and its time are told to both.
pub(super) fn told_after(answer: &[u8]) -> Option<Vec<u8>> {
    let answer = str::from_utf8(answer).ok()?;
    let stamp = answer.strip_prefix(r#"{"type":"accepted","#)?.strip_suffix(ANSWER_END)?;
    let (id, ms) = stamp.strip_prefix(r#""id":"#)?.split_once(r#","ms":"#)?;
    let (_, _): (u64, u64) = (id.parse().ok()?, ms.parse().ok()?);
    Some(format!(r#"{{"type":"message","room":"r0",{stamp},"nick":"n0","text":"{TEXT}"}}"#).into_bytes())
}

/// What is said to `peer_room`, which tells everybody just that: no two alike that follow each other, and no two pieces
/// of one.
pub(super) fn bare(number: u64) -> [u8; BARE_BYTES] {
    std::array::from_fn(|at| (number as u8).wrapping_add(at as u8))
}

/// How the answer to every request ends.
pub(super) const ANSWER_END: &str = r#","ref":1}"#;

/// Comings and goings, of which everybody hears.
pub(super) fn is_of_others(heard: &[u8]) -> bool {
    let begins = [r#"{"type":"joined","#, r#"{"type":"left","#, r#"{"type":"renamed","#];
    begins.iter().any(|begin| heard.starts_with(begin.as_bytes()))
}

/// 64 of them.
const TEXT: &str = "sixty-four letters and spaces, which is about what people say...";

/// As long as what the hub makes of such a text for the others, once a room has heard a thousand.
const BARE_BYTES: usize = 145;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_told_the_number_and_the_time_of_the_answer() {
        let answer = br#"{"type":"accepted","id":1234,"ms":1767225600000,"ref":1}"#;
        let told = told_after(answer).unwrap();
        let begin =
            r#"{"type":"message","room":"r0","id":1234,"ms":1767225600000,"nick":"n0","text":"sixty-"#;
        assert!(told.starts_with(begin.as_bytes()) && told.ends_with(br#"say..."}"#));
        assert_eq!((TEXT.len(), told.len()), (64, BARE_BYTES));
    }

    #[test]
    fn no_other_answer_will_do() {
        for answer in [
            r#"{"type":"accepted","ref":1}"#,
            r#"{"type":"accepted","id":1,"ref":1}"#,
            r#"{"type":"accepted","id":1,"ms":x,"ref":1}"#,
            r#"{"type":"accepted","id":1,"ms":2,"ref":12}"#,
            r#"{"type":"error","code":"busy","text":"","ref":1}"#,
        ] {
            assert_eq!(told_after(answer.as_bytes()), None, "{answer}");
        }
    }
}
