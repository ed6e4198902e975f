//! Numbers as OpenTelemetry wants them: the JSON form of OTLP 1.x (`ExportMetricsServiceRequest`), the
//! same numbers under the same names as at `/metrics`. Knows no number by name, and sends nothing.
//!
//! Whole numbers are strings in that form, so that no reader rounds them.

use serde_json::{Value, json};

use super::{
    exposition::{self, Number, Point, Shown},
    numbers::BUCKETS,
};
use crate::clock::Timestamp;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`: what was counted since the beginning.
const CUMULATIVE: u8 = 2;

/// When numbers began to count, and when they were read.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When the server began.
    pub started: Timestamp,
    /// When it was asked.
    pub now: Timestamp,
}

/// Everything about one metric.
pub(super) fn metric(name: &str, help: &str, number: &dyn Shown, times: Times) -> Value {
    let mut points = Vec::new();
    number.points(&[], &mut points);
    let points: Vec<Value> = points.iter().map(|it| point(it, number.kind(), times)).collect();
    let mut metric = json!({ "name": name, "description": help, "unit": unit(name) });
    let (form, data) = match number.kind() {
        "counter" => (
            "sum",
            json!({ "aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points }),
        ),
        "histogram" => {
            ("histogram", json!({ "aggregationTemporality": CUMULATIVE, "dataPoints": points }))
        }
        _ => ("gauge", json!({ "dataPoints": points })),
    };
    metric[form] = data;
    metric
}

/// What is sent: these metrics, and whose they are.
pub(super) fn request(metrics: Vec<Value>) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let attribute =
        |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    json!({ "resourceMetrics": [{
        "resource": {
            "attributes": [
                attribute("service.name", "coscribe"),
                attribute("service.version", version),
            ],
        },
        "scopeMetrics": [{
            "scope": { "name": "coscribe", "version": version },
            "metrics": metrics,
        }],
    }] })
}

fn point(point: &Point, kind: &str, times: Times) -> Value {
    let attributes: Vec<Value> = point
        .labels
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }))
        .collect();
    let mut told = json!({ "attributes": attributes, "timeUnixNano": nanos(times.now) });
    // What goes up and down began to count at no time.
    if kind != "gauge" {
        told["startTimeUnixNano"] = nanos(times.started).into();
    }
    match point.number {
        Number::Whole(value) => told["asInt"] = value.to_string().into(),
        Number::Broken(value) => told["asDouble"] = value.into(),
        Number::Times(shape) => {
            let counts: Vec<String> = shape.counts.iter().map(ToString::to_string).collect();
            told["count"] = shape.count().to_string().into();
            told["sum"] = shape.seconds().into();
            told["bucketCounts"] = counts.into();
            told["explicitBounds"] =
                BUCKETS.map(|micros| exposition::seconds(micros * 1_000)).to_vec().into();
        }
    }
    told
}

fn nanos(time: Timestamp) -> String {
    format!("{}000000", time.0)
}

/// In what a metric counts, in the words of UCUM.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    let ends = |ending| name.ends_with(ending);
    match () {
        () if ends("_seconds") => "s",
        () if ends("_bytes") || name.contains("_bytes_") => "By",
        () => "1",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::{
        Meter,
        meter::{Class, Status},
    };

    const TIMES: Times = Times { started: Timestamp(1_000), now: Timestamp(61_500) };

    fn metric_of<'a>(told: &'a Value, name: &str) -> &'a Value {
        let metrics = told["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap();
        metrics.iter().find(|it| it["name"] == name).unwrap()
    }

    #[test]
    fn a_collector_can_read_it() {
        let meter = Meter::default();
        meter.update_bytes_in.add(u64::MAX - 1);
        meter.unsaved.add(-2);
        meter.requests[Class::Api][Status::Theirs].add(5);
        for millis in [1, 30, 60_000] {
            meter.commit_time.note(Duration::from_millis(millis));
        }
        let told: Value = serde_json::from_str(&meter.otlp(TIMES)).unwrap();
        let resource = &told["resourceMetrics"][0];
        let name = json!({ "key": "service.name", "value": { "stringValue": "coscribe" } });
        assert_eq!(resource["resource"]["attributes"][0], name);
        assert_eq!(resource["scopeMetrics"][0]["scope"]["name"], "coscribe");

        let bytes = metric_of(&told, "coscribe_update_bytes_received_total");
        assert_eq!((&bytes["unit"], &bytes["sum"]["isMonotonic"]), (&json!("By"), &json!(true)));
        assert_eq!(bytes["sum"]["aggregationTemporality"], 2);
        assert_eq!(
            bytes["sum"]["dataPoints"],
            json!([{
                "attributes": [],
                "startTimeUnixNano": "1000000000",
                "timeUnixNano": "61500000000",
                "asInt": "18446744073709551614",
            }])
        );
        let unsaved = &metric_of(&told, "coscribe_unsaved_edits")["gauge"]["dataPoints"];
        assert_eq!(
            *unsaved,
            json!([{ "attributes": [], "timeUnixNano": "61500000000", "asInt": "-2" }])
        );
        let requests = &metric_of(&told, "coscribe_http_requests_total")["sum"]["dataPoints"];
        let labels = json!([
            { "key": "route", "value": { "stringValue": "api" } },
            { "key": "status", "value": { "stringValue": "4xx" } },
        ]);
        let refused = requests.as_array().unwrap().iter().find(|it| it["attributes"] == labels);
        assert_eq!(refused.unwrap()["asInt"], "5");
    }

    #[test]
    fn a_histogram_has_a_count_for_each_bound_and_one_more() {
        let meter = Meter::default();
        for millis in [1, 30, 60_000] {
            meter.commit_time.note(Duration::from_millis(millis));
        }
        let told: Value = serde_json::from_str(&meter.otlp(TIMES)).unwrap();
        let metric = metric_of(&told, "coscribe_journal_commit_seconds");
        assert_eq!(
            (&metric["unit"], &metric["histogram"]["aggregationTemporality"]),
            (&json!("s"), &json!(2))
        );
        let point = &metric["histogram"]["dataPoints"][0];
        let bounds = point["explicitBounds"].as_array().unwrap();
        let counts = point["bucketCounts"].as_array().unwrap();
        assert_eq!((bounds.len() + 1, &point["count"]), (counts.len(), &json!("3")));
        assert_eq!(point["sum"], 60.031);
        // Each bound belongs to what is below it, unlike in Prometheus' form not summed up.
        let at = |bound: f64| bounds.iter().position(|it| it == bound).unwrap();
        assert_eq!(
            [&counts[at(0.001)], &counts[at(0.05)], counts.last().unwrap()],
            ["1", "1", "1"]
        );
        assert_eq!(counts.iter().filter(|it| **it == "0").count(), counts.len() - 3);
    }

    #[test]
    fn it_is_what_prometheus_is_told() {
        let meter = Meter::default();
        let told: Value = serde_json::from_str(&meter.otlp(TIMES)).unwrap();
        let metrics = told["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap();
        let text = meter.exposition();
        let named = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|it| {
            let (name, kind) = it.split_once(' ').unwrap();
            (name, if kind == "counter" { "sum" } else { kind })
        });
        let sent = metrics.iter().map(|it| {
            let forms = ["sum", "gauge", "histogram"];
            (
                it["name"].as_str().unwrap(),
                *forms.iter().find(|form| it.get(**form).is_some()).unwrap(),
            )
        });
        assert!(named.eq(sent));
    }
}
