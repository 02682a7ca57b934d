//! Small plots as SVG, drawn by classes of the style sheet so that they follow light, dark and print.
//!
//! Written here and not by a plotting crate: those write colours into the picture and give it no title, no description
//! and no text that a reader could find.

use maud::{Markup, html};

use super::numbers::short;

/// A plot's title and what it shows in a sentence, for those who do not see it.
pub(super) struct Told<'a> {
    /// Unique in the page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
}

/// An axis: its label, its range, its marks with their names.
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) marks: Vec<(f64, String)>,
}

impl Axis {
    /// The range from 0 to 1 in fifths.
    pub(super) fn unit(label: &'static str) -> Self {
        let marks = (0..=5).map(|n| f64::from(n) / 5.0).map(|x| (x, format!("{x:.1}"))).collect();
        Self { label, from: 0.0, to: 1.0, marks }
    }

    fn at(&self, x: f64) -> f64 {
        let width = self.to - self.from;
        if width > 0.0 { ((x - self.from) / width).clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// A line.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// A class of the style sheet: `one`, `two` or `faint`.
    pub(super) class: &'static str,
    pub(super) points: Vec<(f64, f64)>,
    /// Whether the points are marked.
    pub(super) dots: bool,
}

/// The inside of a plot within its picture.
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    const fn of(width: f64, height: f64) -> Self {
        Self { width, height, left: 52.0, right: 12.0, top: 12.0, bottom: 44.0 }
    }

    fn x(&self, share: f64) -> f64 {
        self.left + share * (self.width - self.left - self.right)
    }

    fn y(&self, share: f64) -> f64 {
        self.height - self.bottom - share * (self.height - self.top - self.bottom)
    }
}

/// A coordinate with two digits.
pub(super) fn n(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A picture with its title and description.
pub(super) fn picture(told: &Told<'_>, width: f64, height: f64, inside: Markup) -> Markup {
    let (title, description) = (format!("{}-name", told.id), format!("{}-told", told.id));
    html! {
        svg .plot viewBox={ "0 0 " (n(width)) " " (n(height)) } role="img" aria-labelledby={ (title) " " (description) } {
            title id=(title) { (told.title) }
            desc id=(description) { (told.description) }
            (inside)
        }
    }
}

fn axes(frame: &Frame, x: &Axis, y: &Axis) -> Markup {
    let (left, right, bottom) = (n(frame.x(0.0)), n(frame.x(1.0)), n(frame.y(0.0)));
    html! {
        @for (at, name) in &y.marks {
            @let at = frame.y(y.at(*at));
            line .grid x1=(left) x2=(right) y1=(n(at)) y2=(n(at)) {}
            text .mark x=(n(frame.left - 7.0)) y=(n(at + 4.0)) text-anchor="end" { (name) }
        }
        line .axis x1=(left) x2=(right) y1=(bottom) y2=(bottom) {}
        @for (at, name) in &x.marks {
            @let at = frame.x(x.at(*at));
            line .axis x1=(n(at)) x2=(n(at)) y1=(bottom) y2=(n(frame.y(0.0) + 4.0)) {}
            text .mark x=(n(at)) y=(n(frame.y(0.0) + 17.0)) text-anchor="middle" { (name) }
        }
        text .label x=(n(frame.x(0.5))) y=(n(frame.height - 8.0)) text-anchor="middle" { (x.label) }
        text .label x=(n(-frame.y(0.5))) y="13" text-anchor="middle" transform="rotate(-90)" { (y.label) }
    }
}

/// Lines over two axes, with their names in a legend where there are several.
pub(super) fn lines(told: &Told<'_>, x: &Axis, y: &Axis, lines: &[Line<'_>]) -> Markup {
    let frame = Frame::of(460.0, 280.0);
    let place = |(at_x, at_y): &(f64, f64)| (n(frame.x(x.at(*at_x))), n(frame.y(y.at(*at_y))));
    let inside = html! {
        (axes(&frame, x, y))
        @for line in lines {
            @let points: Vec<String> = line.points.iter().map(place).map(|(x, y)| format!("{x},{y}")).collect();
            polyline class={ "line " (line.class) } points=(points.join(" ")) {}
            @if line.dots {
                @for (x, y) in line.points.iter().map(place) { circle class={ "dot " (line.class) } cx=(x) cy=(y) r="3.4" {} }
            }
        }
    };
    html! {
        (picture(told, frame.width, frame.height, inside))
        @if lines.len() > 1 {
            ul .legend aria-hidden="true" { @for line in lines { li class=(line.class) { (line.name) } } }
        }
    }
}

/// Bars side by side, each of a lower part (`one`) on which the rest (`two`) stands, on a logarithmic scale; `cut` is a
/// line across, from 0 to 1.
pub(super) fn stacked(
    told: &Told<'_>,
    x: &Axis,
    y_label: &'static str,
    bars: &[(u64, u64)],
    cut: Option<f64>,
) -> Markup {
    let frame = Frame::of(760.0, 300.0);
    let most = bars.iter().map(|(part, rest)| part + rest).max().unwrap_or(1).max(1);
    let top = (most as f64 + 1.0).log10().ceil().max(1.0);
    let marks = (0..=top as i32).map(|power| (f64::from(power), short(10u64.pow(power.unsigned_abs())))).collect();
    let y = Axis { label: y_label, from: 0.0, to: top, marks };
    // One page is a bar of its own, so the axis begins below 1.
    let height = |n: u64| if n == 0 { 0.0 } else { ((n as f64).log10() * 0.96 / top) + 0.04 };
    let y = Axis { marks: y.marks.into_iter().map(|(at, name)| (at * 0.96 + 0.04 * top, name)).collect(), ..y };
    let width = (frame.x(1.0) - frame.x(0.0)) / bars.len().max(1) as f64;
    let inside = html! {
        (axes(&frame, x, &y))
        @for (place, (part, rest)) in bars.iter().enumerate() {
            @let left = frame.x(0.0) + place as f64 * width + 0.75;
            @let (all, low) = (frame.y(height(part + rest)), frame.y(height(*part)));
            @if *rest > 0 { rect .two x=(n(left)) width=(n(width - 1.5)) y=(n(all)) height=(n(low - all)) {} }
            @if *part > 0 { rect .one x=(n(left)) width=(n(width - 1.5)) y=(n(low)) height=(n(frame.y(0.0) - low)) {} }
        }
        @if let Some(cut) = cut {
            @let at = frame.x(x.at(cut));
            @let end = at > frame.width * 0.7;
            line .cut x1=(n(at)) x2=(n(at)) y1=(n(frame.top - 8.0)) y2=(n(frame.y(0.0))) {}
            text .cut x=(n(if end { at - 6.0 } else { at + 6.0 })) y=(n(frame.top + 2.0)) text-anchor=(if end { "end" } else { "start" }) { "cut" }
        }
    };
    picture(told, frame.width, frame.height, inside)
}

/// A bar in a cell of a table, whose number stands beside it.
pub(super) fn bar(share: f64) -> Markup {
    html! {
        td .bar {
            svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                rect .one width=(n(share.clamp(0.0, 1.0) * 100.0)) height="10" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Told<'_> = Told { id: "x", title: "a <b>", description: "c" };

    #[test]
    fn plots_are_told_in_words_and_escaped() {
        let plot = lines(
            &TOLD,
            &Axis::unit("x"),
            &Axis::unit("y"),
            &[Line { name: "l", class: "one", points: vec![(0.0, 2.0), (1.0, 0.0)], dots: true }],
        );
        let html = plot.into_string();
        assert!(
            html.contains("<title id=\"x-name\">a &lt;b&gt;</title>") && html.contains("<desc id=\"x-told\">c</desc>")
        );
        assert!(html.contains("52,12 448,236"), "{html}");
    }

    #[test]
    fn bars_hold_nothing_and_all() {
        for bars in [vec![], vec![(0, 0)], vec![(1, 0), (0, u64::from(u32::MAX))]] {
            let html = stacked(&TOLD, &Axis::unit("x"), "y", &bars, Some(2.0)).into_string();
            let wrong = ["NaN", "inf", "height=\"-", "width=\"-"].into_iter().find(|wrong| html.contains(wrong));
            assert_eq!(wrong, None, "{html}");
        }
        assert!(bar(f64::NAN).into_string().contains("rect"));
    }
}
