//! What `cargo metadata` tells about the workspace's crates.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// One crate of the workspace and what its manifest asks for.
pub struct Crate {
    pub name: String,
    /// From the root: `crates/shared/kernel`.
    pub folder: String,
    pub manifest: PathBuf,
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest.
pub struct Dependency {
    pub name: String,
    pub for_tests: bool,
    /// Whether it is a crate of the workspace.
    pub ours: bool,
    /// What the manifest and the workspace's line turn on, together.
    pub features: BTreeSet<String>,
}

/// All crates of the workspace, by name. Resolves nothing and needs no network.
pub fn all() -> Vec<Crate> {
    let root = super::root();
    let metadata = MetadataCommand::new()
        .current_dir(&root)
        .no_deps()
        .exec()
        .expect("cargo metadata reads the workspace");
    let mut crates: Vec<Crate> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let manifest = package.manifest_path.clone().into_std_path_buf();
            let folder = manifest.parent().and_then(|folder| folder.strip_prefix(&root).ok());
            Crate {
                name: package.name.to_string(),
                folder: folder.expect("a member lies below the root").display().to_string(),
                dependencies: package.dependencies.iter().map(dependency).collect(),
                manifest,
            }
        })
        .collect();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    crates
}

fn dependency(line: &cargo_metadata::Dependency) -> Dependency {
    Dependency {
        name: line.name.clone(),
        for_tests: line.kind == DependencyKind::Development,
        ours: line.path.is_some(),
        features: line.features.iter().cloned().collect(),
    }
}
