//! What codecs read out of a conversation before they write it. One rule all providers have: a tool call has its result
//! there.

#[cfg(test)]
pub(crate) mod spoken;

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::turn::{Message, ToolCall};

/// The conversation without tool calls that have no result: the APIs refuse a conversation that holds one. An
/// assistant message of which nothing is left is dropped whole, and one of which something was left out is no longer
/// what its provider wrote.
pub(crate) fn answered_only(messages: &[Message]) -> Vec<Message> {
    let answered: HashSet<&str> = messages
        .iter()
        .filter_map(|message| match message {
            Message::Tool { call_id, .. } => Some(call_id.as_str()),
            _ => None,
        })
        .collect();
    messages
        .iter()
        .filter_map(|message| match message {
            Message::Assistant {
                content,
                tool_calls,
                ..
            } if tool_calls
                .iter()
                .any(|call| !answered.contains(call.id.as_str())) =>
            {
                without_unanswered(content, tool_calls, &answered)
            }
            other => Some(other.clone()),
        })
        .collect()
}

fn without_unanswered(
    content: &str,
    calls: &[ToolCall],
    answered: &HashSet<&str>,
) -> Option<Message> {
    let (kept, dropped): (Vec<_>, Vec<_>) = calls
        .iter()
        .cloned()
        .partition(|call| answered.contains(call.id.as_str()));
    for call in &dropped {
        tracing::warn!(tool = %call.name, id = %call.id, "a tool call without a result was left out of the request");
    }
    let nothing_left = content.is_empty() && kept.is_empty();
    (!nothing_left).then(|| Message::Assistant {
        content: content.to_owned(),
        tool_calls: kept,
        native: None,
    })
}

/// All instructions, for APIs where they stand outside the conversation.
pub(crate) fn instructions(messages: &[Message]) -> Vec<&str> {
    let texts = messages.iter().filter_map(|message| match message {
        Message::System { content } => Some(content.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Arguments as the object that some APIs want. What the model wrote and is none is answered by an error of the tool; in
/// the conversation it is nothing.
pub(crate) fn arguments_object(arguments: &str) -> Value {
    serde_json::from_str(arguments)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}))
}

/// How many tool calls the conversation holds.
pub(crate) fn count_calls(messages: &[Message]) -> usize {
    messages
        .iter()
        .map(|message| match message {
            Message::Assistant { tool_calls, .. } => tool_calls.len(),
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::spoken::{assistant, call, result};
    use super::*;

    #[test]
    fn tool_calls_without_a_result_are_left_out_and_whole_turns_stay_as_they_are() {
        let native = Some(("x", json!([1])));
        let call = |id| call(id, "read_file");
        let result = result("1", "x");
        let messages = [
            assistant("Reading.", vec![call("1"), call("2")], native.clone()),
            result.clone(),
            assistant("", vec![call("3")], None),
            assistant("Whole.", vec![call("1")], native.clone()),
            assistant("", Vec::new(), None),
        ];
        assert_eq!(
            answered_only(&messages),
            [
                assistant("Reading.", vec![call("1")], None),
                result,
                assistant("Whole.", vec![call("1")], native),
                assistant("", Vec::new(), None),
            ]
        );
        assert_eq!(count_calls(&messages), 4);
    }
}
