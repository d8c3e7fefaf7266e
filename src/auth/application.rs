//! Which application a user agent is, in the words its users know.

/// The application's name and version as far as they can be told, as `rclone 1.60.1`.
#[must_use]
pub fn application_of(agent: &str) -> Option<String> {
    let product = agent.split_whitespace().next()?;
    let (name, version) = product.split_once('/').unwrap_or((product, ""));
    let known = match name {
        "Microsoft-WebDAV-MiniRedir" => "Windows Explorer",
        "WebDAVFS" => "macOS Finder",
        "gvfs" => "GNOME Files",
        "davfs2" | "cadaver" | "rclone" | "curl" => name,
        _ if agent.contains("mirall") => "Nextcloud desktop",
        _ => name,
    };
    let version: String =
        version.trim_start_matches('v').chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let text = if version.is_empty() { known.to_owned() } else { format!("{known} {version}") };
    Some(text.chars().filter(|c| !c.is_control()).take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_named_as_people_know_them() {
        for (agent, name) in [
            ("rclone/v1.60.1-DEV", "rclone 1.60.1"),
            ("Microsoft-WebDAV-MiniRedir/10.0.19045", "Windows Explorer 10.0.19045"),
            ("curl/7.88.1", "curl 7.88.1"),
            ("Something", "Something"),
        ] {
            assert_eq!(application_of(agent).as_deref(), Some(name));
        }
        assert_eq!(application_of("  "), None);
    }
}
