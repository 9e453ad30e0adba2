use crate::Stdio;
use crate::exports::wasi::cli::{
    stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin, terminal_stdout,
};
use crate::exports::wasi::io::streams::{InputStream, OutputStream};
use crate::streams::{Ended, Never, Swallowed};

impl stdin::Guest for Stdio {
    fn get_stdin() -> InputStream {
        InputStream::new(Ended)
    }
}

impl stdout::Guest for Stdio {
    fn get_stdout() -> OutputStream {
        OutputStream::new(Swallowed)
    }
}

impl stderr::Guest for Stdio {
    fn get_stderr() -> OutputStream {
        OutputStream::new(Swallowed)
    }
}

impl terminal_input::Guest for Stdio {
    type TerminalInput = Never;
}

impl terminal_input::GuestTerminalInput for Never {}

impl terminal_output::Guest for Stdio {
    type TerminalOutput = Never;
}

impl terminal_output::GuestTerminalOutput for Never {}

impl terminal_stdin::Guest for Stdio {
    fn get_terminal_stdin() -> Option<terminal_input::TerminalInput> {
        None
    }
}

impl terminal_stdout::Guest for Stdio {
    fn get_terminal_stdout() -> Option<terminal_output::TerminalOutput> {
        None
    }
}

impl terminal_stderr::Guest for Stdio {
    fn get_terminal_stderr() -> Option<terminal_output::TerminalOutput> {
        None
    }
}
