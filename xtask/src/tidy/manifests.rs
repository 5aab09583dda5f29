//! Manifests: reasons beside dependencies, each version stated once, no member forgotten.
//! Who may depend on whom is left to `edges`.

use super::Complaint;
use super::workspace::{File, Package, Workspace};

/// Every third-party line of `[workspace.dependencies]` ends with a `#` and a reason.
pub(super) fn dependencies_have_reasons(workspace: &Workspace) -> Vec<Complaint> {
    let Some(root) = workspace.file(ROOT) else { return Vec::new() };
    let dependencies = lines_in(root, |section| section == "workspace.dependencies");
    let third_party = dependencies.filter(|(_, line)| !line.contains("path = "));
    let silent = third_party.filter(|(_, line)| reason_of(line).is_empty());
    silent.map(|(line, _)| Complaint::new(ROOT, line, NO_REASON)).collect()
}

/// Members take their dependencies and lints from the root.
pub(super) fn members_inherit(workspace: &Workspace) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for manifest in members(workspace) {
        let dependencies = lines_in(manifest, |section| section.ends_with("dependencies"));
        let own =
            dependencies.filter(|(_, line)| !line.contains("workspace = true") && !line.contains(ITSELF));
        complaints.extend(own.map(|(line, _)| Complaint::new(&manifest.path, line, OWN_VERSION)));
        let mut lints = lines_in(manifest, |section| section == "lints");
        if !lints.any(|(_, line)| line == "workspace = true") {
            complaints.push(Complaint::new(&manifest.path, 1, NO_LINTS));
        }
    }
    complaints
}

/// The minimum Rust version stands in the root manifest and nowhere else.
pub(super) fn versions_are_stated_once(workspace: &Workspace) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in workspace.files.iter().filter(|file| file.is_a("toml")) {
        let stated = file.text.lines().enumerate().filter(|(_, line)| states_version(file, line));
        let again = stated.skip(usize::from(file.path == ROOT));
        complaints.extend(again.map(|(index, _)| Complaint::new(&file.path, index + 1, STATED_TWICE)));
    }
    complaints
}

fn states_version(file: &File, line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default().trim();
    matches!(key, "msrv" | "rust-version") || key == "channel" && file.path.contains("rust-toolchain")
}

/// A plain `cargo test` runs every member.
pub(super) fn no_member_is_forgotten(workspace: &Workspace) -> Vec<Complaint> {
    let forgotten = workspace.packages.iter().filter(|package| !package.is_default_member);
    let complaint = |package: &Package| {
        let what = format!("`{}` is not in default-members, list it there", package.name);
        Complaint::new(ROOT, 1, what)
    };
    forgotten.map(complaint).collect()
}

fn members(workspace: &Workspace) -> impl Iterator<Item = &File> {
    workspace.packages.iter().filter_map(|package| workspace.file(&package.manifest))
}

/// Lines, counted from 1, of the sections that `is_wanted` by their name.
fn lines_in(file: &File, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut is_inside = false;
    file.text.lines().enumerate().filter_map(move |(index, line)| {
        if let Some(section) = line.trim().strip_prefix('[') {
            is_inside = is_wanted(section.trim_end_matches(']'));
            return None;
        }
        let is_entry = !line.trim().is_empty() && !line.trim_start().starts_with('#');
        (is_inside && is_entry).then_some((index + 1, line.trim()))
    })
}

fn reason_of(line: &str) -> &str {
    line.rsplit_once('#').map_or("", |(_, reason)| reason.trim())
}

const ROOT: &str = "Cargo.toml";

/// A package that switches its own features on for its tests.
const ITSELF: &str = "path = \".\"";

const NO_REASON: &str = "a third-party crate without a reason, add `# why` to its line";
const OWN_VERSION: &str =
    "a dependency with its own version, write `.workspace = true` and state it in the root";
const NO_LINTS: &str = "the workspace's lints are not in force here, add `[lints] workspace = true`";
const STATED_TWICE: &str = "the minimum Rust version is stated again, leave it to the root manifest";

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    fn lines(complaints: &[Complaint]) -> Vec<usize> {
        complaints.iter().map(|complaint| complaint.line).collect()
    }

    fn with_member(manifest: &str) -> Workspace {
        let package = Package { manifest: "a/Cargo.toml".into(), name: "a".into(), ..Package::default() };
        Workspace { packages: vec![package], ..of_files([("a/Cargo.toml", manifest)]) }
    }

    #[test]
    fn a_third_party_crate_without_a_reason_is_found() {
        let text = "[workspace.dependencies]\n# ours\na = { path = \"a\" }\nb = \"1\" # why\nc = \"1\"\nd = \"1\" #\n[x]\ne = 1\n";
        assert_eq!(lines(&dependencies_have_reasons(&of_files([(ROOT, text)]))), [5, 6]);
    }

    #[test]
    fn a_member_with_its_own_version_is_found() {
        let text = "[dependencies]\na.workspace = true\nb = \"1\"\n[dev-dependencies]\n\
                    a = { path = \".\", features = [\"sim\"] }\n[lints]\nworkspace = true\n";
        assert_eq!(lines(&members_inherit(&with_member(text))), [3]);
    }

    #[test]
    fn a_member_without_the_lints_is_found() {
        assert_eq!(members_inherit(&with_member("[dependencies]\n"))[0].what, NO_LINTS);
    }

    #[test]
    fn the_version_is_stated_once() {
        let workspace = of_files([
            (ROOT, "rust-version = \"1.0\"\n"),
            ("a/Cargo.toml", "rust-version.workspace = true\n"),
            ("b/Cargo.toml", "rust-version = \"1.0\"\n"),
            ("clippy.toml", "msrv = \"1.0\"\n"),
        ]);
        let complaints = versions_are_stated_once(&workspace);
        let paths: Vec<&str> = complaints.iter().map(|complaint| complaint.path.as_str()).collect();
        assert_eq!(paths, ["b/Cargo.toml", "clippy.toml"]);
    }

    #[test]
    fn a_member_outside_the_default_run_is_found() {
        assert_eq!(no_member_is_forgotten(&with_member("")).len(), 1);
    }
}
