//! An event and the end of its call in, the whole event out: its result, what the kernel wrote, and the
//! memory that could not be read at entry. What is still unreadable stays so.

use syscalls::{Capture, Moment, Part, Status, Value};

use super::wire::captures;
use super::{Event, Return};

impl<'a> Event<'a> {
    /// This event with what its call's return told.
    pub fn returned(mut self, returned: &Return<'a>) -> Self {
        if self.awaits_result {
            self.end = Some(returned.end);
        }
        self.awaits_memory = false;
        for piece in returned.pieces.iter().filter(|piece| is_readable(piece.status)) {
            match (piece.moment, piece.part) {
                (Moment::Reread, Part::ArgArea) => self.fill_vector(piece),
                (Moment::Reread, _) => self.fill(piece),
                _ => self.pieces.push(*piece),
            }
        }
        self.captures = captures(&self.pieces, self.handler);
        self
    }

    /// The first piece of that kind that could not be read at entry.
    fn fill(&mut self, piece: &Capture<'a>) {
        let same =
            |known: &&mut Capture<'a>| (known.index, known.part) == (piece.index, piece.part);
        match self.pieces.iter_mut().filter(same).find(|known| !is_readable(known.status)) {
            Some(known) => *known = *piece,
            None => self.pieces.push(*piece),
        }
    }

    /// All arguments of a program that was executed, each with a NUL behind it. The kernel may have put
    /// an interpreter before them; how many there were says where they begin.
    fn fill_vector(&mut self, area: &Capture<'a>) {
        let Value::Bytes(bytes) = area.value else { return };
        let texts = bytes.strip_suffix(&[0]).unwrap_or(bytes).split(|&byte| byte == 0);
        let Some(count) = self.count(area.index) else {
            let all = texts.map(|text| Capture { value: Value::Text(text), ..whole(area) });
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
fn whole<'a>(area: &Capture<'a>) -> Capture<'a> {
    Capture { part: Part::Whole, status: Status::Ok, ..*area }
}

fn is_string(piece: &Capture<'_>, index: u8) -> bool {
    piece.index == index && piece.part == Part::Whole && matches!(piece.value, Value::Text(_))
}

fn is_readable(status: Status) -> bool {
    !matches!(status, Status::Unreadable { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::End;
    use crate::output::samples;

    const GONE: Status = Status::Unreadable { errno: 14 };
    const ENTRY: Capture<'static> = Capture {
        index: 1,
        part: Part::Whole,
        moment: Moment::Entry,
        value: Value::Text(b""),
        status: GONE,
    };

    fn returned(pieces: Vec<Capture<'_>>) -> Return<'_> {
        let end = End::Returned { result: 0, duration_ns: 1 };
        Return { tid: 1, entry_ns: 1, end, pieces }
    }

    /// What a call that waits has after its return, by text.
    fn after(entry: Vec<Capture<'static>>, later: Vec<Capture<'static>>) -> Vec<String> {
        let handler = samples::plain_handler();
        let event =
            Event { pieces: entry, awaits_memory: true, ..samples::event(&handler, Vec::new()) };
        let event = event.returned(&returned(later));
        assert!(!event.awaits_memory && event.end.is_none(), "no result was asked for");
        let text = |piece: &Capture<'_>| match piece.value {
            Value::Text(text) if is_readable(piece.status) => {
                String::from_utf8(text.to_vec()).unwrap()
            }
            Value::Number(number) => number.to_string(),
            _ => "?".to_owned(),
        };
        event.pieces.iter().map(text).collect()
    }

    fn text(text: &'static str) -> Capture<'static> {
        Capture { value: Value::Text(text.as_bytes()), status: Status::Ok, ..ENTRY }
    }

    fn area(bytes: &'static [u8]) -> Capture<'static> {
        let (part, moment) = (Part::ArgArea, Moment::Reread);
        Capture { part, moment, value: Value::Bytes(bytes), status: Status::Ok, ..ENTRY }
    }

    #[test]
    fn what_was_unreadable_is_filled_in_its_order() {
        let again = |text: Capture<'static>| Capture { moment: Moment::Reread, ..text };
        let later = vec![again(text("b")), again(text("d"))];
        let entry = vec![text("a"), ENTRY, text("c"), ENTRY];
        assert_eq!(after(entry, later), ["a", "b", "c", "d"]);
        assert_eq!(after(vec![ENTRY], vec![again(ENTRY)]), ["?"]);
    }

    #[test]
    fn arguments_come_out_of_the_new_program() {
        let entry = vec![text("ls"), ENTRY];
        assert_eq!(after(entry.clone(), vec![area(b"ls\0-l\0")]), ["ls", "-l"]);
        // A script: the interpreter, its argument and the script's path precede.
        assert_eq!(after(entry.clone(), vec![area(b"/bin/sh\0-e\0/x\0-l\0")]), ["ls", "-l"]);
        // Of three only two were kept.
        let count = Capture { value: Value::Number(3), status: Status::Ok, ..ENTRY };
        let entry = [entry, vec![count]].concat();
        assert_eq!(after(entry, vec![area(b"ls\0-l\0/tmp\0")]), ["ls", "-l", "3"]);
    }

    #[test]
    fn a_vector_that_could_not_be_read_is_all_that_the_program_got() {
        let cut = Status::Truncated { length: None };
        let count = Capture { value: Value::Number(0), status: cut, ..ENTRY };
        assert_eq!(after(vec![count], vec![area(b"ls\0\0")]), ["0", "ls", ""]);
    }
}
