//! `sb-echo`: sends every message back to who sent it, on one loop or on several.
//!
//! What a message is, and who may send one, is the session's business.

use std::io;
use std::num::NonZeroUsize;

use auth::Dialect;
use framing::EncodeError;
use reactor::{Address, ConnId, ConnMap, Datagram, ListenOptions, SocketId, Workers};

use crate::attach::{Datagrams, limits_for, listen, listen_together, raise_descriptor_limit};
use crate::cli::args::{Defaults, OutputArgs, SessionArgs, SessionOptions};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::{Notes, Volume};
use crate::cli::sparing::Sparing;
use crate::ending::obey_together;
use crate::endpoint::Endpoint;
use crate::metrics::MetricsArgs;
use crate::operation;
use crate::session::{Caller, Ended, Link, Service, Session, Via};

/// Send every message back to who sent it.
///
/// Ends with the first Ctrl-C when what callers were sent has left, with the second at once. A caller who breaks
/// the rules costs one line on stderr and that one call.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-echo", version)]
pub struct EchoArgs {
    /// Where to listen: tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, unix:PATH, unix-dgram:PATH, fd:N or
    /// systemd:NAME
    endpoint: Endpoint,
    /// How many threads serve callers, each with a loop of its own; more than one only for tcp:// and
    /// unix:
    #[arg(long, value_name = "N", default_value = "1")]
    workers: NonZeroUsize,
    #[command(flatten)]
    session: SessionArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl EchoArgs {
    /// Serves until told to end.
    pub fn run(&self) -> Result<()> {
        let notes = self.output.start();
        let options = self.session.options(&DEFAULTS, [&self.endpoint], &notes)?;
        raise_descriptor_limit();
        let mut workers = self.workers(&options, &notes)?;
        // Before the line that scripts wait for: after it they may interrupt us.
        let guard = obey_together(&mut workers, &options.signals())?;
        let metrics = self.metrics.listen("sb-echo")?;
        self.listen(&mut workers, &options, &notes)?;
        let _showing = operation::begin(metrics, workers.handles(), &notes)?;
        // From here on we wait for nobody, so that the loops hear their signals without help, and need no second thread.
        drop(guard);
        workers.run()?;
        Ok(())
    }

    /// One loop for each worker.
    fn workers(&self, options: &SessionOptions, notes: &Notes) -> Result<Workers<Session<Echo>>> {
        let count = self.workers;
        if count.get() > 1 && !matches!(self.endpoint, Endpoint::Tcp(_) | Endpoint::Unix(_)) {
            let message =
                format!("only tcp:// and unix: can be shared by {count} workers, not {}", self.endpoint);
            return Err(Failure::new(Fault::Usage, message));
        }
        let profile = options.profile();
        let echo = |_| Session::new(Echo::new(notes.clone(), self.output.volume()), profile.clone());
        Ok(Workers::new(count, &limits_for(&options.spec), echo)?)
    }

    fn listen(
        &self,
        workers: &mut Workers<Session<Echo>>,
        options: &SessionOptions,
        notes: &Notes,
    ) -> Result<()> {
        let listening = ListenOptions::default();
        if self.workers.get() > 1 {
            return listen_together(workers, &self.endpoint, &listening, notes);
        }
        let datagrams = Datagrams::under(&options.policy);
        for one in workers.loops_mut() {
            listen(one, &self.endpoint, &listening, datagrams, notes)?;
        }
        Ok(())
    }
}

const DEFAULTS: Defaults = Defaults { framing: "u32be", auth: Dialect::None, service: "echo" };

/// The service: what comes in goes out.
struct Echo {
    /// Anybody may call, and everybody who fails is told of.
    notes: Sparing,
    /// Who is at the other end, for the lines about broken calls. A quiet server has no such lines, and does
    /// without the memory.
    peers: Option<ConnMap<Address>>,
    /// The one connection that it was started for, if there is one.
    sole: Option<ConnId>,
}

impl Echo {
    fn new(notes: Notes, volume: Volume) -> Echo {
        let peers = (volume == Volume::Normal).then(ConnMap::new);
        Echo { notes: Sparing::of(notes), peers, sole: None }
    }

    fn give_up(&mut self, link: &mut Link<'_, '_>, id: ConnId, error: &EncodeError) {
        self.notes.note(format_args!("a message cannot be sent back: {error}"));
        link.hang_up(id);
    }
}

impl Service for Echo {
    type Command = ();

    fn open(&mut self, _: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        if caller.via == Via::Adoption {
            self.sole = Some(id);
        }
        if let Some(peers) = &mut self.peers {
            peers.insert(id, caller.peer);
        }
    }

    #[inline]
    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        if let Err(error) = link.send(id, message) {
            self.give_up(link, id, &error);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        let peer = self.peers.as_mut().and_then(|peers| peers.remove(id));
        if let Some(peer) = peer
            && !ended.is_well()
        {
            self.notes.note(format_args!("{peer}: {ended}"));
        }
        if self.sole == Some(id) {
            link.stop();
        }
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, peer: &Address, via: Via, ended: &Ended) {
        self.notes.note(format_args!("{peer}: {ended}"));
        if via == Via::Adoption {
            link.stop();
        }
    }

    fn datagram(&mut self, link: &mut Link<'_, '_>, socket: SocketId, datagram: Datagram<'_>) {
        if datagram.truncated {
            self.notes.note(format_args!("{}: a datagram was cut off, and is not sent back", datagram.from));
        } else {
            link.send_datagram(socket, datagram.from.clone(), datagram.payload);
        }
    }

    fn handle_error(&mut self, _: &mut Link<'_, '_>, error: &io::Error) {
        self.notes.note(error);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::channel;

    use clap::Parser;

    use super::*;
    use crate::cli::kept::Kept;
    use crate::running::{DEADLINE, Running};

    /// A server of this command line, where it listens, and what it says.
    struct Serving {
        address: SocketAddr,
        handles: Vec<reactor::Handle<()>>,
        ended: Running<io::Result<()>>,
        said: Kept,
    }

    fn opened(line: &str) -> (Result<Workers<Session<Echo>>>, Kept) {
        let args = EchoArgs::try_parse_from(line.split_whitespace()).unwrap();
        let said = Kept::default();
        let notes = Notes::over(said.clone(), Volume::Normal);
        let options = args.session.options(&DEFAULTS, [&args.endpoint], &notes).unwrap();
        let loops = args.workers(&options, &notes).and_then(|mut loops| {
            args.listen(&mut loops, &options, &notes)?;
            Ok(loops)
        });
        (loops, said)
    }

    fn serve(line: &str) -> Serving {
        let (loops, said) = opened(line);
        let workers = loops.unwrap();
        let text = said.text();
        let (_, address) = text.trim_end().rsplit_once('/').unwrap();
        Serving {
            address: address.parse().unwrap(),
            handles: workers.handles(),
            ended: Running::begin(|| workers.run().map(drop)),
            said,
        }
    }

    impl Serving {
        fn call(&self) -> TcpStream {
            let stream = TcpStream::connect(self.address).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream
        }

        /// Drains, and gives what was said after the first line.
        fn end(self) -> String {
            self.handles.iter().for_each(|handle| handle.drain(DEADLINE));
            self.ended.outcome().unwrap();
            let said = self.said.text();
            said.split_once('\n').unwrap().1.to_owned()
        }
    }

    fn echoes(stream: &mut (impl Read + Write), frame: &[u8]) {
        stream.write_all(frame).unwrap();
        let mut echoed = vec![0; frame.len()];
        stream.read_exact(&mut echoed).unwrap();
        assert!(echoed == frame, "{} bytes came back different", frame.len());
    }

    #[test]
    fn messages_come_back_whole_and_nothing_is_said_about_it() {
        let serving = serve("sb-echo 127.0.0.1:0");
        let mut caller = serving.call();
        for length in [0_u32, 1, 70_000] {
            let payload = vec![7; usize::try_from(length).unwrap()];
            echoes(&mut caller, &[&length.to_be_bytes()[..], &payload].concat());
        }
        drop(caller);
        assert_eq!(serving.end(), "");
    }

    #[test]
    fn a_broken_caller_costs_one_line_and_its_own_call_only() {
        let serving = serve("sb-echo 127.0.0.1:0");
        let (mut good, mut broken) = (serving.call(), serving.call());
        let name = broken.local_addr().unwrap();
        broken.write_all(b"\xff\xff\xff\xff").unwrap();
        assert_eq!(broken.read(&mut [0]).unwrap(), 0);
        echoes(&mut good, b"\0\0\0\x04ping");
        drop((good, broken));
        let said = serving.end();
        assert!(said.starts_with(&format!("tcp://{name}: ")) && said.lines().count() == 1, "{said}");
    }

    #[test]
    fn workers_share_one_port_and_end_together() {
        let serving = serve("sb-echo 127.0.0.1:0 --framing lines --workers 3");
        assert_eq!(serving.handles.len(), 3);
        for _ in 0..12 {
            echoes(&mut serving.call(), b"here\n");
        }
        serving.end();
    }

    #[test]
    fn datagrams_come_back() {
        let serving = serve("sb-echo udp://127.0.0.1:0");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut echoed = [0; 16];
        for message in [&b"one"[..], b"", b"three"] {
            socket.send_to(message, serving.address).unwrap();
            let bytes = socket.recv(&mut echoed).unwrap();
            assert_eq!(&echoed[..bytes], message);
        }
        serving.end();
    }

    #[test]
    fn workers_share_one_path_and_its_calls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("echo");
        let (workers, said) = opened(&format!("sb-echo unix:{} --framing lines --workers 2", path.display()));
        let workers = workers.unwrap();
        assert_eq!(said.text(), format!("listening on unix:{}\n", path.display()));
        let handles = workers.handles();
        let running = Running::begin(|| workers.run().map(drop));
        let mut callers: Vec<_> = (0..8).map(|_| UnixStream::connect(&path).unwrap()).collect();
        for caller in &mut callers {
            caller.set_read_timeout(Some(DEADLINE)).unwrap();
            echoes(caller, b"here\n");
        }
        let served: Vec<u64> = handles.iter().map(calls_of).collect();
        assert!(served.iter().all(|calls| *calls > 0) && served.iter().sum::<u64>() == 8, "{served:?}");
        handles.iter().for_each(reactor::Handle::shutdown);
        running.outcome().unwrap();
    }

    /// How many calls a loop serves.
    fn calls_of(handle: &reactor::Handle<()>) -> u64 {
        let (answer, answered) = channel();
        handle.measure(move |measures| answer.send(measures).unwrap()).unwrap();
        let measures = answered.recv_timeout(DEADLINE).unwrap();
        measures.iter().find(|measure| measure.name == "loop_connections").unwrap().value
    }

    #[test]
    fn only_calls_can_be_shared() {
        for endpoint in ["udp://127.0.0.1:0", "unix-dgram:/nowhere/x", "fd:0"] {
            let (loops, _) = opened(&format!("sb-echo {endpoint} --workers 2"));
            let failure = loops.map(drop).unwrap_err();
            assert_eq!(failure.fault(), Fault::Usage);
            assert!(failure.message().ends_with(endpoint), "{}", failure.message());
        }
    }

    #[test]
    fn a_server_of_one_inherited_connection_ends_with_it() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(DEADLINE)).unwrap();
        let (loops, _) = opened(&format!("sb-echo fd:{} --framing u8", theirs.as_raw_fd()));
        let ended = Running::begin(|| loops.unwrap().run().map(drop));
        echoes(&mut ours, b"\x02hi");
        drop(ours);
        ended.outcome().unwrap();
    }
}
