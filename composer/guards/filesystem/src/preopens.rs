use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::Filesystem;
use crate::descriptor::Opened;
use crate::exports::wasi::filesystem::preopens::{Descriptor, Guest};
use crate::grants::{Access, below, grants};
use crate::pulumi_wasm::guard::rules;
use crate::wasi::filesystem::preopens::get_directories;
use crate::wasi::filesystem::types::{Descriptor as Host, DescriptorFlags, OpenFlags, PathFlags};
use ::rules::Rules;

impl Guest for Filesystem {
    /// The granted directories that the host has.
    fn get_directories() -> Vec<(Descriptor, String)> {
        let rules = Rules::new(rules::text());
        let preopens = get_directories();
        let found: Vec<_> = grants(&rules)
            .into_iter()
            .filter_map(|grant| closest(&preopens, grant.path).map(|(at, rest)| (grant, at, rest)))
            .collect();

        let mut directories = Vec::new();
        for (grant, at, rest) in found.iter().filter(|(_, _, rest)| !rest.is_empty()) {
            let base = preopens.get(*at).map(|(host, _)| host);
            if let Some(opened) = base.and_then(|base| descend(base, rest, grant.access)) {
                directories.push((Descriptor::new(opened), grant.path.to_owned()));
            }
        }
        // One that is granted as a whole is handed out itself; those that nobody may have are dropped.
        for (at, (host, _)) in preopens.into_iter().enumerate() {
            let whole = found.iter().find(|(_, index, rest)| *index == at && rest.is_empty());
            if let Some((grant, ..)) = whole {
                directories.push((Descriptor::new(Opened::new(host, grant.access)), grant.path.to_owned()));
            }
        }
        directories
    }
}

/// The directory of the host that is the granted path or the closest above it, and what is left of the path below it. Of
/// two under one path it is the last, as C libraries take it.
fn closest<'a>(preopens: &[(Host, String)], granted: &'a str) -> Option<(usize, &'a str)> {
    let parents = preopens.iter().enumerate().rev();
    parents
        .filter_map(|(at, (_, path))| below(path, granted).map(|rest| (at, rest)))
        .min_by_key(|(_, rest)| rest.len())
}

/// Opens a directory one name at a time and follows no link, so that it lies where its path says.
fn descend(base: &Host, path: &str, access: Access) -> Option<Opened> {
    let mutable = match access {
        Access::Read => DescriptorFlags::empty(),
        Access::Write => {
            base.get_flags().unwrap_or(DescriptorFlags::empty()) & DescriptorFlags::MUTATE_DIRECTORY
        }
    };
    let mut names = path.split('/');
    let mut host = open(base, names.next()?, mutable)?;
    for name in names {
        host = open(&host, name, mutable)?;
    }
    Some(Opened { host, access, also: mutable })
}

/// Hosts that know no `mutate-directory` refuse it, and let each directory be changed that lies below one that can be.
fn open(base: &Host, name: &str, mutable: DescriptorFlags) -> Option<Host> {
    let with = |flags| base.open_at(PathFlags::empty(), name, OpenFlags::DIRECTORY, flags).ok();
    with(DescriptorFlags::READ | mutable).or_else(|| with(DescriptorFlags::READ))
}
