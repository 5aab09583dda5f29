//! What the demonstration says about what happened. Pure; the acting is `demo`'s.

use std::fmt::{self, Write};

use serde::Serialize;

use super::overlay::{Edge, Piece, Verdict, draw, overlay};
use crate::cli::colour::{Colour, DIM, STRONG};
use crate::cli::output::Payload;
use crate::escape;

/// What was sent, what each read got, and what the reader made of it.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) title: &'static str,
    pub(super) sends: Vec<Vec<u8>>,
    pub(super) reads: Vec<Vec<u8>>,
    pub(super) messages: Vec<Vec<u8>>, // recovered by their framing; empty without one
}

pub(super) const INTRODUCTION: &str = "\
TCP carries bytes, not messages. Every byte arrives, and in order, but nothing says where one
send ended and the next began. What follows happens on a real connection. In what is read,
| marks where something that was sent begins or ends, ~ where a read cuts through it.
";

pub(super) const MORAL: &str = "\
The reads of 3 are as ragged as those of 2. But now the reader knows from the first four bytes
how long each message is: it keeps what it has until the rest has come, and stops where the
message ends. That is framing. `sb-frame pack` and `sb-frame unpack` do it to any stream.";

/// One scene as it is printed.
pub(super) fn tell(scene: &Scene, colour: Colour) -> String {
    let mut told = String::new();
    write_scene(&mut told, scene, colour).expect("a String takes whatever is written to it");
    told
}

fn write_scene(out: &mut String, scene: &Scene, colour: Colour) -> fmt::Result {
    writeln!(out, "{}", colour.paint(STRONG, scene.title))?;
    for bytes in &scene.sends {
        writeln!(out, "   send     {}", escape::for_terminal(bytes))?;
    }
    let drawn = draw_reads(scene);
    let width = drawn.iter().map(|(read, _)| read.len()).max().unwrap_or(0);
    for (read, verdict) in &drawn {
        writeln!(out, "   read     {read:width$}   {}", colour.paint(DIM, verdict))?;
    }
    for bytes in &scene.messages {
        writeln!(out, "   message  {}", escape::for_terminal(bytes))?;
    }
    Ok(())
}

/// Each read over what was sent, with a word on it.
fn draw_reads(scene: &Scene) -> Vec<(String, String)> {
    let laid = overlay(&lengths(&scene.sends), &lengths(&scene.reads));
    let draw = |(read, pieces): (&Vec<u8>, &Vec<Piece>)| (draw(read, pieces), judge(pieces));
    scene.reads.iter().zip(&laid).map(draw).collect()
}

fn judge(pieces: &[Piece]) -> String {
    match Verdict::of(pieces) {
        Verdict::Whole => "exactly one".to_owned(),
        Verdict::Merged { messages } => format!("{messages} stuck together"),
        Verdict::Split => match pieces {
            [Piece { start: Edge::Boundary, .. }] => "only the beginning of one".to_owned(),
            [Piece { end: Edge::Boundary, .. }] => "the end of one".to_owned(),
            _ => "a piece from the middle of one".to_owned(),
        },
    }
}

fn lengths(pieces: &[Vec<u8>]) -> Vec<usize> {
    pieces.iter().map(Vec::len).collect()
}

/// A scene in JSON.
#[derive(Debug, Serialize)]
pub(super) struct SceneObject<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    sends: Vec<Payload<'a>>,
    reads: Vec<Payload<'a>>,
    messages: Vec<Payload<'a>>,
}

impl<'a> SceneObject<'a> {
    pub(super) fn of(scene: &'a Scene) -> Self {
        let payloads = |pieces: &'a [Vec<u8>]| pieces.iter().map(|piece| Payload::of(piece)).collect();
        Self {
            kind: "scene",
            title: scene.title,
            sends: payloads(&scene.sends),
            reads: payloads(&scene.reads),
            messages: payloads(&scene.messages),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(sends: &[&str], reads: &[&str], messages: &[&str]) -> Scene {
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        Scene { title: "title", sends: bytes(sends), reads: bytes(reads), messages: bytes(messages) }
    }

    #[test]
    fn merged_and_split_reads_are_told_from_whole_ones() {
        let told = tell(&scene(&["ab", "cdef", "g"], &["abc", "d", "ef", "g"], &["x"]), Colour::Off);
        let lines: Vec<&str> = told.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [
                "title",
                "   send     ab",
                "   send     cdef",
                "   send     g",
                "   read     |ab|c~   2 stuck together",
                "   read     ~d~      a piece from the middle of one",
                "   read     ~ef|     the end of one",
                "   read     |g|      exactly one",
                "   message  x",
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_by_their_numbers() {
        let told = tell(&scene(&["\0\0\0\u{1}a"], &["\0\0\0\u{1}a"], &["a"]), Colour::Off);
        assert!(told.contains("send     \\x00\\x00\\x00\\x01a"), "{told}");
    }
}
