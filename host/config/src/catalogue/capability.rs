//! What a provider's API can do beyond text and function calls (`spec/03` §1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A capability; in files and JSON its name is in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Capability {
    WebSearch,
    CodeExecution,
    Bash,
    Mcp,
    FilesystemNative,
    FilesystemMcp,
    Reasoning,
    ImageGeneration,
    ImageUnderstanding,
    AudioGeneration,
    AudioUnderstanding,
    VideoGeneration,
    VideoUnderstanding,
}

impl fmt::Display for Capability {
    /// As people read it: `web search`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WebSearch => "web search",
            Self::CodeExecution => "code execution",
            Self::Bash => "bash",
            Self::Mcp => "MCP",
            Self::FilesystemNative => "files of its own",
            Self::FilesystemMcp => "files by MCP",
            Self::Reasoning => "reasoning",
            Self::ImageGeneration => "image generation",
            Self::ImageUnderstanding => "image understanding",
            Self::AudioGeneration => "audio generation",
            Self::AudioUnderstanding => "audio understanding",
            Self::VideoGeneration => "video generation",
            Self::VideoUnderstanding => "video understanding",
        })
    }
}
