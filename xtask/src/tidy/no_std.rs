//! Nothing below the pure crates brings the standard library in by a feature.
//! That their own code does without it is left to `layers` and to the compiler.

use super::Complaint;
use super::workspace::{Package, Workspace};

/// The packages that must build without the standard library when their features are off.
pub(super) const PACKAGES: &[&str] = &["switchboard-framing", "switchboard-auth"];

pub(super) fn links_no_std(workspace: &Workspace) -> Vec<Complaint> {
    workspace.packages.iter().flat_map(complaints_about).collect()
}

fn complaints_about(package: &Package) -> Vec<Complaint> {
    let with_std = package.linked.iter().filter(|linked| linked.features.iter().any(|name| name == "std"));
    let complaint = |name: &str| {
        let what =
            format!("`{name}` is linked with its feature `std`, take it with `default-features = false`");
        Complaint::new(&package.manifest, 1, what)
    };
    with_std.map(|linked| complaint(&linked.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::workspace::Linked;
    use super::*;

    #[test]
    fn a_dependency_with_std_on_is_named() {
        let linked = |name: &str, feature: &str| Linked { name: name.into(), features: vec![feature.into()] };
        let linked = vec![linked("bytes", "alloc"), linked("sha2", "std")];
        let package = Package { manifest: "a/Cargo.toml".into(), linked, ..Package::default() };
        let complaints = links_no_std(&Workspace { packages: vec![package], ..Workspace::default() });
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].what.contains("sha2"));
    }
}
