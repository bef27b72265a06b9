//! What is told one after the other, with commas between.

/// A list in the making.
pub struct List<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> List<'a> {
    pub fn open(bracket: &str, out: &'a mut String) -> Self {
        out.push_str(bracket);
        Self { out, is_empty: true }
    }

    /// Where the next item goes.
    pub fn item(&mut self) -> &mut String {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push_str(", ");
        }
        self.out
    }

    /// Where the item before goes on.
    pub fn last(&mut self) -> &mut String {
        self.out
    }

    pub fn close(self, bracket: &str) {
        self.out.push_str(bracket);
    }
}
