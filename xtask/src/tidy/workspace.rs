//! The workspace as the rules see it: its files, its packages and who depends on whom.
//! This is the one place of `tidy` that reads a disk or starts a process.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::code;
use crate::root;

/// Everything that rules look at.
#[derive(Default)]
pub(super) struct Workspace {
    pub(super) files: Vec<File>,
    pub(super) packages: Vec<Package>,
}

/// A text file that git tracks, or would if it were added.
pub(super) struct File {
    /// From the workspace's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// For Rust: the text without comments and literals, else empty.
    pub(super) code: String,
    /// For Rust: a flag for each line that is compiled for tests only.
    pub(super) is_test: Vec<bool>,
}

/// A member of the workspace.
#[derive(Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// From the workspace's root, with `/`.
    pub(super) manifest: String,
    pub(super) is_default_member: bool,
    pub(super) dependencies: Vec<Dependency>,
    /// What it links to when its own features are off, with the features that are on there.
    pub(super) linked: Vec<Linked>,
}

/// A line of a member's manifest that names another package.
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) is_optional: bool,
    /// Built for the package's tests only.
    pub(super) is_for_tests: bool,
}

/// A package somewhere below a member.
pub(super) struct Linked {
    pub(super) name: String,
    pub(super) features: Vec<String>,
}

impl Workspace {
    /// Files in Rust.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_a("rs"))
    }

    /// The file at `path`, if there is one.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> File {
        let code = if has_extension(path, "rs") { code::code_only(text) } else { String::new() };
        let is_test =
            if is_in_tests_folder(path) { vec![true; code.lines().count()] } else { code::test_lines(&code) };
        File { path: path.to_owned(), text: text.to_owned(), code, is_test }
    }

    /// Whether the path ends in a dot and `extension`.
    pub(super) fn is_a(&self, extension: &str) -> bool {
        has_extension(&self.path, extension)
    }

    /// Whether this line, counted from 1, is compiled for tests only.
    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.is_test.get(line - 1).copied().unwrap_or(false)
    }

    /// Paths of the files that `#[cfg(test)] mod name;` in this one declares.
    fn test_files(&self) -> Vec<String> {
        let modules = code::test_modules(&self.code);
        let own = self.path.trim_end_matches(".rs");
        let is_folder_root = ["mod", "lib", "main"].iter().any(|name| own.ends_with(&format!("/{name}")));
        let folder = if is_folder_root { own.rsplit_once('/').map_or("", |(folder, _)| folder) } else { own };
        modules.iter().map(|name| format!("{folder}/{name}")).collect()
    }
}

fn has_extension(path: &str, wanted: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == wanted)
}

/// Integration tests, and the whole package of end-to-end tests.
fn is_in_tests_folder(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/")
}

/// A workspace of these files.
pub(super) fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Workspace {
    let mut files: Vec<File> = files.into_iter().map(|(path, text)| File::new(path, text)).collect();
    let test_files: Vec<String> = files.iter().flat_map(File::test_files).collect();
    for file in &mut files {
        let is_below = |test: &String| {
            file.path.strip_prefix(test.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        if test_files.iter().any(is_below) {
            file.is_test.fill(true);
        }
    }
    Workspace { files, packages: Vec::new() }
}

/// Reads the workspace that this program was built in.
pub(super) fn read() -> Result<Workspace> {
    let texts = read_files()?;
    let files = of_files(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    Ok(Workspace { packages: read_packages()?, ..files })
}

/// Paths and texts; what is not UTF-8 has no lines to complain about and is left out.
fn read_files() -> Result<Vec<(String, String)>> {
    // A checkout that another user made, as in a container, is read all the same.
    let listed = output(
        Command::new("git")
            .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root::folder()),
    )?;
    let paths: BTreeSet<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    let mut files = Vec::new();
    for path in paths {
        // A file that was deleted and not yet committed is listed all the same.
        if let Ok(bytes) = std::fs::read(root::folder().join(path))
            && let Ok(text) = String::from_utf8(bytes)
        {
            files.push((path.to_owned(), text));
        }
    }
    Ok(files)
}

fn read_packages() -> Result<Vec<Package>> {
    let manifest = root::folder().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    let mut packages = packages_of(&metadata);
    for package in packages.iter_mut().filter(|package| super::no_std::PACKAGES.contains(&&*package.name)) {
        package.linked = read_linked(&package.name)?;
    }
    Ok(packages)
}

fn packages_of(metadata: &Metadata) -> Vec<Package> {
    let package = |package: &cargo_metadata::Package| Package {
        name: package.name.to_string(),
        manifest: package
            .manifest_path
            .strip_prefix(&metadata.workspace_root)
            .unwrap_or(&package.manifest_path)
            .to_string(),
        is_default_member: metadata.workspace_default_members.contains(&package.id),
        dependencies: package.dependencies.iter().map(dependency_of).collect(),
        linked: Vec::new(),
    };
    metadata.workspace_packages().into_iter().map(package).collect()
}

fn dependency_of(dependency: &cargo_metadata::Dependency) -> Dependency {
    Dependency {
        name: dependency.name.clone(),
        is_optional: dependency.optional,
        is_for_tests: dependency.kind == DependencyKind::Development,
    }
}

fn read_linked(package: &str) -> Result<Vec<Linked>> {
    let words = "tree --edges normal --prefix none --no-default-features --format {p}|{f} --package";
    let listed = output(root::cargo().args(words.split(' ')).arg(package))?;
    Ok(listed.lines().filter_map(linked_of).collect())
}

/// Reads `bytes v1.12.2|std,default (*)`.
fn linked_of(line: &str) -> Option<Linked> {
    let (package, features) = line.trim_end_matches(" (*)").split_once('|')?;
    let name = package.split(' ').next()?.to_owned();
    Some(Linked { name, features: features.split(',').map(|name| name.trim().to_owned()).collect() })
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    String::from_utf8(output.stdout).context("output is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_test_modules_are_tests_as_a_whole() {
        let workspace = of_files([
            ("a/src/lib.rs", "#[cfg(test)]\nmod probe;\n"),
            ("a/src/probe.rs", "fn x() {}\n"),
            ("a/src/probe/deep.rs", "fn y() {}\n"),
            ("a/src/prober.rs", "fn z() {}\n"),
        ]);
        let flags: Vec<bool> = workspace.files.iter().map(|file| file.is_test_line(1)).collect();
        assert_eq!(flags, [true, true, true, false]);
    }

    #[test]
    fn a_line_of_the_tree_gives_name_and_features() {
        let linked = linked_of("bytes v1.12.2|std,default (*)").unwrap();
        assert_eq!((linked.name.as_str(), linked.features.len()), ("bytes", 2));
    }

    #[test]
    fn this_workspace_has_its_own_task_runner_among_its_members() {
        let workspace = read().unwrap();
        assert!(workspace.packages.iter().any(|package| package.name == "xtask"));
        assert!(workspace.file("xtask/src/main.rs").is_some());
    }
}
