//! Which browser a user agent is, in the words its users know.

use super::application::application_of;

/// Marks of browsers, those that also carry another's mark first.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// Marks of systems, those that also carry another's mark first.
const SYSTEMS: [(&str, &str); 8] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// Browser, its main version and the system as far as they can be told, as `Firefox 133 on Linux`.
#[must_use]
pub fn browser_of(agent: &str) -> Option<String> {
    browser_in(agent).or_else(|| application_of(agent))
}

/// The same for what bears a browser's mark.
pub(super) fn browser_in(agent: &str) -> Option<String> {
    let found = BROWSERS.iter().find_map(|(mark, name)| Some((*name, agent.split_once(mark)?.1)));
    // Safari's mark says nothing by itself.
    let found = found.filter(|(name, _)| *name != "Safari" || agent.contains("Safari/"));
    let (name, rest) = found?;
    let version: String = rest.chars().take_while(char::is_ascii_digit).take(6).collect();
    let browser = if version.is_empty() { name.to_owned() } else { format!("{name} {version}") };
    let system = SYSTEMS.iter().find(|(mark, _)| agent.contains(mark));
    Some(system.map_or_else(|| browser.clone(), |(_, system)| format!("{browser} on {system}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".to_owned(), "Firefox 133 on Linux"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/131.0.0.0 Safari/537.36"), "Chrome 131 on Windows"),
            (
                format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"),
                "Edge 131 on Windows",
            ),
            (format!("Mozilla/5.0 (Linux; Android 14; K) {webkit} Chrome/130.0.0.0 Mobile Safari/537.36"), "Chrome 130 on Android"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
                    .to_owned(),
                "Safari 18 on macOS",
            ),
            ("curl/8.5.0".to_owned(), "curl 8.5.0"),
            ("<script>/1".to_owned(), "<script> 1"),
        ] {
            assert_eq!(browser_of(&agent).as_deref(), Some(name));
        }
        assert_eq!(browser_of(""), None);
    }
}
