//! Compiles `bpf/*.bpf.c` and `bpf/handlers/*.bpf.c`, links them into one object and generates one
//! skeleton from it. `CLANG` chooses the compiler.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use libbpf_cargo::SkeletonBuilder;
use libbpf_rs::Linker;
use libbpf_rs::btf::{Btf, BtfKind, BtfType, TypeId};

const SOURCES: [&str; 2] = ["bpf", "bpf/handlers"];
/// Handlers that stay objects of their own.
const OBJECTS: &str = "bpf/objects";

fn main() {
    println!("cargo:rerun-if-changed=bpf");
    println!("cargo:rerun-if-changed=sdk");
    println!("cargo:rerun-if-env-changed=CLANG");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for source in files(OBJECTS) {
        compile(&source, &out);
    }
    let objects: Vec<PathBuf> = sources().iter().map(|source| compile(source, &out)).collect();
    let object = link(&objects, &out);
    let skeleton = generate(&object, &out);
    fs::write(out.join("types.txt"), type_names(&object)).expect("OUT_DIR can be written");
    let bytes = fs::read(&object).expect("the object that was linked just now");
    println!("cargo:rustc-env=TAILCALLD_OBJECT_STAMP={:016x}", stamp(&bytes));
    println!("cargo:rustc-env=TAILCALLD_LAYOUT_STAMP={:016x}", stamp(types(&skeleton).as_bytes()));
}

/// Returns a number that differs where the bytes do.
fn stamp(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Returns the generated types: two objects with the same ones have the same events, counters and globals.
fn types(skeleton: &Path) -> String {
    let text = fs::read_to_string(skeleton).expect("the skeleton that was generated just now");
    let (_, types) = text.split_once("pub mod types {").expect("types in the skeleton");
    types.split_once("\n    }\n").expect("an end of the types").0.to_owned()
}

/// Returns the names of the object's types, one a line. Those of the kernel are among them.
fn type_names(object: &Path) -> String {
    let types = Btf::from_path(object).expect("types in the object");
    let ids = (1..=types.len() as u32).map(TypeId::from);
    let all = ids.filter_map(|id| types.type_by_id::<BtfType<'_>>(id));
    let named = all.filter(|one| NAMED.contains(&one.kind()));
    let names = named.filter_map(|one| Some(one.name()?.to_string_lossy().into_owned()));
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("\n")
}

/// Kinds of types that libbpf finds in the kernel by their names.
const NAMED: [BtfKind; 5] =
    [BtfKind::Struct, BtfKind::Union, BtfKind::Enum, BtfKind::Enum64, BtfKind::Typedef];

/// In name order: a handler's number follows from it, and builds are reproducible.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::from_iter(SOURCES.into_iter().flat_map(files));
    found.sort();
    found
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("cannot list {folder}: {e}"));
    let paths = entries.map(|entry| entry.expect("a directory entry").path());
    paths.filter(|path| path.to_string_lossy().ends_with(".bpf.c")).collect()
}

fn compile(source: &Path, out: &Path) -> PathBuf {
    let object = out.join(source.file_name().expect("a file")).with_extension("o");
    let mut builder = SkeletonBuilder::new();
    if let Some(clang) = env::var_os("CLANG") {
        builder.clang(clang);
    }
    let args = ["-I", "bpf", "-I", "sdk", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"];
    let paths = prefix_maps(out);
    let args = args.map(OsString::from).into_iter().chain(paths);
    let built = builder.source(source).obj(&object).clang_args(args).build();
    built.unwrap_or_else(|e| panic!("cannot compile {}: {e:#}", source.display()));
    object
}

/// Returns options that keep paths of this machine out of the types: an object, and with it the stamps, does not depend on
/// where it was built.
fn prefix_maps(out: &Path) -> [OsString; 2] {
    let folder =
        env::current_dir().expect("cargo starts build scripts in the folder of the package");
    let folders = [(folder.as_path(), "."), (out, "out")];
    folders.map(|(from, to)| format!("-fdebug-prefix-map={}={to}", from.display()).into())
}

fn link(objects: &[PathBuf], out: &Path) -> PathBuf {
    let linked = out.join("tailcalld.o");
    let mut linker = Linker::new(&linked).expect("the linker opens its output");
    for object in objects {
        linker.add_file(object).unwrap_or_else(|e| panic!("cannot link {}: {e}", object.display()));
    }
    linker.link().expect("the BPF objects link");
    linked
}

fn generate(object: &Path, out: &Path) -> PathBuf {
    let skeleton = out.join("tailcalld.skel.rs");
    let made = SkeletonBuilder::new().obj(object).generate(&skeleton);
    made.unwrap_or_else(|e| panic!("cannot generate the skeleton: {e:#}"));
    skeleton
}
