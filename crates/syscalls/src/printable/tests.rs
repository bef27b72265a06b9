use super::{NO_LIMIT, cut, plain, quoted, quoted_if_needed};
use proptest::prelude::{any, proptest};

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

#[test]
fn quoted_if_needed_leaves_single_words_bare() {
    for bare in ["/usr/bin/ls", "kworker/0:1", "größe", "a=b"] {
        assert_eq!(bare_or_quoted(bare.as_bytes()), bare);
    }
    for text in ["", "a b", "x(pid", "[ls]", "it's", "a,", "<unreadable:", "$(x)", "a;b"] {
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

proptest! {
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
