use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::select;
use unicode_bidi::{BidiClass, bidi_class};

use super::visible::{Appearance, appearance};
use super::{NO_LIMIT, cut, plain, quoted, quoted_if_needed};

fn shown(bytes: &[u8]) -> String {
    let mut out = String::new();
    quoted(bytes, NO_LIMIT, &mut out);
    out
}

fn bare_or_quoted(bytes: &[u8]) -> String {
    let mut out = String::new();
    quoted_if_needed(bytes, NO_LIMIT, &mut out);
    out
}

#[test]
fn quoted_escapes_invisible_characters() {
    for (bytes, expected) in [
        (&b"plain text"[..], r#""plain text""#),
        (b"a\nb\r\tc\0d\x1b[1A\x7f", r#""a\nb\r\tc\x00d\x1b[1A\x7f""#),
        (b"say \"hi\" \\n", r#""say \"hi\" \\n""#),
        (b"\xff\xfe ok \xc3", r#""\xff\xfe ok \xc3""#),
        ("\u{85}\u{9b}".as_bytes(), r#""\u{85}\u{9b}""#),
        ("\u{202e}gpj.exe\u{2066}\u{2069}".as_bytes(), r#""\u{202e}gpj.exe\u{2066}\u{2069}""#),
        ("\u{200e}\u{200f}\u{61c}".as_bytes(), r#""\u{200e}\u{200f}\u{61c}""#),
        ("\u{2028}\u{2029}".as_bytes(), r#""\u{2028}\u{2029}""#),
        ("a\u{200b}\u{200d}\u{feff}\u{ad}".as_bytes(), r#""a\u{200b}\u{200d}\u{feff}\u{ad}""#),
        ("\u{a0}\u{3000}\u{2003}".as_bytes(), r#""\u{a0}\u{3000}\u{2003}""#),
        ("\u{e000}\u{10ffff}\u{378}".as_bytes(), r#""\u{e000}\u{10ffff}\u{378}""#),
        ("a\u{fe0f}\u{3164}\u{e0041}".as_bytes(), r#""a\u{fe0f}\u{3164}\u{e0041}""#),
        ("א1".as_bytes(), r#""\u{5d0}1""#),
        ("\u{1ec71}\u{10a00}".as_bytes(), r#""\u{1ec71}\u{10a00}""#),
        ("a\u{201d} \u{ff02}\u{ff3c}".as_bytes(), r#""a\u{201d} \u{ff02}\u{ff3c}""#),
        ("-\u{301} é\u{301}".as_bytes(), "\"-\\u{301} é\u{301}\""),
        ("\n\u{301}\u{93f}".as_bytes(), r#""\n\u{301}\u{93f}""#),
    ] {
        assert_eq!(shown(bytes), expected);
    }
}

#[test]
fn quoted_keeps_visible_characters_of_any_script() {
    for text in ["größe", "日本語", "файл", "e\u{301}te\u{301}", "हिन्दी", "🦀"]
    {
        assert_eq!(shown(text.as_bytes()), format!("\"{text}\""));
    }
    assert_eq!(shown("\u{301}e".as_bytes()), r#""\u{301}e""#);
}

/// Marks beyond the fourth would be drawn over the lines above.
#[test]
fn quoted_escapes_long_row_of_marks() {
    let text = format!("a{}", "\u{301}".repeat(6));
    let expected = format!("\"a{}{}\"", "\u{301}".repeat(4), "\\u{301}".repeat(2));
    assert_eq!(shown(text.as_bytes()), expected);
}

/// Returns whether a character of this class leaves the order of a line from left to right alone.
fn is_left_to_right(class: BidiClass) -> bool {
    use BidiClass::{CS, EN, ES, ET, L, NSM, ON, WS};
    matches!(class, L | EN | ES | ET | CS | ON | NSM | WS)
}

/// Returns all characters, each after a letter, in texts of some length.
fn all_characters() -> impl Iterator<Item = String> {
    let numbers = (0..=u32::from(char::MAX)).step_by(256);
    numbers
        .map(|from| (from..from + 256).filter_map(char::from_u32).flat_map(|c| ['a', c]).collect())
}

#[test]
fn printed_characters_keep_direction_of_line() {
    for text in all_characters() {
        let mut shown = shown(text.as_bytes());
        plain(&text, NO_LIMIT, &mut shown);
        for c in shown.chars().filter(|c| !c.is_ascii()) {
            assert!(is_left_to_right(bidi_class(c)), "U+{:04X}", u32::from(c));
        }
    }
}

#[test]
fn bare_words_are_ascii_of_any_character() {
    for c in '\u{80}'..=char::MAX {
        assert!(
            bare_or_quoted(format!("a{c}").as_bytes()).starts_with('"'),
            "U+{:04X}",
            u32::from(c)
        );
    }
}

#[test]
fn quoted_if_needed_leaves_single_words_bare() {
    for bare in ["/usr/bin/ls", "kworker/0:1", "a=b"] {
        assert_eq!(bare_or_quoted(bare.as_bytes()), bare);
    }
    for text in
        ["", "a b", "x(pid", "[ls]", "it's", "a,", "<unreadable:", "$(x)", "a;b", "größe", "ѕѕhd"]
    {
        assert_eq!(bare_or_quoted(text.as_bytes()), format!("\"{text}\""));
    }
    assert_eq!(bare_or_quoted(b"a\\"), r#""a\\""#);
}

#[test]
fn text_beyond_limit_ends_in_ellipsis() {
    let mut out = String::new();
    quoted(b"abcdef", 4, &mut out);
    quoted(b"abcd", 4, &mut out);
    quoted_if_needed(b"abcdef", 5, &mut out);
    plain("abc\ndef", 5, &mut out);
    assert_eq!(out, r#""abcd"..."abcd""abcde"...abc\n..."#);
    let mut out = String::from("x: größe");
    cut(&mut out, 3, 3);
    assert_eq!(out, "x: gr...");
}

#[test]
fn plain_keeps_quotes_and_escapes_controls() {
    let mut out = String::new();
    plain("unknown handler \"o\u{1b}\" in C:\\x", NO_LIMIT, &mut out);
    assert_eq!(out, r#"unknown handler "o\x1b" in C:\x"#);
}

/// Decodes the escapes of `quoted`.
fn unescaped(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = shown.strip_prefix('"').unwrap().strip_suffix('"').unwrap().chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            bytes.extend(c.to_string().bytes());
            continue;
        }
        match rest.next().unwrap() {
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'x' => {
                let hex: String = rest.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
            }
            'u' => {
                let hex: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let c = char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap();
                bytes.extend(c.to_string().bytes());
            }
            other => bytes.push(other as u8),
        }
    }
    bytes
}

/// Reference: prints one character after the other, as the description of the module says.
fn described(bytes: &[u8], limit: usize, quotes: bool) -> (String, bool) {
    let (mut out, mut marks) = (String::new(), 0);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if out.len() >= limit {
                return (out, false);
            }
            out += &printed_character(c, quotes, &mut marks);
        }
        for byte in chunk.invalid() {
            if out.len() >= limit {
                return (out, false);
            }
            out += &format!("\\x{byte:02x}");
            marks = 0;
        }
    }
    (out, true)
}

fn printed_character(c: char, quotes: bool, marks: &mut u8) -> String {
    let before = std::mem::take(marks);
    match c {
        '"' | '\\' if quotes => format!("\\{c}"),
        '\n' | '\r' | '\t' => c.escape_default().to_string(),
        '\0'..='\x1f' | '\x7f' => format!("\\x{:02x}", u32::from(c)),
        ' '..='~' => {
            *marks = if c.is_ascii_alphanumeric() { 4 } else { 0 };
            c.to_string()
        }
        _ => {
            let appearance = appearance(c.into());
            *marks = match appearance {
                Appearance::Letter => 4,
                Appearance::Mark => before.saturating_sub(1),
                Appearance::Symbol | Appearance::Escaped => 0,
            };
            let is_kept = match appearance {
                Appearance::Letter | Appearance::Symbol => true,
                Appearance::Mark => before > 0,
                Appearance::Escaped => false,
            };
            if is_kept { c.to_string() } else { format!("\\u{{{:x}}}", u32::from(c)) }
        }
    }
}

/// Texts that cost most or are cut in unusual places: characters of all lengths and kinds, parts of them, and bytes
/// that no character begins with.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 28] = [
        b"x",
        b"plain text of some length, ",
        b"\"",
        b"\\",
        b"\n",
        b"\x01",
        b"\x7f",
        b"\x80",
        b"\xbf",
        b"\xc0",
        b"\xc1",
        b"\xc3",
        b"\xe0\x80",
        b"\xe2\x80",
        b"\xe0\x9f\xbf",
        b"\xed\xa0\x80",
        b"\xf0\x8f",
        b"\xf0\x9f\xa6",
        b"\xf4\x90\x80\x80",
        b"\xf5",
        b"\xff",
        "\u{e9}".as_bytes(),
        "e\u{301}\u{302}".as_bytes(),
        "\u{5d0}".as_bytes(),
        "\u{65e5}".as_bytes(),
        "\u{202e}".as_bytes(),
        "\u{1f980}".as_bytes(),
        "\u{10ffff}".as_bytes(),
    ];
    let piece = proptest::prop_oneof![
        4 => select(pieces.to_vec()).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    (proptest::collection::vec((piece, 1usize..80), 0..12))
        .prop_map(|pieces| pieces.iter().flat_map(|(piece, times)| piece.repeat(*times)).collect())
}

proptest! {
    #[test]
    fn quoted_hostile_bytes_is_as_described(
        bytes in hostile(),
        limit in proptest::prop_oneof![0usize..700, select(vec![NO_LIMIT])],
    ) {
        let (text, is_whole) = described(&bytes, limit, true);
        let end = if is_whole { "\"" } else { "\"..." };
        let expected = format!("\"{text}{end}");
        let (mut string, mut vector) = (String::from("x"), b"x".to_vec());
        quoted(&bytes, limit, &mut string);
        quoted(&bytes, limit, &mut vector);
        assert_eq!(string, format!("x{expected}"));
        assert_eq!(vector, string.as_bytes());
    }

    #[test]
    fn plain_hostile_text_is_as_described(bytes in hostile(), limit in 0usize..700) {
        let text = String::from_utf8_lossy(&bytes);
        let (mut expected, is_whole) = described(text.as_bytes(), limit, false);
        expected += if is_whole { "" } else { "..." };
        let mut out = String::new();
        plain(&text, limit, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn quoted_any_bytes_is_printable_and_reversible(bytes: Vec<u8>) {
        let shown = shown(&bytes);
        assert!(!shown.chars().any(char::is_control));
        assert_eq!(unescaped(&shown), bytes);
    }

    #[test]
    fn quoted_any_text_is_reversible(text in any::<String>()) {
        assert_eq!(unescaped(&shown(text.as_bytes())), text.as_bytes());
    }

    #[test]
    fn cut_at_any_limit_keeps_prefix(text in any::<String>(), start in 0usize..40, limit in 0usize..40) {
        let mut out = text.clone();
        cut(&mut out, start, limit);
        assert!(text.starts_with(out.trim_end_matches("...")) || out == text);
    }
}
