//! An event and the end of its call in, the whole event out: its result, what the kernel wrote, and the
//! memory that could not be read at entry. What is still unreadable stays so.

use super::wire::captures;
use super::{Event, Moment, Part, Piece, Return, Status, Value};
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
        self.captures = captures(&self.pieces, self.handler);
        self
    }

    /// The first piece of that kind that could not be read at entry.
    fn fill(&mut self, piece: &Piece<'a>) {
        let same = |known: &&mut Piece<'a>| (known.index, known.part) == (piece.index, piece.part);
        match self.pieces.iter_mut().filter(same).find(|known| !is_readable(known.status)) {
            Some(known) => *known = *piece,
            None => self.pieces.push(*piece),
        }
    }

    /// All arguments of a program that was executed, each with a NUL behind it. The kernel may have put
    /// an interpreter before them; how many there were says where they begin.
    fn fill_vector(&mut self, area: &Piece<'a>) {
        let Value::Bytes(bytes) = area.value else { return };
        let texts = bytes.strip_suffix(&[0]).unwrap_or(bytes).split(|&byte| byte == 0);
        let Some(count) = self.count(area.index) else {
            let all = texts.map(|text| Piece { value: Value::Text(text), ..whole(area) });
            return self.pieces.extend(all);
        };
        let interpreter = texts.clone().count().saturating_sub(count);
        let known = self.pieces.iter_mut().filter(|piece| is_string(piece, area.index));
        for (piece, text) in known.zip(texts.skip(interpreter)) {
            if !is_readable(piece.status) {
                (piece.value, piece.status) = (Value::Text(text), Status::Ok);
            }
        }
    }

    /// How many strings the vector has: as the handler tells, or as there are. `None` if it could not be
    /// read.
    fn count(&self, index: u8) -> Option<usize> {
        let named = |name| self.handler.fields.iter().position(|field| field.name == name);
        let told_by = named("argc").map_or(Some(index), |at| u8::try_from(at).ok())?;
        let told = self.pieces.iter().find_map(|piece| match piece.value {
            Value::Number(count) if piece.index == told_by => Some((count, piece.status)),
            _ => None,
        });
        match told {
            Some((count, Status::Ok)) => usize::try_from(count).ok(),
            Some(_) => None,
            None => Some(self.pieces.iter().filter(|piece| is_string(piece, index)).count()),
        }
    }
}

/// A piece of its own, of the same argument.
fn whole<'a>(area: &Piece<'a>) -> Piece<'a> {
    Piece { part: Part::Whole, status: Status::Ok, ..*area }
}

fn is_string(piece: &Piece<'_>, index: u8) -> bool {
    piece.index == index && piece.part == Part::Whole && matches!(piece.value, Value::Text(_))
}

fn is_readable(status: Status) -> bool {
    !matches!(status, Status::Unreadable { .. })
}
