//! Page tokens: opaque, and bound to the filter and order that they were made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keizoku_proto::common::ErrorReason;
use sha2::{Digest as _, Sha256};
use tonic::Code;

use crate::{Failure, Violations};

/// Entries on a page unless asked otherwise.
pub const DEFAULT_SIZE: i32 = 50;
/// Entries on a page at most.
pub const MAX_SIZE: i32 = 1_000;

/// A page that somebody asks for.
#[derive(Debug, Clone)]
pub struct Page {
    /// Entries wanted.
    pub size: usize,
    /// Entries to skip.
    pub offset: usize,
    binding: [u8; 8],
}

impl Page {
    /// Reads size and token; `binding` is everything of the request that selects and orders. Its
    /// type tells apart questions of different lists that select nothing.
    ///
    /// # Errors
    /// When the size is negative or too large, or the token belongs to another question.
    pub fn of<B: prost::Message>(size: i32, token: &str, binding: &B) -> Result<Self, Failure> {
        let mut violations = Violations::new();
        if !(0..=MAX_SIZE).contains(&size) {
            violations.add(
                "page_size",
                format!("must be between 0 (default) and {MAX_SIZE}"),
            );
        }
        violations.check()?;
        let mut bytes = std::any::type_name::<B>().as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(&binding.encode_to_vec());
        let digest = Sha256::digest(bytes);
        let mut bound = [0; 8];
        bound.copy_from_slice(&digest[..8]);
        let offset = if token.is_empty() {
            0
        } else {
            offset_of(token, bound)?
        };
        let size = if size == 0 { DEFAULT_SIZE } else { size };
        Ok(Self {
            size: usize::try_from(size).unwrap_or(1),
            offset,
            binding: bound,
        })
    }

    /// Token of the page after this one; empty when `total` ends here.
    #[must_use]
    pub fn next(&self, total: usize) -> String {
        let offset = self.offset + self.size;
        if offset >= total {
            return String::new();
        }
        let mut bytes = self.binding.to_vec();
        bytes.extend_from_slice(&(offset as u64).to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn offset_of(token: &str, binding: [u8; 8]) -> Result<usize, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let parts = bytes.split_first_chunk::<8>();
    let offset = parts.and_then(|(bound, rest)| {
        let offset = u64::from_be_bytes(rest.try_into().ok()?);
        (*bound == binding).then_some(usize::try_from(offset).ok()?)
    });
    offset.ok_or_else(|| {
        let message = "the page token belongs to another filter or order; start without one";
        Failure::new(
            Code::InvalidArgument,
            ErrorReason::PageTokenMismatch,
            message,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_is_bound_to_its_question() {
        let first = Page::of(10, "", &"east".to_owned()).ok();
        let token = first.map(|page| page.next(25)).unwrap_or_default();
        let second = Page::of(10, &token, &"east".to_owned()).ok();
        assert_eq!(second.as_ref().map(|page| page.offset), Some(10));
        assert!(Page::of(10, &token, &"west".to_owned()).is_err());
        assert!(Page::of(10, &token, &b"east".to_vec()).is_err());
        assert!(Page::of(10, "nonsense", &"east".to_owned()).is_err());
        assert_eq!(second.map(|page| page.next(20)), Some(String::new()));
        assert!(Page::of(-1, "", &String::new()).is_err());
    }
}
