//! Composes components: a thin layer over wac that explains in the user's names what does not fit.

mod answer;
mod compose;
mod deny;
mod explain;
mod links;
mod print;
mod rules;
mod seal;
mod stubs;
mod validate;

wit_bindgen::generate!({ world: "composer", path: "wit" });

struct Composer;

impl Guest for Composer {
    fn compose(text: String, modules: Vec<Module>, guards: Vec<Module>, seals: Vec<Seal>) -> Outcome {
        match compose::compose(&text, modules, guards, &seals) {
            Ok(bytes) => Outcome::Composed(bytes),
            Err(problem) => Outcome::Failed(problem),
        }
    }

    fn links(text: String, modules: Vec<Module>) -> Linkage {
        match compose::links(&text, modules) {
            Ok(links) => Linkage::Linked(links),
            Err(problem) => Linkage::Failed(problem),
        }
    }

    fn explain(modules: Vec<Module>, links: Vec<Link>) -> Vec<Problem> {
        links::explain(modules, &links)
    }

    fn seal_core(module: Vec<u8>, denied: Vec<String>) -> SealedCore {
        match stubs::seal(&module, &denied) {
            Ok(bytes) => SealedCore::Sealed(bytes),
            Err(message) => SealedCore::Failed(message),
        }
    }
}

export!(Composer);

impl Problem {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Problem {
            kind,
            messages: vec![message.into()],
            positions: Vec::new(),
            link: None,
            module: None,
            item: None,
        }
    }

    /// The error and what caused it, as one chain.
    fn of(kind: Kind, error: &dyn std::error::Error) -> Self {
        let mut problem = Problem::new(kind, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            problem.messages.push(cause.to_string());
            source = cause.source();
        }
        problem
    }
}
