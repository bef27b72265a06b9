//! Labels that the result of a PromQL expression has. Knows the part of the language that our queries use, and refuses the
//! rest; the grammar as such is `promtool`'s to judge.

use std::collections::BTreeSet;

use super::exposition::Metrics;

/// Labels that the scrape adds to each series.
pub const SCRAPED: [&str; 2] = ["instance", "job"];

const OPERATORS: [&str; 8] = ["==", "or ", "and ", ">", "+", "-", "*", "/"];

/// Result of an expression.
#[derive(Debug, Default)]
pub struct Series {
    pub labels: BTreeSet<String>,
    pub is_rate: bool,
    is_range: bool,
    is_scalar: bool,
    is_counter: bool,
}

struct Query<'a> {
    rest: &'a str,
    metrics: &'a Metrics,
}

/// Returns the result of an expression; refuses metrics, labels and values that are not there.
pub fn evaluate(query: &str, metrics: &Metrics) -> Result<Series, String> {
    let mut query = Query { rest: query.trim_start(), metrics };
    let series = query.expression()?;
    match (query.rest, series.is_range) {
        ("", false) => Ok(series),
        ("", true) => Err("a range is not a result".to_owned()),
        (rest, _) => Err(format!("not understood: {rest}")),
    }
}

impl<'a> Query<'a> {
    fn takes(&mut self, symbol: &str) -> bool {
        let rest = self.rest.strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest).trim_start();
        rest.is_some()
    }

    fn must_take(&mut self, symbol: &str) -> Result<(), String> {
        let is_there = self.takes(symbol);
        is_there.then_some(()).ok_or_else(|| format!("no {symbol} before: {}", self.rest))
    }

    /// Takes what is before the first character that is not one of a word.
    fn word(&mut self) -> &'a str {
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let (word, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        word
    }

    fn until(&mut self, end: char) -> Result<&'a str, String> {
        let (text, rest) = self.rest.split_once(end).ok_or_else(|| format!("no {end}"))?;
        self.rest = rest.trim_start();
        Ok(text)
    }

    fn expression(&mut self) -> Result<Series, String> {
        let mut left = self.operand()?;
        while OPERATORS.iter().any(|operator| self.takes(operator)) {
            let right = self.operand()?;
            left = match (left.is_scalar, right.is_scalar) {
                (true, _) => right,
                (_, true) => left,
                _ if left.labels == right.labels && left.is_rate == right.is_rate => left,
                _ => return Err(format!("sides do not match: {left:?} {right:?}")),
            };
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Series, String> {
        match self.word() {
            "sum" => self.sum(),
            "rate" => self.rate(true),
            "increase" => self.rate(false),
            number if number.parse::<u64>().is_ok() => {
                Ok(Series { is_scalar: true, ..Series::default() })
            }
            name => self.selector(name),
        }
    }

    fn argument(&mut self) -> Result<Series, String> {
        self.must_take("(")?;
        let series = self.expression()?;
        self.must_take(")")?;
        Ok(series)
    }

    fn sum(&mut self) -> Result<Series, String> {
        self.must_take("by")?;
        self.must_take("(")?;
        let kept: BTreeSet<_> =
            self.until(')')?.split(',').map(|name| name.trim().to_owned()).collect();
        let series = self.argument()?;
        if series.is_range || series.is_scalar {
            return Err("a sum of what is no vector".to_owned());
        }
        let missing: Vec<_> = kept.difference(&series.labels).collect();
        missing.is_empty().then_some(()).ok_or_else(|| format!("no such label: {missing:?}"))?;
        Ok(Series { labels: kept, ..series })
    }

    fn rate(&mut self, is_rate: bool) -> Result<Series, String> {
        let series = self.argument()?;
        match (series.is_range, series.is_counter) {
            (true, true) => Ok(Series { is_range: false, is_rate, ..series }),
            (false, _) => Err("a rate without a range".to_owned()),
            (_, false) => Err("a rate of a gauge".to_owned()),
        }
    }

    fn selector(&mut self, name: &str) -> Result<Series, String> {
        let Some(labels) = self.metrics.get(name) else {
            return Err(format!("no such metric: {name:?}"));
        };
        if self.takes("{") {
            while !self.takes("}") {
                self.matcher(name)?;
                self.takes(",");
            }
        }
        let is_range = self.takes("[");
        if is_range {
            self.until(']')?;
        }
        let labels = labels.keys().map(String::as_str).chain(SCRAPED).map(str::to_owned).collect();
        let is_counter = name.ends_with("_total");
        Ok(Series { labels, is_range, is_counter, ..Series::default() })
    }

    /// Takes `label="value"` or `label=~"value|prefix.*"`, each with a value that the metric has.
    fn matcher(&mut self, metric: &str) -> Result<(), String> {
        let label = self.word();
        let is_pattern = self.takes("=~");
        if !is_pattern {
            self.must_take("=")?;
        }
        self.must_take("\"")?;
        let wanted = self.until('"')?;
        let values = self.metrics[metric].get(label);
        let is_there = |wanted: &str| match (values, wanted.strip_suffix(".*")) {
            (None, _) => SCRAPED.contains(&label),
            (Some(values), Some(prefix)) if is_pattern => {
                values.iter().any(|value| value.starts_with(prefix))
            }
            (Some(values), _) => values.contains(wanted),
        };
        let mut parts = wanted.split(|c| is_pattern && c == '|');
        parts.all(is_there).then_some(()).ok_or_else(|| format!("{metric} has no {label}={wanted}"))
    }
}

#[test]
fn queries_have_labels_that_are_there() {
    let values =
        std::collections::BTreeMap::from([("b".to_owned(), BTreeSet::from(["c".to_owned()]))]);
    let metrics =
        Metrics::from([("a_total".to_owned(), values), ("g".to_owned(), Default::default())]);
    let labels =
        |query| evaluate(query, &metrics).map(|series| Vec::from_iter(series.labels).join(" "));
    for (query, result) in [
        ("a_total", "b instance job"),
        ("1 - g{instance=~\"$i\"}", "instance job"),
        ("g == 1 or g > 0", "instance job"),
        ("sum by (instance, b) (rate(a_total{b=~\"c|c.*\",b=\"c\"}[5m]))", "b instance"),
    ] {
        assert_eq!(labels(query).as_deref(), Ok(result), "{query}");
    }
    for (query, reason) in [
        ("h", "no such metric"),
        ("g{b=\"c\"}", "g has no b=c"),
        ("a_total{b=\"d\"}", "a_total has no b=d"),
        ("a_total{b=\"c.*\"}", "a_total has no b=c.*"),
        ("a_total{b=~\"c|d\"}", "a_total has no b=c|d"),
        ("sum by (b) (g)", "no such label: [\"b\"]"),
        ("sum by (instance, b) (g)", "no such label: [\"b\"]"),
        ("sum by (b) (sum by (instance) (a_total))", "no such label: [\"b\"]"),
        ("sum by (b) (a_total[5m])", "a sum of what is no vector"),
        ("rate(a_total)", "a rate without a range"),
        ("rate(g[5m])", "a rate of a gauge"),
        ("a_total[5m]", "a range is not a result"),
        ("a_total - g", "sides do not match"),
        ("g g", "not understood: g"),
        ("rate(a_total[5m]", "no ) before"),
    ] {
        let error = labels(query).unwrap_err();
        assert!(error.contains(reason), "{query}: {error}");
    }
}
