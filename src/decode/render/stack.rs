//! Stacks of processes: frames as `bpf_get_stack` writes them with BPF_F_USER_BUILD_ID, the innermost first
//! (`struct bpf_stack_build_id` in include/uapi/linux/bpf.h).

use std::fmt::Write as _;

use libbpf_sys::{BPF_STACK_BUILD_ID_EMPTY, BPF_STACK_BUILD_ID_VALID, bpf_stack_build_id};

const FRAME: usize = size_of::<bpf_stack_build_id>();
/// End of the addresses of processes on x86_64 and aarch64 with tables of five levels: no file has such an offset.
const ADDRESSES: u64 = 1 << 56;
const BUILD_ID: std::ops::Range<usize> = 4..24;

/// Returns the frames: `BUILDID+0x1234`, an offset in that file, or `0x7f0012345678`, an address, where the kernel did not
/// find out the file.
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = String> + '_ {
    bytes.chunks_exact(FRAME).map_while(frame)
}

/// Appends all frames, for a sentence.
pub(super) fn append(bytes: &[u8], out: &mut String) {
    for (position, frame) in frames(bytes).enumerate() {
        out.push_str(if position > 0 { "; " } else { "" });
        out.push_str(&frame);
    }
}

/// Returns `None` behind the last frame.
fn frame(bytes: &[u8]) -> Option<String> {
    let status = u32::from_ne_bytes(*bytes.first_chunk()?);
    let place = u64::from_ne_bytes(*bytes.last_chunk()?);
    if status == BPF_STACK_BUILD_ID_EMPTY {
        return None;
    }
    let mut text = String::new();
    if status == BPF_STACK_BUILD_ID_VALID {
        // Shorter ones end with zeros.
        let id = bytes.get(BUILD_ID)?;
        let used = id.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        id.iter().take(used).for_each(|byte| {
            let _ = write!(text, "{byte:02x}");
        });
        text.push('+');
    }
    // Without frame pointers a frame may be any word of the stack, and its offset in a file none.
    if status == BPF_STACK_BUILD_ID_VALID && place >= ADDRESSES {
        text.push('?');
    } else {
        let _ = write!(text, "{place:#x}");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(status: u32, id: &[u8], place: u64) -> Vec<u8> {
        let mut id = id.to_vec();
        id.resize(BUILD_ID.len(), 0);
        [&status.to_ne_bytes()[..], &id, &place.to_ne_bytes()].concat()
    }

    #[test]
    fn frames_end_at_the_first_empty_one() {
        let all = [
            encoded(BPF_STACK_BUILD_ID_VALID, &[0xab, 0x00, 0xcd], 0x1234),
            encoded(2, &[], 0x7f00_1234_5678),
            encoded(BPF_STACK_BUILD_ID_VALID, &[0xab], 0xffff_a9c8_7838_3000),
            encoded(BPF_STACK_BUILD_ID_EMPTY, &[], 0),
            encoded(2, &[], 1),
        ];
        assert_eq!(
            Vec::from_iter(frames(&all.concat())),
            ["ab00cd+0x1234", "0x7f0012345678", "ab+?"]
        );
        assert_eq!(frames(&[1; FRAME - 1]).count(), 0, "no whole frame");
    }
}
