//! The programs under test, built once and found where cargo puts them.
//! How they are started is left to `launch`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of one of our programs, built as the tests were.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOLDER.get_or_init(build_all) {
        Ok(folder) => folder.join(name),
        Err(report) => panic!("the programs cannot be built\n{report}"),
    }
}

/// A test package does not get another package's programs built, so it asks for them.
fn build_all() -> Result<PathBuf, String> {
    let folder = target_folder();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "switchboard", "--bins"]);
    command.args(["--profile", profile_of(&folder)]).arg("--target-dir");
    command.arg(folder.parent().expect("the profile's folder lies in the target folder"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    let report = || format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(folder) } else { Err(report()) }
}

/// `TARGET/PROFILE`, of which a test runs in `TARGET/PROFILE/deps`.
pub(crate) fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the system knows what it runs");
    let folder = test.parent().and_then(Path::parent);
    folder.expect("cargo puts tests two folders deep").to_path_buf()
}

/// The profile `dev` is the one whose folder has another name.
fn profile_of(folder: &Path) -> &str {
    let name = folder.file_name().and_then(|name| name.to_str());
    match name.expect("profiles have names in ASCII") {
        "debug" => "dev",
        name => name,
    }
}
