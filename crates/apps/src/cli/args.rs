//! Arguments that several programs take, in two stages: what was typed (`...Args`, to be flattened into a
//! program's own), and what it means (`SessionOptions`).
//!
//! Leaves where keys are kept to `keyring`, and what to do with the options to the session.
//!
//! ```no_run
//! use clap::Parser;
//! use switchboard::cli::args::{Defaults, OutputArgs, SessionArgs};
//! use switchboard::endpoint::Endpoint;
//!
//! #[derive(Parser)]
//! struct TalkArgs {
//!     endpoint: Endpoint,
//!     #[command(flatten)]
//!     session: SessionArgs,
//!     #[command(flatten)]
//!     output: OutputArgs,
//! }
//!
//! # fn main() -> switchboard::cli::exit::Result<()> {
//! let args = TalkArgs::parse();
//! let notes = args.output.start();
//! let defaults = Defaults { framing: "raw", auth: auth::Dialect::None, service: "talk" };
//! let options = args.session.options(&defaults, [&args.endpoint], &notes)?;
//! # drop(options);
//! # Ok(())
//! # }
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use auth::{Dialect, Digests, Policy};
use clap::Args;
use framing::FrameSpec;
use reactor::Signal;

use super::exit::{Blame, Failure, Fault, Result};
use super::logging;
use super::notes::{Notes, Volume};
use super::output::Format;
use super::signals::ENDING;
use crate::endpoint::Endpoint;
use crate::keyring::{Form, Reloader, Source};
use crate::operation::operator;
use crate::session::{Operator, Profile, SharedPolicy};

/// What was typed about the session.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Session")]
pub struct SessionArgs {
    /// How messages are told apart: raw, u32be, i32le, varint, python, netstring, lines, nul, delim=..., with
    /// options as in u32be,max=1MiB
    #[arg(long, value_name = "SPEC")]
    framing: Option<FrameSpec>,
    #[command(flatten)]
    auth: AuthArgs,
}

/// What was typed about who may speak: the part of a session that is the same whatever is said in it.
#[derive(Args, Clone, Debug, Default)]
pub struct AuthArgs {
    /// How callers prove who they are: none, tutorial, python, mutual or noise
    #[arg(long, value_name = "DIALECT")]
    auth: Option<Dialect>,
    /// The digests that --auth python may use, first the one that we ask for: sha256 unless others are named, as
    /// in sha256,md5 for Python before 3.12
    #[arg(long, value_name = "NAMES")]
    digests: Option<Digests>,
    /// The file with the key; else `SWITCHBOARD_KEY_FILE`, else `SWITCHBOARD_KEY`, else a prompt
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
    /// The service that both sides mean, if not this program's own
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Which server is meant, where several hold the same keys
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Allow an unencrypted handshake with other hosts
    #[arg(long)]
    insecure: bool,
}

/// What a program means where nothing was typed.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// A spec, as it would be typed.
    pub framing: &'static str,
    /// The dialect.
    pub auth: Dialect,
    /// The program's own word for what it offers.
    pub service: &'static str,
}

/// What a session is to be like.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// How messages are told apart.
    pub spec: FrameSpec,
    /// Who may speak, and how that is proved.
    pub policy: SharedPolicy,
    /// Who is told what happens to a server.
    operator: Option<Arc<dyn Operator>>,
}

impl SessionOptions {
    /// The profile of such a session, as a server that is called.
    pub fn profile(&self) -> Profile {
        Profile { operator: self.operator.clone(), ..Profile::new(self.spec.clone(), self.policy.clone()) }
    }

    /// What a server with that profile has to hear: SIGHUP only if there is something to be read again, or a service
    /// manager that may ask for it. Otherwise it ends the program, as it does by itself.
    pub fn signals(&self) -> Vec<Signal> {
        ENDING.into_iter().chain(self.operator.is_some().then_some(Signal::Hangup)).collect()
    }
}

impl SessionArgs {
    /// What was typed, with the program's defaults for the rest, about these endpoints. Reads the keys,
    /// which may ask for one. Refuses to show a handshake to other hosts unless told to.
    pub fn options<'a>(
        &self,
        defaults: &Defaults,
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
        notes: &Notes,
    ) -> Result<SessionOptions> {
        let options = self.auth.options(defaults, endpoints, notes)?;
        Ok(SessionOptions { spec: self.framing.clone().unwrap_or(options.spec), ..options })
    }

    /// Refuses an endpoint on another host for a handshake that protects nothing, unless told otherwise.
    pub fn check_confinement(&self, defaults: &Defaults, endpoint: &Endpoint) -> Result<()> {
        self.auth.check_confinement(defaults, endpoint)
    }

    /// Which handshake is spoken.
    pub fn dialect(&self, defaults: &Defaults) -> Dialect {
        self.auth.dialect(defaults)
    }

    /// Where the keys are, if the command line or the environment says so.
    pub fn key_source(&self) -> Option<Source> {
        Source::named(self.auth.key_file.as_deref())
    }

    /// The same, with the keys in this file.
    #[must_use]
    pub fn with_key_file(self, path: PathBuf) -> Self {
        Self { auth: AuthArgs { key_file: Some(path), ..self.auth }, ..self }
    }

    /// What was typed that whoever is at the other end has to type too. The key file is not among it.
    pub fn shared_words(&self) -> Vec<String> {
        let framing = self.framing.as_ref().map(|spec| ["--framing".to_owned(), spec.to_string()]);
        framing.into_iter().flatten().chain(self.auth.shared_words()).collect()
    }
}

impl AuthArgs {
    /// The same as for a session whose framing is the program's default.
    pub fn options<'a>(
        &self,
        defaults: &Defaults,
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
        notes: &Notes,
    ) -> Result<SessionOptions> {
        let dialect = self.dialect(defaults);
        for endpoint in endpoints {
            self.check_confinement(defaults, endpoint)?;
        }
        self.check_digests(dialect)?;
        let keys = self.keys(dialect).blame(Fault::Usage)?;
        let keyring = keys.as_ref().map(|source| source.load(Form::of(dialect), notes)).transpose()?;
        let policy = Policy::new(dialect, Arc::new(keyring.unwrap_or_default())).blame(Fault::Usage)?;
        let policy = policy
            .with_service(self.service.as_deref().unwrap_or(defaults.service))
            .with_server_name(self.server_name.as_deref().unwrap_or_default())
            .with_digests(self.digests.clone().unwrap_or_default());
        let spec = defaults.framing.parse().context("this program's default framing")?;
        let policy = SharedPolicy::from(policy);
        let keys = keys.and_then(|keys| Reloader::new(keys, policy.clone(), notes.clone()));
        Ok(SessionOptions { spec, policy, operator: operator(keys) })
    }

    /// The same as for a session.
    pub fn check_confinement(&self, defaults: &Defaults, endpoint: &Endpoint) -> Result<()> {
        let dialect = self.dialect(defaults);
        if self.insecure || !dialect.is_confined_to_host() {
            return Ok(());
        }
        // An endpoint that cannot be used at all has a better reason to be refused than this one.
        if endpoint.resolve()?.is_local() {
            return Ok(());
        }
        Err(Failure::new(
            Fault::Usage,
            format!(
                "`{dialect}` does not protect what is said, and {endpoint} is not only on this host: \
                 use --auth noise, a loopback address or a Unix socket (a tunnel can lead there), or insist with --insecure"
            ),
        ))
    }

    /// Which handshake is spoken.
    pub fn dialect(&self, defaults: &Defaults) -> Dialect {
        self.auth.unwrap_or(defaults.auth)
    }

    /// The service that was typed.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.key_file.is_none() && self.shared_words().is_empty()
    }

    fn shared_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |flag: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        };
        add("--auth", self.auth.map(|dialect| dialect.to_string()));
        add("--digests", self.digests.as_ref().map(Digests::to_string));
        add("--service", self.service.clone());
        add("--server-name", self.server_name.clone());
        words.extend(self.insecure.then(|| "--insecure".to_owned()));
        words
    }

    fn check_digests(&self, dialect: Dialect) -> Result<()> {
        match dialect {
            Dialect::Python => Ok(()),
            _ if self.digests.is_none() => Ok(()),
            _ => Err(Failure::new(Fault::Usage, format!("--digests is for --auth python, not {dialect}"))),
        }
    }

    fn keys(&self, dialect: Dialect) -> anyhow::Result<Option<Source>> {
        if dialect == Dialect::None {
            return Ok(None);
        }
        let source = Source::find(self.key_file.as_deref()).with_context(|| format!("--auth {dialect}"))?;
        Ok(Some(source))
    }
}

/// What was typed about what is said.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Say nothing beside the messages, warnings and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Log what happens inside to stderr; more with each. All of it goes into the file that `SWITCHBOARD_LOG` names
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Print messages as JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

impl OutputArgs {
    /// Starts the log and gives a writer of notes to stderr: the first thing a program does.
    pub fn start(&self) -> Notes {
        let notes = Notes::stderr(self.volume());
        if let Err(error) = logging::start(self.volume(), self.verbose) {
            notes.warn(format_args!("nothing is logged where {} says: {error}", logging::FILE_VARIABLE));
        }
        notes
    }

    /// How much to say beside the messages.
    pub fn volume(&self) -> Volume {
        if self.quiet { Volume::Quiet } else { Volume::Normal }
    }

    /// How to print messages.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::keyring::write_private;

    const DEFAULTS: Defaults = Defaults { framing: "u32be", auth: Dialect::None, service: "echo" };

    #[derive(Parser)]
    struct Program {
        endpoint: Endpoint,
        #[command(flatten)]
        session: SessionArgs,
        #[command(flatten)]
        output: OutputArgs,
    }

    fn program(line: &str) -> Program {
        Program::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn options(line: &str) -> Result<SessionOptions> {
        let typed = program(line);
        typed.session.options(&DEFAULTS, [&typed.endpoint], &Notes::stderr(Volume::Quiet))
    }

    fn key_file(folder: &Path, content: &str) -> String {
        let path = folder.join("key");
        write_private(&path, content);
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_not_typed_is_the_programs_default() {
        let options = options("echo 127.0.0.1:9000").unwrap();
        assert_eq!(options.spec, "u32be".parse().unwrap());
        assert_eq!(options.policy.dialect(), Dialect::None);
    }

    #[test]
    fn what_is_typed_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_file(folder.path(), &format!("alice {}\n", "ab".repeat(32)));
        let options =
            options(&format!("echo [::1]:1 --framing lines --auth mutual --key-file {path}")).unwrap();
        assert_eq!(options.spec, "lines".parse().unwrap());
        assert_eq!(options.policy.dialect(), Dialect::Mutual);
    }

    #[test]
    fn the_other_side_is_told_all_but_the_key() {
        let line = "--framing lines --auth mutual --service s --server-name n --insecure";
        let typed = program(&format!("echo 127.0.0.1:1 {line} --key-file /k")).session;
        assert_eq!(typed.shared_words().join(" "), line);
        assert_eq!(typed.key_source(), Some(Source::File("/k".into())));
        assert!(program("echo 127.0.0.1:1").session.shared_words().is_empty());
    }

    #[test]
    fn a_dialect_in_the_open_stays_on_the_host_unless_insisted_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_file(folder.path(), "secret\n");
        let base = format!("--auth tutorial --key-file {path}");
        assert!(options(&format!("echo 127.0.0.1:1 {base}")).is_ok());
        assert!(options(&format!("echo unix:/run/x {base}")).is_ok());
        assert!(options(&format!("echo 0.0.0.0:1 {base} --insecure")).is_ok());
        assert!(options("echo 0.0.0.0:1 --auth none").is_ok());
        let named = folder.path().join("named");
        write_private(&named, &format!("alice {}\n", "ab".repeat(32)));
        assert!(options(&format!("echo 0.0.0.0:1 --auth noise --key-file {}", named.display())).is_ok());

        let refused = options(&format!("echo 0.0.0.0:1 {base}")).unwrap_err();
        assert_eq!(refused.fault(), Fault::Usage);
        assert!(refused.message().contains("--auth noise"), "{}", refused.message());
    }

    #[test]
    fn digests_are_for_the_dialect_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_file(folder.path(), "secret\n");
        let line = |dialect, digests| {
            options(&format!("echo 127.0.0.1:1 --auth {dialect} --digests {digests} --key-file {path}"))
        };
        assert!(line("python", "sha256,md5").is_ok());
        assert_eq!(line("tutorial", "md5").unwrap_err().fault(), Fault::Usage);
        let typed = program("echo 127.0.0.1:1 --digests md5").session;
        assert_eq!(typed.shared_words().join(" "), "--digests md5");
    }

    #[test]
    fn keys_that_cannot_be_used_are_usage_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_file(folder.path(), "secret\n");
        for line in [
            format!("echo 127.0.0.1:1 --auth mutual --key-file {path}"),
            format!("echo 127.0.0.1:1 --auth tutorial --key-file {path}.missing"),
        ] {
            let failure = options(&line).unwrap_err();
            assert_eq!(failure.fault(), Fault::Usage, "{}", failure.message());
        }
        fs::set_permissions(&path, Permissions::from_mode(0o620)).unwrap();
        let failure = options(&format!("echo 127.0.0.1:1 --auth tutorial --key-file {path}")).unwrap_err();
        assert_eq!(failure.fault(), Fault::Usage);
        assert!(failure.message().contains("chmod 600 "), "{}", failure.message());
    }

    #[test]
    fn output_is_chosen_by_flags() {
        let typed = program("echo 127.0.0.1:1 -q --json -vv").output;
        assert_eq!((typed.volume(), typed.format(), typed.verbose), (Volume::Quiet, Format::Json, 2));
        let typed = program("echo 127.0.0.1:1").output;
        assert_eq!((typed.volume(), typed.format(), typed.verbose), (Volume::Normal, Format::Text, 0));
    }
}
