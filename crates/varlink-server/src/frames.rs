//! Messages in a stream of bytes: each ends with a NUL. The size of a message is bounded.

/// Largest size of a call in bytes, including its NUL.
pub const CALL_MAX: usize = 64 << 10;

const END: u8 = 0;

/// Bytes that were received and not taken yet.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Number of leading bytes that are known to contain no NUL.
    searched: usize,
}

impl Frames {
    /// Returns the number of bytes that may be added; 0 while a message is complete or too large.
    pub fn room(&self) -> usize {
        if self.has_message() { 0 } else { CALL_MAX.saturating_sub(self.bytes.len()) }
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.search();
    }

    /// Returns whether a message is complete.
    pub fn has_message(&self) -> bool {
        self.searched < self.bytes.len()
    }

    /// Returns whether an incomplete message is already larger than a call may be.
    pub fn is_overfull(&self) -> bool {
        !self.has_message() && self.bytes.len() >= CALL_MAX
    }

    /// Takes the next complete message, without its NUL.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if !self.has_message() {
            return None;
        }
        let rest = self.bytes.split_off(self.searched + 1);
        let mut message = std::mem::replace(&mut self.bytes, rest);
        message.truncate(self.searched);
        self.searched = 0;
        self.search();
        Some(message)
    }

    fn search(&mut self) {
        let new = self.bytes.get(self.searched..).unwrap_or_default();
        self.searched += new.iter().position(|&byte| byte == END).unwrap_or(new.len());
    }
}

/// Encodes a message as JSON with a NUL.
///
/// # Errors
/// JSON cannot represent the message: a map has keys that are not strings.
pub fn frame(message: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(END);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::{CALL_MAX, END, Frames};

    fn all(frames: &mut Frames) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| frames.take()).collect()
    }

    proptest! {
        #[test]
        fn take_returns_messages_between_nuls_of_any_pieces(
            messages in vec(vec(1_u8..=255, 0..40), 0..8),
            tail in vec(1_u8..=255, 0..40),
            piece in 1_usize..50,
        ) {
            let mut stream: Vec<u8> = messages.iter().flat_map(|m| [m.as_slice(), &[0]].concat()).collect();
            stream.extend(&tail);
            let (mut frames, mut taken) = (Frames::default(), vec![]);
            for bytes in stream.chunks(piece) {
                frames.push(bytes);
                taken.extend(all(&mut frames));
            }
            assert_eq!((taken, frames.has_message()), (messages, false));
            assert_eq!(frames.room(), CALL_MAX - tail.len());
        }

        #[test]
        fn push_within_room_never_exceeds_size_of_call(pieces in vec((0_usize..30_000, any::<bool>()), 0..20)) {
            let mut frames = Frames::default();
            for (length, has_end) in pieces {
                let mut bytes = vec![b'x'; length];
                bytes.extend(has_end.then_some(END));
                let taken = bytes.len().min(frames.room());
                frames.push(&bytes[..taken]);
                assert!(frames.bytes.len() <= CALL_MAX);
                if frames.room() == 0 && frames.take().is_none() {
                    assert!(frames.is_overfull());
                    return Ok(());
                }
            }
        }
    }

    #[test]
    fn is_overfull_with_one_byte_more_than_largest_call() {
        let mut frames = Frames::default();
        frames.push(&vec![b'x'; CALL_MAX - 1]);
        assert_eq!((frames.room(), frames.is_overfull()), (1, false));
        frames.push(&[0]);
        assert_eq!((frames.room(), frames.is_overfull()), (0, false));
        assert_eq!(frames.take().map(|message| message.len()), Some(CALL_MAX - 1));
        frames.push(&vec![b'x'; CALL_MAX]);
        assert_eq!((frames.room(), frames.is_overfull(), frames.take()), (0, true, None));
    }
}
