//! Who may depend on whom: the layers as a table, compared with the manifests.
//! Why a third-party crate is used at all stands beside it in the root manifest.

use super::Complaint;
use super::workspace::{Dependency, Package, Workspace};

/// What one package may name in its manifest.
struct Floor {
    package: &'static str,
    always: Allowed,
    /// Behind a feature that is off by default.
    optional: &'static [&'static str],
    /// For its own tests, besides what is allowed anyway.
    tests: &'static [&'static str],
}

enum Allowed {
    Only(&'static [&'static str]),
    /// The top floor: whatever the root manifest gives a reason for.
    Anything,
}

/// The layers, from the ground up. `framing`, `auth` and `reactor` do not know each other;
/// `switchboard` is the one place where they meet.
const FLOORS: &[Floor] = &[
    Floor {
        package: "switchboard-framing",
        always: Allowed::Only(&["bytes"]),
        optional: &["tokio-util"],
        tests: &["cap", "futures-util", "proptest", "tokio"],
    },
    Floor {
        package: "switchboard-auth",
        always: Allowed::Only(&["hkdf", "hmac", "md-5", "sha2", "sha3", "thiserror", "zeroize"]),
        optional: &["snow"],
        tests: &["proptest", "serde_json"],
    },
    Floor {
        package: "switchboard-reactor",
        always: Allowed::Only(&["bytes", "mio", "rustix", "socket2", "thiserror", "tracing"]),
        optional: &["signal-hook", "signal-hook-mio"],
        tests: &["loom", "proptest", "tempfile"],
    },
    Floor { package: "switchboard", always: Allowed::Anything, optional: &[], tests: &[] },
    Floor {
        // From outside: the programs by their command lines, so none of our crates.
        package: "e2e",
        always: Allowed::Only(&["rexpect", "rustix", "serde_json", "signal-hook", "tempfile"]),
        optional: &[],
        tests: &["proptest"],
    },
    Floor {
        package: "xtask",
        always: Allowed::Only(&["anyhow", "cargo_metadata", "serde_json"]),
        optional: &[],
        tests: &[],
    },
];

pub(super) fn are_allowed(workspace: &Workspace) -> Vec<Complaint> {
    workspace.packages.iter().flat_map(complaints_about).collect()
}

fn complaints_about(package: &Package) -> Vec<Complaint> {
    let Some(floor) = FLOORS.iter().find(|floor| floor.package == package.name) else {
        let what =
            format!("`{}` has no row in the table of layers, give it one in {}", package.name, file!());
        return vec![Complaint::new(&package.manifest, 1, what)];
    };
    let refused = package.dependencies.iter().filter(|dependency| !floor.allows(dependency));
    refused.map(|dependency| refusal(package, dependency)).collect()
}

impl Floor {
    fn allows(&self, dependency: &Dependency) -> bool {
        let name = dependency.name.as_str();
        let is_always_allowed = match self.always {
            Allowed::Only(names) => names.contains(&name),
            Allowed::Anything => true,
        };
        let is_itself = name == self.package; // with other features, for its tests
        is_always_allowed
            || dependency.is_for_tests && is_itself
            || dependency.is_optional && self.optional.contains(&name)
            || dependency.is_for_tests && self.tests.contains(&name)
    }
}

fn refusal(package: &Package, dependency: &Dependency) -> Complaint {
    let what = format!(
        "`{}` may not depend on `{}`, move the code to the layer that may, or change the table in {}",
        package.name,
        dependency.name,
        file!()
    );
    Complaint::new(&package.manifest, 1, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: Vec<Dependency>) -> Workspace {
        let package = Package { name: name.to_owned(), dependencies, ..Package::default() };
        Workspace { packages: vec![package], ..Workspace::default() }
    }

    fn needs(name: &str) -> Dependency {
        Dependency { name: name.to_owned(), is_optional: false, is_for_tests: false }
    }

    #[test]
    fn layers_below_do_not_know_each_other() {
        let layers = ["switchboard-framing", "switchboard-auth", "switchboard-reactor"];
        for (above, below) in layers.iter().flat_map(|above| layers.map(|below| (above, below))) {
            assert_eq!(are_allowed(&package(above, vec![needs(below)])).len(), 1, "{above} -> {below}");
            assert!(are_allowed(&package("switchboard", vec![needs(below)])).is_empty());
        }
    }

    #[test]
    fn an_optional_dependency_must_be_optional_and_a_test_one_for_tests() {
        let optional = Dependency { is_optional: true, ..needs("tokio-util") };
        let for_tests = Dependency { is_for_tests: true, ..needs("proptest") };
        assert!(are_allowed(&package("switchboard-framing", vec![optional, for_tests])).is_empty());
        let plain = vec![needs("tokio-util"), needs("proptest")];
        assert_eq!(are_allowed(&package("switchboard-framing", plain)).len(), 2);
    }

    #[test]
    fn a_new_member_needs_a_row() {
        let complaints = are_allowed(&package("newcomer", vec![]));
        assert!(complaints[0].what.contains("no row"));
    }
}
