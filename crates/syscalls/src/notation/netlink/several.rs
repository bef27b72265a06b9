//! Values that are a list if there are several: strace prints one without brackets.

/// Writer of such values.
pub struct Several<'a> {
    out: &'a mut String,
    start: usize,
    count: usize,
}

impl<'a> Several<'a> {
    /// Begins at the end of a text.
    pub fn new(out: &'a mut String) -> Self {
        let start = out.len();
        Self { out, start, count: 0 }
    }

    /// Returns the text to which the next value is to be appended.
    pub fn item(&mut self) -> &mut String {
        match self.count {
            0 => {}
            1 => {
                self.out.insert(self.start, '[');
                self.out.push_str(", ");
            }
            _ => self.out.push_str(", "),
        }
        self.count += 1;
        self.out
    }

    /// Ends the list.
    pub fn close(self) {
        if self.count > 1 {
            self.out.push(']');
        }
    }
}
