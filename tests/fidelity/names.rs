//! Descriptors with the files behind them, `3</etc/passwd>`, out of the text of a call.

/// Stands for the descriptor of the working directory.
const FDCWD: &str = "AT_FDCWD";

/// A descriptor and the file behind it, as one text has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'t> {
    pub number: &'t str,
    pub text: &'t str,
}

/// All of a line, in its order. Quoted text and comments have none.
pub fn named(line: &str) -> Vec<Named<'_>> {
    let (mut found, mut at) = (vec![], 0);
    while at < line.len() {
        let rest = &line[at..];
        at += match rest.as_bytes()[0] {
            b'"' => quoted(rest),
            b'/' if rest.starts_with("/*") => rest.find("*/").unwrap_or(rest.len()).max(1),
            b'<' => match number_before(&line[..at]).filter(|_| !rest.starts_with("<<")) {
                Some(number) => {
                    let length = bracketed(rest);
                    let text = &line[at - number.len()..at + length];
                    found.push(Named { number, text });
                    length
                }
                None => rest.len() - rest.trim_start_matches('<').len(),
            },
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    found
}

fn number_before(text: &str) -> Option<&str> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '-';
    let digits = &text[text.trim_end_matches(is_digit).len()..];
    if text.ends_with(FDCWD) { Some(FDCWD) } else { Some(digits).filter(|it| !it.is_empty()) }
}

/// Length of the quoted text at the begin.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Length of the name in brackets at the begin, with the word behind it that the file is deleted.
fn bracketed(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        at += match rest.as_bytes()[0] {
            b'"' => quoted(rest),
            b'-' if rest.starts_with("->") => 2,
            byte => {
                depth += i32::from(byte == b'<') - i32::from(byte == b'>');
                rest.chars().next().map_or(1, char::len_utf8)
            }
        };
        if depth == 0 {
            break;
        }
    }
    let deleted = "(deleted)";
    if text[at..].starts_with(deleted) { at + deleted.len() } else { at }
}

/// Number of descriptors that are searched on the other side for one that a side lacks.
const AHEAD: usize = 8;

/// Pairs of the same number and order in the lines of a call; `None` where only one side has a name.
pub fn pairs<'t>(ours: &'t str, theirs: &'t str) -> Vec<(Option<&'t str>, Option<&'t str>)> {
    let (ours, theirs) = (named(ours), named(theirs));
    let (mut ours, mut theirs) = (&ours[..], &theirs[..]);
    let mut pairs = vec![];
    while let ([our, our_rest @ ..], [their, their_rest @ ..]) = (ours, theirs) {
        let ahead = |side: &[Named<'_>], number| {
            side.iter().take(AHEAD).position(|one: &Named<'_>| one.number == number)
        };
        let (in_ours, in_theirs) = (ahead(ours, their.number), ahead(theirs, our.number));
        if our.number == their.number {
            pairs.push((Some(our.text), Some(their.text)));
            (ours, theirs) = (our_rest, their_rest);
        } else if in_theirs.is_some() && (in_ours.is_none() || in_theirs <= in_ours) {
            pairs.push((None, Some(their.text)));
            theirs = their_rest;
        } else {
            pairs.push((Some(our.text), None));
            ours = our_rest;
        }
    }
    pairs.extend(ours.iter().map(|our| (Some(our.text), None)));
    pairs.extend(theirs.iter().map(|their| (None, Some(their.text))));
    pairs
}

#[test]
fn named_finds_descriptors_outside_of_text() {
    for (line, expected) in [
        ("read(3</etc/a>, \"4</b>\", 5) = 1", &["3</etc/a>"][..]),
        (
            "openat(AT_FDCWD</tmp>, \"a\\\"5<x>\", 0) = 4</tmp/a>(deleted)",
            &["AT_FDCWD</tmp>", "4</tmp/a>(deleted)"],
        ),
        ("write(0</dev/null<char 1:3>>, 7) = 7", &["0</dev/null<char 1:3>>"]),
        (
            "poll([{fd=3<UNIX-STREAM:[1->2,\"/a>\"]>}], 1) = 1 ([{fd=3<pipe:[4]>}])",
            &["3<UNIX-STREAM:[1->2,\"/a>\"]>", "3<pipe:[4]>"],
        ),
        ("capget({effective=1<<CAP_CHOWN}, 1 /* 6<b> */ <unfinished ...>", &[]),
    ] {
        let texts: Vec<_> = named(line).into_iter().map(|one| one.text).collect();
        assert_eq!(texts, expected, "{line}");
    }
}

#[test]
fn pairs_have_the_same_number() {
    let found = pairs("f(3<a>, 4<b>, 5<c>)", "f(3<a>, 5<d>) = 6<e>");
    let expected = [
        (Some("3<a>"), Some("3<a>")),
        (Some("4<b>"), None),
        (Some("5<c>"), Some("5<d>")),
        (None, Some("6<e>")),
    ];
    assert_eq!(found, expected);
}
