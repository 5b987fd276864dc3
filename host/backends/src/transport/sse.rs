//! Server-sent events, decoded from bytes as they arrive (WHATWG HTML §9.2.6, "Interpreting an event stream").
//!
//! Only the `data` of an event matters to the providers' protocols; names, ids and comments are read and dropped.
//! The decoder holds whole lines as bytes, so a character or a CRLF may be split anywhere.

/// The largest event that is accepted. The longest real ones (whole tool arguments in one event) stay far below a
/// megabyte; without a bound a broken server could fill the host's memory.
const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// An event grew beyond [`MAX_EVENT_BYTES`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EventTooLarge;

/// Turns bytes into the `data` of events.
#[derive(Debug, Default)]
pub(crate) struct EventDecoder {
    /// The line that is still growing.
    line: Vec<u8>,
    /// The data lines of the event that is still growing, joined by line feeds.
    data: Option<Vec<u8>>,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_carriage_return: bool,
    /// A first line was read: a byte order mark can no longer come.
    past_first_line: bool,
}

impl EventDecoder {
    /// Takes the next bytes and returns the data of every event that they complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<String>, EventTooLarge> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_carriage_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.extend_line(bytes)?;
                break;
            };
            self.extend_line(&bytes[..end])?;
            self.after_carriage_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            events.extend(self.end_line());
        }
        Ok(events)
    }

    /// The data of an event that the stream's end left without its closing empty line. The standard drops it; some
    /// servers end right after `data: [DONE]`, so the caller decides whether it is whole.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let dispatched = if self.line.is_empty() {
            None
        } else {
            self.end_line()
        };
        dispatched.or_else(|| self.dispatch())
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        let held = self.line.len() + self.data.as_ref().map_or(0, Vec::len);
        if held + bytes.len() > MAX_EVENT_BYTES {
            return Err(EventTooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        if field == b"data" {
            self.extend_data(value.strip_prefix(b" ").unwrap_or(value));
        }
        None
    }

    fn extend_data(&mut self, value: &[u8]) {
        match &mut self.data {
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            None => self.data = Some(value.to_vec()),
        }
    }

    fn dispatch(&mut self) -> Option<String> {
        self.data
            .take()
            .map(|data| String::from_utf8_lossy(&data).into_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> Vec<String> {
        let mut decoder = EventDecoder::default();
        let mut events = decoder.feed(bytes).expect("within the bound");
        events.extend(decoder.finish());
        events
    }

    #[test]
    fn lines_may_end_in_lf_crlf_or_cr() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = format!("data: one{end}{end}data: two{end}{end}");
            assert_eq!(
                decode(stream.as_bytes()),
                ["one", "two"],
                "line end {end:?}"
            );
        }
    }

    #[test]
    fn comments_other_fields_and_a_byte_order_mark_are_dropped() {
        let stream = "\u{feff}: keep-alive\nevent: x\nid: 7\nretry: 3\ndata:{}\n\n:\n\n";
        assert_eq!(decode(stream.as_bytes()), ["{}"]);
    }

    #[test]
    fn data_lines_of_one_event_are_joined_by_line_feeds() {
        assert_eq!(decode(b"data: a\ndata:  b\ndata\n\n"), ["a\n b\n"]);
    }

    #[test]
    fn an_event_that_the_end_left_open_is_handed_out_last() {
        assert_eq!(decode(b"data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
        assert_eq!(decode(b"data: a\n\ndata: [DONE]\n"), ["a", "[DONE]"]);
    }

    #[test]
    fn an_endless_event_is_refused_instead_of_filling_memory() {
        let mut decoder = EventDecoder::default();
        let piece = vec![b'x'; 1024 * 1024];
        let outcome = (0..17).try_for_each(|_| decoder.feed(&piece).map(drop));
        assert_eq!(outcome, Err(EventTooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_split_anywhere_give_the_events_of_the_whole(
            bytes in proptest::collection::vec(prop_oneof![
                Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), any::<u8>(),
            ], 0..60),
            prefix in prop_oneof![Just(""), Just("data: é\r\n"), Just("\u{feff}data:x\n\n")],
            cut in any::<prop::sample::Index>(),
        ) {
            let stream = [prefix.as_bytes(), &bytes].concat();
            let cut = cut.index(stream.len() + 1);
            let mut decoder = EventDecoder::default();
            let mut events = decoder.feed(&stream[..cut]).unwrap();
            events.extend(decoder.feed(&stream[cut..]).unwrap());
            events.extend(decoder.finish());
            prop_assert_eq!(events, decode(&stream));
        }
    }
}
