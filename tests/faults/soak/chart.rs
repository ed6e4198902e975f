//! Draws quantities over time as an SVG, one graph below the other. Knows nothing of what they are.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 130.0;
const LEFT: f64 = 64.0;

/// A name, and its points from left to right.
pub(super) type Series = (&'static str, Vec<(f64, f64)>);

/// All of them, each from nothing to its most.
pub(super) fn draw(series: &[Series]) -> String {
    let height = HEIGHT * series.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\">\n"
    );
    for (number, (name, points)) in series.iter().enumerate() {
        one(&mut out, number as f64 * HEIGHT, name, points);
    }
    out + "</svg>\n"
}

fn one(out: &mut String, top: f64, name: &str, points: &[(f64, f64)]) {
    let most = points.iter().map(|point| point.1).fold(1.0, f64::max);
    let end = points.last().map_or(1.0, |point| point.0);
    let (base, room) = (top + HEIGHT - 26.0, HEIGHT - 54.0);
    let at = |point: &(f64, f64)| {
        let x = LEFT + point.0 / end * (WIDTH - LEFT - 12.0);
        format!("{x:.1},{:.1}", base - point.1 / most * room)
    };
    let path: Vec<String> = points.iter().map(at).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"600\">{name}</text>\n\
         <path d=\"M{LEFT} {base}H{}\" stroke=\"#bbb\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{most:.0}</text>\n\
         <text x=\"{}\" y=\"{base}\" text-anchor=\"end\">0</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{end:.0} s</text>\n\
         <polyline points=\"{}\" fill=\"none\" stroke=\"#2563eb\" stroke-width=\"1.5\"/>",
        top + 18.0,
        WIDTH - 12.0,
        LEFT - 8.0,
        base - room + 4.0,
        LEFT - 8.0,
        WIDTH - 12.0,
        base + 16.0,
        path.join(" "),
    );
}
