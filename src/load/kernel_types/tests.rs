use std::collections::BTreeSet;

use libbpf_rs::btf::types::{Composite, Enum};
use libbpf_rs::btf::{Btf, HasSize as _};

use super::*;

/// Returns names and offsets of the members of a structure.
fn members(types: &Btf<'_>, name: &str) -> Vec<(String, String)> {
    let structure = types.type_by_name::<Composite<'_>>(name).expect("the structure");
    let member = |one: libbpf_rs::btf::types::CompositeMember<'_>| {
        let name = one.name.unwrap_or_default().to_string_lossy().into_owned();
        (name, format!("{:?}", one.attr))
    };
    structure.iter().map(member).collect()
}

fn values(types: &Btf<'_>, name: &str) -> BTreeSet<(String, i64)> {
    let values = types.type_by_name::<Enum<'_>>(name).expect("the enum");
    let value = |one: libbpf_rs::btf::types::EnumMember<'_>| {
        (one.name.unwrap_or_default().to_string_lossy().into_owned(), one.value)
    };
    values.iter().map(value).collect()
}

/// The kernel's types as libbpf reads them, and the excerpt.
fn both() -> Option<(Btf<'static>, Btf<'static>)> {
    let whole = Btf::from_path(SOURCE).ok()?;
    let excerpt = KernelTypes::get().expect("an excerpt");
    Some((whole, Btf::from_path(excerpt.path()).expect("types that libbpf reads")))
}

#[test]
fn excerpt_has_members_and_values_of_named_types() {
    let Some((whole, excerpt)) = both() else { return };
    for name in ["task_struct", "dentry", "inode", "upid", "thread_info", "sock_common"] {
        assert_eq!(members(&excerpt, name), members(&whole, name), "{name}");
    }
    assert_eq!(values(&excerpt, "bpf_func_id"), values(&whole, "bpf_func_id"));
}

#[test]
fn excerpt_has_sizes_of_embedded_types_and_no_others() {
    let Some((whole, excerpt)) = both() else { return };
    assert!(excerpt.len() < whole.len() / 20, "{} of {}", excerpt.len(), whole.len());
    // A member of task_struct, and one that only a pointer leads to.
    let size =
        |types: &Btf<'_>, name| types.type_by_name::<Composite<'_>>(name).map(|one| one.size());
    assert_eq!(size(&excerpt, "sched_entity"), size(&whole, "sched_entity"));
    assert!(size(&excerpt, "sched_entity").is_some());
    assert_eq!(size(&excerpt, "sighand_struct"), None);
}

#[test]
fn structure_is_number_in_kernel() {
    let Some((whole, _)) = both() else { return };
    let task = whole.type_by_name::<Composite<'_>>("task_struct").expect("the structure");
    let types = KernelTypes::get().expect("an excerpt");
    assert_eq!(types.structure("task_struct"), u32::from(task.type_id()));
    assert_eq!(types.structure("no_such_structure"), 0);
}

#[test]
fn types_that_are_cut_off_are_refused() {
    let Ok(bytes) = fs::read(SOURCE) else { return };
    for length in [0, 1, 23, 24, bytes.len() / 2, bytes.len() - 1] {
        assert!(Types::read(&bytes[..length]).is_err(), "{length} bytes");
    }
    let mut unknown = bytes;
    // The kind of the first type.
    unknown[24 + 7] = 0x1f;
    assert!(Types::read(&unknown).is_err());
}
