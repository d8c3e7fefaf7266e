//! How to connect, from each system and program, with the person's own address and name in every line.

use super::between;
use super::client::{Page, add, plain};
use crate::harness::{CHEAP, TestServer};

/// What is told of one system or program, under its name.
fn section<'a>(html: &'a str, id: &str, name: &str) -> &'a str {
    let section = between(html, &format!("<details class=\"card\" id=\"{id}\">"), "</details>");
    assert!(section.contains(&format!("<h3>{name}</h3>")), "{name}: {section}");
    assert!(html.contains(&format!("<a href=\"#{id}\">")), "{name} is found from the top of the page");
    section
}

/// A line to copy.
fn line(html: &str, id: &str) -> String {
    plain(between(html, &format!("<pre class=\"line\" id=\"{id}\">"), "</pre>"))
}

#[test]
fn ones_own_address_and_name_are_filled_in() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let html = Page::signed_in(&server, "alice").look("/connect");
    let place = format!("localhost:{}/dav/", server.addr.port());
    let expected = [
        ("address", format!("http://{place}")),
        ("user", "alice".to_owned()),
        ("windows-net-use", format!("net use Z: http://{place} /user:alice *")),
        ("macos-address", format!("http://{place}")),
        ("gnome-address", format!("dav://alice@{place}")),
        ("kde-address", format!("webdav://alice@{place}")),
        ("davfs2-secrets", format!("http://{place} alice lk-…")),
        ("joplin-address", format!("http://{place}Joplin")),
    ];
    for (id, text) in expected {
        assert_eq!(line(&html, id), text);
    }
    assert!(html.contains("This address has no encryption."));
}

#[test]
fn behind_a_proxy_the_public_address_is_filled_in() {
    let public = "https://dav.example.org/cloud";
    let server = TestServer::with_config(&format!("[server]\npublic_urls = [\"{public}\"]\n{CHEAP}"));
    add(&server, "alice", &[]);
    let html = Page::of(&server).through("https://dav.example.org").let_in("alice").look("/connect");
    let place = "dav.example.org/cloud/dav/";
    let expected = [
        ("address", format!("https://{place}")),
        ("windows-address", format!("https://{place}")),
        ("windows-net-use", format!("net use Z: https://{place} /user:alice *")),
        ("windows-cmdkey", "cmdkey /add:dav.example.org /user:alice /pass".to_owned()),
        ("macos-address", format!("https://{place}")),
        ("gnome-address", format!("davs://alice@{place}")),
        ("kde-address", format!("webdavs://alice@{place}")),
        ("davfs2-fstab", format!("https://{place} /home/me/drive davfs user,rw,noauto,_netdev 0 0")),
        (
            "rclone-create",
            format!("rclone config create latchkey webdav url=https://{place} vendor=owncloud user=alice"),
        ),
        ("zotero-address", place.trim_end_matches('/').to_owned()),
        ("keepass-address", format!("https://{place}Passwords.kdbx")),
        ("obsidian-address", format!("https://{place}")),
        ("office-address", format!("https://{place}Report.docx")),
    ];
    for (id, text) in expected {
        assert_eq!(line(&html, id), text);
    }
    let telephone = section(&html, "ios", "iPhone and iPad");
    for part in ["<code>dav.example.org</code>", "<code>/cloud/dav/</code>", "<code>https</code>"] {
        assert!(telephone.contains(part), "{telephone}");
    }
    assert!(!html.contains("This address has no encryption."));
    let port = server.addr.port().to_string();
    assert!(!html.contains("localhost:") && !html.contains(&port), "nothing leads past the proxy");
}

#[test]
fn each_system_and_program_is_told_by_name() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let html = Page::signed_in(&server, "alice").look("/connect");
    for (id, name, told) in [
        ("windows", "Windows", &["Explorer", "net use", "Map network drive"][..]),
        ("macos", "macOS", &["Finder", "Connect to Server"]),
        ("gnome", "GNOME", &["Files", "gio mount"]),
        ("kde", "KDE", &["Dolphin"]),
        ("davfs2", "davfs2", &["/etc/fstab", "~/.davfs2/secrets"]),
        ("rclone", "rclone", &["rclone config create", "rclone sync", "rclone mount"]),
        ("ios", "iPhone and iPad", &["Documents", "Owlfiles"]),
        ("android", "Android", &["DAVx⁵", "Material Files", "FolderSync"]),
        ("joplin", "Joplin", &["Synchronisation"]),
        ("zotero", "Zotero", &["File Syncing"]),
        ("keepassxc", "KeePassXC and KeePass", &["KeePassXC", "Open URL"]),
        ("obsidian", "Obsidian", &["Remotely Save"]),
        ("office", "Microsoft Office", &["Word, Excel, PowerPoint", "mapped drive"]),
    ] {
        let section = section(&html, id, name);
        for text in told {
            assert!(section.contains(text), "{name}: no {text} in {section}");
        }
    }
}

#[test]
fn the_limits_of_windows_are_told_with_the_lines_that_lift_them() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let html = Page::signed_in(&server, "alice").look("/connect");
    let windows = section(&html, "windows", "Windows");
    assert!(windows.contains("Files over 50 MB are refused") && windows.contains("BasicAuthLevel"), "{windows}");
    let lines = line(windows, "windows-registry");
    let parameters = r"reg add HKLM\SYSTEM\CurrentControlSet\Services\WebClient\Parameters";
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines,
        [
            &format!("{parameters} /v FileSizeLimitInBytes /t REG_DWORD /d 4294967295 /f"),
            &format!("{parameters} /v FileAttributesLimitInBytes /t REG_DWORD /d 20000000 /f"),
            "net stop webclient",
            "net start webclient",
        ]
    );
}
