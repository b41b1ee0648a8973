//! The lenient parser of dates in cookies (RFC 6265bis section 5.1.1).

/// The seconds from 1970 to this date. A date before 1970 is 0. `None` if the text is not a date.
pub(super) fn parse(text: &[u8]) -> Option<u64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)) {
        // A token is taken for the first missing part that it matches.
        if let (None, Some(found)) = (time, read_time(token)) {
            time = Some(found);
        } else if let (None, Some(found)) = (day, read_number(token, 1, 2)) {
            day = Some(found);
        } else if let (None, Some(found)) = (month, read_month(token)) {
            month = Some(found);
        } else if let (None, Some(found)) = (year, read_number(token, 2, 4)) {
            year = Some(found);
        }
    }
    let ([hour, minute, second], day, month) = (time?, day?, month?);
    let year = match year? {
        year @ 0..70 => year.saturating_add(2000),
        year @ 70..100 => year.saturating_add(1900),
        year => year,
    };
    if year < 1601 || !(1..=days_of(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // All dates before 1970 are in the past, and need not be distinguished.
    let Some(days) = days_since_1970(year, month, day) else { return Some(0) };
    let minutes = days.saturating_mul(24).saturating_add(hour).saturating_mul(60).saturating_add(minute);
    Some(minutes.saturating_mul(60).saturating_add(second))
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// Hours, minutes and seconds, of one or two digits each.
fn read_time(token: &[u8]) -> Option<[u64; 3]> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let mut part = || {
        let part = parts.next()?;
        part.iter().all(u8::is_ascii_digit).then(|| read_number(part, 1, 2)).flatten()
    };
    let (hour, minute) = (part()?, part()?);
    Some([hour, minute, read_number(parts.next()?, 1, 2)?])
}

/// The number at the beginning, if it has between `least` and `most` digits.
fn read_number(token: &[u8], least: usize, most: usize) -> Option<u64> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = token.get(..count).filter(|_| (least..=most).contains(&count))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The number of a month, from 1. Only the first three letters of its name count.
fn read_month(token: &[u8]) -> Option<u64> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name = token.first_chunk::<3>()?.to_ascii_lowercase();
    (1..).zip(MONTHS).find(|(_, month)| name == month.as_slice()).map(|(number, _)| number)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970 to this one. `None` if it is before.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let years = year.checked_sub(1970)?;
    let last = year.saturating_sub(1);
    // Leap days since year 0, less those before 1970.
    let leaps = (last / 4).saturating_sub(last / 100).saturating_add(last / 400).saturating_sub(477);
    let months = (1..month).map(|month| days_of(year, month)).sum::<u64>();
    Some(years.saturating_mul(365).saturating_add(leaps).saturating_add(months).saturating_add(day).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_forms_that_servers_write() {
        const YEAR_2007: u64 = 1_196_467_200; // 1 December
        const DAY: u64 = 24 * 60 * 60;
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Mon, 10-Dec-2007 17:02:24 GMT", YEAR_2007 + 9 * DAY + 17 * 3600 + 2 * 60 + 24),
            ("Wed Dec 12 2007 08:44:07 GMT-0500 (EST)", YEAR_2007 + 11 * DAY + 8 * 3600 + 44 * 60 + 7),
            ("8-DECEMBER-2007 1:2:3", YEAR_2007 + 7 * DAY + 3723),
            ("2007 december 8 01:02:03.999", YEAR_2007 + 7 * DAY + 3723),
            ("8/dec/07 (1:02:3x)", YEAR_2007 + 7 * DAY + 3723),
            ("08th Dec, 2007th; 01:02:03", YEAR_2007 + 7 * DAY + 3723),
            // A second time is a day, for a day is what begins with a digit or two.
            ("1:02:03 1:02:04 8 dec 07 9 jan 08", YEAR_2007 + 3723),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("1 Jan 69 0:0:0", 3_124_224_000),
            ("1 Jan 70 0:0:1", 1),
            ("1 Jan 1601 0:0:0", 0),
            ("31 Dec 1969 23:59:59", 0),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "tomorrow",
            "Mon, 01-Jan-2011 00: 00:00 GMT",
            "1 Jan 2011",
            "Jan 2011 0:0:0",
            "1 2011 0:0:0",
            "1 Jan 0:0:0",
            "0 Jan 2011 0:0:0",
            "32 Jan 2011 0:0:0",
            "31 Apr 2011 0:0:0",
            "29 Feb 2011 0:0:0",
            "29 Feb 1900 0:0:0",
            "1 Jan 1600 0:0:0",
            "1 Jan 10000 0:0:0",
            "1 Jan 0 0:0:0",
            "1 Jan 2011 24:0:0",
            "1 Jan 2011 0:60:0",
            "1 Jan 2011 0:0:60",
            "1 Jan 2011 000:0:0",
            "1 Jan 2011 0:0",
            "1 Jan 2011 0:0x:0",
            "1 Ja 2011 0:0:0",
            "1 \u{17f}ep 2011 0:0:0",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        // Each part alone, and each missing byte.
        let text = b"6 Nov 1994 08:49:37";
        assert!((0..text.len() - 1).all(|end| parse(&text[..end]).is_none()));
    }

    /// Day after day, from 1970 to 2400.
    #[test]
    fn days_follow_each_other() {
        let mut days = 0;
        for year in 1970..2400 {
            for month in 1..=12 {
                for day in 1..=days_of(year, month) {
                    assert_eq!(days_since_1970(year, month, day), Some(days), "{year}-{month}-{day}");
                    days += 1;
                }
            }
        }
        assert_eq!(days_since_1970(1969, 12, 31), None);
    }
}
