//! Programs that start programs or only wait, which need no child of their own: `timeout`, `nohup`, `nice`, `time`,
//! `sleep`. Also the clock of `printf '%(…)T'`.

use std::time::{Duration, Instant};

use super::{Outcome, fail};
use crate::executor;
use crate::interpret::simple::{self, Lookup};
use crate::shell::Shell;

/// Runs one of them.
pub async fn run(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    match name {
        "sleep" => sleep(shell, arguments).await,
        "timeout" => timeout(shell, arguments).await,
        "time" => time(shell, arguments).await,
        _ => plain(shell, name, arguments).await,
    }
}

/// A duration as `sleep` and `timeout` take it: a number with `s`, `m`, `h` or `d`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        Some((at, 'd')) => (&text[..at], 86400.0),
        _ => (text, 1.0),
    };
    if number == "inf" || number == "infinity" {
        return Some(Duration::MAX);
    }
    let seconds: f64 = number
        .parse()
        .ok()
        .filter(|seconds: &f64| *seconds >= 0.0)?;
    Some(Duration::try_from_secs_f64(seconds * unit).unwrap_or(Duration::MAX))
}

async fn sleep(shell: &mut Shell, arguments: &[String]) -> Outcome {
    if arguments.is_empty() {
        shell
            .remark("sleep: missing operand\nTry 'sleep --help' for more information.\n")
            .await;
        return Ok(1);
    }
    let mut total = Duration::ZERO;
    for argument in arguments {
        let Some(time) = duration(argument) else {
            shell.remark(&format!("sleep: invalid time interval '{argument}'\nTry 'sleep --help' for more information.\n")).await;
            return Ok(1);
        };
        total = total.saturating_add(time);
    }
    executor::sleep(total).await;
    Ok(0)
}

async fn within_this_shell(shell: &mut Shell, words: &[String]) -> Outcome {
    let name = words.first().cloned().unwrap_or_default();
    // A wrapper is a program, so it sees no functions, and of the builtins only those that are programs too.
    let lookup = if super::is_builtin(&name) {
        Lookup::NoFunctions
    } else {
        Lookup::Programs
    };
    simple::dispatch(shell, &name, words.to_vec(), Vec::new(), lookup).await?;
    Ok(shell.status)
}

async fn timeout(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let mut words = arguments;
    let mut status_of_killed = 124;
    let mut keeps_status = false;
    while let Some((first, more)) = words.split_first() {
        match first.as_str() {
            "-s" | "-k" => {
                if first == "-s"
                    && more
                        .first()
                        .is_some_and(|name| name == "KILL" || name == "9")
                {
                    status_of_killed = 137;
                }
                words = more.get(1..).unwrap_or_default();
            }
            "--preserve-status" => {
                keeps_status = true;
                words = more;
            }
            option if option.len() > 1 && option.starts_with('-') => {
                if option == "-sKILL" || option == "--signal=KILL" || option == "-9" {
                    status_of_killed = 137;
                }
                words = more;
            }
            _ => break,
        }
    }
    let Some((limit, command)) = words
        .split_first()
        .filter(|(_, command)| !command.is_empty())
    else {
        shell
            .remark("timeout: missing operand\nTry 'timeout --help' for more information.\n")
            .await;
        return Ok(125);
    };
    let Some(limit) = duration(limit) else {
        shell.remark(&format!("timeout: invalid time interval '{limit}'\nTry 'timeout --help' for more information.\n")).await;
        return Ok(125);
    };
    if limit.is_zero() {
        return within_this_shell(shell, command).await;
    }
    let mut inner = shell.subshell();
    match executor::within(limit, within_this_shell(&mut inner, command)).await {
        Some(Ok(status)) => Ok(status),
        Some(Err(_)) => Ok(inner.status),
        None if keeps_status => Ok(143),
        None => Ok(status_of_killed),
    }
}

async fn time(shell: &mut Shell, arguments: &[String]) -> Outcome {
    let words: Vec<String> = arguments
        .iter()
        .skip_while(|argument| argument.starts_with('-'))
        .cloned()
        .collect();
    let started = Instant::now();
    let status = if words.is_empty() {
        0
    } else {
        within_this_shell(shell, &words).await?
    };
    let seconds = started.elapsed().as_secs_f64();
    shell
        .remark(&format!("real {seconds:.2}\nuser 0.00\nsys 0.00\n"))
        .await;
    Ok(status)
}

async fn plain(shell: &mut Shell, name: &str, arguments: &[String]) -> Outcome {
    let mut words = arguments;
    while let Some((first, more)) = words.split_first() {
        match first.as_str() {
            "-n" if name == "nice" => words = more.get(1..).unwrap_or_default(),
            option if option.starts_with('-') => words = more,
            _ => break,
        }
    }
    if words.is_empty() && name == "nice" {
        shell.print("nice", b"0\n").await?;
        return Ok(0);
    }
    if words.is_empty() {
        return fail(shell, &format!("{name}: missing operand"), 125).await;
    }
    within_this_shell(shell, words).await
}

/// A time in UTC by a `strftime` layout; -1 and -2 are now.
pub fn date(layout: &str, seconds: i64) -> String {
    let seconds = if seconds < 0 {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
    } else {
        seconds
    };
    let layout = if layout.is_empty() {
        "%H:%M:%S"
    } else {
        layout
    };
    let days = seconds.div_euclid(86400);
    let clock = seconds.rem_euclid(86400);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let (year, month, day) = civil(days);
    let weekday = usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0);
    let of_year = days - days_of(year, 1, 1) + 1;
    let names = [
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
    ];
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month_name = usize::try_from(month - 1)
        .ok()
        .and_then(|month| months.get(month))
        .copied()
        .unwrap_or("");
    let mut shown = String::new();
    let mut characters = layout.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            shown.push(character);
            continue;
        }
        shown.push_str(&match characters.next() {
            Some('Y') => year.to_string(),
            Some('y') => format!("{:02}", year.rem_euclid(100)),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('e') => format!("{day:2}"),
            Some('H') => format!("{hour:02}"),
            Some('I') => format!("{:02}", (hour + 11) % 12 + 1),
            Some('p') => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('M') => format!("{minute:02}"),
            Some('S') => format!("{second:02}"),
            Some('s') => seconds.to_string(),
            Some('j') => format!("{of_year:03}"),
            Some('F') => format!("{year}-{month:02}-{day:02}"),
            Some('T') => format!("{hour:02}:{minute:02}:{second:02}"),
            Some('R') => format!("{hour:02}:{minute:02}"),
            Some('D') => format!("{month:02}/{day:02}/{:02}", year.rem_euclid(100)),
            Some('A') => names[weekday].to_owned(),
            Some('a') => names[weekday].get(..3).unwrap_or_default().to_owned(),
            Some('B') => month_name.to_owned(),
            Some('b' | 'h') => month_name.get(..3).unwrap_or_default().to_owned(),
            Some('u') => (if weekday == 0 { 7 } else { weekday }).to_string(),
            Some('w') => weekday.to_string(),
            Some('Z') => "UTC".to_owned(),
            Some('z') => "+0000".to_owned(),
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('%') | None => "%".to_owned(),
            Some(other) => format!("%{other}"),
        });
    }
    shown
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        assert_eq!(
            date("%F %T %a %j", 951_782_400),
            "2000-02-29 00:00:00 Tue 060"
        );
        assert_eq!(date("%Y-%m-%d", 0), "1970-01-01");
    }
}
