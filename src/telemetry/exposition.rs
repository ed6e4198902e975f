//! Numbers as text that Prometheus reads (text format 0.0.4). Knows no number by name.

use std::fmt::Write;

use super::numbers::{BUCKETS, By, Counter, Gauge, Histogram, Label, Shape};

/// A label and its value.
pub type Labelled = (&'static str, &'static str);

/// A number, or several by labels, that can be told.
pub trait Shown {
    /// What Prometheus calls its kind.
    fn kind(&self) -> &'static str;

    /// The labels it is told by.
    fn labels(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Adds what it is now; `labels` are those it stands under already.
    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>);
}

/// A number at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What it is about.
    pub labels: Vec<Labelled>,
    /// The number.
    pub number: Number,
}

/// What is told of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// How many.
    Whole(i128),
    /// How much.
    Broken(f64),
    /// How long, each time.
    Times(Shape),
}

impl Point {
    fn new(labels: &[Labelled], number: Number) -> Self {
        Self { labels: labels.to_vec(), number }
    }
}

/// Adds everything about one metric.
pub fn write(out: &mut String, name: &str, help: &str, number: &dyn Shown) {
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {}", number.kind()));
    let mut points = Vec::new();
    number.points(&[], &mut points);
    for Point { labels, number } in points {
        let labels =
            labels.iter().fold(String::new(), |all, (name, value)| labelled(&all, name, value));
        match number {
            Number::Whole(value) => sample(out, name, &labels, value),
            Number::Broken(value) => sample(out, name, &labels, value),
            Number::Times(shape) => histogram(out, name, &labels, &shape),
        }
    }
}

fn histogram(out: &mut String, name: &str, labels: &str, shape: &Shape) {
    let mut below = 0;
    for (index, count) in shape.counts.iter().enumerate() {
        below += count;
        let end = BUCKETS.get(index).map(|micros| seconds(micros * 1_000).to_string());
        let labels = labelled(labels, "le", end.as_deref().unwrap_or("+Inf"));
        sample(out, &format!("{name}_bucket"), &labels, below);
    }
    sample(out, &format!("{name}_sum"), labels, shape.seconds());
    sample(out, &format!("{name}_count"), labels, below);
}

fn line(out: &mut String, words: std::fmt::Arguments<'_>) {
    out.write_fmt(words).expect("writing to a string cannot fail");
    out.push('\n');
}

fn sample(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    if labels.is_empty() {
        line(out, format_args!("{name} {value}"));
    } else {
        line(out, format_args!("{name}{{{labels}}} {value}"));
    }
}

fn labelled(labels: &str, name: &str, value: &str) -> String {
    let comma = if labels.is_empty() { "" } else { "," };
    // A backslash, a quote and the end of a line would end a label early.
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{labels}{comma}{name}=\"{value}\"")
}

/// In seconds.
#[expect(clippy::cast_precision_loss, reason = "seconds of a process have few enough digits")]
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

impl Shown for Counter {
    fn kind(&self) -> &'static str {
        "counter"
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        out.push(Point::new(labels, Number::Whole(self.get().into())));
    }
}

impl Shown for Gauge {
    fn kind(&self) -> &'static str {
        "gauge"
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        out.push(Point::new(labels, Number::Whole(self.get().into())));
    }
}

impl Shown for Histogram {
    fn kind(&self) -> &'static str {
        "histogram"
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        out.push(Point::new(labels, Number::Times(self.shape())));
    }
}

impl<L: Label, T: Shown> Shown for By<L, T> {
    fn kind(&self) -> &'static str {
        self.iter().next().map_or("untyped", |(_, first)| first.kind())
    }

    fn labels(&self) -> Vec<&'static str> {
        let inner = self.iter().next().map(|(_, first)| first.labels()).unwrap_or_default();
        [L::NAME].into_iter().chain(inner).collect()
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        for (value, number) in self.iter() {
            number.points(&[labels, &[(L::NAME, value)]].concat(), out);
        }
    }
}

/// A number that was read a moment ago, of a kind.
pub struct Read {
    /// `counter` or `gauge`.
    pub kind: &'static str,
    /// The number.
    pub value: f64,
}

impl Shown for Read {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        out.push(Point::new(labels, Number::Broken(self.value)));
    }
}

/// What a program is: always 1, told by its version.
pub struct Build(pub &'static str);

impl Shown for Build {
    fn kind(&self) -> &'static str {
        "gauge"
    }

    fn labels(&self) -> Vec<&'static str> {
        vec!["version"]
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        let labels = [labels, &[("version", self.0)]].concat();
        out.push(Point::new(&labels, Number::Whole(1)));
    }
}
