//! What the process asks of the kernel for its memory.

/// Has this process take memory in small pages. The allocator asks for huge ones, of which each takes 2 MB for whatever is
/// touched first: a process with little to keep is a third larger then, one with a million accounts a quarter, and no faster.
#[cfg(target_os = "linux")]
pub(crate) fn small_pages() {
    // A kernel that knows of no huge ones gives none.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn small_pages() {}
