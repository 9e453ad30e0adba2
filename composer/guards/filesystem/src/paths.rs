/// Whether a path stays below the directory that it starts from, as it is written. The host resolves paths, and keeps
/// links from leading out; this holds where a host would not look.
pub fn stays_below(path: &str) -> bool {
    let mut depth = 0usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    !path.starts_with('/')
}

/// Whether a symbolic link to this target leads below its own directory, wherever it is moved. One with `..` may lead out
/// of the granted directory after a move, and whoever follows it there need not be held back as the module is.
pub fn is_link_target(target: &str) -> bool {
    !target.starts_with('/') && target.split('/').all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use super::{is_link_target, stays_below};

    #[test]
    fn takes_paths_below_the_directory() {
        for path in
            ["", ".", "a", "a/b", "a/", "./a", "a/..", "a/../b", "a//b/../../c", "..a", "a/...", ".. "]
        {
            assert!(stays_below(path), "{path}");
        }
    }

    #[test]
    fn refuses_paths_that_leave() {
        for path in ["/", "/a", "//", "/..", "..", "../", "../a", "a/../..", "./..", "a/../../a", ".//.."] {
            assert!(!stays_below(path), "{path}");
        }
    }

    #[test]
    fn links_only_lead_down() {
        assert!(is_link_target("a"));
        assert!(is_link_target("./a/b"));
        for target in ["/", "/a", "..", "../a", "a/..", "a/../b", "a/../../b"] {
            assert!(!is_link_target(target), "{target}");
        }
    }
}
