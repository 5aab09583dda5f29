//! What is typed after `--metrics`: an endpoint, or a port alone. Opening it is left to `attach`.

use std::fmt;
use std::str::FromStr;

use crate::endpoint::{Endpoint, ParseEndpointError};

/// Where scrapers call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsAddr(Endpoint);

impl MetricsAddr {
    /// The endpoint that was meant.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0
    }
}

impl FromStr for MetricsAddr {
    type Err = ParseEndpointError;

    /// A port alone is one of this machine's: who wants to be seen from elsewhere says so.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_port = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let typed = if is_port { format!("127.0.0.1:{text}").parse() } else { text.parse() };
        typed.map(Self)
    }
}

impl fmt::Display for MetricsAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        for (typed, meant) in [
            ("9100", "tcp://127.0.0.1:9100"),
            ("0", "tcp://127.0.0.1:0"),
            ("0.0.0.0:9100", "tcp://0.0.0.0:9100"),
            ("[::1]:9100", "tcp://[::1]:9100"),
            ("unix:/run/metrics", "unix:/run/metrics"),
        ] {
            assert_eq!(typed.parse::<MetricsAddr>().unwrap().to_string(), meant);
        }
        for wrong in ["", ":9100", "65536", "here"] {
            assert!(wrong.parse::<MetricsAddr>().is_err(), "{wrong:?}");
        }
    }
}
