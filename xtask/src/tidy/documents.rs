//! The documents that a reader looks for first are there and are not empty.
//! What they say is left to their authors.

use super::Complaint;
use super::workspace::Workspace;

pub(super) fn are_present(workspace: &Workspace) -> Vec<Complaint> {
    let is_missing = |path: &&&str| workspace.file(path).is_none_or(|file| file.text.trim().is_empty());
    DOCUMENTS.iter().filter(is_missing).map(|path| missing(path)).collect()
}

fn missing(path: &str) -> Complaint {
    Complaint::new(path, 1, "this document is missing or empty, write it")
}

const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    #[test]
    fn a_missing_and_an_empty_document_are_named() {
        let workspace = of_files([("README.md", "# Here\n"), ("CHANGELOG.md", " \n")]);
        assert_eq!(are_present(&workspace), [missing("ARCHITECTURE.md"), missing("CHANGELOG.md")]);
    }
}
