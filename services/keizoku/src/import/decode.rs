//! Bytes into text: UTF-8 or `Shift_JIS`, decided per file, and strictly.

use encoding_rs::{DecoderResult, SHIFT_JIS};

use super::Unusable;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The text of a file, without its byte order mark.
///
/// A file that is not UTF-8 is `Shift_JIS` as Windows writes it. A byte that is neither refuses the
/// file: text that was guessed would be recorded for good.
pub(super) fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Unusable> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        let advice = "save it as UTF-8 (in Excel: `CSV UTF-8`)";
        return Err(Unusable::new(
            format!("{name}:1:1"),
            "the file is UTF-16",
            advice,
        ));
    }
    let marked = bytes.starts_with(BYTE_ORDER_MARK);
    let bytes = if marked {
        bytes[BYTE_ORDER_MARK.len()..].to_vec()
    } else {
        bytes
    };
    let not_utf_8 = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let valid_up_to = not_utf_8.utf8_error().valid_up_to();
    let bytes = not_utf_8.into_bytes();
    if marked {
        return Err(bad_byte(
            name,
            &bytes,
            valid_up_to,
            "UTF-8, as which the file is marked",
        ));
    }
    match shift_jis(&bytes) {
        Ok(text) => Ok(text),
        // The encoding that gets further is more likely the one that was meant.
        Err(offset) => {
            let offset = offset.max(valid_up_to);
            Err(bad_byte(name, &bytes, offset, "UTF-8 or Shift_JIS"))
        }
    }
}

/// The text, or the offset of the first byte that is not `Shift_JIS`.
fn shift_jis(bytes: &[u8]) -> Result<String, usize> {
    let mut decoder = SHIFT_JIS.new_decoder_without_bom_handling();
    let room = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .unwrap_or(bytes.len() * 3);
    let mut text = String::with_capacity(room);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (DecoderResult::OutputFull, read) => Err(read),
        (DecoderResult::Malformed(length, after), read) => {
            Err(read.saturating_sub(usize::from(length) + usize::from(after)))
        }
    }
}

fn bad_byte(name: &str, bytes: &[u8], offset: usize, encoding: &str) -> Unusable {
    let before = &bytes[..offset.min(bytes.len())];
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |place| place + 1);
    let line = before.split(|byte| *byte == b'\n').count();
    let this_line = &before[line_start..];
    let column = match std::str::from_utf8(this_line) {
        Ok(text) => text.chars().count(),
        Err(_) => SHIFT_JIS
            .decode_without_bom_handling(this_line)
            .0
            .chars()
            .count(),
    } + 1;
    let byte = bytes.get(offset).copied().unwrap_or_default();
    Unusable::new(
        format!("{name}:{line}:{column}"),
        format!("the byte 0x{byte:02X} is not {encoding}"),
        "export the file again as UTF-8, or mend it there",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, String> {
        decode("file.csv", bytes.to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_same_text_in_three_encodings() {
        let expected = "Id,Note\n2,\"髙島\n㈱～表示ソ\"";
        assert_eq!(text(expected.as_bytes()).unwrap(), expected);
        assert_eq!(
            text(&[BYTE_ORDER_MARK, expected.as_bytes()].concat()).unwrap(),
            expected
        );
        let (encoded, _, failed) = SHIFT_JIS.encode(expected);
        assert!(!failed);
        assert_eq!(text(&encoded).unwrap(), expected);
    }

    #[test]
    fn a_bad_byte_is_named_with_line_and_column() {
        let message = text(
            "一行目\n二行\u{0}"
                .as_bytes()
                .iter()
                .copied()
                .chain([0xE3, 0x28])
                .collect::<Vec<_>>()
                .as_slice(),
        );
        assert!(
            message
                .unwrap_err()
                .starts_with("file.csv:2:4: the byte 0xE3 is not UTF-8 or Shift_JIS")
        );
        let message = text(b"\xEF\xBB\xBFab\ncd\xFFe").unwrap_err();
        assert!(
            message.starts_with("file.csv:2:3: the byte 0xFF is not UTF-8, as which"),
            "{message}"
        );
        assert!(text(b"\xFF\xFEI\0d\0").unwrap_err().contains("UTF-16"));
    }
}
