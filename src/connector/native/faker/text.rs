//! Writing numbers and times as text, straight into the line. The standard formatting would take half
//! of the time of a whole record.

/// Writes a number, with zeros in front up to `width` digits.
pub(super) fn number(to: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    to.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

/// Writes seconds since 1970 as `2026-11-21T16:16:49+00:00`.
pub(super) fn moment(to: &mut Vec<u8>, seconds: u64) {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    number(to, year, 4);
    to.push(b'-');
    number(to, month, 2);
    to.push(b'-');
    number(to, day, 2);
    to.push(b'T');
    number(to, second / 3600, 2);
    to.push(b':');
    number(to, second / 60 % 60, 2);
    to.push(b':');
    number(to, second % 60, 2);
    to.extend_from_slice(b"+00:00");
}

/// The date of a day counted from 1970, reckoned in years that begin in March, so that the leap day
/// comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    #[test]
    fn moments_are_written_as_the_calendar_has_them() {
        for seconds in (0..4_102_444_800).step_by(86_399) {
            let mut text = Vec::new();
            super::moment(&mut text, seconds);
            let wanted =
                DateTime::from_timestamp(seconds.cast_signed(), 0).map(|at| at.to_rfc3339());
            assert_eq!(String::from_utf8(text).ok(), wanted);
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for (number, width, wanted) in [
            (0, 0, "0"),
            (7, 2, "07"),
            (1234, 2, "1234"),
            (u64::MAX, 0, "18446744073709551615"),
        ] {
            let mut text = Vec::new();
            super::number(&mut text, number, width);
            assert_eq!(text, wanted.as_bytes());
        }
    }
}
