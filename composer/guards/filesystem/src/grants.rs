use alloc::vec::Vec;
use rules::Rules;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// A guest path, and what is allowed below it.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    pub path: &'a str,
    pub access: Access,
}

/// What is granted, each path once. A rule that is not written as rules are grants nothing.
pub fn grants(rules: &Rules) -> Vec<Grant<'_>> {
    let mut grants: Vec<Grant> = Vec::new();
    for fields in rules.of("filesystem") {
        let Some(grant) = parse(&fields) else { continue };
        match grants.iter_mut().find(|known| known.path == grant.path) {
            Some(known) if grant.access == Access::Write => known.access = Access::Write,
            Some(_) => {}
            None => grants.push(grant),
        }
    }
    grants
}

fn parse<'a>(fields: &[&'a str]) -> Option<Grant<'a>> {
    let [access, path, _volume] = *fields else { return None };
    let access = match access {
        "read" => Access::Read,
        "write" => Access::Write,
        _ => return None,
    };
    (path == "/" || is_canonical(path)).then_some(Grant { path, access })
}

fn is_canonical(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

/// What is left of a granted path below a directory of the host: nothing where it is that directory, and `None` where it
/// is not below it.
pub fn below<'a>(preopen: &str, granted: &'a str) -> Option<&'a str> {
    let base = preopen.strip_suffix('/').unwrap_or(preopen);
    if !preopen.starts_with('/') || !(base.is_empty() || is_canonical(base)) {
        return None;
    }
    let rest = granted.strip_prefix(base)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::{Access, Grant, below, grants};
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;
    use rules::Rules;

    fn text(lines: &[&str]) -> Rules {
        let lines: String = lines.iter().map(|line| format!("filesystem\t{line}\n")).collect();
        Rules::new(format!("pulumi-wasm rules 1\tapi\n{lines}"))
    }

    #[test]
    fn gives_each_path_once_with_all_its_rights() {
        let rules = text(&["read\t/a\tv", "write\t/a/b\tv", "write\t/a\tv", "read\t/a/b\tv", "read\t/\tv"]);
        let expected = [("/a", Access::Write), ("/a/b", Access::Write), ("/", Access::Read)];
        assert_eq!(grants(&rules), expected.map(|(path, access)| Grant { path, access }));
    }

    #[test]
    fn grants_nothing_by_a_rule_that_is_not_canonical() {
        for line in [
            "read",
            "read\t/a",
            "read\t/a\tv\tmore",
            "Read\t/a\tv",
            "all\t/a\tv",
            "\t/a\tv",
            "read\t\tv",
            "read\ta\tv",
            "read\t/a/\tv",
            "read\t//\tv",
            "read\t//a\tv",
            "read\t/a/../b\tv",
            "read\t/a/.\tv",
            "read\t.\tv",
        ] {
            assert_eq!(grants(&text(&[line])), vec![], "{line}");
        }
    }

    #[test]
    fn finds_what_is_left_below_a_directory() {
        assert_eq!(below("/", "/"), Some(""));
        assert_eq!(below("/", "/a/b"), Some("a/b"));
        assert_eq!(below("/a", "/a"), Some(""));
        assert_eq!(below("/a/", "/a/b/c"), Some("b/c"));
    }

    #[test]
    fn knows_no_parent_but_whole_absolute_paths() {
        for (preopen, granted) in [
            ("/a", "/ab"),
            ("/a", "/"),
            ("/a/b", "/a"),
            ("", "/a"),
            (".", "/a"),
            ("./", "/a"),
            ("a", "/a"),
            ("..", "/a"),
            ("/.", "/a"),
            ("/b/..", "/a"),
            ("//", "/a"),
            ("//a", "/a/b"),
            ("/a//", "/a/b"),
        ] {
            assert_eq!(below(preopen, granted), None, "{preopen} {granted}");
        }
    }
}
