//! An event and the end of its call in, the whole event out: its result, what the kernel wrote, and the
//! memory that could not be read at entry. What is still unreadable stays so.

use super::{Capture, Event, Moment, Part, Piece, Return, Status, Value};
use crate::config::Results;

impl<'a> Event<'a> {
    /// This event with what its call's return told.
    pub fn returned(mut self, returned: &Return<'a>) -> Self {
        if self.results != Results::None {
            self.end = Some(returned.end);
        }
        self.awaits_memory = false;
        for piece in returned.pieces.iter().filter(|piece| is_readable(piece.status)) {
            match (piece.moment, piece.part) {
                (Moment::Again, Part::Area) => self.fill_vector(piece),
                (Moment::Again, _) => self.fill(piece),
                _ => self.pieces.push(*piece),
            }
        }
        self
    }

    /// The first piece of that kind that could not be read at entry.
    fn fill(&mut self, piece: &Piece<'a>) {
        let field = self.handler.fields.get(usize::from(piece.index));
        let unreadable = self.captures.iter_mut().find(|capture| {
            field.is_some_and(|field| field == capture.field) && !is_readable(capture.status)
        });
        if let Some(capture) = unreadable {
            (capture.value, capture.status) = (piece.value, piece.status);
        }
        let same = |known: &&mut Piece<'a>| (known.index, known.part) == (piece.index, piece.part);
        match self.pieces.iter_mut().filter(same).find(|known| !is_readable(known.status)) {
            Some(known) => *known = *piece,
            None => self.pieces.push(*piece),
        }
    }

    /// All arguments of a program that was executed. The kernel may have put an interpreter before them;
    /// how many there were says where they begin.
    fn fill_vector(&mut self, area: &Piece<'a>) {
        let Value::Bytes(bytes) = area.value else { return };
        let Some(field) = self.handler.fields.get(usize::from(area.index)) else { return };
        let texts = bytes.strip_suffix(&[0]).unwrap_or(bytes).split(|&byte| byte == 0);
        let Some(count) = self.count() else {
            let captures =
                texts.map(|text| Capture { field, value: Value::Text(text), status: Status::Ok });
            return self.captures.extend(captures);
        };
        let interpreter = texts.clone().count().saturating_sub(count);
        let of_field = |capture: &&mut Capture<'a>| capture.field == field;
        let captures = self.captures.iter_mut().filter(of_field).zip(texts.skip(interpreter));
        for (capture, text) in captures.filter(|(capture, _)| !is_readable(capture.status)) {
            (capture.value, capture.status) = (Value::Text(text), Status::Ok);
        }
    }

    /// How many arguments the program got, if that could be read.
    fn count(&self) -> Option<usize> {
        let argc = self.captures.iter().find(|capture| capture.field.name == "argc")?;
        match (argc.value, argc.status) {
            (Value::Number(count), Status::Ok) => usize::try_from(count).ok(),
            _ => None,
        }
    }
}

fn is_readable(status: Status) -> bool {
    !matches!(status, Status::Unreadable { .. })
}
