//! `mspace`.

use scraper::node::Element;

use super::super::node::attr;
use super::convert::Tex;

/// Writes the space of TeX that is nearest.
pub(super) fn space(tex: &mut Tex, mspace: &Element) {
    if attr(mspace, "linebreak") == Some("newline") {
        return tex.push("\\\\");
    }
    let Some(ems) = attr(mspace, "width").and_then(|width| ems(width.trim())) else { return };
    tex.push(match ems {
        ems if ems < -0.05 => "\\!",
        ems if ems < 0.05 => return,
        ems if ems < 0.2 => "\\,",
        ems if ems < 0.25 => "\\:",
        ems if ems < 0.45 => "\\;",
        ems if ems < 0.8 => "\\ ",
        ems if ems < 1.6 => "\\quad",
        _ => "\\qquad",
    });
}

/// A length in ems; `None` for one that depends on what is not known here.
pub(super) fn ems(length: &str) -> Option<f32> {
    let (sign, name) = length.strip_prefix("negative").map_or((1.0, length), |rest| (-1.0, rest));
    let eighteenths = match name {
        "veryverythinmathspace" => 1.0,
        "verythinmathspace" => 2.0,
        "thinmathspace" => 3.0,
        "mediummathspace" => 4.0,
        "thickmathspace" => 5.0,
        "verythickmathspace" => 6.0,
        "veryverythickmathspace" => 7.0,
        _ => {
            let digits = length.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            let number: f32 = digits.trim().parse().ok()?;
            return Some(match &length[digits.len()..] {
                "em" | "" => number,
                "ex" => number * 0.43,
                "px" => number / 16.0,
                "pt" => number / 10.0,
                "mu" => number / 18.0,
                "pc" => number * 1.2,
                "in" => number * 7.2,
                "cm" => number * 2.83,
                "mm" => number * 0.283,
                _ => return None,
            });
        }
    };
    Some(sign * eighteenths / 18.0)
}
