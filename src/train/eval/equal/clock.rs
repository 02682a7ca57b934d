//! Times of day.

/// A time: its hour and minute, and whether it is after noon where it says so.
struct Time {
    hour: u8,
    minute: u8,
    afternoon: Option<bool>,
}

/// Whether two answers are the same time; none where they are not both times, or may be ratios.
pub(super) fn same(found: &str, truth: &str) -> Option<bool> {
    let (found, truth) = (time(found)?, time(truth)?);
    if found.minute != truth.minute && found.afternoon.or(truth.afternoon).is_some() {
        return Some(false);
    }
    let same = (found.hour, found.minute) == (truth.hour, truth.minute);
    match (found.afternoon, truth.afternoon) {
        (Some(a), Some(b)) => Some(same && a == b),
        (None, None) => same.then_some(true),
        // 21:00 is 9:00 p.m.
        (Some(afternoon), None) => Some(same || truth.hour > 12 && afternoon && truth.hour == found.hour + 12),
        (None, Some(afternoon)) => Some(same || found.hour > 12 && afternoon && found.hour == truth.hour + 12),
    }
}

/// The time that a text is: `3:30`, `3{:}30 \text{ p.m.}`, `\text{3:30 PM}`.
fn time(text: &str) -> Option<Time> {
    if text.len() > 80 {
        return None;
    }
    let text =
        ["\\text", "\\mbox", "\\mathrm", "\\textrm", "\\!", "\\,", "\\;", "\\:", "\\ ", "{", "}", "$", "~", " ", "."]
            .iter()
            .fold(text.replace('：', ":"), |text, look| text.replace(look, ""));
    let (hour, rest) = text.split_once(':')?;
    let (minute, half) = rest.split_at_checked(2)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || !(1..=2).contains(&hour.len()) {
        return None;
    }
    let afternoon = match half.to_lowercase().as_str() {
        "" => None,
        "am" => Some(false),
        "pm" => Some(true),
        _ => return None,
    };
    let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour <= 24 && minute < 60).then_some(Time { hour, minute, afternoon })
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn times_are_compared_by_hour_and_minute() {
        for (found, truth, want) in [
            ("3:30", "3:30 \\text{ p.m.}", Some(true)),
            ("\\text{3:30 PM}", "3{:}30\\text{ p.m.}", Some(true)),
            ("3\\!:\\!30", "3:30", Some(true)),
            ("21:00", "9:00 PM", Some(true)),
            ("21:00", "9:00 AM", Some(false)),
            ("3:30 a.m.", "3:30 p.m.", Some(false)),
            ("3:31 pm", "3:30", Some(false)),
            // These may be ratios.
            ("3:30", "1:10", None),
            ("13:24", "1:24", None),
            ("3:3", "1:1", None),
            ("5", "5:00", None),
            ("x:30", "3:30", None),
        ] {
            assert_eq!(same(found, truth), want, "{found} {truth}");
        }
    }
}
