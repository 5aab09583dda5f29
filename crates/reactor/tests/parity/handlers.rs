//! Handlers of calls and of datagrams.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::support::{DEADLINE, Running, call, echoes, hooks, listening, tcp};
use switchboard_reactor::blocking::{Blocking, Call, Threads};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Datagram, Handler, Limits, ListenOptions, MioNet,
};
use switchboard_reactor::{Origin, SocketId};

fn served(
    handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
) -> (Running<Blocking>, Address) {
    let mut reactor = Blocking::reactor(handle_call, Threads::default(), Limits::default()).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    (Running::of(reactor), address)
}

#[test]
fn base_request_handler_is_always_finished() {
    let (running, address, told) = listening();
    let rude = socket2::Socket::from(call(&address));
    told.wait_for("setup");
    rude.set_linger(Some(Duration::ZERO)).unwrap();
    drop(rude);
    told.wait_for("finish connection lost");
    let _stands = call(&address);
    told.wait_for("setup");
    running.stop();
    assert_eq!(told.so_far(), ["finish stopped"]);
}

#[test]
fn client_address_is_the_origins_peer() {
    let (_running, address, told) = listening();
    let caller = call(&address);
    let own = Address::Tcp(caller.local_addr().unwrap());
    assert_eq!(told.wait_for("setup"), format!("setup {own}"));
}

#[test]
fn stream_request_handler_is_a_call() {
    let (_running, address) = served(|call| {
        while let Some(heard) = call.recv()? {
            call.send(heard)?;
        }
        Ok(())
    });
    echoes(&mut call(&address), b"hello");
}

#[test]
fn rfile_is_read() {
    let (_running, address) = served(|call| {
        let mut line = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(Read::by_ref(call)), &mut line)?;
        call.send(line.trim_end().to_uppercase())
    });
    let mut caller = call(&address);
    caller.write_all(b"a line\nand more").unwrap();
    let mut back = String::new();
    caller.read_to_string(&mut back).unwrap();
    assert_eq!(back, "A LINE");
}

#[test]
fn wfile_is_write() {
    const BYTES: usize = 3_000_000;
    let (_running, address) = served(|call| {
        assert_eq!(call.write(&vec![7; BYTES])?, BYTES, "a write is whole");
        write!(call, "end")
    });
    let mut heard = Vec::new();
    call(&address).read_to_end(&mut heard).unwrap();
    assert_eq!((heard.len(), &heard[BYTES..]), (BYTES + 3, &b"end"[..]));
}

#[test]
fn stream_timeout_is_the_loops() {
    let limits = Limits { idle_timeout: Some(Duration::from_millis(50)), ..Limits::default() };
    let mut reactor = Blocking::reactor(|call| call.recv().map(drop), Threads::default(), limits).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let running = Running::of(reactor);
    let mut silent = call(&address);
    assert!(matches!(silent.read(&mut [0; 1]), Ok(0) | Err(_)), "who says nothing is hung up on");
    assert_eq!(running.stop().1.deadlines_passed.idle, 1);

    // Python's begins anew with each byte.
    let limits = Limits { life_timeout: Some(Duration::from_millis(100)), ..Limits::default() };
    let handle_call = |call: &mut Call| {
        while let Some(heard) = call.recv()? {
            call.send(heard)?;
        }
        Ok(())
    };
    let mut reactor = Blocking::reactor(handle_call, Threads::default(), limits).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let running = Running::of(reactor);
    let mut trickles = call(&address);
    let asked = Instant::now();
    while trickles.write_all(b"x").is_ok() && matches!(trickles.read(&mut [0; 1]), Ok(1)) {
        assert!(asked.elapsed() < DEADLINE, "a trickle of bytes helps");
    }
    assert_eq!(running.stop().1.deadlines_passed.life, 1);
}

#[test]
fn disable_nagle_algorithm_is_the_rule() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let twin = stream.try_clone().unwrap();
    assert!(!twin.nodelay().unwrap());
    let (handler, _) = hooks();
    let (_running, _) = Running::start(handler, Limits::default(), |reactor| {
        reactor.adopt(MioNet::sort(OwnedFd::from(stream)).unwrap(), usize::MAX).unwrap()
    });
    assert!(twin.nodelay().unwrap());
}

/// Answers each datagram twice, and to whoever it names besides.
struct Generous(Option<Address>);

impl Handler for Generous {
    type Command = ();

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        if let Some(before) = self.0.replace(datagram.from.clone()) {
            cx.send_datagram(socket, before, b"somebody else came");
        }
        cx.send_datagram(socket, datagram.from.clone(), b"one");
        cx.send_datagram(socket, datagram.from.clone(), b"two");
    }
}

#[test]
fn datagram_request_handler_answers_as_often_as_it_likes() {
    let (_running, address) = Running::start(Generous(None), Limits::default(), |reactor| {
        reactor.bind(&"udp://127.0.0.1:0".parse().unwrap()).unwrap().1
    });
    let callers = [(), ()].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let heard = |caller: &UdpSocket| {
        caller.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut back = [0; 99];
        let bytes = caller.recv(&mut back).unwrap();
        String::from_utf8_lossy(&back[..bytes]).into_owned()
    };
    for caller in &callers {
        caller.send_to(b"hello", address.ip().unwrap()).unwrap();
        assert_eq!([heard(caller), heard(caller)], ["one", "two"]);
    }
    assert_eq!(heard(&callers[0]), "somebody else came");
}

#[test]
fn max_packet_size_is_told() {
    assert_eq!(Limits::default().datagram_bytes_max, 65_535);
    let limits = Limits { datagram_bytes_max: 8_192, ..Limits::default() };
    let (handler, told) = hooks();
    let (running, address) = Running::start(handler, limits, |reactor| {
        reactor.bind(&"udp://127.0.0.1:0".parse().unwrap()).unwrap().1
    });
    let caller = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (bytes, what) in [(8_192, "datagram whole 8192 "), (8_193, "datagram cut 8192 ")] {
        caller.send_to(&vec![b'x'; bytes], address.ip().unwrap()).unwrap();
        told.wait_for(what);
    }
    assert_eq!(running.stop().1.datagrams_truncated, 1);
}
