//! `WARC-Date` values.

/// Milliseconds since the Unix epoch of a W3C date with time, such as `2024-02-29T12:30:00.5Z`; `None` for anything
/// else. A missing zone is taken for UTC.
#[must_use]
pub fn parse_date(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let zone_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (second, millis) = match parts.next().unwrap_or("0").split_once('.') {
        Some((second, fraction)) => (number(second, 2)?, thousandths(fraction)?),
        None => (clock.splitn(3, ':').nth(2).map_or(Some(0), |second| number(second, 2))?, 0),
    };
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    Some(seconds * 1000 + millis)
}

/// A number of at most `digits` digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn thousandths(fraction: &str) -> Option<i64> {
    let digits = fraction.bytes().take(3).chain([b'0'; 3]).take(3);
    fraction
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.as_bytes() {
        [] | b"Z" | b"z" => return Some(0),
        [b'+', ..] => (1, &zone[1..]),
        [b'-', ..] => (-1, &zone[1..]),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 && rest.is_ascii() => rest.split_at(2),
        None => return None,
    };
    Some(sign * (number(hours, 2)? * 3600 + number(minutes, 2)? * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Counted from March, so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<i64>) {
        assert_eq!(parse_date(text), want, "{text}");
    }

    #[test]
    fn dates() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2014-01-27T17:12:38Z", Some(1_390_842_758_000));
        check("2024-02-29T12:30:00.5Z", Some(1_709_209_800_500));
        check("2024-02-29T12:30:00.123456789Z", Some(1_709_209_800_123));
        check("2000-03-01T00:00:00+01:30", Some(951_863_400_000));
        check("2000-03-01T00:00:00-0100", Some(951_872_400_000));
        check("1969-12-31T23:59Z", Some(-60_000));
    }

    #[test]
    fn what_is_no_date() {
        for text in ["", "T", "2023-02-29T00:00:00Z", "2008-10-294T05:21:46-0700", "2020-13-01T00:00:00Z", "yesterday"]
        {
            check(text, None);
        }
        check("2020-01-01T24:00:00Z", None);
        check("2020-01-01T00:00:00+é1", None);
        check("2020-01-01T00:00:é0Z", None);
    }
}
