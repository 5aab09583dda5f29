//! A scraper: HTTP over a plain socket, and a reader of `OpenMetrics` text that takes nothing but what the format's
//! specification allows, and of its numbers only whole ones. Written from that alone, so that it can hold what our
//! programs write against it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use crate::wire;

/// What a server answers.
#[derive(Debug)]
pub struct Reply {
    /// Such as 200.
    pub status: u16,
    /// The lines between status and body, names in lower case.
    pub fields: BTreeMap<String, String>,
    /// All the rest.
    pub body: String,
}

/// What was scraped: each series, such as `name_total{label="value"}`, with its value.
#[derive(Debug)]
pub struct Metrics(BTreeMap<String, u64>);

impl Metrics {
    /// The value of one series.
    #[track_caller]
    pub fn value(&self, series: &str) -> u64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} among {:#?}", self.0))
    }

    /// How many series there are.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Fetches the metrics from `http://HOST:PORT/metrics`.
#[track_caller]
pub fn scrape(url: &str) -> Metrics {
    let reply = request(url, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(reply.status, 200, "{reply:?}");
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(reply.fields.get("content-type").map(String::as_str), Some(content_type), "{reply:?}");
    Metrics(read(&reply.body).unwrap_or_else(|complaint| panic!("{complaint}\n{}", reply.body)))
}

/// Sends these bytes to where a URL points, and reads until the connection ends.
#[track_caller]
pub fn request(url: &str, request: &str) -> Reply {
    let place = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    let mut stream = wire::call(place.unwrap_or(url));
    stream.write_all(request.as_bytes()).expect("a server takes a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("a server answers, and hangs up");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let fields: BTreeMap<String, String> = lines
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no field")))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let reply = Reply { status: status.expect("a status of three digits"), fields, body: body.to_owned() };
    let length = reply.fields.get("content-length").and_then(|length| length.parse().ok());
    assert!(request.starts_with("HEAD") || length == Some(body.len()), "{reply:?}");
    reply
}

/// The family whose lines are being read.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: Option<String>,
    unit: Option<String>,
    has_help: bool,
    has_samples: bool,
}

/// Reads the text; complains of the first line that does not belong there.
fn read(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
    let mut series = BTreeMap::new();
    let mut family = Family::default();
    let mut seen = BTreeSet::new();
    for line in body.split_terminator('\n') {
        let read = match line.strip_prefix("# ") {
            Some(described) => describe(&mut family, &mut seen, described),
            None => sample(&mut family, &mut series, line),
        };
        read.map_err(|complaint| format!("{complaint}: {line:?}"))?;
    }
    Ok(series)
}

fn describe(family: &mut Family, seen: &mut BTreeSet<String>, line: &str) -> Result<(), &'static str> {
    let [what, name, text] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        return Err("no description");
    };
    if !is_name(name) {
        return Err("a name that is none");
    }
    if family.name != name {
        if !seen.insert(name.to_owned()) {
            return Err("a family in two pieces");
        }
        *family = Family { name: name.to_owned(), ..Family::default() };
    }
    let is_new = match what {
        "HELP" => !std::mem::replace(&mut family.has_help, true) && !text.is_empty(),
        "TYPE" => {
            ["counter", "gauge", "info"].contains(&text) && family.kind.replace(text.to_owned()).is_none()
        }
        "UNIT" => name.ends_with(&format!("_{text}")) && family.unit.replace(text.to_owned()).is_none(),
        _ => return Err("a description that nobody knows"),
    };
    let is_in_time = !family.has_samples;
    (is_new && is_in_time).then_some(()).ok_or("a description that comes twice, too late, or cannot be true")
}

fn sample(family: &mut Family, series: &mut BTreeMap<String, u64>, line: &str) -> Result<(), &'static str> {
    let (place, value) = line.rsplit_once(' ').ok_or("no sample")?;
    let (name, labels) = match place.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').ok_or("labels without an end")?),
        None => (place, ""),
    };
    let suffix = match family.kind.as_deref() {
        Some("counter") => "_total",
        Some("info") => "_info",
        Some(_) => "",
        None => return Err("a sample without a type"),
    };
    if name.strip_suffix(suffix) != Some(&family.name) || !family.has_help {
        return Err("a sample that is not of the family described before it");
    }
    if place.contains('{') {
        labels.split(',').try_for_each(label)?;
    }
    let value: u64 = value.parse().map_err(|_| "no whole number")?;
    if suffix == "_info" && value != 1 {
        return Err("a value that this type cannot have");
    }
    family.has_samples = true;
    series.insert(place.to_owned(), value).map_or(Ok(()), |_| Err("a series that comes twice"))
}

/// One label: ours have no character that needs escaping, and none that would end the label early.
fn label(label: &str) -> Result<(), &'static str> {
    let (name, value) = label.split_once('=').ok_or("a label without a value")?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let is_plain = value.is_some_and(|value| !value.contains(['"', '\\']));
    (is_name(name) && is_plain).then_some(()).ok_or("a label that is none")
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_format_allows_is_read() {
        let good = "# HELP a A.\n# TYPE a counter\na_total{b=\"c\"} 1\na_total{b=\"d\"} 2\n\
                    # HELP g_bytes G.\n# TYPE g_bytes gauge\n# UNIT g_bytes bytes\ng_bytes 3\n# EOF\n";
        let series = read(good).unwrap();
        assert_eq!(series.into_values().collect::<Vec<_>>(), [1, 2, 3]);
        for (wrong, instead) in [
            ("# EOF\n", ""),
            ("a_total{b=\"d\"}", "a_total{b=\"c\"}"),
            ("a_total{b=\"c\"}", "a{b=\"c\"}"),
            ("a_total{b=\"c\"}", "a_total{}"),
            ("a_total{b=\"c\"}", "a_total{b=c}"),
            ("# TYPE a counter\n", ""),
            ("# HELP a A.\n", ""),
            ("# TYPE a counter", "# TYPE a count"),
            ("g_bytes 3", "g 3"),
            ("g_bytes 3", "g_bytes three"),
            ("# UNIT g_bytes bytes", "# UNIT g_bytes seconds"),
            ("# HELP g_bytes", "# HELP a"),
            (" 1\n", " -1\n"),
            ("g_bytes 3", "\ng_bytes 3"),
        ] {
            let changed = good.replacen(wrong, instead, 1);
            assert_ne!(changed, good, "{wrong}");
            assert!(read(&changed).is_err(), "{changed}");
        }
    }
}
