//! The machine: which processors server and load get, and what the page says about it.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};

use super::figure::Figure;
use crate::root;

/// What is measured on.
pub(super) struct Machine {
    /// Those that we may use.
    processors: Vec<usize>,
    /// How many others had something to do when we began.
    pub(super) load_before: String,
}

impl Machine {
    pub(super) fn look() -> Result<Machine> {
        let status = fs::read_to_string("/proc/self/status").context("the bench needs Linux")?;
        let list = value(&status, "Cpus_allowed_list").context("the processors are not told")?;
        let processors = processors(list)?;
        ensure!(processors.len() >= 2, "server and load need a processor each, and there is one");
        Ok(Machine { processors, load_before: load_average() })
    }

    /// For the server and for the load.
    pub(super) fn processors_for(&self, figure: Figure) -> [String; 2] {
        match self.processors.as_slice() {
            [server, load, ..] if figure.is_pinned() => [server, load].map(ToString::to_string),
            all => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                [all.join(","), all.join(",")]
            }
        }
    }

    /// In a sentence.
    pub(super) fn describe(&self) -> String {
        let model = read("/proc/cpuinfo", |text| value(text, "model name"));
        let kernel = read("/proc/sys/kernel/osrelease", |text| Some(text.trim()));
        let memory = read("/proc/meminfo", |text| value(text, "MemTotal"));
        let memory: f64 = memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or(0.0);
        let (count, gib) = (self.processors.len(), memory / 1024.0 / 1024.0);
        format!("{count} processors ({model}), {gib:.0} GiB, Linux {kernel}, {}", rustc())
    }
}

/// The mean number of those who want a processor, over the last minute.
pub(super) fn load_average() -> String {
    read("/proc/loadavg", |text| text.split(' ').next())
}

/// The day, for the page.
pub(super) fn today() -> Result<String> {
    let output = std::process::Command::new("date").args(["--utc", "+%F"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn rustc() -> String {
    let output = std::process::Command::new("rustc").arg("-V").current_dir(root::folder()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn read(path: &str, pick: fn(&str) -> Option<&str>) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    pick(&text).unwrap_or("unknown").to_owned()
}

/// The value behind `key:` at the beginning of a line.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim_start().strip_prefix(':')?.trim())
}

/// Reads `0-2,7`.
fn processors(list: &str) -> Result<Vec<usize>> {
    let mut all = Vec::new();
    for range in list.split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let (Ok(from), Ok(to)) = (from.parse::<usize>(), to.parse::<usize>()) else {
            bail!("`{list}` is no list of processors");
        };
        all.extend(from..=to);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_processors_has_ranges_and_gaps() {
        assert_eq!(processors("0-2,7").unwrap(), [0, 1, 2, 7]);
        assert!(processors("all").is_err());
    }

    #[test]
    fn server_and_load_have_a_processor_each_unless_they_share_all() {
        let machine = Machine { processors: vec![3, 5, 6], load_before: String::new() };
        assert_eq!(machine.processors_for(Figure::Memory), ["3", "5"]);
        assert_eq!(machine.processors_for(Figure::Busiest), ["3,5,6", "3,5,6"]);
    }
}
