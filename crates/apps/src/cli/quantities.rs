//! Sizes and times as they are typed. What they limit is for the programs to say.

use std::time::Duration;

use framing::FrameSpec;

/// A number of bytes as a spec has it: `4096`, `64KiB`, `1MiB`.
pub(crate) fn parse_size(text: &str) -> Result<usize, String> {
    let spec = format!("raw,max={text}").parse::<FrameSpec>().map_err(|error| error.to_string())?;
    Ok(spec.payload_bytes_max())
}

/// A number of seconds, perhaps with a fraction.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_seconds_are_read_and_anything_else_refused() {
        assert_eq!((parse_size("4096"), parse_size("64KiB")), (Ok(4096), Ok(65536)));
        assert_eq!(parse_seconds("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["", "x", "-1", "nan", "1e99"] {
            assert!(parse_seconds(text).is_err() && parse_size(text).is_err(), "{text}");
        }
    }
}
