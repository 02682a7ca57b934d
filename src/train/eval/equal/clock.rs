//! Times of day.

/// A time: its hour and minute, and whether it is after noon where it says so. A number alone may be an hour.
struct Time {
    hour: u8,
    minute: u8,
    afternoon: Option<bool>,
    number: bool,
}

impl Time {
    /// The hour of the day, from midnight.
    fn of_day(&self) -> u8 {
        match self.afternoon {
            Some(afternoon) if self.hour <= 12 => self.hour % 12 + 12 * u8::from(afternoon),
            _ => self.hour % 24,
        }
    }
}

/// Whether two answers are the same time; none where they are not both times, or may be ratios.
pub(super) fn same(found: &str, truth: &str) -> Option<bool> {
    let (found, truth) = (time(found)?, time(truth)?);
    match (found.afternoon, truth.afternoon) {
        _ if found.number || truth.number => {
            let same = (found.hour, found.minute) == (truth.hour, truth.minute);
            (same && found.afternoon.or(truth.afternoon).is_some()).then_some(true)
        }
        (None, None) => ((found.hour, found.minute) == (truth.hour, truth.minute)).then_some(true),
        (Some(_), Some(_)) => Some((found.of_day(), found.minute) == (truth.of_day(), truth.minute)),
        (Some(_), None) => Some(found.minute == truth.minute && may_be(&truth, found.of_day())),
        (None, Some(_)) => Some(found.minute == truth.minute && may_be(&found, truth.of_day())),
    }
}

/// Whether a time that does not say which half of the day it is in may have this hour of the day: 9:00 is 21:00, and 0:00
/// is midnight only.
fn may_be(time: &Time, hour: u8) -> bool {
    time.hour % 24 == hour || (1..=12).contains(&time.hour) && time.hour % 12 == hour % 12
}

/// The time that a text is: `3:30`, `3{:}30 \text{ p.m.}`, `\text{3:30 PM}`; an hour alone where it says of which half of
/// the day, `5 pm`.
fn time(text: &str) -> Option<Time> {
    if text.len() > 80 {
        return None;
    }
    let text = ["\\text", "\\mbox", "\\mathrm", "\\textrm", "\\!", "\\,", "\\;", "\\:", "\\ ", "{", "}", "$", "~", " "]
        .iter()
        .fold(text.replace('：', ":"), |text, look| text.replace(look, ""));
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (hour, rest) = text.split_at(digits(&text));
    let (minute, half) = match rest.strip_prefix(':') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let afternoon = match half.replace('.', "").to_lowercase().as_str() {
        "" => None,
        "am" => Some(false),
        "pm" => Some(true),
        _ => return None,
    };
    let alone = minute.is_empty() && !rest.starts_with(':');
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 && !alone {
        return None;
    }
    let (hour, minute): (u8, u8) = (hour.parse().ok()?, if alone { 0 } else { minute.parse().ok()? });
    (hour <= 24 && minute < 60).then_some(Time { hour, minute, afternoon, number: alone && afternoon.is_none() })
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
            ("0:30", "12:30 a.m.", Some(true)),
            ("0:30", "12:30 p.m.", Some(false)),
            ("12:30", "12:30 a.m.", Some(true)),
            ("12:30 a.m.", "12:30 p.m.", Some(false)),
            ("5:00 pm", "5 pm", Some(true)),
            ("5 \\text{ p.m.}", "17:00", Some(true)),
            ("10\\text{ a.m.}", "10\\text{ p.m.}", Some(false)),
            ("5:30 pm", "5 pm", Some(false)),
            // These may be ratios.
            ("3:30", "1:10", None),
            ("13:24", "1:24", None),
            ("3:3", "1:1", None),
            ("5", "5:00", None),
            ("5 pm", "5", Some(true)),
            ("5 pm", "6", None),
            ("5", "6", None),
            ("5:30 pm", "5", None),
            ("1.2:30", "12:30", None),
            ("5:", "5 pm", None),
            ("5:3 pm", "5:30 pm", None),
            ("x:30", "3:30", None),
        ] {
            assert_eq!(same(found, truth), want, "{found} {truth}");
        }
    }
}
