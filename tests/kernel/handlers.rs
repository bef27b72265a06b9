//! What the object says about its handlers, and that each of them is tested.

use tailcalld::handlers::FieldKind;
use tailcalld::load;

#[test]
fn each_handler_has_a_test_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kernel");
    for handler in load::handlers().expect("the object opens").iter() {
        let file = std::path::Path::new(folder).join(&handler.name).with_extension("rs");
        assert!(file.exists(), "{} is missing", file.display());
    }
}

#[test]
fn declarations_come_through() {
    let handlers = load::handlers().expect("the object opens");
    let names: Vec<&str> = handlers.iter().map(|handler| handler.name.as_str()).collect();
    assert_eq!(names, ["args", "count", "exec", "timer"]);
    let exec = handlers.named("exec").expect("exec");
    assert_eq!(exec.id, 3);
    assert_eq!(exec.syscalls, ["execve", "execveat"]);
    assert_eq!(exec.summary, "execve, execveat: the program and its arguments");
    let fields: Vec<(&str, FieldKind)> =
        exec.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    assert_eq!(
        fields,
        [
            ("filename", FieldKind::Text),
            ("argv", FieldKind::Texts),
            ("argc", FieldKind::Unsigned),
            ("argv_bytes", FieldKind::Unsigned),
            ("dirfd", FieldKind::Dirfd),
            ("flags", FieldKind::AtFlags),
            ("env", FieldKind::Texts),
        ]
    );
    assert_eq!(exec.messages.len(), 2);
    assert!(handlers.named("count").expect("count").messages.is_empty());
}
