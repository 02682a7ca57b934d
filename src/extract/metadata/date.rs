//! The ways in which pages write a date → milliseconds since the Unix epoch.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// No date is longer.
const BYTES_MAX: usize = 64;

/// Reads a date, with or without a time; without a zone it is taken for UTC. A month or a year alone is its first
/// instant. Dates that can be read in two ways (`05/03/2019`) are none.
pub(super) fn parse(raw: &str) -> Option<i64> {
    let raw = raw.trim();
    if raw.len() > BYTES_MAX || raw.len() < 4 {
        return None;
    }
    if raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits(raw);
    }
    iso(raw).or_else(|| words(raw)).or_else(|| month(raw))
}

/// `20190503`, `2019`, and Unix times in seconds or milliseconds.
fn digits(raw: &str) -> Option<i64> {
    let number: i64 = raw.parse().ok()?;
    match raw.len() {
        4 => midnight(NaiveDate::from_ymd_opt(number as i32, 1, 1)?),
        8 => midnight(NaiveDate::from_ymd_opt(
            (number / 10_000) as i32,
            (number / 100 % 100) as u32,
            (number % 100) as u32,
        )?),
        10 => Some(number * 1000),
        13 => Some(number),
        _ => None,
    }
}

fn midnight(date: NaiveDate) -> Option<i64> {
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

/// ISO 8601 and what looks like it.
fn iso(raw: &str) -> Option<i64> {
    let joined = match raw.as_bytes().get(10) {
        Some(b' ') => &format!("{}T{}", &raw[..10], raw[11..].trim_start()),
        _ => raw,
    };
    // A blank before the zone, as Ruby and Hugo print it.
    let zoned = joined.replacen(" +", "+", 1).replacen(" -", "-", 1);
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok((time, _)) = DateTime::parse_and_remainder(&zoned, format) {
            return Some(time.timestamp_millis());
        }
    }
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y/%m/%dT%H:%M:%S", "%Y/%m/%dT%H:%M"] {
        if let Ok((time, _)) = NaiveDateTime::parse_and_remainder(joined, format) {
            return Some(time.and_utc().timestamp_millis());
        }
    }
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"].into_iter().find_map(|format| day(raw, format))
}

/// Dates with the month's name, mail's among them.
fn words(raw: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc2822(raw) {
        return Some(time.timestamp_millis());
    }
    // `Fri, ` or `Friday, ` before the date says nothing more.
    let rest = raw.split_once(',').filter(|(name, _)| name.ends_with("day") || name.len() == 3);
    let raw = rest.map_or(raw, |(_, rest)| rest.trim_start());
    // chrono takes a month's abbreviation for its name.
    ["%B %d, %Y", "%B %d %Y", "%d %B %Y", "%d %B, %Y", "%d-%B-%Y", "%Y %B %d"]
        .into_iter()
        .find_map(|format| day(raw, format))
}

/// `2019-05`, `2019/5`.
fn month(raw: &str) -> Option<i64> {
    let (year, month) = raw.split_once(['-', '/'])?;
    let year = (year.len() == 4).then(|| year.parse().ok())??;
    let month = (month.len() <= 2).then(|| month.parse().ok())??;
    midnight(NaiveDate::from_ymd_opt(year, month, 1)?)
}

/// A day at the start of the text; a digit may not follow, else the day was read short.
fn day(raw: &str, format: &str) -> Option<i64> {
    let (date, rest) = NaiveDate::parse_and_remainder(raw, format).ok()?;
    if rest.starts_with(|c: char| c.is_ascii_digit()) { None } else { midnight(date) }
}

/// The day in the path of an address, as weblogs have it: `/2019/05/03/`, `/2019-05-03-title`.
pub(super) fn in_path(path: &str) -> Option<i64> {
    let parts: Vec<&str> = path.split('/').skip(1).take(16).collect();
    let number = |part: &str, length: usize| {
        (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?
    };
    for (at, part) in parts.iter().enumerate() {
        if let (Some(year), [_, month, day, ..]) = (number(part, 4), &parts[at..])
            && let (Some(month), Some(day)) = (number(month, 2), number(day, 2))
        {
            return midnight(NaiveDate::from_ymd_opt(year as i32, month, day)?);
        }
        let start = part.get(..10).filter(|_| part.as_bytes().get(10).is_none_or(|b| matches!(b, b'-' | b'_' | b'.')));
        if let Some(date) = start.and_then(|start| day(start, "%Y-%m-%d")) {
            return Some(date);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, want: Option<&str>) {
        let show = |ms| DateTime::from_timestamp_millis(ms).map(|time| time.format("%F %T").to_string());
        assert_eq!(parse(raw).and_then(show).as_deref(), want, "{raw}");
    }

    #[test]
    fn iso_dates() {
        check("2019-05-03T10:00:00+02:00", Some("2019-05-03 08:00:00"));
        check("2019-05-03T10:00:00.123Z", Some("2019-05-03 10:00:00"));
        check("2019-05-03T10:00:00-0700", Some("2019-05-03 17:00:00"));
        check("2019-05-03T10:00+02", Some("2019-05-03 08:00:00"));
        check("2019-05-03 10:00:00 +0200", Some("2019-05-03 08:00:00"));
        check("2019-05-03 10:00:00", Some("2019-05-03 10:00:00"));
        check("2019-05-03T10:00", Some("2019-05-03 10:00:00"));
        check(" 2019-05-03 ", Some("2019-05-03 00:00:00"));
        check("2019-5-3", Some("2019-05-03 00:00:00"));
        check("2019/05/03 10:00", Some("2019-05-03 10:00:00"));
        check("20190503", Some("2019-05-03 00:00:00"));
        check("2019-05", Some("2019-05-01 00:00:00"));
        check("2019", Some("2019-01-01 00:00:00"));
        check("1556877600", Some("2019-05-03 10:00:00"));
        check("1556877600000", Some("2019-05-03 10:00:00"));
    }

    #[test]
    fn dates_in_words() {
        check("Fri, 03 May 2019 10:00:00 GMT", Some("2019-05-03 10:00:00"));
        check("May 3, 2019", Some("2019-05-03 00:00:00"));
        check("Friday, September 13, 2019", Some("2019-09-13 00:00:00"));
        check("3 May 2019", Some("2019-05-03 00:00:00"));
        check("2019年5月3日 10:00", Some("2019-05-03 00:00:00"));
    }

    #[test]
    fn what_is_no_date() {
        for raw in [
            "",
            "now",
            "05/03/2019",
            "2019-13-40",
            "2019-02-30",
            "99999999999999999999",
            "{{date}}",
            "数学数学数学数学",
        ] {
            check(raw, None);
        }
        check(&"2019-05-03 ".repeat(10), None);
    }

    #[test]
    fn days_in_paths() {
        let day = parse("2019-05-03");
        for (path, want) in [
            ("/2019/05/03/on-limits.html", day),
            ("/blog/2019-05-03-on-limits", day),
            ("/2019-05-03.html", day),
            ("/2019/05/on-limits", None),
            ("/20190/05/03/", None),
            ("/2019/13/03/", None),
            ("/v2019-05-031", None),
            ("", None),
        ] {
            assert_eq!(in_path(path), want, "{path}");
        }
    }
}
