//! What of this machine's files a command in the sandbox is given, where no agent is.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use massgen_permissions::{Access, Extent, Grant, GrantKind, Policy};
use massgen_sandbox::{GuestFilesystem, MountPoint};

use crate::exit::Failure;

/// A directory or file of the host's, and where the command finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    host: PathBuf,
    /// None for the same path as on the host.
    guest: Option<PathBuf>,
    access: Access,
}

impl Mount {
    /// Reads `HOST`, `HOST:GUEST`, and either with `:ro` or `:rw`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (rest, access) = match text.rsplit_once(':') {
            Some((rest, "ro")) => (rest, Access::Read),
            Some((rest, "rw")) => (rest, Access::Write),
            _ => (text, Access::Write),
        };
        let (host, guest) = match rest.rfind(":/") {
            Some(at) => (&rest[..at], Some(PathBuf::from(&rest[at + 1..]))),
            None if rest.contains(':') => {
                return Err(
                    "the place in the sandbox must be an absolute path: HOST:/GUEST[:ro]"
                        .to_owned(),
                );
            }
            None => (rest, None),
        };
        if host.is_empty() {
            return Err("the path on this machine is missing: HOST[:/GUEST][:ro]".to_owned());
        }
        let climbs = |path: &PathBuf| path.components().any(|part| part == Component::ParentDir);
        if guest.as_ref().is_some_and(climbs) {
            return Err("the place in the sandbox must not contain `..`".to_owned());
        }
        Ok(Self {
            host: host.into(),
            guest,
            access,
        })
    }

    /// The path on the host as it really is, and the one in the sandbox.
    fn resolve(&self) -> Result<(PathBuf, PathBuf), Failure> {
        let real = self.host.canonicalize().map_err(|error| {
            Failure::Usage(format!(
                "cannot mount {}: {error}. Check the path.",
                self.host.display()
            ))
        })?;
        let guest = self.guest.clone().unwrap_or_else(|| real.clone());
        Ok((real, guest))
    }
}

/// The files of the command. Without mounts it reads the current directory and writes nothing.
pub(crate) fn filesystem(
    mounts: &[Mount],
    workdir: Option<&Path>,
) -> Result<Arc<GuestFilesystem>, Failure> {
    let here = [Mount {
        host: ".".into(),
        guest: None,
        access: Access::Read,
    }];
    let mounts = if mounts.is_empty() { &here } else { mounts };
    let mut points: Vec<MountPoint> = Vec::new();
    let mut grants = Vec::new();
    for mount in mounts {
        let (host, guest) = mount.resolve()?;
        if points.iter().any(|point| point.guest == guest) {
            return Err(Failure::Usage(format!(
                "two mounts have the same place in the sandbox, {}",
                guest.display()
            )));
        }
        let grant = if host.is_dir() {
            Grant::tree(&host, GrantKind::Mount, mount.access)
        } else {
            Grant::file(&host, GrantKind::Mount, mount.access)
        };
        points.push(MountPoint {
            guest,
            host,
            extent: grant.extent,
        });
        grants.push(grant);
    }
    let first = &points[0];
    let first = match first.extent {
        Extent::Tree => first.guest.clone(),
        Extent::File => first.guest.parent().unwrap_or(Path::new("/")).to_owned(),
    };
    let directory = workdir.map_or(first, Path::to_owned);
    let filesystem = GuestFilesystem::new(&points, Policy::new(grants), directory)?
        // Nobody reads files before they remove them with `rm`.
        .with_read_before_delete(massgen_config::ReadBeforeDelete::Off)
        .with_temporary_directories();
    Ok(Arc::new(filesystem))
}
