//! The few things that the forms read from a `style` or `transform` attribute.

use scraper::node::Element;

use super::super::node::attr;

/// The value of a property in an element's style.
pub(super) fn property<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    attr(element, "style")?.split(';').take(32).find_map(|declaration| {
        let (key, value) = declaration.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// A length in a style, whatever its unit (all that are compared have the same).
pub(super) fn length(element: &Element, name: &str) -> Option<f32> {
    let value = property(element, name)?;
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.parse().ok().filter(|number: &f32| number.is_finite())
}

/// The offset that the `translate`s of a transform add up to.
pub(super) fn translation(element: &Element) -> (f32, f32) {
    let (mut x, mut y) = (0.0, 0.0);
    for part in attr(element, "transform").unwrap_or_default().split("translate(").skip(1).take(8) {
        let inside = part.split(')').next().unwrap_or_default();
        let mut numbers = inside.split([',', ' ']).filter(|n| !n.is_empty()).map(|n| n.parse::<f32>().unwrap_or(0.0));
        x += numbers.next().unwrap_or(0.0);
        y += numbers.next().unwrap_or(0.0);
    }
    (x, y)
}
