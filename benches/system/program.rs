//! The benchmark's own BPF programs, compiled when they are needed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use libbpf_rs::{Link, Object, ObjectBuilder, ProgramInput};

/// A program that does nothing, on every syscall, until dropped.
pub struct Empty {
    _link: Link,
    _object: Object,
}

impl Empty {
    pub fn attach() -> Result<Self> {
        let object = compile("empty.bpf.c")?;
        let program = object.progs_mut().next().context("no program in empty.bpf.c")?;
        let link = program.attach().context("failed to attach the empty program")?;
        Ok(Self { _link: link, _object: object })
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
