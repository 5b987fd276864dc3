//! What the configuration adds to a request: under the names of the Gemini API, and in the places where it has them.

use serde_json::{Map, Value};

use crate::settings::as_list;

/// Parameters that are members of the body itself; all others are members of its `generationConfig`.
const OF_THE_BODY: [&str; 3] = ["extra_body", "safetySettings", "toolConfig"];

/// The member of the body that says how to generate.
const CONFIG: &str = "generationConfig";

/// Parameters under their names here, in camel case, and where they belong. What other providers call `max_tokens` and
/// `stop`, one text or several, is `maxOutputTokens` and `stopSequences`.
pub(super) fn placed_as_here(parameters: &Map<String, Value>) -> Map<String, Value> {
    let mut placed = Map::new();
    let mut config = Map::new();
    for (key, value) in parameters {
        let (key, value) = match (key.as_str(), value) {
            ("max_tokens", value) => ("maxOutputTokens".to_owned(), value.clone()),
            ("stop", value) => ("stopSequences".to_owned(), as_list(value.clone())),
            ("extra_body", value) => ("extra_body".to_owned(), value.clone()),
            (key, value) => (in_camel_case(key), value.clone()),
        };
        let place = match OF_THE_BODY.contains(&key.as_str()) {
            true => &mut placed,
            false => &mut config,
        };
        place.insert(key, value);
    }
    // An `extra_body` may speak of single members of the configuration too.
    let extra = placed.get_mut("extra_body").and_then(Value::as_object_mut);
    if let Some(Value::Object(members)) = extra.and_then(|extra| extra.shift_remove(CONFIG)) {
        config.extend(members);
    }
    config.retain(|_, value| !value.is_null());
    if !config.is_empty() {
        placed.insert(CONFIG.to_owned(), config.into());
    }
    placed
}

fn in_camel_case(key: &str) -> String {
    let mut words = key.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use serde_json::json;

    use super::*;

    fn placed(parameters: Value) -> Value {
        let parameters = parameters.as_object().expect("an object");
        Value::Object(placed_as_here(parameters))
    }

    #[test]
    fn parameters_have_the_names_and_places_of_this_api() {
        assert_eq!(
            placed(json!({
                "max_tokens": 9,
                "stop": "END",
                "top_p": 0.5,
                "topK": 4,
                "seed": null,
                "response_mime_type": "application/json",
                "thinking_config": { "include_thoughts": true },
                "safety_settings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE" }],
            })),
            json!({
                "safetySettings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE" }],
                "generationConfig": {
                    "maxOutputTokens": 9,
                    "stopSequences": ["END"],
                    "topP": 0.5,
                    "topK": 4,
                    "responseMimeType": "application/json",
                    "thinkingConfig": { "include_thoughts": true },
                },
            })
        );
        assert_eq!(placed(json!({ "seed": null })), json!({}));
    }

    #[test]
    fn an_extra_body_speaks_of_single_members_of_the_configuration() {
        let extra = json!({ "generationConfig": { "topK": 5, "topP": null }, "cachedContent": "cachedContents/1" });
        assert_eq!(
            placed(json!({ "top_k": 4, "top_p": 0.5, "temperature": 0, "extra_body": extra })),
            json!({
                "extra_body": { "cachedContent": "cachedContents/1" },
                "generationConfig": { "topK": 5, "temperature": 0 },
            })
        );
    }
}
