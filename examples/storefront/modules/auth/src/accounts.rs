//! The shop's accounts. A real shop would ask a database; the passwords of these three are in the README.

use crate::exports::acme::auth::check::Role;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How often the hash is applied to a password: guessing is as much slower as checking.
const ROUNDS: u32 = 100_000;

pub enum Standing {
    Open,
    Locked(&'static str),
}

pub struct Account {
    pub user: &'static str,
    pub name: &'static str,
    pub role: Role,
    pub standing: Standing,
    salt: &'static [u8; 16],
    /// PBKDF2 with HMAC-SHA-256 over the password.
    key: [u8; 32],
}

impl Account {
    pub fn has_password(&self, password: &str) -> bool {
        let mut key = [0; 32];
        pbkdf2_hmac::<Sha256>(password.as_bytes(), self.salt, ROUNDS, &mut key);
        key.ct_eq(&self.key).into()
    }
}

pub fn find(user: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.user == user)
}

/// Whom no password fits.
pub static NOBODY: Account = Account {
    user: "",
    name: "",
    role: Role::Customer,
    standing: Standing::Open,
    salt: b"nobody's salt...",
    key: [0; 32],
};

static ACCOUNTS: [Account; 3] = [
    Account {
        user: "ada",
        name: "Ada Lovelace",
        role: Role::Customer,
        standing: Standing::Open,
        salt: b"salt of ada.....",
        key: [
            0xb7, 0x72, 0x89, 0x49, 0x6a, 0x21, 0x9a, 0x6f, 0x38, 0x15, 0x46, 0x88, 0x8c, 0xed, 0x74, 0x24,
            0x29, 0xf3, 0x45, 0x66, 0x17, 0x8a, 0x41, 0x84, 0xa1, 0xb9, 0x7b, 0x9e, 0xa5, 0x41, 0x7f, 0x70,
        ],
    },
    Account {
        user: "grace",
        name: "Grace Hopper",
        role: Role::Clerk,
        standing: Standing::Open,
        salt: b"salt of grace...",
        key: [
            0x23, 0x0e, 0x89, 0x07, 0x14, 0x7b, 0x43, 0x39, 0xae, 0x4b, 0xb3, 0x85, 0xe8, 0xa6, 0x42, 0x32,
            0x86, 0xdd, 0xe8, 0x86, 0x87, 0x32, 0x46, 0xd8, 0x68, 0x89, 0x61, 0xa5, 0x05, 0xf6, 0x26, 0x28,
        ],
    },
    Account {
        user: "charles",
        name: "Charles Babbage",
        role: Role::Customer,
        standing: Standing::Locked("unpaid invoice"),
        salt: b"salt of charles.",
        key: [
            0x18, 0xf0, 0x42, 0x5a, 0x90, 0xd7, 0xfe, 0x43, 0x03, 0xa5, 0x26, 0x23, 0x21, 0xdc, 0x61, 0x42,
            0x73, 0xd3, 0xc3, 0xd4, 0x05, 0x83, 0x57, 0x6d, 0xc2, 0x19, 0xcc, 0xa2, 0x3b, 0xc8, 0x5a, 0x4a,
        ],
    },
];
