//! The image from which containers are made.

use massgen_config::ImageName;
use serde::Deserialize;
use serde_json::Value;

use super::DockerError;
use super::engine::Engine;

/// Sees that the image is there, and pulls it if not.
pub(super) async fn ensure(engine: &Engine, image: &ImageName) -> Result<(), DockerError> {
    let failed = |reason: String| DockerError::Image {
        image: image.to_string(),
        reason,
    };
    match engine.get::<Value>(&format!("/images/{image}/json")).await {
        Ok(_) => return Ok(()),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    let (name, version) = image.parts();
    tracing::info!(%image, "pulling the image");
    let path = format!("/images/create?fromImage={name}&tag={version}");
    let mut progress = engine
        .stream(&path)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let mut lines = Vec::new();
    loop {
        match progress.chunk().await {
            Ok(Some(piece)) => lines.extend_from_slice(&piece),
            Ok(None) => break,
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    match failure(&lines) {
        Some(reason) => Err(failed(reason)),
        None => Ok(()),
    }
}

/// The error that a pull ended with: it comes as an object among those of the progress, under status 200.
fn failure(progress: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Step {
        error: Option<String>,
    }
    let steps = serde_json::Deserializer::from_slice(progress).into_iter::<Step>();
    steps.filter_map(Result::ok).find_map(|step| step.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_that_failed_says_so_in_its_progress() {
        let progress = b"{\"status\":\"Pulling\"}\r\n{\"errorDetail\":{\"message\":\"no\"},\"error\":\"no route\"}\r\n";
        assert_eq!(failure(progress), Some("no route".to_owned()));
        assert_eq!(
            failure(b"{\"status\":\"Pulling\"}\r\n{\"status\":\"Done\"}\r\n"),
            None
        );
    }
}
