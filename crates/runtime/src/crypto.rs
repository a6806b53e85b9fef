//! One crypto provider for everything that speaks TLS.

/// Makes ring the process's provider, for libraries that ask the process for one. Whoever was first
/// stays, and there is no other in the dependency tree.
pub fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
