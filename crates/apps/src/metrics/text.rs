//! Measures in the text that Prometheus reads: names under one prefix, help, types and units. Asking for them is left
//! to `scrapes`.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit as SpokenUnit};
use reactor::{Kind, Measure, Unit};

/// All of it. Measures of one name stand together.
pub(super) fn write(program: &str, measures: Vec<Measure>) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    let build = vec![("program", program.to_owned()), ("version", env!("CARGO_PKG_VERSION").to_owned())];
    registry.register("build", "What is running", Info::new(build));
    registry.register_collector(Box::new(Collected(measures)));
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a string does not fail");
    text
}

/// Adds several loops' measures up, by name and label.
pub(super) fn sum<'a>(loops: impl IntoIterator<Item = &'a [Measure]>) -> Vec<Measure> {
    let mut sums: Vec<Measure> = Vec::new();
    for measure in loops.into_iter().flatten() {
        let same = |sum: &&mut Measure| (sum.name, sum.label) == (measure.name, measure.label);
        match sums.iter_mut().find(same) {
            Some(sum) => sum.value = sum.value.saturating_add(measure.value),
            None => sums.push(*measure),
        }
    }
    sums
}

/// What every name begins with.
const PREFIX: &str = "switchboard";

#[derive(Debug)]
struct Collected(Vec<Measure>);

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.chunk_by(|one, other| one.name == other.name) {
            let Measure { name, help, kind, unit, .. } = family[0];
            let unit = spoken(unit);
            let metric_type = match kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let help = format!("{help}.");
            let mut encoder = encoder.encode_descriptor(name, &help, unit.as_ref(), metric_type)?;
            if let [Measure { label: None, value, .. }] = family {
                encode_value(kind, *value, encoder)?;
                continue;
            }
            for Measure { label, value, .. } in family {
                encode_value(kind, *value, encoder.encode_family(&label.as_slice())?)?;
            }
        }
        Ok(())
    }
}

fn encode_value(kind: Kind, value: u64, encoder: MetricEncoder<'_>) -> fmt::Result {
    match kind {
        Kind::Counter => ConstCounter::new(value).encode(encoder),
        Kind::Gauge => ConstGauge::new(value).encode(encoder),
    }
}

/// The unit by the name that Prometheus has for it; a plain count has none.
fn spoken(unit: Unit) -> Option<SpokenUnit> {
    match unit {
        Unit::Count => None,
        Unit::Bytes => Some(SpokenUnit::Bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_types_units_and_labels_are_written_as_the_format_says() {
        let timed_out = Measure::counter("timed_out", "Ends", 0);
        let text = write(
            "sb-test",
            vec![
                Measure::gauge("connections", "Connections now", 3),
                Measure::counter("read", "Bytes read", 1 << 60).bytes(),
                Measure { value: 1, ..timed_out.labelled("deadline", "idle") },
                Measure { value: 2, ..timed_out.labelled("deadline", "life") },
            ],
        );
        let version = env!("CARGO_PKG_VERSION");
        let wanted = format!(
            "# HELP switchboard_build What is running.\n\
             # TYPE switchboard_build info\n\
             switchboard_build_info{{program=\"sb-test\",version=\"{version}\"}} 1\n\
             # HELP switchboard_connections Connections now.\n\
             # TYPE switchboard_connections gauge\n\
             switchboard_connections 3\n\
             # HELP switchboard_read_bytes Bytes read.\n\
             # TYPE switchboard_read_bytes counter\n\
             # UNIT switchboard_read_bytes bytes\n\
             switchboard_read_bytes_total 1152921504606846976\n\
             # HELP switchboard_timed_out Ends.\n\
             # TYPE switchboard_timed_out counter\n\
             switchboard_timed_out_total{{deadline=\"idle\"}} 1\n\
             switchboard_timed_out_total{{deadline=\"life\"}} 2\n\
             # EOF\n"
        );
        assert_eq!(text, wanted);
    }

    #[test]
    fn several_loops_are_added_up_by_name_and_label() {
        let one = [
            Measure::counter("read", "", 1),
            Measure::counter("ends", "", 2).labelled("why", "a"),
            Measure::counter("ends", "", 3).labelled("why", "b"),
        ];
        let other = [Measure::counter("read", "", 10), Measure::counter("ends", "", 30).labelled("why", "b")];
        let sums: Vec<u64> = sum([&one[..], &other[..]]).iter().map(|measure| measure.value).collect();
        assert_eq!(sums, [11, 2, 33]);
    }
}
