//! The image from which containers are made.

use serde::Deserialize;
use serde_json::Value;

use super::DockerError;
use super::engine::Engine;

/// Sees that the image is there, and pulls it if not.
pub(super) async fn ensure(engine: &Engine, image: &str) -> Result<(), DockerError> {
    let failed = |reason: String| DockerError::Image {
        image: image.to_owned(),
        reason,
    };
    if !is_reference(image) {
        return Err(failed("this is no name of an image".to_owned()));
    }
    match engine.get::<Value>(&format!("/images/{image}/json")).await {
        Ok(_) => return Ok(()),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    let (name, version) = split(image);
    tracing::info!(image, "pulling the image");
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

/// True for what may be part of a path and a query as it is; the grammar of references has no other characters.
fn is_reference(image: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter);
    !image.is_empty() && image.chars().all(allowed) && !image.contains("..")
}

/// The name and the tag or digest.
fn split(image: &str) -> (&str, &str) {
    if let Some(parts) = image.split_once('@') {
        return parts;
    }
    match image.rsplit_once(':') {
        // A colon before a slash is that of a port.
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_docker_reads_it() {
        for (image, parts) in [
            ("debian", ("debian", "latest")),
            (
                "massgen/mcp-runtime:latest",
                ("massgen/mcp-runtime", "latest"),
            ),
            ("host:5000/a/b", ("host:5000/a/b", "latest")),
            ("host:5000/a/b:1.2", ("host:5000/a/b", "1.2")),
            ("a@sha256:00ff", ("a", "sha256:00ff")),
        ] {
            assert!(is_reference(image));
            assert_eq!(split(image), parts);
        }
        for image in ["", "a b", "a?tag=b", "../containers", "a#b", "ä"] {
            assert!(!is_reference(image), "{image}");
        }
    }

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
