//! No trace of one machine in the tree: neither its folders nor the registry it builds from.
//! What a lock file pins is left to cargo, but for where it comes from.

use super::Complaint;
use super::workspace::{File, Workspace};

pub(super) fn leaves_no_trace(workspace: &Workspace) -> Vec<Complaint> {
    workspace
        .files
        .iter()
        .flat_map(|file| if is_lock(file) { in_lock(file) } else { in_text(file) })
        .collect()
}

fn is_lock(file: &File) -> bool {
    file.path.ends_with("Cargo.lock")
}

fn in_text(file: &File) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let paths = FOLDERS.iter().filter(|folder| begins_a_path(line, folder)).map(|folder| {
            format!("`{folder}` is a folder of one machine, take a relative path or a temporary folder")
        });
        let hosts = HOSTS.iter().filter(|host| line.contains(**host));
        let hosts =
            hosts.map(|host| format!("`{host}` is a registry, let cargo and pip know where they look"));
        complaints.extend(paths.chain(hosts).map(|what| Complaint::new(&file.path, index + 1, what)));
    }
    complaints
}

/// Whether `folder` stands in `line` and is not the middle of a longer path.
fn begins_a_path(line: &str, folder: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "._-}".contains(c);
    line.match_indices(folder).any(|(start, _)| !line[..start].chars().next_back().is_some_and(goes_on))
}

fn in_lock(file: &File) -> Vec<Complaint> {
    let lines = file.text.lines().enumerate();
    let strange = lines.filter(|(_, line)| line.starts_with("source = ") && *line != LOCK_SOURCE);
    strange.map(|(index, _)| Complaint::new(&file.path, index + 1, STRANGE_SOURCE)).collect()
}

const STRANGE_SOURCE: &str = "this is not the public registry, take the crate from there";

/// Each in two pieces: this file is tracked too.
const FOLDERS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/", "target"),
    concat!("/wo", "rk/"),
];

const HOSTS: &[&str] = &[
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("crates", ".io-index"),
    concat!("pypi", ".org"),
    concat!("files.pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("art", "ifactory"),
];

const LOCK_SOURCE: &str = concat!("source = \"registry+https://github.com/rust-lang/crates", ".io-index\"");

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    #[test]
    fn a_folder_of_a_machine_is_found_in_any_file() {
        let text = format!("fine\nsee {}ann/notes\ncrate{}x is fine\n", FOLDERS[0], FOLDERS[1]);
        let complaints = leaves_no_trace(&of_files([("README.md", text.as_str())]));
        assert_eq!(complaints.iter().map(|complaint| complaint.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_registry_is_found_except_the_public_one_in_a_lock_file() {
        let foreign = "source = \"registry+https://example.test/index\"";
        let text = format!("{LOCK_SOURCE}\n{foreign}\n");
        let lines = |path: &str| -> Vec<usize> {
            let workspace = of_files([(path, text.as_str())]);
            leaves_no_trace(&workspace).iter().map(|complaint| complaint.line).collect()
        };
        assert_eq!(lines("Cargo.lock"), [2]);
        assert_eq!(lines("config.toml"), [1]);
    }
}
