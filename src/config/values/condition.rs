//! The option `argument`: a condition such as `flags & O_CREAT|O_TRUNC` or `filename = /etc/*`. Whether the syscall
//! has that argument, and the argument that constant, is checked by the plan.

use toml::de::DeValue;

use super::expected;
use super::patterns::pattern;
use crate::config::fault::Problem;
use crate::config::filter::{Comparison, Condition, Word};
use crate::config::text::quoted;

const EXAMPLES: &str = "\"flags & O_CREAT\", \"count >= 4096\" or \"filename = /etc/*\"";

/// Operators, those of two characters first, since one begins with the other.
const OPERATORS: [&str; 9] = ["==", "!=", "<=", ">=", "!&", "=", "<", ">", "&"];

/// Parses a condition on an argument.
pub(in crate::config) fn condition(value: &DeValue<'_>) -> Result<Condition, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, &format!("a condition: {EXAMPLES}")));
    };
    let text = text.trim();
    if text.contains("&&") {
        return Err(several(text));
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (argument, rest) = text.split_at_checked(end).unwrap_or_default();
    let rest = rest.trim_start();
    let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
    let (Some(operator), false) = (operator, argument.is_empty()) else {
        return Err(format!(
            "{} is not a condition, expected one such as {EXAMPLES}",
            quoted(text)
        )
        .into());
    };
    let right = rest.strip_prefix(operator).unwrap_or_default().trim();
    if right.is_empty() {
        return Err(format!("the value is missing after {operator} in {}", quoted(text)).into());
    }
    Ok(Condition { argument: argument.to_owned(), comparison: comparison(operator, right)? })
}

/// Returns the fault of conditions that are joined as in C.
fn several(text: &str) -> Problem {
    let each: Vec<_> = text.split("&&").map(|one| format!("{:?}", one.trim())).collect();
    format!("&& does not join conditions; those of an array must all hold: [{}]", each.join(", "))
        .into()
}

fn comparison(operator: &str, right: &str) -> Result<Comparison, Problem> {
    let is_negated = operator.starts_with('!');
    match operator {
        "&" | "!&" => {
            let bits = right.split('|').map(|word| bit(word.trim()));
            Ok(Comparison::Masks { bits: bits.collect::<Result<_, _>>()?, is_negated })
        }
        "=" | "==" | "!=" => match word(right)? {
            Some(value) => Ok(Comparison::Equals { value, is_negated }),
            None => Ok(Comparison::Matches(pattern(unquoted(right)?, is_negated)?)),
        },
        _ => {
            let Some(Word::Number(bound)) = word(right)? else {
                let right = quoted(right);
                return Err(format!("{operator} compares with a number, not with {right}").into());
            };
            Ok(Comparison::Compares {
                range: match operator {
                    "<" => i128::MIN..=bound.saturating_sub(1),
                    "<=" => i128::MIN..=bound,
                    ">" => bound.saturating_add(1)..=i128::MAX,
                    _ => bound..=i128::MAX,
                },
            })
        }
    }
}

fn bit(text: &str) -> Result<Word, Problem> {
    word(text)?.ok_or_else(|| {
        format!("{} is not a flag, expected names or numbers: O_CREAT|O_TRUNC", quoted(text)).into()
    })
}

/// Parses a number or the name of a constant; `None` for anything else, which is a string.
fn word(text: &str) -> Result<Option<Word>, Problem> {
    let begins_as_number = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    if begins_as_number {
        return integer(text).map(|number| Some(Word::Number(number)));
    }
    let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_name =
        text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(is_capital);
    if !is_name && text.contains('|') && !text.starts_with(['"', '\'', '/']) {
        return Err(format!("{} are flags; compare them with & or !&", quoted(text)).into());
    }
    Ok(is_name.then(|| Word::Name(text.to_owned())))
}

/// Parses a number: decimal, `0x`, `0o`.
fn integer(text: &str) -> Result<i128, Problem> {
    let (digits, sign) = text.strip_prefix('-').map_or((text, 1), |digits| (digits, -1));
    let (digits, radix) = match digits.split_at_checked(2) {
        Some(("0x" | "0o", "")) => return Err(format!("{} has no digits", quoted(text)).into()),
        Some(("0x", digits)) => (digits, 16),
        Some(("0o", digits)) => (digits, 8),
        Some((octal, _)) if octal.starts_with('0') => {
            let meant = format!("0o{}", digits.trim_start_matches('0'));
            let problem = format!("{} is ambiguous; an octal number begins with 0o", quoted(text));
            return Err(Problem::from(problem).meant(Some(meant)));
        }
        _ => (digits, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    let number = i128::from_str_radix(digits, radix).ok().filter(|_| is_number);
    // The registers of a call have 64 bits.
    let fits = number.filter(|number| *number <= u64::MAX.into());
    fits.map(|number| sign * number)
        .ok_or_else(|| format!("{} is not a 64-bit number", quoted(text)).into())
}

/// Returns the text without its quotes, if it has some.
fn unquoted(text: &str) -> Result<&str, Problem> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let whole = rest.strip_suffix(quote);
            return whole.ok_or_else(|| {
                format!("the closing {quote} is missing in {}", quoted(text)).into()
            });
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::filter::{Part, Pattern};

    fn read(text: &str) -> Comparison {
        let condition = condition(&DeValue::String(text.into())).unwrap();
        assert_eq!(condition.argument, "x");
        condition.comparison
    }

    fn name(text: &str) -> Word {
        Word::Name(text.to_owned())
    }

    #[test]
    fn condition_equals_number_or_constant() {
        let equals = |value, is_negated| Comparison::Equals { value, is_negated };
        assert_eq!(read("x = AT_FDCWD"), equals(name("AT_FDCWD"), false));
        assert_eq!(read("x==-100"), equals(Word::Number(-100), false));
        assert_eq!(read("x != 0o644"), equals(Word::Number(0o644), true));
        assert_eq!(read("x = 0xFFffffffffffffff"), equals(Word::Number(u64::MAX.into()), false));
        assert_eq!(read("x = 0"), equals(Word::Number(0), false));
    }

    #[test]
    fn condition_compares_as_range() {
        let compares = |range| Comparison::Compares { range };
        assert_eq!(read("x >= 4096"), compares(4096..=i128::MAX));
        assert_eq!(read("x > 4096"), compares(4097..=i128::MAX));
        assert_eq!(read("x <= -1"), compares(i128::MIN..=-1));
        assert_eq!(read("x < 0"), compares(i128::MIN..=-1));
    }

    #[test]
    fn condition_masks_bits() {
        let masks =
            |bits: &[Word], is_negated| Comparison::Masks { bits: bits.to_vec(), is_negated };
        assert_eq!(read("x & A|B | 0x10"), masks(&[name("A"), name("B"), Word::Number(16)], false));
        assert_eq!(read("x !& A"), masks(&[name("A")], true));
        assert_eq!(read("x&A"), masks(&[name("A")], false));
    }

    #[test]
    fn condition_matches_string_or_pattern() {
        let matches = |text: &str, part, is_excluded| {
            Comparison::Matches(Pattern { text: text.to_owned(), part, is_excluded })
        };
        assert_eq!(read("x = /etc/*"), matches("/etc/", Part::Begin, false));
        assert_eq!(read("x != \"*.so\""), matches(".so", Part::End, true));
        assert_eq!(read("x = '/a = b'"), matches("/a = b", Part::Whole, false));
        assert_eq!(read("x = \"17\""), matches("17", Part::Whole, false));
        assert_eq!(read("x = tmpfs"), matches("tmpfs", Part::Whole, false));
    }
}
