//! For the tests of codecs: what is said in a conversation.

use serde_json::Value;

use crate::turn::{Message, NativeTurn, ToolCall};

pub(crate) fn user(content: &str) -> Message {
    Message::User {
        content: content.into(),
    }
}

/// A call with the path `a` as its argument.
pub(crate) fn call(id: &str, name: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: r#"{"path":"a"}"#.into(),
    }
}

pub(crate) fn result(id: &str, content: &str) -> Message {
    Message::Tool {
        call_id: id.into(),
        content: content.into(),
    }
}

/// A turn of the model's, with its form at this API where it has one.
pub(crate) fn assistant(
    content: &str,
    tool_calls: Vec<ToolCall>,
    native: Option<(&str, Value)>,
) -> Message {
    Message::Assistant {
        content: content.into(),
        tool_calls,
        native: native.map(|(api, items)| NativeTurn {
            api: api.into(),
            items,
        }),
    }
}
