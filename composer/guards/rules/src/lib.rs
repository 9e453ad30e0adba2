//! What one module may do, as the text that is sealed beside its guards says it.
//!
//! The text has one rule in each line, its fields apart by tabs: `http⇥https://api.example.com:443`. The first line names
//! the format and the module. A text of another format grants nothing.

#![no_std]

extern crate alloc;

mod host;
#[cfg(target_family = "wasm")]
mod runtime;

use alloc::string::String;
use alloc::vec::Vec;

pub use host::{canonical_host, host_matches};

const FORMAT: &str = "pulumi-wasm rules 1";

pub struct Rules {
    text: String,
}

impl Rules {
    pub fn new(text: String) -> Self {
        Rules { text }
    }

    /// The fields of each rule of a family, without the family's name.
    pub fn of<'a>(&'a self, family: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
        let mut lines = self.text.lines();
        let known = lines.next().and_then(|line| line.split('\t').next()) == Some(FORMAT);
        lines.filter(move |_| known).filter_map(move |line| {
            let mut fields = line.split('\t');
            (fields.next() == Some(family)).then(|| fields.collect())
        })
    }

    /// The module's keys of a family (`environment`, `config`), each beside the host's for it.
    pub fn keys<'a>(&'a self, family: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.of(family).filter_map(|fields| match fields[..] {
            [own, host_key] => Some((own, host_key)),
            _ => None,
        })
    }

    /// Whether a family of labels (`keyValue`, `blobs`) names this one.
    pub fn names(&self, family: &str, label: &str) -> bool {
        self.of(family).any(|fields| fields.first() == Some(&label))
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use alloc::borrow::ToOwned;
    use alloc::string::String;
    use alloc::vec::Vec;

    const TEXT: &str =
        "pulumi-wasm rules 1\tapi\nhttp\thttps://a.test:443\nkeyValue\tcarts\nenvironment\tKEY\tAPI__KEY\n";

    #[test]
    fn gives_the_fields_of_a_family() {
        let rules = Rules::new(TEXT.to_owned());
        assert_eq!(rules.of("environment").collect::<Vec<_>>(), [["KEY", "API__KEY"]]);
        assert_eq!(rules.of("http").collect::<Vec<_>>(), [["https://a.test:443"]]);
        assert_eq!(rules.of("sql").count(), 0);
    }

    #[test]
    fn gives_keys_by_rules_that_have_both() {
        let rules = Rules::new([TEXT, "environment\ta\nenvironment\ta\tb\tc\nenvironment\n"].concat());
        assert_eq!(rules.keys("environment").collect::<Vec<_>>(), [("KEY", "API__KEY")]);
    }

    #[test]
    fn names_labels_whole() {
        let rules = Rules::new(TEXT.to_owned());
        assert!(rules.names("keyValue", "carts"));
        assert!(!rules.names("keyValue", "cart"));
        assert!(!rules.names("blobs", "carts"));
    }

    #[test]
    fn grants_nothing_in_another_format() {
        let other = TEXT.replace("rules 1", "rules 2");
        assert_eq!(Rules::new(other).of("http").count(), 0);
        assert_eq!(Rules::new(String::new()).of("http").count(), 0);
    }
}
