//! Colour where it is wanted: on a terminal, unless `NO_COLOR` or a terminal without colours says otherwise.

use std::fmt::{self, Display};
use std::io;

use anstream::ColorChoice;
use anstream::stream::RawStream;
use anstyle::{AnsiColor, Style};

/// Whether to paint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Colour {
    On,
    Off,
}

impl Colour {
    /// Whether to paint what goes to stdout.
    pub fn stdout() -> Self {
        Self::on(&io::stdout())
    }

    /// Whether to paint what goes to stderr.
    pub fn stderr() -> Self {
        Self::on(&io::stderr())
    }

    /// The text in the style, or as it is.
    pub fn paint(self, style: Style, text: impl Display) -> impl Display {
        Painted { style: if self == Self::On { style } else { Style::new() }, text }
    }

    fn on(stream: &impl RawStream) -> Self {
        // `CLICOLOR_FORCE` is not followed into a pipe: what programs read is never painted.
        let is_wanted = anstream::AutoStream::choice(stream) != ColorChoice::Never;
        if stream.is_terminal() && is_wanted { Self::On } else { Self::Off }
    }
}

/// For what is said beside the messages.
pub const DIM: Style = Style::new().dimmed();
/// For the word that says what went wrong.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// For who said something.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// For what is to be seen first.
pub const STRONG: Style = Style::new().bold();

struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.text, self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_painted_has_escape_sequences() {
        assert_eq!(Colour::Off.paint(ERROR, "x").to_string(), "x");
        let painted = Colour::On.paint(DIM, "x").to_string();
        assert!(painted.starts_with("\x1b[2m") && painted.ends_with("x\x1b[0m"), "{painted:?}");
    }
}
