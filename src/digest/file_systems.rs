//! File systems whose files are read without asking anybody: no process that serves it, and no other host, can let the
//! reader wait. Magic numbers are those of linux/magic.h and of the file systems' own headers.

/// Magic numbers of local file systems.
#[rustfmt::skip]
const LOCAL: &[u32] = &[
    0x0000_ef53, // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683e, // btrfs
    0xca45_1a4e, // bcachefs
    0xf2f5_2010, // F2FS
    0x2fc1_2fc1, // ZFS
    0x0102_1994, // tmpfs, memfd
    0x8584_58f6, // ramfs
    0x794c_7630, // overlay
    0x7371_7368, // squashfs
    0xe0f5_e1e2, // EROFS
    0x0000_9660, // ISO 9660
    0x0000_4d44, // FAT
    0x2011_bab0, // exFAT
    0x5265_4973, // reiserfs
    0x3153_464a, // JFS
    0x2405_1905, // UBIFS
];

/// Returns whether the file system of that magic number is local.
pub fn is_local(magic: u32) -> bool {
    LOCAL.contains(&magic)
}
