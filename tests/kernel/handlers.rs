//! The declarations of the handlers, as they are read out of the object.

use tailcalld::handlers::{FieldKind, Role};
use tailcalld::load;

#[test]
fn handlers_are_numbered_from_one() {
    let handlers = load::handlers().expect("the object opens");
    let numbers: Vec<u16> = handlers.iter().map(|handler| handler.id).collect();
    assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<u16>>());
}

#[test]
fn handlers_are_read_from_the_object() {
    let handlers = load::handlers().expect("the object opens");
    let exec = handlers.named("exec").expect("exec");
    assert_eq!(exec.syscalls, ["execve", "execveat"]);
    assert_eq!(exec.summary, "execve, execveat: the program and its arguments");
    let fields: Vec<(&str, FieldKind, Role)> =
        exec.fields.iter().map(|field| (field.name.as_str(), field.kind, field.role)).collect();
    assert_eq!(
        fields,
        [
            ("filename", FieldKind::Text, Role::Program),
            ("argv", FieldKind::Texts, Role::Argv),
            ("argc", FieldKind::Unsigned, Role::ArgvCount),
            ("argv_bytes", FieldKind::Unsigned, Role::ArgvBytes),
            ("dirfd", FieldKind::Dirfd, Role::None),
            ("flags", FieldKind::AtFlags, Role::None),
            ("env", FieldKind::Texts, Role::Env),
            ("ancestors", FieldKind::Processes, Role::Ancestors),
            ("interpreter", FieldKind::Text, Role::Interpreter),
        ]
    );
    assert_eq!(exec.messages.len(), 4);
    assert!(handlers.named("count").expect("count").messages.is_empty());
}
