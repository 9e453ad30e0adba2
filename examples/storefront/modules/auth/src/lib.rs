//! Tells who a customer is: `acme:auth/check`.

mod accounts;

use accounts::{Account as Stored, Standing};
use exports::acme::auth::check::{Account, Credentials, Guest, Refusal};

wit_bindgen::generate!({ path: "../wit", world: "auth" });

struct Auth;
export!(Auth);

impl Guest for Auth {
    fn sign_in(credentials: Credentials) -> Result<Account, Refusal> {
        let account = accounts::find(&credentials.user);
        // An unknown user takes as long as a wrong password, so that nobody can find out who is a customer.
        let right = account.unwrap_or(&accounts::NOBODY).has_password(&credentials.password);
        match account {
            Some(account) if right => admit(account),
            _ => Err(Refusal::WrongCredentials),
        }
    }
}

fn admit(account: &Stored) -> Result<Account, Refusal> {
    match account.standing {
        Standing::Open => {
            Ok(Account { user: account.user.into(), name: account.name.into(), role: account.role })
        }
        Standing::Locked(reason) => Err(Refusal::Locked(reason.into())),
    }
}
