//! Handlers in objects of their own, compiled as others compile theirs: with clang and the SDK alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of objects that were compiled before, one for each variant: guests have no compiler.
const COMPILED: &str = "TAILCALLD_TEST_OBJECTS";

/// Variants of the handler: name, file, macros.
const VARIANTS: &str = include_str!("../fixtures/handlers/variants.tsv");

/// Returns the folder of the handlers of a configuration, made if it is missing.
pub fn folder(config: &Path) -> PathBuf {
    let folder = config.with_extension("").join("handlers");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Puts a variant of `tests/fixtures/handlers/variants.tsv` into a folder, as a whole; returns its path.
pub fn install(variant: &str, folder: &Path) -> PathBuf {
    let (file, macros) = row(variant);
    let (new, path) = (folder.join("new"), folder.join(format!("{file}.bpf.o")));
    match std::env::var_os(COMPILED) {
        Some(compiled) => {
            let from = Path::new(&compiled).join(format!("{variant}.bpf.o"));
            fs::copy(&from, &new).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
        None => compile(&macros, &new),
    }
    fs::rename(new, &path).expect("a name");
    path
}

/// Returns file and macros of a variant.
fn row(variant: &str) -> (String, Vec<String>) {
    let rows = VARIANTS.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let row = rows.into_iter().find(|row| row[0] == variant);
    let row = row.unwrap_or_else(|| panic!("no variant {variant}"));
    let macros = format!(" {}", row[2]);
    let macros = macros.split(" -D").skip(1).map(|one| format!("-D{one}"));
    (row[1].to_owned(), macros.collect())
}

fn compile(macros: &[String], to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let clang = std::env::var_os("CLANG").unwrap_or_else(|| "clang".into());
    let mut clang = Command::new(clang);
    clang.args(["-O2", "-g", "-target", "bpf", "-I"]).arg(root.join("sdk")).args(macros);
    clang.arg("-c").arg(root.join("tests/fixtures/handlers/removed.bpf.c")).arg("-o").arg(to);
    let done = clang.output().expect("clang starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
