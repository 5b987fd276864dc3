//! The Gemini side of the provider as the real codec sees it, and as one that loses something would.

use massgen_backends::{
    BackendError, Chunk, ErrorKind, Message, NativeTurn, Settings, ToolCall, gemini,
};
use massgen_test_provider::{Call, Provider, Turn};
use serde_json::{Value, json};

use crate::user;

async fn ask(provider: &Provider, messages: &[Message]) -> Result<Vec<Chunk>, BackendError> {
    let settings = Settings {
        model: Some("agent-1".into()),
        ..Settings::new(provider.base_url())
    };
    let backend = gemini(settings).expect("valid settings");
    crate::ask(&backend, messages.to_vec(), &["list"]).await
}

/// The turn as it goes into the conversation.
fn turn(chunks: &[Chunk]) -> (String, Vec<ToolCall>, NativeTurn) {
    let (mut said, mut calls, mut native) = (String::new(), Vec::new(), None);
    for chunk in chunks {
        match chunk {
            Chunk::Content { text } => said.push_str(text),
            Chunk::ToolCall(call) => calls.push(call.clone()),
            Chunk::Native(turn) => native = Some(turn.clone()),
            _ => {}
        }
    }
    (said, calls, native.expect("a native turn"))
}

/// A provider that calls two tools in each of three turns, and then says what it was told.
async fn provider() -> Provider {
    Provider::start(|request| {
        if request.calls_made().count() == 6 {
            return Turn::saying(request.texts("tool").collect::<String>()).into();
        }
        let turn = Turn {
            calls: vec![
                Call::new("list", json!({ "path": "/ä" })),
                Call::new("list", json!({})),
            ],
            ..Turn::saying("Grüße an alle 👋")
        };
        turn.into()
    })
    .await
    .expect("a port")
}

/// Asks, and adds the turn and the results of its calls to the conversation.
async fn go_on(provider: &Provider, conversation: &mut Vec<Message>) -> (String, Vec<String>) {
    let chunks = ask(provider, conversation).await.expect("a turn");
    assert!(
        chunks
            .iter()
            .any(|chunk| matches!(chunk, Chunk::Reasoning { .. }))
    );
    let (content, tool_calls, native) = turn(&chunks);
    let ids: Vec<String> = tool_calls.iter().map(|call| call.id.clone()).collect();
    conversation.push(Message::Assistant {
        content: content.clone(),
        tool_calls,
        native: Some(native),
    });
    conversation.extend(ids.iter().map(|id| Message::Tool {
        call_id: id.clone(),
        content: format!("{id} "),
    }));
    (content, ids)
}

#[tokio::test]
async fn turns_go_back_and_forth_with_ids_and_without() {
    let provider = provider().await;
    let mut conversation = vec![user("Hi")];
    for ids in [
        ["fc_0_0", "fc_0_1"],
        ["call_2", "call_3"],
        ["fc_2_0", "fc_2_1"],
    ] {
        let (said, made) = go_on(&provider, &mut conversation).await;
        assert_eq!(
            (said.as_str(), made),
            ("Grüße an alle 👋", ids.map(str::to_owned).to_vec())
        );
    }
    let told = "fc_0_0 fc_0_1 call_2 call_3 fc_2_0 fc_2_1 ";
    for question in ["And now?", "And then?"] {
        conversation.push(user(question));
        let (said, made) = go_on(&provider, &mut conversation).await;
        assert_eq!((said.as_str(), made.len()), (told, 0));
    }
    assert_eq!(provider.violations(), Vec::<String>::new());
}

/// Changes the parts of a turn.
type Change = fn(&mut Vec<Value>);

#[tokio::test]
async fn a_turn_that_comes_back_changed_is_refused() {
    let provider = provider().await;
    let mut conversation = vec![user("Hi")];
    go_on(&provider, &mut conversation).await;
    let whole = conversation.clone();
    // Of three thoughts and texts, and two calls, the first call is signed.
    let changes: [(&str, Change); 5] = [
        ("missing a thought_signature", |parts| {
            let call = parts
                .iter_mut()
                .find(|part| part.get("functionCall").is_some());
            call.and_then(Value::as_object_mut)
                .expect("a call")
                .remove("thoughtSignature");
        }),
        ("Corrupted thought signature", |parts| {
            parts.remove(0);
        }),
        ("Corrupted thought signature", |parts| {
            parts[0]["text"] = "Another thought.".into();
        }),
        ("Corrupted thought signature", |parts| {
            parts.last_mut().expect("a call")["functionCall"]["args"] = json!({ "path": "/" });
        }),
        ("Unknown name \"index\"", |parts| {
            parts[0]["index"] = 0.into();
        }),
    ];
    for (reason, change) in changes {
        conversation.clone_from(&whole);
        let Message::Assistant {
            native: Some(native),
            ..
        } = &mut conversation[1]
        else {
            panic!("{conversation:?}")
        };
        change(native.items.as_array_mut().expect("parts"));
        let error = ask(&provider, &conversation).await.expect_err(reason);
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(error.message.contains(reason), "{error}");
    }
    // Written anew it has no signature at all.
    conversation.clone_from(&whole);
    if let Message::Assistant { native, .. } = &mut conversation[1] {
        *native = None;
    }
    ask(&provider, &conversation).await.expect_err("unsigned");
    assert_eq!(provider.violations().len(), 6);
}

#[tokio::test]
async fn results_are_sent_in_the_order_of_their_calls() {
    let provider = provider().await;
    let mut conversation = vec![user("Hi")];
    for _ in 0..2 {
        go_on(&provider, &mut conversation).await;
        let results = conversation.len() - 2..;
        conversation[results].reverse();
    }
    ask(&provider, &conversation).await.expect("a turn");
    assert_eq!(provider.violations(), Vec::<String>::new());
}
