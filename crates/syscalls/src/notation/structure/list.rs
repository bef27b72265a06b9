//! Items that are separated by commas.

/// Writer of a list.
pub struct List<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> List<'a> {
    /// Begins a list.
    pub fn open(bracket: &str, out: &'a mut String) -> Self {
        out.push_str(bracket);
        Self { out, is_empty: true }
    }

    /// Returns the text to which the next item is to be appended.
    pub fn item(&mut self) -> &mut String {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push_str(", ");
        }
        self.out
    }

    /// Returns the text to continue the last item.
    pub fn last(&mut self) -> &mut String {
        self.out
    }

    /// Ends the list.
    pub fn close(self, bracket: &str) {
        self.out.push_str(bracket);
    }
}
