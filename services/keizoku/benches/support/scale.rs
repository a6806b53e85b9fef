//! Smaller runs, to try a benchmark out.

/// Environment variable with the part of the full size to run: `0.01`.
const SCALE: &str = "KEIZOKU_BENCH_SCALE";

/// So many at full size, fewer in a smaller run, never none.
pub(crate) fn scaled(full: u64) -> u64 {
    let scale = std::env::var(SCALE).ok().and_then(|text| text.parse().ok());
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size that is rounded anyway"
    )]
    let scaled = (full as f64 * scale.unwrap_or(1.0)) as u64;
    scaled.max(1)
}
