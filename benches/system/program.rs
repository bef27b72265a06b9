//! The benchmark's own BPF programs, compiled when they are needed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use libbpf_rs::{Link, Object, ObjectBuilder, ProgramInput};

/// The programs of an object, attached until dropped.
pub struct Programs {
    _links: Vec<Link>,
    _object: Object,
}

impl Programs {
    /// Attaches the programs of a source file to where their sections say.
    pub fn attach(source: &str) -> Result<Self> {
        let object = compile(source)?;
        let links = object
            .progs_mut()
            .map(|program| program.attach().with_context(|| format!("failed to attach {source}")));
        let links = links.collect::<Result<_>>()?;
        Ok(Self { _links: links, _object: object })
    }

    /// A program that does nothing, on every syscall.
    pub fn empty() -> Result<Self> {
        Self::attach("empty.bpf.c")
    }
}

/// Returns whether the calling task has an audit context.
pub fn is_audited() -> Result<bool> {
    let object = compile("audited.bpf.c")?;
    let program = object.progs_mut().next().context("no program in audited.bpf.c")?;
    let mut no_args = [0; 8];
    let input = ProgramInput { context_in: Some(&mut no_args), ..ProgramInput::default() };
    Ok(program.test_run(input)?.return_value == 1)
}

fn compile(source: &str) -> Result<Object> {
    let folder = tempfile::tempdir()?;
    let object = folder.path().join("program.o");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/system").join(source);
    let mut clang = Command::new(std::env::var_os("CLANG").unwrap_or_else(|| "clang".into()));
    clang.args(["-target", "bpf", "-O2", "-g", "-c"]).arg(&source).arg("-o").arg(&object);
    if !clang.status().context("failed to start clang")?.success() {
        bail!("failed to compile {}", source.display());
    }
    let opened = ObjectBuilder::default().open_file(&object)?;
    Ok(opened.load()?)
}
