//! Appearance of characters beyond ASCII. The properties are those of Unicode, looked up once per 256
//! characters and kept, so that a text of any script costs about as much as one of ASCII.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Effect of a character on the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appearance {
    /// Invisible, ambiguous, or able to change the order of the line: never printed.
    Escaped,
    /// Punctuation or a symbol.
    Symbol,
    /// A letter or digit, which marks may follow.
    Letter,
    /// A mark that joins the character before it.
    Mark,
}

/// Letters, marks and symbols by their Unicode category that are blank on the screen.
const BLANK: [RangeInclusive<char>; 13] = [
    '\u{34f}'..='\u{34f}',     // combining grapheme joiner
    '\u{115f}'..='\u{1160}',   // Hangul fillers
    '\u{17b4}'..='\u{17b5}',   // Khmer inherent vowels
    '\u{180b}'..='\u{180f}',   // Mongolian variation selectors
    '\u{2800}'..='\u{2800}',   // Braille without a dot
    '\u{3164}'..='\u{3164}',   // Hangul filler
    '\u{fe00}'..='\u{fe0f}',   // variation selectors
    '\u{ffa0}'..='\u{ffa0}',   // half-width Hangul filler
    '\u{13441}'..='\u{13446}', // blank hieroglyphs
    '\u{16fe4}'..='\u{16fe4}', // Khitan filler
    '\u{1bca0}'..='\u{1bca3}', // shorthand format controls
    '\u{1d159}'..='\u{1d159}', // musical null notehead
    '\u{e0000}'..='\u{e0fff}', // tags, further variation selectors
];

/// Blocks that Unicode reserves for scripts written from right to left, assigned or not (the defaults of
/// `DerivedBidiClass.txt`). One such letter can reorder the rest of the line.
const RIGHT_TO_LEFT: [RangeInclusive<char>; 5] = [
    '\u{590}'..='\u{8ff}',
    '\u{fb1d}'..='\u{fdff}',
    '\u{fe70}'..='\u{feff}',
    '\u{10800}'..='\u{10fff}',
    '\u{1e800}'..='\u{1efff}',
];

/// Characters that look like `"` or `\`, so like the end of the quoted string or an escape in it.
const LIKE_QUOTES: [RangeInclusive<char>; 16] = [
    '\u{a8}'..='\u{a8}',
    '\u{2ba}'..='\u{2ba}',
    '\u{2dd}'..='\u{2dd}',
    '\u{2ee}'..='\u{2ee}',
    '\u{1cd3}'..='\u{1cd3}',
    '\u{201c}'..='\u{201f}',
    '\u{2033}'..='\u{2036}',
    '\u{2216}'..='\u{2216}',
    '\u{275d}'..='\u{275e}',
    '\u{27cd}'..='\u{27cd}',
    '\u{29f5}'..='\u{29f9}',
    '\u{3003}'..='\u{3003}',
    '\u{301d}'..='\u{301f}',
    '\u{fe68}'..='\u{fe68}',
    '\u{ff02}'..='\u{ff02}',
    '\u{ff3c}'..='\u{ff3c}',
];

/// Planes that have visible characters; the others are unassigned, for tags or for private use.
const PLANES: usize = 4;

/// Characters of one page.
const PAGE: usize = 256;

/// Appearances of a page.
type Page = [Appearance; PAGE];

static PAGES: [OnceLock<Page>; PLANES * 0x1_0000 / PAGE] =
    [const { OnceLock::new() }; PLANES * 0x1_0000 / PAGE];

/// Returns the appearance of the character beyond ASCII with that number.
#[inline(always)]
pub fn appearance(number: u32) -> Appearance {
    let [at, ..] = number.to_le_bytes();
    let Some(page) = PAGES.get(number as usize / PAGE) else { return Appearance::Escaped };
    let page = page.get_or_init(|| classify(number - u32::from(at)));
    page.get(usize::from(at)).copied().unwrap_or(Appearance::Escaped)
}

/// Returns the appearances of a page by the number of its first character.
fn classify(first: u32) -> Page {
    let mut numbers = first..;
    [(); PAGE]
        .map(|()| numbers.next().and_then(char::from_u32).map_or(Appearance::Escaped, look_up))
}

fn look_up(c: char) -> Appearance {
    let is_in = |ranges: &[RangeInclusive<char>]| ranges.iter().any(|range| range.contains(&c));
    if is_in(&BLANK) || is_in(&RIGHT_TO_LEFT) || is_in(&LIKE_QUOTES) {
        return Appearance::Escaped;
    }
    match c.general_category_group() {
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number => Appearance::Letter,
        GeneralCategoryGroup::Mark => Appearance::Mark,
        GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol => Appearance::Symbol,
        GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other => Appearance::Escaped,
    }
}
