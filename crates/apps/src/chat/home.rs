//! The data folder: where it is, and the key that is made in it on the first run. What the key is for is `auth`'s.

use std::env;
use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use auth::Key;
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::escape;

/// A data folder, which need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The folder that was named.
    pub fn at(folder: impl Into<PathBuf>) -> Home {
        Home(folder.into())
    }

    /// The user's own: `$XDG_DATA_HOME/switchboard`, else `~/.local/share/switchboard`.
    pub fn of_user() -> anyhow::Result<Home> {
        Home::find(|name| env::var_os(name)).context("neither XDG_DATA_HOME nor HOME says where data is kept")
    }

    fn find(variable: impl Fn(&str) -> Option<OsString>) -> Option<Home> {
        // A relative path is to be ignored, says the XDG specification.
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let data =
            absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        data.map(|data| Home(data.join("switchboard")))
    }

    /// The key that members and hub share unless they are told of another.
    pub fn key_file(&self) -> PathBuf {
        self.0.join("chat.key")
    }

    /// Makes the folder and the key, if there are none. Both are for their owner only.
    pub fn furnish(&self) -> anyhow::Result<()> {
        let folder = self.0.display();
        let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.0);
        made.with_context(|| format!("making the data folder {folder}"))?;
        let path = self.key_file();
        make_key_file(&path).with_context(|| format!("making the key file {}", path.display()))
    }
}

/// Leaves a key that is there as it is. Two that start at once agree on one.
fn make_key_file(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(KEY_MODE).open(path)?;
    file.lock()?;
    if file.metadata()?.len() > 0 {
        return Ok(());
    }
    let mut bytes = Zeroizing::new([0; Key::MUTUAL_BYTES]);
    SysRng.try_fill_bytes(&mut *bytes).map_err(io::Error::other)?;
    let digits = Zeroizing::new(escape::hex(&*bytes));
    // Joined in one piece, so that no shorter copy is left behind.
    file.write_all(Zeroizing::new([KEY_NAME, " ", &*digits, "\n"].concat()).as_bytes())?;
    file.sync_all()
}

/// What the key that is made goes by; its nicks belong to everybody who has the file.
const KEY_NAME: &str = "chat";

const FOLDER_MODE: u32 = 0o700;
const KEY_MODE: u32 = 0o600;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::keyring::{Form, parse};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_run_makes_a_private_key_and_the_second_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("a/b"));
        home.furnish().unwrap();
        assert_eq!((mode(&folder.path().join("a/b")), mode(&home.key_file())), (0o700, 0o600));

        let made = fs::read(home.key_file()).unwrap();
        assert_eq!(parse(&made, Form::Lines).unwrap().first().unwrap().name(), KEY_NAME);
        home.furnish().unwrap();
        assert_eq!(fs::read(home.key_file()).unwrap(), made);
    }

    #[test]
    fn the_folder_is_where_the_environment_says() {
        let find = |data: &str, home: &str| {
            let variable = |name: &str| match name {
                "XDG_DATA_HOME" => Some(OsString::from(data)),
                _ => Some(OsString::from(home)),
            };
            Home::find(variable)
        };
        assert_eq!(find("/data", "/me"), Some(Home::at("/data/switchboard")));
        for unset in ["", "relative"] {
            assert_eq!(find(unset, "/me"), Some(Home::at("/me/.local/share/switchboard")));
        }
        assert_eq!(find("", ""), None);
    }
}
