//! `docs/protocol.md` against the code and the vectors: sizes of messages, limits and examples. What the words say is
//! for readers to judge.

mod support;

use serde_json::Value;
use switchboard_auth::{Dialect, Digest, HANDSHAKE_TIMEOUT};

use support::{KEY, honest_transcript, policy};

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// A heading that ends in `: N bytes`, and the column of sizes in the table under it.
struct Layout {
    section: &'static str,
    bytes: usize,
    /// Offset and size of each part.
    parts: Vec<(usize, usize)>,
}

fn layouts() -> Vec<Layout> {
    let mut layouts: Vec<Layout> = Vec::new();
    let mut section = "";
    for line in PAGE.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            section = name;
        } else if let Some(heading) = line.strip_prefix("### ") {
            let (_, size) = heading.rsplit_once(": ").expect("a message's heading tells its size");
            let bytes = size.trim_end_matches(" bytes").parse().expect("a number of bytes");
            layouts.push(Layout { section, bytes, parts: Vec::new() });
        } else if let Some((at, rest)) = line.strip_prefix("| ").and_then(|row| row.split_once(" | "))
            && let Ok(at) = at.parse()
        {
            let (bytes, _) = rest.split_once(" | ").expect("a row has three columns");
            let layout = layouts.last_mut().expect("a table stands under a heading");
            layout.parts.push((at, bytes.parse().expect("a number of bytes")));
        }
    }
    layouts
}

fn sizes_of(section: &str) -> Vec<usize> {
    layouts().into_iter().filter(|layout| layout.section == section).map(|layout| layout.bytes).collect()
}

#[test]
fn the_parts_of_each_message_lie_end_to_end_and_fill_it() {
    let layouts = layouts();
    assert_eq!(layouts.len(), 12, "every message of every dialect has a table");
    for Layout { section, bytes, parts } in layouts {
        let end = parts.iter().fold(0, |end, (at, size)| {
            assert_eq!(*at, end, "{section}");
            end + size
        });
        assert_eq!(end, bytes, "{section}");
    }
}

#[test]
fn messages_have_the_sizes_that_are_written() {
    for dialect in [Dialect::Tutorial, Dialect::Python, Dialect::Mutual] {
        let said = honest_transcript(&policy(dialect, &KEY)).into_iter().map(|(_, message)| message.len());
        let mut said: Vec<_> = said.collect();
        if dialect == Dialect::Python {
            // Its last four messages are the first two once more, two of them in one write.
            said.truncate(2);
            said.push(13);
        }
        assert_eq!(sizes_of(&dialect.to_string()), said, "{dialect}");
    }
}

#[test]
fn every_example_is_a_case_of_the_vectors() {
    let mut fences = 0;
    for fence in PAGE.split("```vector ").skip(1) {
        let (heading, rest) = fence.split_once('\n').expect("a fence has lines");
        let (dialect, name) = heading.split_once(' ').expect("a dialect and a case");
        let (body, _) = rest.split_once("```").expect("a fence is closed");
        let case = case(dialect, name);
        for (field, hex) in fields(body) {
            let expected = match field.split_once(' ') {
                Some((list, index)) => &case[list][index.parse::<usize>().expect("an index")],
                None => &case[&field],
            };
            assert_eq!(expected.as_str(), Some(hex.as_str()), "{heading}: {field}");
        }
        fences += 1;
    }
    assert_eq!(fences, 4, "each dialect has an example");
}

fn case(dialect: &str, name: &str) -> Value {
    let vectors = match dialect {
        "tutorial" => include_str!("vectors/tutorial.json"),
        "python" => include_str!("vectors/python.json"),
        "mutual" => include_str!("vectors/mutual.json"),
        _ => include_str!("vectors/noise.json"),
    };
    let cases: Vec<Value> = serde_json::from_str(vectors).expect("the vectors are JSON");
    cases.into_iter().find(|case| case["name"] == name).expect("the case is among them")
}

/// Names and digits; a line that begins with spaces goes on with the one before.
fn fields(body: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        match line.rsplit_once("  ").map(|(name, digits)| (name.trim(), digits.trim())) {
            Some(("", more)) => fields.last_mut().expect("a field goes on").1.push_str(more),
            Some((name, digits)) => fields.push((name.into(), digits.into())),
            None => panic!("{line:?} is no field"),
        }
    }
    fields
}

#[test]
fn limits_are_those_of_the_code() {
    assert!(PAGE.contains(&format!("The whole handshake has {} seconds", HANDSHAKE_TIMEOUT.as_secs())));
    for digest in Digest::ALL {
        assert!(PAGE.contains(&format!("`{digest}`")), "{digest}");
    }
    for dialect in Dialect::ALL {
        assert!(PAGE.contains(&format!(" `{dialect}` |")), "{dialect}");
    }
}

#[test]
fn the_table_says_of_each_dialect_what_its_token_says() {
    let columns: Vec<&str> = row("| | ");
    for dialect in Dialect::ALL {
        let column = columns.iter().position(|name| *name == format!("`{dialect}`")).expect("a column each");
        let knows_its_server = row("| the client knows its server |")[column] == "yes";
        assert_eq!(knows_its_server, dialect.is_mutual(), "{dialect}");
        let leaves = row("| may leave the host |")[column] == "with `--insecure`";
        assert_eq!(leaves, dialect.is_confined_to_host(), "{dialect}");
    }
}

fn row(beginning: &str) -> Vec<&'static str> {
    let line = PAGE.lines().find(|line| line.starts_with(beginning)).expect("the row is there");
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[cfg(feature = "noise")]
#[test]
fn records_and_messages_of_noise_have_the_sizes_that_are_written() {
    use support::{Party, State, entropy};
    use switchboard_auth::ChannelError;

    let policy = policy(Dialect::Noise, &KEY);
    let mut server = Party::new(policy.accept(entropy(1)));
    let mut client = Party::new(policy.call(entropy(2)));
    let hello = client.hear(&[]);
    let reply = server.hear(&hello);
    let confirm = client.hear(&reply);
    let State::Done(proof) = &mut client.state else { panic!("{:?}", client.state) };
    let mut channel = proof.take_channel().expect("it is there once");
    let mut record = Vec::new();
    channel.seal(b"hello", &mut record).expect("the channel is open");
    let said = [hello.len(), reply.len(), confirm.len(), record.len()];
    assert_eq!(sizes_of("noise"), said);

    let refused = channel.open(&[0, 0], &mut Vec::new());
    let Err(ChannelError::WrongLength { least, limit, .. }) = refused else { panic!("{refused:?}") };
    assert!(PAGE.contains(&format!("from {least} to {limit}")));
    assert!(PAGE.contains(&format!("from 0 to {} bytes", limit - least)));
}
