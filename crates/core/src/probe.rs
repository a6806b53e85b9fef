//! Named points on the way of a command, where a crash test ends the process.

/// Told about every named point that work passes, in the thread that passes it.
///
/// The points of a crate are listed in its own documentation. Production runs [`NoProbe`].
pub trait Probe: Send + Sync + 'static {
    /// Work has come to `point`; it goes on when this returns.
    fn reached(&self, point: &'static str);
}

/// Watches nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn reached(&self, _point: &'static str) {}
}
