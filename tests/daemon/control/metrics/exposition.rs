//! Strict reader of the text formats of metrics.

use std::collections::{BTreeMap, BTreeSet};

/// Values by name and labels, as in the text.
pub type Samples = BTreeMap<String, u64>;

/// Values of each label, by metric.
pub type Metrics = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

#[derive(Clone, Copy, PartialEq)]
pub enum Format {
    OpenMetrics,
    Prometheus,
}

#[derive(Default)]
struct Family<'a> {
    name: &'a str,
    kind: &'a str,
    has_help: bool,
}

impl Format {
    /// Returns the samples. Refuses what the format forbids: a sample without the type and the help of its family before
    /// it, a family or a sample that comes twice, samples of a family that are not adjacent, a missing end.
    pub fn read(self, text: &str) -> Result<Samples, String> {
        let end = if self == Self::OpenMetrics { "# EOF\n" } else { "" };
        let text = text.strip_suffix(end).ok_or("no mark at the end")?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("the last line is cut".to_owned());
        }
        let mut family = Family::default();
        let (mut families, mut samples) = (BTreeSet::new(), Samples::new());
        for line in text.lines() {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                family = self.family(typed).ok_or_else(|| format!("not of this format: {line}"))?;
                if !families.insert(family.name) {
                    return Err(format!("{} comes twice", family.name));
                }
            } else if let Some(help) = line.strip_prefix("# HELP ") {
                family.explain(help)?;
            } else {
                let (sample, value) = self.sample(&family, line)?;
                if samples.insert(sample.to_owned(), value).is_some() {
                    return Err(format!("{sample} comes twice"));
                }
            }
        }
        Ok(samples)
    }

    /// Returns the family that a line declares: of a kind that the format has, and named after it.
    fn family(self, typed: &str) -> Option<Family<'_>> {
        let (name, kind) = typed.split_once(' ')?;
        let kinds: &[_] = match self {
            Self::OpenMetrics => &["counter", "gauge", "info"],
            Self::Prometheus => &["counter", "gauge"],
        };
        let is_total = self == Self::Prometheus && kind == "counter";
        (kinds.contains(&kind) && name.ends_with("_total") == is_total).then_some(Family {
            name,
            kind,
            has_help: false,
        })
    }

    fn sample<'a>(self, family: &Family, line: &'a str) -> Result<(&'a str, u64), String> {
        let suffix = match (self, family.kind) {
            (Self::OpenMetrics, "counter") => "_total",
            (Self::OpenMetrics, "info") => "_info",
            _ => "",
        };
        let (sample, value) = line.rsplit_once(' ').ok_or_else(|| format!("no value: {line}"))?;
        if sample.split('{').next() != Some(&*format!("{}{suffix}", family.name)) {
            return Err(format!("not of the family {}: {line}", family.name));
        }
        if !family.has_help {
            return Err(format!("{} has no help", family.name));
        }
        Ok((sample, value.parse().map_err(|_| format!("not a number: {line}"))?))
    }
}

impl Family<'_> {
    fn explain(&mut self, help: &str) -> Result<(), String> {
        let is_ours = help.split_once(' ').is_some_and(|(name, _)| name == self.name);
        if !is_ours || self.has_help {
            return Err(format!("not the help of {}: {help}", self.name));
        }
        self.has_help = true;
        Ok(())
    }
}

/// Returns the labels of each metric. Refuses a metric whose samples have different ones.
pub fn metrics(samples: &Samples) -> Result<Metrics, String> {
    let mut metrics = Metrics::new();
    for sample in samples.keys() {
        let (name, list) = sample.split_once('{').unwrap_or((sample, "}"));
        let labels = labels(list).ok_or_else(|| format!("labels of {sample}"))?;
        let first = labels.iter().map(|(label, _)| ((*label).to_owned(), BTreeSet::new()));
        let known = metrics.entry(name.to_owned()).or_insert_with(|| first.collect());
        if known.len() != labels.len() {
            return Err(format!("other labels than before: {sample}"));
        }
        for (label, value) in labels {
            let values = known.get_mut(label).ok_or_else(|| format!("{label}: {sample}"))?;
            values.insert(value.to_owned());
        }
    }
    Ok(metrics)
}

/// Reads `a="b",c="d"}`.
fn labels(mut rest: &str) -> Option<Vec<(&str, &str)>> {
    let mut labels = vec![];
    while rest != "}" {
        let (label, quoted) = rest.split_once("=\"")?;
        let is_end = |&(at, _): &(usize, &str)| !quoted[..at].ends_with('\\');
        let (end, _) = quoted.match_indices('"').find(is_end)?;
        labels.push((label, &quoted[..end]));
        rest = &quoted[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(labels)
}

#[test]
fn reader_refuses_broken_texts() {
    const GOOD: &str = "# TYPE a gauge\n# HELP a A.\na{b=\"c\"} 1\n# TYPE d_total counter\n# HELP d_total D.\nd_total 2\n";
    assert_eq!(Format::Prometheus.read(GOOD).unwrap().len(), 2);
    for (from, to, reason) in [
        ("d_total", "a", "not of this format"),
        ("d_total 2", "d_total 2\n# TYPE a gauge\n# HELP a A.\na{b=\"e\"} 1", "a comes twice"),
        ("d_total 2", "d_total 2\na{b=\"e\"} 1", "not of the family d_total"),
        ("a{b=\"c\"} 1", "a{b=\"c\"} 1\na{b=\"c\"} 1", "a{b=\"c\"} comes twice"),
        ("# HELP a A.\n", "", "a has no help"),
        ("# HELP a A.\n", "# HELP e A.\n", "not the help of a"),
        ("# HELP a A.\n", "# HELP a A.\n# HELP a A.\n", "not the help of a"),
        ("gauge", "info", "not of this format"),
        ("d_total", "d", "not of this format"),
        ("a gauge", "a_total gauge", "not of this format"),
        ("d_total 2\n", "d_total 2", "the last line is cut"),
        ("d_total 2", "d_total", "no value"),
        ("d_total 2", "d_total x", "not a number"),
        ("d_total 2", "\nd_total 2", "no value"),
    ] {
        let text = GOOD.replace(from, to);
        let error = Format::Prometheus.read(&text).unwrap_err();
        assert!(error.contains(reason), "{error}: {text}");
    }
    let open = GOOD.replace("E d_total", "E d").replace("P d_total", "P d");
    assert_eq!(Format::OpenMetrics.read(&open).unwrap_err(), "no mark at the end");
    assert_eq!(Format::OpenMetrics.read(&format!("{open}# EOF\n")).unwrap().len(), 2);
}

#[test]
fn metrics_have_the_same_labels_in_each_sample() {
    let read = |samples: &[&str]| {
        metrics(&samples.iter().map(|sample| ((*sample).to_owned(), 0)).collect::<Samples>())
    };
    let found = read(&["a{b=\"c,\\\"}\",d=\"e\"}", "a{b=\"f\",d=\"e\"}", "g"]).unwrap();
    assert_eq!(found["a"]["b"], BTreeSet::from(["c,\\\"}", "f"].map(str::to_owned)));
    assert!(found["g"].is_empty());
    for broken in [["a{b=\"c\"}", "a"], ["a{b=\"c\"}", "a{d=\"c\"}"], ["a{b=\"c}", "g"]] {
        assert!(read(&broken).is_err(), "{broken:?}");
    }
}
