//! Objects of handlers that are faulty, damaged or hostile: each is refused with one clear reason, and what is refused
//! matters only to a route that names it. Needs clang, and no root.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "common/handler_object.rs"]
mod handler_object;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use handler_object::{folder, install};
use tailcalld::config::Trust;
use tailcalld::handlers::Handlers;
use tailcalld::load::handlers_for;
use tailcalld::plan;

/// Variants of the handler, and why each is refused.
const REFUSED: [(&str, &str); 18] = [
    (
        "newer",
        "is built for version 2 of the interface of handlers, this tailcalld has version 1; compile it again with its \
         tailcalld/handler.h",
    ),
    (
        "undeclared",
        "has no declaration (section .rodata.tailcalld): declare the handler with TAILCALLD_HANDLER",
    ),
    ("twice", "has 2 programs, expected one, in SEC(\"tailcalld\")"),
    (
        "kprobe",
        "has a program in the section \"kprobe/do_unlinkat\": all programs of a table are of one type, which the daemon \
         chooses, so that they can call each other; put it into SEC(\"tailcalld\")",
    ),
    ("renamed", "declares the handler \"other\", but the file is called \"removed\""),
    ("capital", "declares the name \"Removed\", expected letters a to z, digits and _"),
    ("unknown_call", "is for the syscall \"unlinkatt\", which does not exist"),
    (
        "control",
        "declares a field's name with characters that are not printable ASCII: \"ver\\nsion\"",
    ),
    ("spaced", "declares the name \"ver sion\", expected letters a to z, digits and _"),
    ("doubled", "declares the field \"at\" twice"),
    ("kind", "declares the field \"version\" with the unknown kind 99"),
    ("brace", "has a message with an open brace: \"Removing {file\""),
    ("no_field", "has a message with {path}, which is none of its fields"),
    (
        "escape",
        "declares a message with characters that are not printable ASCII: \"\\u{1b}[31m{file}\"",
    ),
    ("long_name", "declares its name without a NUL at its end"),
    ("event_bits", "has the member \"bits\" of bits, which is no field"),
    (
        "event_pointer_array",
        "has the member \"all\" of a type that is no field: expected numbers, enumerations, or arrays of bytes or characters",
    ),
    (
        "event_missing",
        "has no structure \"other\", which it names as its event; name it with TAILCALLD_EVENT",
    ),
];

/// Returns the handlers of a configuration that stands alone in a folder.
fn handlers(config: &Path) -> Handlers {
    handlers_for(config, &Trust::of_reader()).unwrap()
}

fn reason(handlers: &Handlers) -> &str {
    let refused: Vec<_> = handlers.refused().collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(handlers.object("removed").is_none());
    &refused[0].reason
}

#[test]
fn faulty_object_is_refused_with_its_reason() {
    for (variant, expected) in REFUSED {
        let temporary = tempfile::tempdir().unwrap();
        let config = temporary.path().join("a.toml");
        install(variant, &folder(&config));
        assert_eq!(reason(&handlers(&config)), expected, "{variant}");
    }
}

#[test]
fn good_object_is_a_handler() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    let path = install("good", &folder(&config));
    let handlers = handlers(&config);
    assert_eq!(handlers.refused().count(), 0);
    let object = handlers.object("removed").unwrap();
    assert_eq!((&object.path, object.sha256.len()), (&path, 64));
    let names: Vec<_> = object.handler.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["at", "file", "version"]);
}

/// Each length of a file that ends too early, and each of its bytes once inverted: it is refused or it is a handler, and
/// nothing panics.
#[test]
fn damaged_object_is_refused_or_the_same() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    let path = install("good", &folder(&config));
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(61) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(reason(&handlers(&config)).starts_with("is no BPF object that libbpf can read ("));
    }
    for at in (0..whole.len()).step_by(37) {
        let mut damaged = whole.clone();
        damaged[at] = !damaged[at];
        fs::write(&path, damaged).unwrap();
        let handlers = handlers(&config);
        let names = handlers.objects().filter(|object| object.handler.name == "removed").count();
        assert_eq!(names + handlers.refused().count(), 1, "byte {at}");
    }
}

#[test]
fn object_that_others_can_write_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    let path = install("good", &folder(&config));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let expected = "is writable by everyone (mode 0666, owner ";
    assert!(reason(&handlers(&config)).starts_with(expected));
}

#[test]
fn refused_object_is_a_fault_of_the_route_that_names_it() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    let path = install("doubled", &folder(&config));
    let faults = |text: &str| {
        fs::write(&config, text).unwrap();
        plan::read(&config, &handlers(&config))
    };
    assert!(faults("[routes]\nunlinkat = \"args\"\n").is_ok(), "no route names it");
    let faults = faults("[routes]\nunlinkat = [\"args\", \"removed\"]\n").unwrap_err();
    let faults: Vec<_> = faults.iter().map(|fault| fault.message.clone()).collect();
    let path = path.display();
    assert_eq!(faults, [format!("handler \"removed\": {path} declares the field \"at\" twice")]);
}

#[test]
fn route_to_handler_without_file_names_where_it_belongs() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    let fault = |handler: &str| {
        fs::write(&config, format!("[routes]\nunlinkat = {handler:?}\n")).unwrap();
        let faults = plan::read(&config, &handlers(&config)).unwrap_err();
        faults.iter().map(|fault| fault.message.clone()).collect::<String>()
    };
    let file = folder(&config).join("my_own.bpf.o");
    let expected = format!("; one of your own would be {}", file.display());
    assert!(fault("my_own").ends_with(&expected), "{}", fault("my_own"));
    // Handlers have no such names.
    assert!(fault("../my_own").ends_with(", none"), "{}", fault("../my_own"));
}

#[test]
fn faulty_chain_is_a_fault_with_its_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    let folder = folder(&config);
    install("good", &folder);
    let plain = (1..=11).map(|number| format!("plain_{number}"));
    let plain = Vec::from_iter(plain.inspect(|name| drop(install(name, &folder))));
    let handlers = handlers(&config);
    let chain = |count: usize| format!("[\"{}\"]", plain[..count].join("\", \""));
    let (ten, eleven) = (chain(10), chain(11));
    let cases = [
        ("unlinkat", ten.as_str(), None),
        (
            "unlinkat",
            &eleven,
            Some(
                "11 handlers follow one another, at most 10 may: the kernel follows 33 tail calls for one call, each of \
                 these takes two, and 13 are left to filters, the first handler and names",
            ),
        ),
        (
            "unlinkat",
            "[\"removed\", \"args\"]",
            Some(
                "handler \"args\" captures the call itself, so it can only be the first of a chain",
            ),
        ),
        (
            "unlinkat",
            "[\"count\", \"removed\"]",
            Some("handler \"count\" records nothing that the handlers behind it could add to"),
        ),
        (
            "unlinkat",
            "[\"removed\", \"removed\"]",
            Some("handler \"removed\" is in the chain twice"),
        ),
        (
            "unlinkat",
            "[\"args\", \"none\"]",
            Some("\"none\" takes syscall \"unlinkat\" out of the table, and stands alone"),
        ),
        (
            "openat",
            "[\"args\", \"removed\"]",
            Some("handler \"removed\" does not support openat, only unlinkat"),
        ),
    ];
    for (syscall, value, expected) in cases {
        fs::write(&config, format!("[routes]\n{syscall} = {value}\n")).unwrap();
        let found = plan::read(&config, &handlers).err();
        let found = found
            .map(|faults| faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>());
        assert_eq!(found, expected.map(|text| vec![text.to_owned()]), "{value}");
    }
}

#[test]
fn pinned_object_of_another_version_is_a_fault() {
    let temporary = tempfile::tempdir().unwrap();
    let config = temporary.path().join("a.toml");
    install("good", &folder(&config));
    let handlers = handlers(&config);
    let sha256 = &handlers.object("removed").unwrap().sha256;
    let read = |sha256: &str| {
        let pin = format!("[handlers]\nremoved = {{ sha256 = \"{sha256}\" }}\n");
        fs::write(&config, format!("{pin}[routes]\nunlinkat = \"removed\"\n")).unwrap();
        plan::read(&config, &handlers)
    };
    assert!(read(sha256).is_ok() && read(&sha256.to_uppercase()).is_ok());
    let faults = read(&"0".repeat(64)).unwrap_err();
    let fault = faults.iter().next().unwrap();
    assert!(fault.message.contains(sha256.as_str()), "{}", fault.message);
    assert_eq!(fault.position.unwrap().line, 2);
}
