//! What a module reads of its configuration: granted keys, asked from the host one by one under the host's names for them.
//! A host's list of all is not asked for; it can hold its neighbours' values, and its environment too.

#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use rules::Rules;

/// The value of one of the module's keys; none where it is not granted.
///
/// # Errors
/// Those of `ask`, which reads a key of the host.
pub fn get<E>(
    rules: &Rules,
    key: &str,
    ask: impl Fn(&str) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    match rules.keys("config").find(|(own, _)| *own == key) {
        Some((_, host_key)) => ask(host_key),
        None => Ok(None),
    }
}

/// All granted keys that have values, under the module's names.
///
/// # Errors
/// The first one of `ask`, which reads a key of the host.
pub fn get_all<E>(
    rules: &Rules,
    ask: impl Fn(&str) -> Result<Option<String>, E>,
) -> Result<Vec<(String, String)>, E> {
    let entry = |(own, host_key): (&str, &str)| {
        let value = ask(host_key).transpose()?;
        Some(value.map(|value| (own.to_owned(), value)))
    };
    rules.keys("config").filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::{get, get_all};
    use alloc::borrow::ToOwned;
    use alloc::format;
    use alloc::string::String;
    use rules::Rules;

    fn rules(lines: &str) -> Rules {
        Rules::new(format!("pulumi-wasm rules 1\tapi\n{lines}"))
    }

    /// A host that has every key but `api__unset` and fails at `api__broken`.
    fn ask(key: &str) -> Result<Option<String>, &'static str> {
        match key {
            "api__broken" => Err("broken"),
            "api__unset" => Ok(None),
            _ => Ok(Some(format!("<{key}>"))),
        }
    }

    #[test]
    fn asks_under_the_hosts_key() {
        let rules = rules("config\tgreeting\tapi__greeting\n");
        assert_eq!(get(&rules, "greeting", ask), Ok(Some("<api__greeting>".to_owned())));
    }

    #[test]
    fn has_nothing_else() {
        let rules = rules("config\tgreeting\tapi__greeting\nenvironment\tsecret\tapi__secret\n");
        for key in ["api__greeting", "secret", "Greeting", "greeting\t", "greeting ", ""] {
            assert_eq!(get(&rules, key, ask), Ok(None), "{key}");
        }
    }

    #[test]
    fn lists_what_is_granted_and_set() {
        let rules = rules("config\ta\tapi__a\nconfig\tunset\tapi__unset\nconfig\tb\tother\n");
        let all = [("a", "<api__a>"), ("b", "<other>")];
        assert_eq!(get_all(&rules, ask), Ok(all.map(|(k, v)| (k.to_owned(), v.to_owned())).into()));
    }

    #[test]
    fn passes_the_hosts_failure_on() {
        let rules = rules("config\tbroken\tapi__broken\nconfig\ta\tapi__a\n");
        assert_eq!(get(&rules, "broken", ask), Err("broken"));
        assert_eq!(get_all(&rules, ask), Err("broken"));
    }

    #[test]
    fn grants_nothing_by_a_rule_of_another_shape() {
        let rules = rules("config\ta\nconfig\ta\tb\tc\nconfig\n");
        assert_eq!(get(&rules, "a", ask), Ok(None));
        assert_eq!(get_all(&rules, ask), Ok([].into()));
    }
}
