//! Draws numbers as SVG: bars in groups, or lines. Knows nothing of where they come from.
//!
//! A chart has to be readable in a page of text, in light and dark, and without colour: each bar and
//! each line says its number or name.

use std::fmt::Write;

use serde::Deserialize;

/// What is drawn.
#[derive(Clone, Debug, Deserialize)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Of the numbers.
    pub unit: String,
    /// How.
    pub kind: Kind,
    /// Whether a step is a factor and no difference.
    #[serde(default)]
    pub log: bool,
    /// Below the groups of bars, or, for lines, the numbers along the way.
    pub along: Vec<String>,
    /// What is along the way of lines.
    #[serde(default)]
    pub along_name: String,
    /// What is compared; at most eight.
    pub series: Vec<Series>,
}

/// How numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A bar for each number, in groups.
    Bars,
    /// A line for each series.
    Lines,
}

/// One of those that are compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// A number for each place along the way; none where there is nothing.
    pub values: Vec<Option<f64>>,
    /// Which of the colours, so that it has the same in several charts; else that of its place.
    #[serde(default)]
    pub colour: Option<usize>,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 90.0;
const TOP: f64 = 56.0;
const BAR: f64 = 16.0;
const GAP: f64 = 14.0;
const LINES_HEIGHT: f64 = 280.0;

const LEGEND_ROW: f64 = 18.0;

/// Told apart by people who see few colours, too (Okabe and Ito, and two greys).
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8f8f8f", "#5f5f5f"];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#333}.t{font-weight:600;font-size:15px}\
.n{font-size:12px}line,path{fill:none;stroke:#bbb}\
@media(prefers-color-scheme:dark){text{fill:#ddd}line,path{stroke:#555}}";

impl Chart {
    /// The picture.
    #[must_use]
    pub fn svg(&self) -> String {
        match self.kind {
            Kind::Bars => self.bars(),
            Kind::Lines => self.lines(),
        }
    }

    fn bars(&self) -> String {
        let rows = self.series.len();
        let group = place(rows) * BAR + GAP;
        let below = self.below_the_head();
        let height = below + place(self.along.len()) * group + 12.0;
        let scale = Scale::of(self.numbers(), self.log, true);
        let mut out = self.begin(height);
        for (index, name) in self.along.iter().enumerate() {
            let top = below + place(index) * group;
            let middle = top + place(rows) * BAR / 2.0 + 4.0;
            text(&mut out, LEFT - 10.0, middle, "end", "", name);
            for (row, series) in self.series.iter().enumerate() {
                let Some(value) = series.values.get(index).copied().flatten() else { continue };
                let y = top + place(row) * BAR;
                let length = (scale.part(value) * (WIDTH - LEFT - RIGHT)).max(1.0);
                let (colour, bar) = (series.colour_at(row), BAR - 3.0);
                let _infallible = writeln!(
                    out,
                    "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{bar}\" rx=\"2\" fill=\"{colour}\"/>"
                );
                let label = format!("{} {}", short(value), self.unit);
                text(&mut out, LEFT + length + 6.0, y + 10.5, "start", "n", label.trim_end());
            }
        }
        out + "</svg>\n"
    }

    fn lines(&self) -> String {
        let bottom = self.below_the_head() + LINES_HEIGHT;
        let height = bottom + 48.0;
        let scale = Scale::of(self.numbers(), self.log, true);
        let mut out = self.begin(height);
        let left = 70.0;
        let x = |index: usize| {
            left + (WIDTH - left - RIGHT) * place(index)
                / place(self.along.len().saturating_sub(1).max(1))
        };
        let y = |value: f64| bottom - scale.part(value) * LINES_HEIGHT;
        for tick in scale.ticks() {
            let at = y(tick);
            let end = WIDTH - RIGHT;
            let _infallible =
                writeln!(out, "<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{end}\" y2=\"{at:.1}\"/>");
            text(&mut out, left - 8.0, at + 4.0, "end", "n", &short(tick));
        }
        for (index, name) in self.along.iter().enumerate() {
            text(&mut out, x(index), bottom + 20.0, "middle", "n", name);
        }
        text(
            &mut out,
            (left + WIDTH - RIGHT) / 2.0,
            bottom + 40.0,
            "middle",
            "n",
            &self.along_name,
        );
        for (row, series) in self.series.iter().enumerate() {
            let colour = series.colour_at(row);
            let known = series.values.iter().enumerate();
            let points: Vec<(f64, f64)> =
                known.filter_map(|(index, value)| Some((x(index), y((*value)?)))).collect();
            let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let path = path.join(" L");
            let _infallible =
                writeln!(out, "<path d=\"M{path}\" style=\"stroke:{colour};stroke-width:2\"/>");
            for (x, y) in &points {
                let _infallible = writeln!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
            if let Some((x, y)) = points.last() {
                text(&mut out, x + 8.0, y + 4.0, "start", "n", &series.name);
            }
        }
        out + "</svg>\n"
    }

    /// The head: title, and which colour is what.
    fn begin(&self, height: f64) -> String {
        let words = self.heading();
        let title = escaped(&words);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
             aria-label=\"{title}\">\n<style>{STYLE}</style>\n"
        );
        text(&mut out, 10.0, 20.0, "start", "t", &words);
        for ((row, series), (x, y)) in self.series.iter().enumerate().zip(self.legend()) {
            let colour = series.colour_at(row);
            let _infallible = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{colour}\"/>"
            );
            text(&mut out, x + 15.0, y + 10.0, "start", "n", &series.name);
        }
        out
    }

    /// The title; lines show by their ticks that a step is a factor, bars cannot.
    fn heading(&self) -> String {
        let silent = self.log && self.kind == Kind::Bars;
        format!("{}{}", self.title, if silent { " (logarithmic)" } else { "" })
    }

    /// Where the name of each series stands: side by side as far as there is room, then below.
    fn legend(&self) -> Vec<(f64, f64)> {
        let (mut x, mut y) = (10.0, 32.0);
        let placed = self.series.iter().map(|series| {
            let width = 36.0 + 7.0 * place(series.name.chars().count());
            if x + width > WIDTH && x > 10.0 {
                (x, y) = (10.0, y + LEGEND_ROW);
            }
            let at = (x, y);
            x += width;
            at
        });
        placed.collect()
    }

    fn below_the_head(&self) -> f64 {
        TOP + self.legend().last().map_or(0.0, |(_, y)| y - 32.0)
    }

    fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        self.series.iter().flat_map(|series| series.values.iter().flatten().copied())
    }
}

impl Series {
    fn colour_at(&self, row: usize) -> &'static str {
        COLOURS[self.colour.unwrap_or(row) % COLOURS.len()]
    }
}

/// From numbers to parts of the way.
#[derive(Clone, Copy, Debug)]
struct Scale {
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    fn of(numbers: impl Iterator<Item = f64>, log: bool, from_nothing: bool) -> Self {
        let (mut from, mut to) = (f64::INFINITY, 0.0_f64);
        for number in numbers.filter(|number| number.is_finite() && (!log || *number > 0.0)) {
            (from, to) = (from.min(number), to.max(number));
        }
        if log {
            // A bar of the smallest number is still a bar.
            let from =
                if from.is_finite() { 10_f64.powf((from / 1.5).log10().floor()) } else { 1.0 };
            return Self { from, to: to.max(from * 10.0), log };
        }
        let from = if from_nothing || !from.is_finite() { 0.0 } else { from };
        Self { from, to: if to > from { to } else { from + 1.0 }, log }
    }

    fn part(&self, value: f64) -> f64 {
        let part = if self.log {
            (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        part.clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let powers = std::iter::successors(Some(self.from), |tick| Some(tick * 10.0));
            return powers.take_while(|tick| *tick <= self.to * 1.001).take(12).collect();
        }
        (0..=4).map(|tick| self.from + (self.to - self.from) * f64::from(tick) / 4.0).collect()
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, class: &str, words: &str) {
    let words = escaped(words);
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _infallible = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{class}>{words}</text>"
    );
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Three digits that mean something, thousands as `k`.
fn short(value: f64) -> String {
    match value.abs() {
        1e6.. => format!("{:.3} M", value / 1e6),
        1e4.. => format!("{:.0} k", value / 1e3),
        1e3.. => format!("{:.1} k", value / 1e3),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.3}"),
    }
}

/// A place among few as a number with a fraction.
fn place(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: Kind, log: bool) -> Chart {
        let series = |name: &str, values: &[Option<f64>]| Series {
            name: name.to_owned(),
            values: values.to_vec(),
            colour: None,
        };
        Chart {
            title: "CPU <per> delivery".to_owned(),
            unit: "µs".to_owned(),
            kind,
            log,
            along: vec!["1×2".to_owned(), "1×50".to_owned()],
            along_name: "clients".to_owned(),
            series: vec![
                series("ours", &[Some(1.0), Some(2.0)]),
                series("a peer", &[Some(40.0), None]),
            ],
        }
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let svg = chart(Kind::Bars, false).svg();
        let widths: Vec<f64> = svg
            .lines()
            .filter(|line| line.contains("height=\"13\""))
            .filter_map(|line| line.split("width=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        assert_eq!(widths.len(), 3, "what is not known has no bar");
        let (ours, theirs) = (widths[0], widths[1]);
        assert!((theirs / ours - 40.0).abs() < 0.5, "{ours} {theirs}");
        assert!(svg.contains("1.00 µs") && svg.contains("CPU &lt;per> delivery"));
    }

    #[test]
    fn a_factor_is_a_step_where_that_is_asked_for() {
        let scale = Scale::of([1.0, 10.0, 100.0].into_iter(), true, true);
        let (first, second) = (scale.part(1.0), scale.part(10.0));
        assert!((scale.part(100.0) - 1.0).abs() < 1e-9);
        assert!((1.0 - second - (second - first)).abs() < 1e-9);
        assert!(first > 0.0, "the smallest can be seen");
        assert!(
            chart(Kind::Bars, true).svg().contains("CPU &lt;per> delivery (logarithmic)</text>")
        );
        assert!(!chart(Kind::Bars, false).svg().contains("logarithmic"));
    }

    #[test]
    fn lines_go_through_what_is_known() {
        let svg = chart(Kind::Lines, true).svg();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(svg.matches("<path").count(), 2);
    }

    #[test]
    fn every_series_has_its_name_in_the_picture_and_a_colour_of_its_own() {
        let named = |number: usize| Series {
            name: format!("a server with a long name, number {number}"),
            values: vec![Some(1.0), None],
            colour: None,
        };
        let many = Chart { series: (0..8).map(named).collect(), ..chart(Kind::Bars, false) };
        let placed = many.legend();
        let right = |x: f64| x + 15.0 + 7.0 * place(many.series[0].name.len());
        assert!(placed.iter().all(|(x, _)| right(*x) <= WIDTH), "{placed:?}");
        let below = many.below_the_head();
        assert!(placed.iter().all(|(_, y)| y + 10.0 < below), "no bar is among the names");
        let svg = many.svg();
        for (row, colour) in COLOURS.iter().enumerate() {
            assert_eq!(svg.matches(colour).count(), 2, "a name and a bar of series {row}");
        }
        let second = Series { colour: Some(1), ..named(0) };
        let alone = Chart { series: vec![second], ..chart(Kind::Bars, false) };
        assert!(alone.svg().contains(COLOURS[1]) && !alone.svg().contains(COLOURS[0]));
    }

    #[test]
    fn nothing_is_drawn_without_failing() {
        for kind in [Kind::Bars, Kind::Lines] {
            let empty = Chart { along: Vec::new(), series: Vec::new(), ..chart(kind, true) };
            let svg = Chart { along: vec!["x".to_owned()], ..empty }.svg();
            assert!(svg.ends_with("</svg>\n"));
        }
    }
}
