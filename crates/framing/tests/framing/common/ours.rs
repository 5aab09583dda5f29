//! What we build on the borrowed decoder, as the kit sees it: whatever holds the bytes by itself has to keep the laws,
//! too. The borrowed one is in the kit.

use std::io::{self, Read};

use bytes::BytesMut;
use switchboard_framing::testkit::{Codec, Event, Feed};
use switchboard_framing::{Decoder, FrameCodec, FrameReader, FrameSpec, FrameWriter, ReadError};
use tokio_util::codec::{Decoder as _, Encoder as _};

/// One of them, with a spec.
#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) spec: FrameSpec,
    pub(crate) by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    OwningDecoder,
    /// Blocking, with a source that has nothing more after each piece.
    Reader,
    TokioUtil,
}

impl Ours {
    pub(crate) fn all(spec: &FrameSpec) -> [Ours; 3] {
        [By::OwningDecoder, By::Reader, By::TokioUtil].map(|by| Ours { spec: spec.clone(), by })
    }
}

impl Codec for Ours {
    type Decoder = Pulling;

    fn decoder(&self) -> Pulling {
        let spec = self.spec.clone();
        let holder: Box<dyn Holder> = match self.by {
            By::OwningDecoder => {
                Box::new(Owning { decoder: Decoder::new(spec), received: 0, has_ended: false })
            }
            By::Reader => Box::new(FrameReader::new(Pieces::default(), spec)),
            By::TokioUtil => {
                Box::new(Streaming { codec: FrameCodec::new(spec), held: BytesMut::new(), has_ended: false })
            }
        };
        Pulling { holder, skipped: 0 }
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let spec = self.spec.clone();
        match self.by {
            By::OwningDecoder => Codec::encode(&spec, payload),
            By::Reader => {
                let mut writer = FrameWriter::new(Vec::new(), spec);
                writer.write(payload).map_err(|error| error.to_string())?;
                Ok(writer.into_sink())
            }
            By::TokioUtil => {
                let mut frame = BytesMut::new();
                FrameCodec::new(spec).encode(payload, &mut frame).map_err(|error| error.to_string())?;
                Ok(frame.to_vec())
            }
        }
    }
}

/// Pulls all messages that have become certain.
pub(crate) struct Pulling {
    holder: Box<dyn Holder>,
    /// Messages of which it is noted that they were skipped.
    skipped: u64,
}

impl Feed for Pulling {
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.holder.take(bytes);
        self.pull(events);
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        self.holder.end();
        self.pull(events);
    }
}

impl Pulling {
    fn pull(&mut self, events: &mut Vec<Event>) {
        loop {
            let next = self.holder.next();
            let skipped = self.holder.skipped();
            // They are counted, and nobody says how long they were.
            events.extend((self.skipped..skipped).map(|_| Event::Skipped(0)));
            self.skipped = skipped;
            match next {
                Next::Message(message) => events.push(Event::Message(message)),
                Next::Nothing => return,
                Next::Failed { error, offset } => return events.push(Event::Failed { error, offset }),
            }
        }
    }
}

/// Holds bytes until they make messages.
trait Holder {
    fn take(&mut self, bytes: &[u8]);
    fn end(&mut self);
    fn next(&mut self) -> Next;
    fn skipped(&self) -> u64;
}

enum Next {
    Message(Vec<u8>),
    /// For now or, after the end, for good.
    Nothing,
    Failed {
        error: String,
        offset: Option<u64>,
    },
}

struct Owning {
    decoder: Decoder,
    received: u64,
    has_ended: bool,
}

impl Holder for Owning {
    fn take(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes);
        self.received += bytes.len() as u64;
    }

    fn end(&mut self) {
        self.has_ended = true;
    }

    fn next(&mut self) -> Next {
        let next = match self.decoder.next() {
            Ok(None) if self.has_ended => self.decoder.finish().map(|()| None),
            next => next,
        };
        match next {
            Ok(Some(message)) => Next::Message(message.to_vec()),
            Ok(None) => Next::Nothing,
            Err(error) => {
                let offset = self.received - self.decoder.held().len() as u64;
                Next::Failed { error: error.to_string(), offset: Some(offset) }
            }
        }
    }

    fn skipped(&self) -> u64 {
        self.decoder.skipped()
    }
}

/// A source that has what it was given, and then nothing for now. It keeps no room for what was taken.
#[derive(Default)]
struct Pieces {
    rest: Vec<u8>,
    has_ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.has_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes = self.rest.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&self.rest[..bytes]);
        self.rest = self.rest[bytes..].to_vec();
        Ok(bytes)
    }
}

impl Holder for FrameReader<Pieces> {
    fn take(&mut self, bytes: &[u8]) {
        self.source_mut().rest.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.source_mut().has_ended = true;
    }

    fn next(&mut self) -> Next {
        match self.read() {
            Ok(Some(message)) => Next::Message(message.to_vec()),
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Next::Nothing,
            Ok(None) => Next::Nothing,
            Err(error) => Next::Failed { error: error.to_string(), offset: None },
        }
    }

    fn skipped(&self) -> u64 {
        FrameReader::skipped(self)
    }
}

/// As `Framed` of tokio-util does it.
struct Streaming {
    codec: FrameCodec,
    held: BytesMut,
    has_ended: bool,
}

impl Holder for Streaming {
    fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.has_ended = true;
    }

    fn next(&mut self) -> Next {
        let next = if self.has_ended {
            self.codec.decode_eof(&mut self.held)
        } else {
            self.codec.decode(&mut self.held)
        };
        match next {
            Ok(Some(message)) => Next::Message(message.to_vec()),
            Ok(None) => Next::Nothing,
            Err(error) => Next::Failed { error: error.to_string(), offset: None },
        }
    }

    fn skipped(&self) -> u64 {
        self.codec.skipped()
    }
}
