//! The dashboard of Grafana and the documented alerts ask for nothing that is not there.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::exposition::{Format, Metrics, metrics};
use super::promql::evaluate;
use crate::control::{ask, started};
use crate::number::unused_number;

/// Columns of a dashboard.
const COLUMNS: u64 = 24;

/// Newest version of the schema that Grafana 10 reads; newer ones migrate it.
const SCHEMA: u64 = 39;

type Check<T = ()> = Result<T, String>;

fn ensure(is_right: bool, fault: impl FnOnce() -> String) -> Check {
    is_right.then_some(()).ok_or_else(fault)
}

fn text<'a>(value: &'a Value, key: &str) -> Check<&'a str> {
    value[key].as_str().filter(|text| !text.is_empty()).ok_or_else(|| format!("no {key}: {value}"))
}

fn list<'a>(value: &'a Value, key: &str) -> Check<&'a [Value]> {
    let list = value[key].as_array().filter(|list| !list.is_empty());
    list.map(Vec::as_slice).ok_or_else(|| format!("no {key}: {value}"))
}

/// Returns the expressions of all panels.
pub fn expressions() -> Vec<String> {
    let panels = dashboard()["panels"].clone();
    let targets =
        panels.as_array().unwrap().iter().flat_map(|panel| list(panel, "targets").unwrap());
    targets.map(|target| text(target, "expr").unwrap().to_owned()).collect()
}

/// Returns the expressions of the documented alerts.
fn alerts() -> Vec<&'static str> {
    let text = include_str!("../../../../docs/metrics/README.md");
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let alerts: Vec<_> = lines.collect();
    assert!(alerts.len() >= 3, "{alerts:?}");
    alerts
}

fn dashboard() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics/grafana.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn check(dashboard: &Value, metrics: &Metrics) -> Check {
    ensure(dashboard["schemaVersion"] == SCHEMA, || "schemaVersion".to_owned())?;
    let panels = list(dashboard, "panels")?;
    let (mut ids, mut titles, mut cells) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let id = panel["id"].as_u64().filter(|id| *id > 0).ok_or("no id")?;
        ensure(ids.insert(id), || format!("id {id} comes twice"))?;
        let title = text(panel, "title")?;
        ensure(titles.insert(title), || format!("title {title} comes twice"))?;
        text(panel, "description")?;
        for cell in place(panel)? {
            ensure(cells.insert(cell), || format!("{title} overlaps at {cell:?}"))?;
        }
        check_queries(panel, metrics).map_err(|fault| format!("{title}: {fault}"))?;
    }
    check_variables(dashboard, metrics)
}

/// Returns the cells of the grid that a panel covers.
fn place(panel: &Value) -> Check<Vec<(u64, u64)>> {
    let number = |key| panel["gridPos"][key].as_u64().ok_or_else(|| format!("no gridPos {key}"));
    let (x, y, w, h) = (number("x")?, number("y")?, number("w")?, number("h")?);
    ensure(w > 0 && h > 0 && x + w <= COLUMNS, || format!("gridPos {}", panel["gridPos"]))?;
    Ok((x..x + w).flat_map(|column| (y..y + h).map(move |row| (column, row))).collect())
}

fn check_queries(panel: &Value, metrics: &Metrics) -> Check {
    let kind = text(panel, "type")?;
    ensure(["stat", "timeseries"].contains(&kind), || format!("type {kind}"))?;
    let unit = text(&panel["fieldConfig"]["defaults"], "unit")?;
    ensure(panel["datasource"]["uid"] == "${datasource}", || "datasource".to_owned())?;
    let (mut references, mut legends) = (BTreeSet::new(), BTreeSet::new());
    for target in list(panel, "targets")? {
        let (reference, legend) = (text(target, "refId")?, text(target, "legendFormat")?);
        ensure(references.insert(reference), || format!("refId {reference} comes twice"))?;
        ensure(legends.insert(legend), || format!("legend {legend} comes twice"))?;
        check_query(text(target, "expr")?, legend, unit, metrics)?;
    }
    Ok(())
}

/// Checks that the legend tells the series of the result apart, by labels that they have, and that the unit is theirs.
fn check_query(query: &str, legend: &str, unit: &str, metrics: &Metrics) -> Check {
    let result = evaluate(query, metrics)?;
    let mut unnamed = result.labels;
    for part in legend.split("{{").skip(1) {
        let (label, _) = part.split_once("}}").ok_or("an open legend")?;
        ensure(unnamed.remove(label), || format!("legend of {label}, which is not in {query}"))?;
    }
    unnamed.remove("job");
    ensure(unnamed.is_empty(), || format!("legend without {unnamed:?}"))?;
    // Calls and events per second, or a plain number.
    let units: &[_] = if result.is_rate { &["cps", "eps"] } else { &["short"] };
    ensure(units.contains(&unit), || format!("unit {unit} of {query}"))?;
    let is_fixed = query.split('[').skip(1).any(|range| !range.starts_with("$__rate_interval]"));
    ensure(!is_fixed, || format!("fixed range: {query}"))
}

/// Checks that each variable is declared, and asks for what is there.
fn check_variables(dashboard: &Value, metrics: &Metrics) -> Check {
    let mut names = vec!["__rate_interval"];
    for variable in list(&dashboard["templating"], "list")? {
        names.push(text(variable, "name")?);
        let query = text(variable, "query")?;
        if let Some(asked) = query.strip_prefix("label_values(").and_then(|q| q.strip_suffix(')')) {
            let (metric, label) = asked.split_once(", ").ok_or("label_values of one")?;
            ensure(evaluate(metric, metrics)?.labels.contains(label), || query.to_owned())?;
        }
    }
    let whole = dashboard.to_string();
    for used in whole.split('$').skip(1) {
        let used = used.trim_start_matches('{');
        let name = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        ensure(names.contains(&name), || format!("no variable {name}"))?;
    }
    Ok(())
}

#[test]
fn dashboard_uses_metrics_and_labels_that_exist() {
    let Some(daemon) = started(&unused_number(), "args") else { return };
    let (_, text, _) = ask(&daemon.setup, &["metrics"]);
    let metrics = metrics(&Format::OpenMetrics.read(&text).unwrap()).unwrap();
    let dashboard = dashboard();
    assert!(expressions().len() >= 10, "{dashboard}");
    assert_eq!(check(&dashboard, &metrics), Ok(()));
    for alert in alerts() {
        evaluate(alert, &metrics).expect(alert);
    }
    for (pointer, value, fault) in FAULTS {
        let mut broken = dashboard.clone();
        *broken.pointer_mut(pointer).expect(pointer) = serde_json::from_str(value).unwrap();
        let found = check(&broken, &metrics).expect_err(fault);
        assert!(found.contains(fault), "{pointer} {value}: {found}");
    }
}

/// Places in the dashboard, what would be wrong there, and what is said of it.
const FAULTS: [(&str, &str, &str); 21] = [
    ("/schemaVersion", "40", "schemaVersion"),
    ("/panels/1/id", "1", "id 1 comes twice"),
    ("/panels/1/title", "\"Recording\"", "title Recording comes twice"),
    ("/panels/1/description", "\"\"", "no description"),
    ("/panels/1/type", "\"graph\"", "type graph"),
    ("/panels/1/gridPos/x", "3", "Output overlaps"),
    ("/panels/9/gridPos/x", "1", "gridPos"),
    ("/panels/9/gridPos/y", "19", "Losses overlaps"),
    ("/panels/9/gridPos/h", "0", "gridPos"),
    ("/panels/1/datasource/uid", "\"a\"", "datasource"),
    ("/panels/9/targets/1/refId", "\"A\"", "refId A comes twice"),
    ("/panels/9/targets/3/legendFormat", "\"{{instance}} missed\"", "comes twice"),
    ("/panels/5/targets/0/legendFormat", "\"{{abi}}\"", "legend of abi"),
    ("/panels/8/targets/0/legendFormat", "\"{{place}}\"", "legend without {\"instance\"}"),
    ("/panels/5/fieldConfig/defaults/unit", "\"short\"", "unit short"),
    ("/panels/3/fieldConfig/defaults/unit", "\"cps\"", "unit cps"),
    ("/panels/3/targets/0/expr", "\"tailcalld_route\"", "no such metric"),
    ("/panels/3/targets/0/expr", "\"sum by (instance, abi) (tailcalld_routes)\"", "no such label"),
    ("/panels/9/targets/2/expr", "\"rate(tailcalld_missed_calls_total[5m])\"", "fixed range"),
    ("/panels/3/targets/0/expr", "\"tailcalld_routes{instance=~\\\"$host\\\"}\"", "variable host"),
    ("/templating/list/1/query", "\"label_values(tailcalld_routes, abi)\"", "label_values"),
];
