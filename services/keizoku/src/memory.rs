//! What the process asks of the kernel for its memory.

/// Whether memory that is taken from now on may come in huge pages. The allocator asks for them, and each takes 2 MB for whatever
/// is touched first: a process with little to keep is twice as large then.
#[cfg(target_os = "linux")]
pub(crate) fn huge_pages(wanted: bool) {
    // A kernel that knows of none gives none.
    let _ = rustix::thread::disable_transparent_huge_pages(!wanted);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn huge_pages(_wanted: bool) {}
