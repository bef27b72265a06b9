//! Numbers of users and groups by their names.
//!
//! A program that is linked statically asks the files of the machine only. The C library would load the other sources of
//! nsswitch.conf(5) into the process, shared objects made for the C library of the machine, and may crash.

#[cfg(any(test, target_feature = "crt-static"))]
mod files;

#[cfg(target_feature = "crt-static")]
pub(super) use files::{group, user};

/// Returns the number of a user; `None` if there is none of that name.
#[cfg(not(target_feature = "crt-static"))]
pub(super) fn user(name: &str) -> nix::Result<Option<u32>> {
    Ok(nix::unistd::User::from_name(name)?.map(|user| user.uid.as_raw()))
}

/// Returns the number of a group; `None` if there is none of that name.
#[cfg(not(target_feature = "crt-static"))]
pub(super) fn group(name: &str) -> nix::Result<Option<u32>> {
    Ok(nix::unistd::Group::from_name(name)?.map(|group| group.gid.as_raw()))
}
