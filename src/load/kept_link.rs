//! Links that the service manager keeps as well: a link ends when the last descriptor of it does.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use libbpf_rs::{Link, ProgramMut};

use crate::bpf;
use crate::fd_store::FdStore;

/// Prefixes of the names in the store. The names of links and programs end in a number.
const LINK: &str = "link.";
const PROGRAM: &str = "program.";

/// A link, and the name under which it is kept. Dropping it detaches the program.
#[derive(Debug)]
pub(super) struct KeptLink {
    name: String,
    fd: LinkFd,
    /// Name and descriptor of a program that only this link runs. The descriptor of an adopted one is the keeper's.
    program: Option<(String, Option<OwnedFd>)>,
    store: FdStore,
}

#[derive(Debug)]
enum LinkFd {
    Made(Link),
    Bare(OwnedFd),
}

impl LinkFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Made(link) => link.as_fd(),
            Self::Bare(fd) => fd.as_fd(),
        }
    }
}

/// Keeps the links of this daemon, and the programs that they run, under names that nothing else has.
#[derive(Debug)]
pub(super) struct LinkKeeper {
    store: FdStore,
    next: Cell<u32>,
    /// Programs of this daemon that are kept.
    kept: RefCell<BTreeSet<String>>,
    /// Programs of the daemons before it that links may still run, by program.
    adopted: BTreeMap<String, Vec<OwnedFd>>,
}

impl LinkKeeper {
    /// Takes the programs of the daemons before this one.
    pub fn new(store: &FdStore) -> Self {
        let names = store.names();
        let number = |name: &String| name.rsplit_once('.').and_then(|(_, end)| end.parse().ok());
        let next = names.iter().filter_map(number).max().map_or(0, |last: u32| last + 1);
        let mut adopted: BTreeMap<String, Vec<OwnedFd>> = BTreeMap::new();
        for (program, name) in
            names.iter().filter_map(|name| Some((program_of(name, PROGRAM)?, name)))
        {
            adopted.entry(program.to_owned()).or_default().extend(store.take(name));
        }
        Self { store: store.clone(), next: Cell::new(next), kept: RefCell::default(), adopted }
    }

    /// Keeps a new link of a program.
    pub fn keep(&self, program: &ProgramMut<'_>, link: Link) -> KeptLink {
        self.keep_link(program, LinkFd::Made(link))
    }

    /// Keeps a new link of a program that libbpf knows nothing of.
    pub fn keep_bare(&self, program: &ProgramMut<'_>, link: OwnedFd) -> KeptLink {
        self.keep_link(program, LinkFd::Bare(link))
    }

    fn keep_link(&self, program: &ProgramMut<'_>, fd: LinkFd) -> KeptLink {
        let name = program.name().to_string_lossy().into_owned();
        let number = self.next.replace(self.next.get() + 1);
        if self.kept.borrow_mut().insert(name.clone()) {
            self.store.put(&format!("{PROGRAM}{name}.{number}"), program.as_fd());
        }
        let name = format!("{LINK}{name}.{number}");
        self.store.put(&name, fd.as_fd());
        KeptLink { name, fd, program: None, store: self.store.clone() }
    }

    /// Keeps a new link together with the copy of a program that it runs.
    pub fn keep_copy(&self, program: &str, copy: OwnedFd, link: OwnedFd) -> KeptLink {
        let number = self.next.replace(self.next.get() + 1);
        let of_copy = format!("{PROGRAM}{program}.{number}");
        self.store.put(&of_copy, copy.as_fd());
        let name = format!("{LINK}{program}.{number}");
        self.store.put(&name, link.as_fd());
        let program = Some((of_copy, Some(copy)));
        KeptLink { name, fd: LinkFd::Bare(link), program, store: self.store.clone() }
    }

    /// Takes the links of a program that the previous daemon left.
    pub fn adopt(&self, program: &str) -> Vec<KeptLink> {
        let names = self.store.names().into_iter();
        let names = names.filter(|name| program_of(name, LINK) == Some(program));
        let adopt = |name: String| {
            let fd = LinkFd::Bare(self.store.take(&name)?);
            Some(KeptLink { name, fd, program: None, store: self.store.clone() })
        };
        names.filter_map(adopt).collect()
    }

    /// Returns the programs of earlier daemons under a name.
    pub fn adopted_programs(&self, program: &str) -> &[OwnedFd] {
        self.adopted.get(program).map_or(&[], Vec::as_slice)
    }
}

/// Returns the program in a name such as `link.sys_enter.3`.
fn program_of<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    name.strip_prefix(prefix)?.rsplit_once('.').map(|(program, _)| program)
}

/// Returns how often the kernel skipped one of these programs, which a descriptor in the store is of or has a link of.
pub(super) fn misses_of(programs: &[&str], name: &str, fd: BorrowedFd<'_>) -> u64 {
    let is_of = |prefix| program_of(name, prefix).is_some_and(|one| programs.contains(&one));
    let of_program = if is_of(PROGRAM) { bpf::recursion_misses(fd).unwrap_or(0) } else { 0 };
    let of_link = if is_of(LINK) { bpf::link_misses(fd).unwrap_or(0) } else { 0 };
    of_program + of_link
}

impl KeptLink {
    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes an adopted link the owner of the program that only it runs.
    pub fn with_copy(mut self) -> Self {
        let copy = program_of(&self.name, LINK).and_then(|_| self.name.strip_prefix(LINK));
        self.program = copy.map(|copy| (format!("{PROGRAM}{copy}"), None));
        self
    }

    /// Returns the runs that the kernel skipped at functions, which it counts since Linux 6.7 for all of a link, and
    /// since 5.12 for a program of its own; 0 before.
    pub fn misses(&self) -> u64 {
        let of_copy = match &self.program {
            Some((_, Some(program))) => bpf::recursion_misses(program.as_fd()).unwrap_or(0),
            _ => 0,
        };
        bpf::link_misses(self.fd.as_fd()).unwrap_or(0) + of_copy
    }

    fn remove(&self) {
        self.store.remove(&self.name);
        if let Some((program, _)) = &self.program {
            self.store.remove(program);
        }
    }
}

/// Detaches several links at once.
pub(super) fn detach(links: Vec<KeptLink>) {
    let Some(store) = links.first().map(|link| link.store.clone()) else { return };
    links.iter().for_each(KeptLink::remove);
    store.wait();
}

impl Drop for KeptLink {
    fn drop(&mut self) {
        self.remove();
    }
}
