//! Black boxes of the kernel: their number, the queues that hold calls and results, and what the daemon does with them.
//! The queues are reached through arrays, which outlive a daemon, by a program of our own.

use std::num::NonZeroUsize;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::sync::atomic::Ordering::{Acquire, SeqCst};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use libbpf_rs::{MapCore, MapFlags, MapHandle, MapType, ProgramInput};

use super::Bpf;
use crate::bpf::types::{black_box, box_size, box_step};
use crate::bpf::{Mapping, OpenTailcalldSkel, TailcalldSkel};

/// Black boxes that an object is loaded with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Boxes {
    /// Number of boxes; 0: none.
    pub units: u32,
    /// Calls that each of them keeps.
    pub calls: u32,
}

/// Contents of a box, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BoxState {
    /// Index of the box.
    pub index: u32,
    /// Cgroup whose calls it has.
    pub cgroup: u64,
    /// Calls that went into it.
    pub calls: u64,
    /// Calls that were taken out.
    pub taken: u64,
    /// Calls that were overwritten, of which a dump has reported.
    pub reported: u64,
}

impl BoxState {
    /// Returns the number of calls that are in a box which keeps so many.
    pub fn held(&self, most: u32) -> u64 {
        self.calls.saturating_sub(self.taken + self.reported).min(most.into())
    }
}

/// Sets the number of boxes. Without any there are no maps, and the verifier removes what programs do with them.
pub(super) fn configure(open: &mut OpenTailcalldSkel<'_>, boxes: Boxes) -> Result<()> {
    let (maps, failed) = (&mut open.maps, "failed to leave out a map");
    let are_there = boxes.units > 0;
    maps.box_calls.set_autocreate(are_there).context(failed)?;
    maps.box_results.set_autocreate(are_there).context(failed)?;
    maps.boxes.set_autocreate(are_there).context(failed)?;
    maps.box_of_cgroup.set_autocreate(are_there).context(failed)?;
    maps.free_boxes.set_autocreate(are_there).context(failed)?;
    let (units, failed) = (boxes.units.max(1), "failed to set the number of black boxes");
    maps.box_calls.set_max_entries(units).context(failed)?;
    maps.box_results.set_max_entries(units).context(failed)?;
    maps.boxes.set_max_entries(units).context(failed)?;
    let rodata = maps.rodata_data.as_deref_mut().context("the BPF object has no constants")?;
    (rodata.box_units, rodata.box_call_count) = (boxes.units, boxes.calls);
    Ok(())
}

/// Makes the queues of all boxes, and offers the boxes to cgroups. An update of an array of maps takes a grace period: so
/// all are made at the same time.
///
/// # Errors
/// Fails if the kernel refuses.
pub(super) fn make(skeleton: &TailcalldSkel<'_>, boxes: Boxes) -> Result<()> {
    if boxes.units == 0 {
        return Ok(());
    }
    let maps = &skeleton.maps;
    let of_calls = (box_size::BOX_CALL_BYTES.0, boxes.calls);
    let of_results = (box_size::BOX_RESULT_BYTES.0, boxes.calls * box_size::BOX_RESULTS.0);
    let arrays = [
        (MapHandle::try_from(&maps.box_calls).context(FAILED)?, of_calls),
        (MapHandle::try_from(&maps.box_results).context(FAILED)?, of_results),
    ];
    thread::scope(|scope| {
        let each = |at| arrays.iter().map(move |(array, size)| (array, at, *size));
        let threads: Vec<_> = (0..boxes.units)
            .flat_map(each)
            .map(|(array, at, size)| scope.spawn(move || put_queue(array, at, size)))
            .collect();
        let join = |one: thread::ScopedJoinHandle<'_, Result<()>>| {
            one.join().map_err(|_| anyhow!(FAILED)).and_then(|result| result)
        };
        threads.into_iter().map(join).collect::<Result<Vec<()>>>()
    })?;
    let free = MapHandle::try_from(&maps.free_boxes).context(FAILED)?;
    (0..boxes.units).try_for_each(|at| {
        free.update(&[], &at.to_ne_bytes(), MapFlags::ANY).context("failed to offer a black box")
    })
}

fn put_queue(array: &MapHandle, at: u32, (bytes, elements): (u32, u32)) -> Result<()> {
    let options = libbpf_sys::bpf_map_create_opts {
        sz: size_of::<libbpf_sys::bpf_map_create_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    let queue = MapHandle::create(MapType::Queue, Some("box"), 0, bytes, elements, &options)
        .with_context(|| format!("{FAILED}: make [blackbox] calls or boxes smaller"))?;
    let fd = queue.as_fd().as_raw_fd().to_ne_bytes();
    array.update(&at.to_ne_bytes(), &fd, MapFlags::ANY).context(FAILED)
}

const FAILED: &str = "failed to make the black boxes";

/// Words of the map `boxes`.
#[derive(Debug)]
pub(super) struct BoxRows {
    words: Mapping,
    rows: u32,
}

const ROW_WORDS: usize = size_of::<black_box>() / size_of::<u64>();

impl BoxRows {
    /// Maps the rows of all boxes.
    ///
    /// # Errors
    /// Fails if the kernel refuses.
    pub fn open(map: BorrowedFd<'_>, units: u32) -> Result<Self> {
        let bytes = units as usize * size_of::<black_box>();
        let bytes = NonZeroUsize::new(bytes).context("no black box")?;
        let words = Mapping::open(map, bytes).context("failed to map the black boxes")?;
        Ok(Self { words, rows: units })
    }

    /// Returns the box of that index; `None` if no cgroup has it.
    fn of(&self, index: u32) -> Option<BoxState> {
        let word = |at: usize| {
            let word = self.words.word(index as usize * ROW_WORDS + at);
            word.map_or(0, |word| word.load(Acquire))
        };
        let cgroup = word(0);
        let state = BoxState { index, cgroup, calls: word(1), taken: word(2), reported: word(3) };
        (cgroup != 0).then_some(state)
    }
}

impl Bpf<'_> {
    /// Returns the black boxes that the object was loaded with.
    pub fn black_boxes(&self) -> Boxes {
        self.rings_of_load.boxes
    }

    /// Returns the boxes that cgroups have.
    pub fn boxes_in_use(&self) -> impl Iterator<Item = BoxState> {
        self.boxes.iter().flat_map(|rows| (0..rows.rows).filter_map(|index| rows.of(index)))
    }

    /// Returns the box of that index, if a cgroup has it.
    pub fn box_at(&self, index: u32) -> Option<BoxState> {
        self.boxes.as_ref().and_then(|rows| rows.of(index))
    }

    /// Takes the oldest call out of a box; `None` if it is empty.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that takes it.
    pub fn take_call(&self, index: u32) -> Result<Option<Vec<u8>>> {
        let is_there = self.serve_box(box_step::BOX_TAKE_CALL, index, 0)?;
        Ok(is_there.then(|| self.shared.box_element(box_size::BOX_CALL_BYTES.0 as usize)))
    }

    /// Takes the oldest result out of a box; `None` if there is none.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that takes it.
    pub fn take_result(&self, index: u32) -> Result<Option<Vec<u8>>> {
        let is_there = self.serve_box(box_step::BOX_TAKE_RESULT, index, 0)?;
        Ok(is_there.then(|| self.shared.box_element(box_size::BOX_RESULT_BYTES.0 as usize)))
    }

    /// Notes that so many overwritten calls of a box are reported.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that does it.
    pub fn report_box(&self, index: u32, overwritten: u64) -> Result<()> {
        self.serve_box(box_step::BOX_REPORT, index, overwritten).map(drop)
    }

    /// Offers a box to other cgroups; it has to be empty.
    ///
    /// # Errors
    /// Fails if the kernel does not run the program that does it.
    pub fn release_box(&self, index: u32) -> Result<()> {
        self.serve_box(box_step::BOX_RELEASE, index, 0).map(drop)
    }

    fn serve_box(&self, step: box_step, index: u32, number: u64) -> Result<bool> {
        let args = [u64::from(step.0), index.into(), number];
        let mut bytes: Vec<u8> = args.iter().flat_map(|arg| arg.to_ne_bytes()).collect();
        let input = ProgramInput { context_in: Some(&mut bytes), ..ProgramInput::default() };
        let program = self.programs.get(&self.skeleton, |programs| &programs.box_serve)?;
        program.test_run(input).context("failed to run the program that reads black boxes")?;
        Ok(self.shared.box_served().load(SeqCst) != 0)
    }
}

/// Opens the rows of the boxes of a loaded object, if it has any.
pub(super) fn rows(skeleton: &TailcalldSkel<'_>, boxes: Boxes) -> Result<Option<BoxRows>> {
    let open = || BoxRows::open(skeleton.maps.boxes.as_fd(), boxes.units);
    (boxes.units > 0).then(open).transpose()
}
