//! Which application a user agent is, in the words its users know.

use super::browser::browser_in;

/// Marks of programs, wherever they stand in a user agent, those that also carry another's mark first; and whether the
/// version after the mark is the one that its users know.
const PROGRAMS: [(&str, &str, bool); 13] = [
    ("Nextcloud-android/", "Nextcloud for Android", true),
    ("Nextcloud-iOS/", "Nextcloud for iOS", true),
    ("ownCloud", "ownCloud desktop", false),
    ("mirall/", "Nextcloud desktop", true),
    ("obsidian/", "Obsidian", true),
    ("Zotero/", "Zotero", true),
    ("Microsoft Office", "Microsoft Office", false),
    ("ms-office", "Microsoft Office", false),
    // Their versions are those of parts that nobody knows by name.
    ("Microsoft-WebDAV-MiniRedir", "Windows Explorer", false),
    ("WebDAVFS/", "macOS Finder", false),
    ("gvfs/", "GNOME Files", false),
    ("KIO/", "KDE", false),
    ("Konqueror/", "KDE", false),
];

/// The application's name and version as far as they can be told, as `rclone 1.60.1`.
#[must_use]
pub fn application_of(agent: &str) -> Option<String> {
    let product = agent.split_whitespace().next()?;
    let known = PROGRAMS.iter().find_map(|(mark, name, versioned)| {
        let (_, rest) = agent.split_once(mark)?;
        Some(with_version(name, if *versioned { rest } else { "" }))
    });
    let text = known.or_else(|| browser_in(agent)).unwrap_or_else(|| {
        let (name, version) = product.split_once('/').unwrap_or((product, ""));
        with_version(name, version)
    });
    Some(text.chars().filter(|c| !c.is_control()).take(64).collect())
}

/// The name with what of the text reads as a version.
fn with_version(name: &str, text: &str) -> String {
    let version = text.trim_start_matches('v').chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.');
    let version: String = version.collect();
    if version.is_empty() { name.to_owned() } else { format!("{name} {version}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User agents as the programs send them.
    const SEEN: [(&str, &str); 22] = [
        ("rclone/v1.60.1-DEV", "rclone 1.60.1"),
        ("curl/7.88.1", "curl 7.88.1"),
        ("davfs2/1.6.1 neon/0.32.5", "davfs2 1.6.1"),
        ("Microsoft-WebDAV-MiniRedir/10.0.19045", "Windows Explorer"),
        ("WebDAVFS/3.0.0 (03008000) Darwin/22.6.0 (x86_64)", "macOS Finder"),
        ("gvfs/1.50.3", "GNOME Files"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Konqueror/5 KIO/5.103", "KDE"),
        (
            "Mozilla/5.0 (Linux) mirall/3.13.0 (Nextcloud, debian-6.1 ClientArchitecture: x86_64 OsArchitecture: x86_64)",
            "Nextcloud desktop 3.13.0",
        ),
        (
            "Mozilla/5.0 (Windows) mirall/3.7.3stable-Win64 (build 20230224) (Nextcloud)",
            "Nextcloud desktop 3.7.3stable",
        ),
        ("Mozilla/5.0 (Linux) mirall/2.11.1 (ownCloud, ubuntu-5.15)", "ownCloud desktop"),
        ("Mozilla/5.0 (Android) Nextcloud-android/3.29.0", "Nextcloud for Android 3.29.0"),
        ("Mozilla/5.0 (iOS) Nextcloud-iOS/5.3.0", "Nextcloud for iOS 5.3.0"),
        ("Joplin/1.0", "Joplin 1.0"),
        ("KeePassXC", "KeePassXC"),
        ("DAVx5/4.3.6-ose (2023/10/01; dav4jvm; okhttp/4.11.0) Android/13", "DAVx5 4.3.6"),
        ("okhttp/4.12.0", "okhttp 4.12.0"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 Zotero/7.0.8", "Zotero 7.0.8"),
        ("Microsoft Office Word 2014", "Microsoft Office"),
        ("Microsoft Office Core Storage Infrastructure/1.0", "Microsoft Office"),
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "Microsoft Office"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox 133 on Linux"),
        ("Something", "Something"),
    ];

    #[test]
    fn applications_are_named_as_people_know_them() {
        for (agent, name) in SEEN {
            assert_eq!(application_of(agent).as_deref(), Some(name), "{agent}");
        }
        assert_eq!(application_of("  "), None);
    }

    #[test]
    fn a_name_is_short_and_bears_nothing_that_steers_a_terminal() {
        assert_eq!(application_of(&"x".repeat(500)).map(|name| name.len()), Some(64));
        assert_eq!(application_of("a\u{1b}[31mb/1").as_deref(), Some("a[31mb 1"));
    }
}
