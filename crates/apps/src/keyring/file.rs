//! A key file: who may touch it, and its content read without leaving copies behind.
//!
//! Which file it is, is `source`'s to say, and what is written in it `keyring`'s to read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::{LoadError, ParseKeysError};
use crate::cli::notes::Notes;

/// What was read of a key, wiped when dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// The content of a key file, which may also be a pipe, as in `--key-file <(pass show switchboard)`.
pub(super) fn read(path: &Path, notes: &Notes) -> Result<Secret, LoadError> {
    let file = File::open(path).map_err(|reason| unreadable(path, reason))?;
    check_access(path, &file, notes)?;
    read_whole(path, &file, 0)
}

/// The same once more: now only a regular file will do, because a server cannot wait for who fills a pipe.
pub(super) fn read_again(path: &Path, notes: &Notes) -> Result<Secret, LoadError> {
    let at_once = OFlags::NONBLOCK.bits().cast_signed(); // even the opening of a pipe would wait
    let opened = OpenOptions::new().read(true).custom_flags(at_once).open(path);
    let file = opened.map_err(|reason| unreadable(path, reason))?;
    check_regular(path, &file)?;
    check_access(path, &file, notes)?;
    read_whole(path, &file, 0)
}

/// Refuses pipes, folders, devices and whatever else can be opened like a file.
pub(crate) fn check_regular(path: &Path, file: &File) -> Result<(), LoadError> {
    if about(path, file)?.is_file() { Ok(()) } else { Err(LoadError::NotAFile { path: path.to_owned() }) }
}

/// Refuses a key file that others can write, who could let themselves in; warns of one that others can read.
/// A pipe has no mode that means anything.
pub(crate) fn check_access(path: &Path, file: &File, notes: &Notes) -> Result<(), LoadError> {
    let about = about(path, file)?;
    let mode = about.permissions().mode() & 0o777;
    if about.is_file() && mode & OTHERS_WRITE != 0 {
        return Err(LoadError::Writable { path: path.to_owned(), mode });
    }
    if about.is_file() && mode & OTHERS_ANY != 0 {
        let path = path.display();
        notes.warn(format_args!("others can use key file {path} (mode {mode:03o}); chmod 600 {path}"));
    }
    Ok(())
}

/// All that is left in the file, with room for so many bytes more: while no more are added the buffer never moves,
/// which would leave what it held behind, unwiped.
pub(crate) fn read_whole(path: &Path, file: &File, spare_bytes: usize) -> Result<Secret, LoadError> {
    let mut secret = Secret::new(Vec::with_capacity(FILE_BYTES_MAX + 1 + spare_bytes));
    let reserved = secret.capacity();
    let read = file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut secret);
    debug_assert_eq!(secret.capacity(), reserved, "a buffer that is as large as the limit does not grow");
    read.map_err(|reason| unreadable(path, reason))?;
    if secret.len() > FILE_BYTES_MAX {
        let place = format!("key file {}", path.display());
        return Err(LoadError::Content { place, reason: ParseKeysError::TooLong { limit: FILE_BYTES_MAX } });
    }
    Ok(secret)
}

fn about(path: &Path, file: &File) -> Result<Metadata, LoadError> {
    file.metadata().map_err(|reason| unreadable(path, reason))
}

fn unreadable(path: &Path, reason: io::Error) -> LoadError {
    LoadError::Unreadable { path: path.to_owned(), reason }
}

/// The permissions of the group and of everybody to write.
const OTHERS_WRITE: u32 = 0o022;

/// Their permissions to do anything.
const OTHERS_ANY: u32 = 0o077;

/// Some 30,000 lines: a longer file is some other file.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::path::PathBuf;

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;

    fn file(folder: &Path, mode: u32, content: &[u8]) -> PathBuf {
        let path = folder.join("keys");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_key_file_that_others_can_use_is_warned_of_even_quietly() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, warns) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o610, true)] {
            let path = file(folder.path(), mode | 0o200, b"secret");
            for read in [read, read_again] {
                let said = Kept::default();
                read(&path, &Notes::over(said.clone(), Volume::Quiet)).unwrap();
                assert_eq!(said.text().starts_with("warning: "), warns, "mode {mode:o}: {}", said.text());
            }
        }
    }

    #[test]
    fn a_key_file_that_others_can_write_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o620, 0o602, 0o666, 0o777] {
            let path = file(folder.path(), mode, b"secret");
            for read in [read, read_again] {
                let error = read(&path, &Notes::stderr(Volume::Quiet)).unwrap_err().to_string();
                assert!(error.contains("chmod 600") && !error.contains('\n'), "mode {mode:o}: {error}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_too_long_is_said_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let quiet = Notes::stderr(Volume::Quiet);
        assert!(matches!(read(&folder.path().join("none"), &quiet), Err(LoadError::Unreadable { .. })));

        let path = file(folder.path(), 0o600, &vec![b'x'; FILE_BYTES_MAX]);
        assert_eq!(read(&path, &quiet).unwrap().len(), FILE_BYTES_MAX);
        let path = file(folder.path(), 0o600, &vec![b'x'; FILE_BYTES_MAX + 1]);
        let error = read(&path, &quiet).unwrap_err().to_string();
        assert!(error.starts_with("key file /") && !error.contains('\n'), "{error}");
    }
}
