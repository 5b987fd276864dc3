//! From a checked configuration to a running backend.

use std::sync::Arc;

use massgen_config::{BackendKind, BackendPlan};

use crate::cassette::{Cassette, cassette_error};
use crate::chat_completions::{azure_openai, chat_completions};
use crate::claude::claude;
use crate::claude_code::{ClaudeCodeSettings, claude_code};
use crate::gemini::gemini;
use crate::replay::{DEFAULT_PATIENCE, Replay};
use crate::responses::responses;
use crate::settings::Settings;
use crate::turn::{Backend, BackendError, ErrorKind};

/// Builds the backend that a plan describes. Nothing is sent yet; a cassette is read whole.
///
/// # Errors
/// What the codec and [`Cassette::load`] refuse; a replay without a cassette is
/// [`crate::ErrorKind::Cassette`].
pub fn build(plan: &BackendPlan) -> Result<Arc<dyn Backend>, BackendError> {
    match plan.kind {
        BackendKind::ChatCompletion => chat_completions(settings(plan)),
        BackendKind::AzureOpenAi => azure_openai(settings(plan)),
        BackendKind::Claude => claude(settings(plan)),
        BackendKind::OpenAi => responses(settings(plan)),
        BackendKind::Gemini => gemini(settings(plan)),
        BackendKind::ClaudeCode => {
            let program = plan.program.clone().ok_or_else(|| BackendError {
                kind: ErrorKind::Rejected,
                message: "a backend of type `claude_code` needs the program `claude`; install Claude Code".to_owned(),
            })?;
            Ok(claude_code(ClaudeCodeSettings {
                model: plan.model.clone(),
                api_key: plan.api_key.clone(),
                base_url: Some(plan.base_url.clone()).filter(|url| !url.is_empty()),
                ..ClaudeCodeSettings::new(program)
            }))
        }
        BackendKind::Replay => {
            let path = plan.cassette.as_deref().ok_or_else(|| {
                cassette_error(
                    "a backend of type `replay` needs the key `cassette` with the file to play"
                        .to_owned(),
                )
            })?;
            Ok(Arc::new(Replay::new(
                Cassette::load(path)?,
                DEFAULT_PATIENCE,
            )))
        }
    }
}

fn settings(plan: &BackendPlan) -> Settings {
    Settings {
        model: plan.model.clone(),
        api_key: plan.api_key.clone(),
        provider_tools: plan.provider_tools.clone(),
        parameters: plan.parameters.clone(),
        provider: plan.provider,
        ..Settings::new(plan.base_url.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use massgen_config::Provider;

    use super::*;
    use crate::turn::BackendInfo;

    fn plan(kind: BackendKind) -> BackendPlan {
        BackendPlan {
            kind,
            provider: Provider::at("api.groq.com"),
            model: Some("llama".into()),
            base_url: "https://api.groq.com/openai/v1".into(),
            api_key: None,
            program: None,
            cassette: None,
            provider_tools: Vec::new(),
            parameters: serde_json::Map::new(),
        }
    }

    #[test]
    fn a_backend_is_known_by_its_plans_provider_and_model() {
        for kind in [
            BackendKind::ChatCompletion,
            BackendKind::AzureOpenAi,
            BackendKind::Claude,
            BackendKind::OpenAi,
            BackendKind::Gemini,
        ] {
            let info = build(&plan(kind))
                .map(|backend| backend.info())
                .expect("a backend");
            assert_eq!(
                info,
                BackendInfo {
                    provider: "Groq".into(),
                    model: Some("llama".into())
                }
            );
        }
    }

    #[test]
    fn a_replay_plan_reads_its_cassette() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tape.jsonl");
        std::fs::write(&path, "{\"massgen_cassette\":1}\n").expect("a file");
        let with_tape = BackendPlan {
            cassette: Some(path),
            ..plan(BackendKind::Replay)
        };
        assert_eq!(
            build(&with_tape).expect("a backend").info().provider,
            "Replay"
        );
        let error = build(&plan(BackendKind::Replay))
            .err()
            .expect("no cassette");
        assert_eq!(error.kind, ErrorKind::Cassette);
        assert!(error.message.contains("`cassette`"), "{error}");
    }
}
