//! Places in the file system that vanish after the test.
//! What stands in them is the test's affair.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

/// A folder of the test's own, with a path short enough for Unix sockets.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty folder.
    #[expect(clippy::new_without_default, reason = "making a folder is no default value")]
    pub fn new() -> Place {
        let folder = tempfile::Builder::new().prefix("sb-").tempdir();
        Place { folder: folder.expect("the temporary folder takes one more") }
    }

    /// The path of `name` in it, whether it exists or not.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its path. Only its owner can use it, whatever the umask: it may hold a key. One that is
    /// written again is exchanged at once, as a program that was started before may just be reading it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        let mut file = NamedTempFile::new_in(self.folder()).expect("a new folder takes a file");
        file.write_all(content.as_ref()).expect("the disk takes it");
        file.as_file().set_permissions(Permissions::from_mode(0o600)).expect("the file is ours");
        file.persist(&path).expect("the folder is ours");
        path
    }

    /// Writes a key file with a line for each name; its key is the digit, over and over.
    pub fn keys(&self, file: &str, names: &[(&str, char)]) -> PathBuf {
        let line = |(name, digit): &(&str, char)| format!("{name} {}\n", digit.to_string().repeat(64));
        self.file(file, names.iter().map(line).collect::<String>())
    }

    /// An endpoint such as `unix:PATH` for a socket in it.
    pub fn endpoint(&self, scheme: &str, name: &str) -> String {
        format!("{scheme}:{}", self.path(name).display())
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
