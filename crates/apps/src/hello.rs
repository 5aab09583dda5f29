//! `sb-hello`: the greeting of the tutorial's threading server: `hello` to each caller, what it answers is
//! printed, and `hello` again, for any number of callers at once; and the caller that answers `byebye`.
//!
//! What a message is, and who may send one, is the session's business.

mod call;
mod serve;

use auth::Dialect;
use clap::Subcommand;

use crate::cli::args::{Defaults, OutputArgs};
use crate::cli::exit::Result;

/// Greet callers over and over, or answer such a greeting.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-hello", version)]
pub struct HelloArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

impl HelloArgs {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        match &self.command {
            Command::Serve(serve) => serve.run(self.output),
            Command::Call(call) => call.run(self.output),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say `hello` to each caller, print what it answers, and say it again
    Serve(serve::Serve),
    /// Answer `byebye` to each `hello`, and print what was said to us
    Call(call::Call),
}

const DEFAULTS: Defaults = Defaults { framing: "raw", auth: Dialect::None, service: "hello" };

/// Where the tutorial's server listens.
const ENDPOINT: &str = "tcp://127.0.0.1:9001";

/// What the server says.
const GREETING: &[u8] = b"hello";

/// What the caller answers.
const ANSWER: &[u8] = b"byebye";

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use clap::Parser;
    use reactor::Handle;
    use reactor::blocking::Order;

    use super::*;
    use crate::cli::exit::Fault;
    use crate::cli::kept::Kept;
    use crate::cli::notes::{Notes, Volume};
    use crate::cli::output::{Audience, Format, Output};
    use crate::running::{DEADLINE, Running};

    fn typed(line: &str) -> HelloArgs {
        HelloArgs::try_parse_from(line.split_whitespace()).unwrap()
    }

    fn output(printed: &Kept) -> Output {
        Output::over(printed.clone(), Format::Text, Audience::Pipe)
    }

    /// A server, where it listens, and the way to end it.
    fn serve(printed: &Kept) -> (String, Handle<Order>, Running<()>) {
        let Command::Serve(serve) = typed("sb-hello serve 127.0.0.1:0").command else { unreachable!() };
        let said = Kept::default();
        let notes = Notes::over(said.clone(), Volume::Quiet);
        let options = serve.session.options(&DEFAULTS, [&serve.endpoint], &notes).unwrap();
        let (mut server, _) = serve::open(&options, output(printed), &notes).unwrap();
        serve.listen(&mut server, &notes).unwrap();
        let endpoint = said.text().trim_end().rsplit_once(' ').unwrap().1.to_owned();
        let handle = server.handle();
        (endpoint, handle, Running::begin(|| drop(server.run().unwrap())))
    }

    /// What a caller prints, and how it ends.
    fn call(endpoint: &str, count: u64) -> (String, Result<()>) {
        let line = format!("sb-hello call {endpoint} --count {count}");
        let Command::Call(call) = typed(&line).command else { unreachable!() };
        let printed = Kept::default();
        let caller = call.open(output(&printed), Notes::stderr(Volume::Quiet));
        let outcome = caller.and_then(call::outcome);
        (printed.text(), outcome)
    }

    #[test]
    fn both_sides_print_what_the_other_says() {
        let printed = Kept::default();
        let (endpoint, handle, ended) = serve(&printed);
        for count in [1, 3] {
            let (greetings, outcome) = call(&endpoint, count);
            outcome.unwrap();
            assert_eq!(greetings.lines().collect::<Vec<_>>(), vec!["hello"; usize::try_from(count).unwrap()]);
        }
        handle.drain(DEADLINE);
        ended.outcome();
        assert_eq!(printed.text(), "byebye\n".repeat(4));
    }

    #[test]
    fn a_caller_who_says_nothing_keeps_nobody_waiting() {
        let (endpoint, handle, ended) = serve(&Kept::default());
        let mut silent = TcpStream::connect(endpoint.trim_start_matches("tcp://")).unwrap();
        silent.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut greeting = [0; 5];
        silent.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"hello");
        call(&endpoint, 2).1.unwrap();

        handle.drain(DEADLINE);
        assert_eq!(silent.read(&mut greeting).unwrap(), 0);
        drop(silent);
        ended.outcome();
    }

    #[test]
    fn a_crowd_is_greeted_at_once() {
        let printed = Kept::default();
        let (endpoint, handle, ended) = serve(&printed);
        let address = endpoint.trim_start_matches("tcp://");
        let mut crowd: Vec<_> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
        // Nobody has answered yet, and everybody is greeted all the same.
        for caller in &mut crowd {
            caller.set_read_timeout(Some(DEADLINE)).unwrap();
            let mut greeting = [0; 5];
            caller.read_exact(&mut greeting).unwrap();
            assert_eq!(&greeting, b"hello");
        }
        drop(crowd);
        handle.drain(DEADLINE);
        ended.outcome();
    }

    #[test]
    fn a_server_that_hangs_up_early_is_the_connections_fault() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = server.local_addr().unwrap().to_string();
        let peer = Running::begin(move || {
            let (mut stream, _) = server.accept().unwrap();
            stream.write_all(b"hello").unwrap();
            stream.read_exact(&mut [0; 6]).unwrap();
        });
        let (greetings, outcome) = call(&endpoint, 2);
        peer.outcome();
        assert_eq!(greetings, "hello\n");
        let failure = outcome.unwrap_err();
        assert_eq!(failure.fault(), Fault::Connection);
        assert!(failure.message().contains("1 of 2"), "{}", failure.message());
    }

    #[test]
    fn nobody_there_is_the_connections_fault() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let failure = call(&closed, 1).1.unwrap_err();
        assert_eq!(failure.fault(), Fault::Connection);
        assert!(failure.message().contains(&closed), "{}", failure.message());
    }
}
