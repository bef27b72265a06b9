//! A line in the notation of strace in, a call with its arguments and its result as text out. Both sides
//! go through here, so that both are taken apart in the same way.

/// A call as one side tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub args: Vec<String>,
    /// The task was killed before strace had printed all arguments.
    pub is_cut: bool,
    pub result: String,
}

impl Call {
    /// `name(argument, argument) = result`; `None` for a line that tells no call.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('(')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let (mut args, rest) = arguments(rest);
        let is_cut = rest == UNFINISHED || args.last().is_some_and(|last| last == UNFINISHED);
        args.retain(|arg| arg != UNFINISHED);
        Some(Self { name: name.to_owned(), args, is_cut, result: result(rest) })
    }

    /// In one line again.
    pub fn line(&self) -> String {
        format!("{}({}) = {}", self.name, self.args.join(", "), self.result)
    }
}

/// Text of strace in place of the rest of a call.
const UNFINISHED: &str = "<unfinished ...>";

/// Reduces an error to its name, which both sides print.
fn result(rest: &str) -> String {
    let rest = rest.trim_start().trim_start_matches("= ").trim();
    match rest.split_once(" (") {
        Some((error, _)) if error.starts_with("-1 E") || error.starts_with("? E") => error.into(),
        _ if rest == UNFINISHED => "?".into(),
        _ => rest.into(),
    }
}

/// Splits a line at the commas outside of quotes and brackets, and returns the rest after the last bracket.
fn arguments(text: &str) -> (Vec<String>, &str) {
    let mut args = vec![];
    let (mut scan, mut start) = (Scan::default(), 0);
    for (at, byte) in text.bytes().enumerate() {
        let is_outside = scan.is_outside();
        scan.step(byte);
        if is_outside && (byte == b',' || byte == b')') {
            args.extend(argument(&text[start..at]));
            start = at + 1;
        }
        if is_outside && byte == b')' {
            return (args, &text[start..]);
        }
    }
    args.extend(argument(text[start..].trim_end().trim_end_matches(UNFINISHED)));
    (args, UNFINISHED)
}

fn argument(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Position within quotes and brackets.
#[derive(Default)]
struct Scan {
    depth: usize,
    is_quoted: bool,
    is_escaped: bool,
    is_comment: bool,
    before: u8,
}

impl Scan {
    fn is_outside(&self) -> bool {
        self.depth == 0 && !self.is_quoted && !self.is_comment
    }

    fn step(&mut self, byte: u8) {
        let before = std::mem::replace(&mut self.before, byte);
        if self.is_quoted {
            self.is_quoted = self.is_escaped || byte != b'"';
            self.is_escaped = byte == b'\\' && !self.is_escaped;
        } else if self.is_comment {
            self.is_comment = !(before == b'*' && byte == b'/');
        } else {
            self.is_quoted = byte == b'"';
            self.is_comment = before == b'/' && byte == b'*';
            match byte {
                b'(' | b'[' | b'{' => self.depth += 1,
                b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

#[test]
fn lines_are_taken_apart_at_commas_outside_of_everything() {
    for (line, args, result) in [
        ("getpid()      = 7", &[][..], "7"),
        (
            r#"open("a, (b\"", O_RDONLY) = -1 ENOENT (No such file)"#,
            &[r#""a, (b\"""#, "O_RDONLY"],
            "-1 ENOENT",
        ),
        (
            "f({a=[1, 2], b=c(3)}, NULL /* x, y */) = 0x3 (flags A|B)",
            &["{a=[1, 2], b=c(3)}", "NULL /* x, y */"],
            "0x3 (flags A|B)",
        ),
        ("f([{fd=3}] => [{fd=3}], 1) = 1", &["[{fd=3}] => [{fd=3}]", "1"], "1"),
        ("pause( <unfinished ...>", &[], "?"),
        ("read(0,  <unfinished ...>", &["0"], "?"),
        ("read(0,  <unfinished ...>) = ?", &["0"], "?"),
        ("pause() = ? ERESTARTNOHAND (To be restarted if no handler)", &[], "? ERESTARTNOHAND"),
    ] {
        let call = Call::parse(line).unwrap();
        assert_eq!(
            (&call.args[..], call.result.as_str()),
            (&args.iter().map(ToString::to_string).collect::<Vec<_>>()[..], result)
        );
    }
    for line in ["--- SIGCHLD {si_signo=SIGCHLD} ---", "+++ exited with 0 +++", "[ Process PID=1 ]"]
    {
        assert_eq!(Call::parse(line), None);
    }
}
