//! What a tool may return.

use serde::Serialize;

use crate::bindings::exports::massgen::plugin::tools as wire;

/// One piece of a tool's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text for the model.
    Text(String),
    /// A JSON document, as text.
    Json(String),
    /// A picture.
    Image {
        /// Media type, e.g. `image/png`.
        mime_type: String,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A sound.
    Audio {
        /// Media type, e.g. `audio/wav`.
        mime_type: String,
        /// The bytes.
        data: Vec<u8>,
    },
}

/// A value to be returned as a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// What a tool's function may return.
pub trait IntoContent {
    /// The pieces; an error says why the value cannot be told.
    fn into_content(self) -> Result<Vec<Content>, String>;
}

impl IntoContent for String {
    fn into_content(self) -> Result<Vec<Content>, String> {
        Ok(vec![Content::Text(self)])
    }
}

impl IntoContent for Content {
    fn into_content(self) -> Result<Vec<Content>, String> {
        Ok(vec![self])
    }
}

impl IntoContent for Vec<Content> {
    fn into_content(self) -> Result<Vec<Content>, String> {
        Ok(self)
    }
}

impl<T: Serialize> IntoContent for Json<T> {
    fn into_content(self) -> Result<Vec<Content>, String> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| format!("the result cannot be written as JSON: {error}"))?;
        Ok(vec![Content::Json(text)])
    }
}

impl From<Content> for wire::Content {
    fn from(content: Content) -> Self {
        match content {
            Content::Text(text) => Self::Text(text),
            Content::Json(text) => Self::Json(text),
            Content::Image { mime_type, data } => Self::Image(wire::Blob { mime_type, data }),
            Content::Audio { mime_type, data } => Self::Audio(wire::Blob { mime_type, data }),
        }
    }
}
