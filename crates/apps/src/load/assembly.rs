//! Messages put together where the framing keeps no boundaries: with `raw` a server may cut and join what it sends back
//! as it likes, so each is as long as the one that is waited for. What it says is left to `lane`.

use super::content::LaneId;

/// Messages of which a part has come.
#[derive(Debug)]
pub(super) struct Assembly {
    parts: Vec<Vec<u8>>,
}

impl Assembly {
    /// For so many connections.
    pub(super) fn new(lanes: u16) -> Assembly {
        Assembly { parts: vec![Vec::new(); usize::from(lanes)] }
    }

    /// Takes what has come, and hands over the next message if it is whole. Says what is left.
    pub(super) fn feed<'a>(
        &mut self,
        lane: LaneId,
        input: &'a [u8],
        message_bytes: usize,
        whole: impl FnOnce(&[u8]),
    ) -> &'a [u8] {
        let part = &mut self.parts[lane.index()];
        let (taken, rest) = input.split_at((message_bytes - part.len()).min(input.len()));
        if part.len() + taken.len() < message_bytes {
            part.extend_from_slice(taken);
        } else if part.is_empty() {
            whole(taken);
        } else {
            part.extend_from_slice(taken);
            whole(part);
            part.clear();
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_cutting_gives_the_same_messages() {
        let sizes = [3, 1, 4, 2];
        let stream = b"abcdefghij";
        for cuts in 0_u32..1 << (stream.len() - 1) {
            let mut assembly = Assembly::new(2);
            let mut messages: Vec<Vec<u8>> = Vec::new();
            let mut chunk = Vec::new();
            for (at, byte) in stream.iter().enumerate() {
                chunk.push(*byte);
                if cuts >> at & 1 == 0 && at + 1 < stream.len() {
                    continue;
                }
                let mut rest = &chunk[..];
                while !rest.is_empty() {
                    let bytes = sizes[messages.len()];
                    rest = assembly.feed(LaneId(1), rest, bytes, |message| messages.push(message.to_vec()));
                }
                chunk.clear();
            }
            let expected: [&[u8]; 4] = [b"abc", b"d", b"efgh", b"ij"];
            assert_eq!(messages, expected, "{cuts:b}");
        }
    }
}
