//! The winner's presentation (`spec/01` §10): the same conversation as in coordination, without the workflow tools, and
//! with write access to the context paths that the run marked for it. The access lasts exactly as long as the
//! presentation: it is taken back on every way out, cancellation included.

use massgen_backends::{BackendError, Message, ToolCall};
use massgen_tools::Toolbox;

use crate::attempt::MAX_TOOL_TURNS;
use crate::conversation::Conversation;

/// Stands between the texts of two turns, in the stream and in the final text alike.
const BETWEEN_TURNS: &str = "\n\n";

const OUT_OF_TOOL_TURNS: &str = "This call was not carried out: all turns with tools are used up. Write the final answer as text now.";

/// Write access to context paths, for as long as it lives.
struct ContextWrites(Toolbox);

impl ContextWrites {
    fn grant(toolbox: &Toolbox) -> Self {
        toolbox.set_context_writes(true);
        Self(toolbox.clone())
    }
}

impl Drop for ContextWrites {
    fn drop(&mut self) {
        self.0.set_context_writes(false);
    }
}

/// Lets the winner present. Gives the whole text that was streamed; it may be empty.
///
/// # Errors
/// A turn failed. What was streamed before is not a complete presentation and is not returned.
pub(crate) async fn present(mut conversation: Conversation) -> Result<String, BackendError> {
    let _writes = ContextWrites::grant(&conversation.toolbox);
    let spoken = speak_to_the_end(&mut conversation).await;
    // Nothing may change the workspace while it is kept as the result.
    conversation.toolbox.end_background().await;
    spoken
}

async fn speak_to_the_end(conversation: &mut Conversation) -> Result<String, BackendError> {
    let mut text = String::new();
    for _ in 0..MAX_TOOL_TURNS {
        let calls = speak(conversation, &mut text, Tools::Offered).await?;
        if calls.is_empty() {
            return Ok(text);
        }
        conversation.run(&calls.iter().collect::<Vec<_>>()).await;
    }
    conversation.messages.push(Message::User {
        content: OUT_OF_TOOL_TURNS.to_owned(),
    });
    speak(conversation, &mut text, Tools::Withheld).await?;
    Ok(text)
}

enum Tools {
    Offered,
    Withheld,
}

/// One turn; its text is added to `text` as the stream showed it, its calls are returned.
async fn speak(
    conversation: &mut Conversation,
    text: &mut String,
    tools: Tools,
) -> Result<Vec<ToolCall>, BackendError> {
    let tools = match tools {
        Tools::Offered => conversation.toolbox.definitions(),
        Tools::Withheld => Vec::new(),
    };
    let turn = conversation.turn(tools).await?;
    text.push_str(&turn.text);
    if !turn.text.is_empty() && !turn.calls.is_empty() {
        text.push_str(BETWEEN_TURNS);
        conversation.say(BETWEEN_TURNS.to_owned()).await;
    }
    Ok(turn.calls)
}
