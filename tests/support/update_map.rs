//! Updates a BPF map until it is ended. Beside that, the kernel skips programs at functions on the same CPU
//! (`bpf_disable_instrumentation` in kernel/bpf/syscall.c).

use anyhow::Result;
use libbpf_rs::{MapCore as _, MapFlags, MapHandle, MapType, libbpf_sys};

fn main() -> Result<()> {
    let options = libbpf_sys::bpf_map_create_opts {
        sz: size_of::<libbpf_sys::bpf_map_create_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    let (key, value) = (0_u32.to_ne_bytes(), 0_u64.to_ne_bytes());
    let sizes = (key.len() as u32, value.len() as u32);
    let map = MapHandle::create(MapType::Array, Some("update_map"), sizes.0, sizes.1, 1, &options)?;
    loop {
        map.update(&key, &value, MapFlags::ANY)?;
    }
}
