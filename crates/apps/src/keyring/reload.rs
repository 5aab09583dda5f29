//! Keys that change while a server runs: its file is read again. What they are read from is `source`'s, when it happens
//! `operation`'s.

use anyhow::Context;

use super::{Form, Source};
use crate::cli::notes::Notes;
use crate::session::SharedPolicy;

/// Keys that can be read again. Conversations that stand go on; who calls next is met with the new keys. What cannot be
/// used is told, and the keys stay as they were.
pub struct Reloader {
    source: Source,
    policy: SharedPolicy,
    notes: Notes,
}

impl Reloader {
    /// For the keys of a policy. Only a file can have changed: for keys from elsewhere there is none.
    pub fn new(source: Source, policy: SharedPolicy, notes: Notes) -> Option<Reloader> {
        matches!(source, Source::File(_)).then_some(Reloader { source, policy, notes })
    }

    /// Reads them again, and says how that went.
    pub fn reload(&self) {
        reload(&self.source, &self.policy, &self.notes);
    }
}

fn reload(source: &Source, policy: &SharedPolicy, notes: &Notes) {
    match read(source, policy, notes) {
        Ok(keys) => notes.note(format_args!("{} read again: {keys} in it", source.place())),
        Err(error) => notes.note(format_args!("the keys stay as they were: {error:#}")),
    }
}

/// Puts the new keys in place of the old; says how many there are.
fn read(source: &Source, policy: &SharedPolicy, notes: &Notes) -> anyhow::Result<Count> {
    let now = policy.now();
    let keyring = source.reload(Form::of(now.dialect()), notes)?;
    let count = Count(keyring.len());
    policy.change(now.with_keyring(keyring.into()).with_context(|| source.place())?);
    Ok(count)
}

/// So many keys.
struct Count(usize);

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("1 key"),
            count => write!(f, "{count} keys"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use auth::{Dialect, Entropy, Keyring, Policy, Progress};

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;
    use crate::keyring::{parse, write_private};

    /// Far longer than it takes to read a file.
    const DEADLINE: Duration = Duration::from_secs(20);

    fn line(name: &str, digit: char) -> String {
        format!("{name} {}\n", digit.to_string().repeat(64))
    }

    fn keys(content: &str) -> Keyring {
        parse(content.as_bytes(), Form::Lines).unwrap()
    }

    /// Whether who holds this key is let in.
    fn lets_in(policy: &SharedPolicy, key: &str) -> bool {
        let theirs = Policy::new(Dialect::Noise, keys(key).into()).unwrap();
        let mut hello = Vec::new();
        let sent = theirs.call(Entropy::from([1; 64])).advance(&[], &mut hello);
        assert!(matches!(sent, Ok(Progress::Pending { .. })));
        policy.now().accept(Entropy::from([2; 64])).advance(&hello, &mut Vec::new()).is_ok()
    }

    #[test]
    fn new_keys_count_for_all_who_share_the_policy_and_broken_files_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (ann, bob) = (line("ann", 'a'), line("bob", 'b'));
        let policy = SharedPolicy::from(Policy::new(Dialect::Noise, keys(&ann).into()).unwrap());
        let (source, said) = (Source::File(path.clone()), Kept::default());
        let notes = Notes::over(said.clone(), Volume::Normal);
        let after = |content: &str| {
            write_private(&path, content);
            reload(&source, &policy.clone(), &notes);
            [&ann, &bob].map(|key| lets_in(&policy, key))
        };
        assert_eq!(after(&format!("{ann}{bob}")), [true, true]);
        assert!(said.text().ends_with(": 2 keys in it\n"), "{}", said.text());
        assert_eq!(after(&bob), [false, true]);
        for broken in ["", "ann 12", &format!("{bob}{bob}")] {
            assert_eq!(after(broken), [false, true], "{broken:?}");
            assert!(
                said.text().lines().last().unwrap().starts_with("the keys stay as they were: key file /")
            );
        }
        fs::remove_file(&path).unwrap();
        reload(&source, &policy, &notes);
        assert!(lets_in(&policy, &bob));
    }

    fn make_fifo(path: &Path) {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
    }

    fn make_writable_file(path: &Path) {
        fs::write(path, line("eve", 'e')).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
    }

    fn make_folder(path: &Path) {
        fs::create_dir(path).unwrap();
    }

    /// What is said of a reload of what stands at the key file's place; the keys have to stay as they were.
    fn refusal_of(make: fn(&Path)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        make(&path);
        let ann = line("ann", 'a');
        let policy = SharedPolicy::from(Policy::new(Dialect::Noise, keys(&ann).into()).unwrap());
        let (said, shared) = (Kept::default(), policy.clone());
        let notes = Notes::over(said.clone(), Volume::Normal);
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            reload(&Source::File(path), &shared, &notes);
            done.send(())
        });
        is_done.recv_timeout(DEADLINE).expect("a reload waits for nobody");
        assert!(lets_in(&policy, &ann) && !lets_in(&policy, &line("eve", 'e')));
        said.text()
    }

    #[test]
    fn what_took_the_place_of_the_key_file_is_refused_at_once() {
        for make in [make_fifo, make_folder] {
            let said = refusal_of(make);
            assert!(said.ends_with(" is no regular file\n"), "{said}");
        }
        let said = refusal_of(make_writable_file);
        assert!(said.contains("chmod 600 "), "{said}");
    }
}
