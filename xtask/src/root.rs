//! Where the workspace lies, and a `cargo` that runs there.
//! What cargo is asked to do is the tasks' own affair.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use cargo_metadata::MetadataCommand;

/// The workspace's root folder.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// The cargo that started us, so that no other toolchain slips in.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder());
    command
}

/// Where what is built of a manifest goes, unless somebody wants it elsewhere.
pub(crate) fn target_folder(manifest: &str) -> Result<PathBuf> {
    let metadata = MetadataCommand::new().manifest_path(folder().join(manifest)).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}
