//! `latchkey doctor`: looks for what is wrong, and says what to do about it.

use serde::Serialize;

use super::user::shown_home;
use super::{Common, Failure, output};
use crate::config::Config;
use crate::files::Sandbox;
use crate::server::App;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    ok: bool,
    advice: String,
}

impl Finding {
    fn good(what: impl Into<String>) -> Self {
        Self { what: what.into(), ok: true, advice: String::new() }
    }

    fn bad(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), ok: false, advice: advice.into() }
    }
}

pub(super) fn run(common: &Common) -> Result<(), Failure> {
    let config = common.load(None)?;
    let mut findings = vec![Finding::good("configuration")];
    findings.extend(reachability(&config));
    match App::open(&config, crate::clock::Clock::system(), false) {
        Ok(app) => findings.extend(look(&app)?),
        Err(error) => findings.push(Finding::bad(format!("storage: {error}"), "see that the folder can be written")),
    }
    let bad = findings.iter().filter(|finding| !finding.ok).count();
    if common.json {
        output::print_json(&findings)?;
    } else {
        for finding in &findings {
            let mark = if finding.ok { "ok  " } else { "BAD " };
            let advice = if finding.advice.is_empty() { String::new() } else { format!(": {}", finding.advice) };
            output::print(&format!("{mark}{}{advice}", finding.what));
        }
    }
    if bad == 0 { Ok(()) } else { Err(Failure::new(format!("{bad} of {} need attention", findings.len()))) }
}

fn reachability(config: &Config) -> Vec<Finding> {
    let listen = config.server.listen;
    if config.server.public_urls.is_empty() && !listen.ip().is_loopback() {
        let advice = "set server.public_urls to the address people use";
        return vec![Finding::bad("public address", advice)];
    }
    vec![Finding::good(format!("address: {listen}"))]
}

fn look(app: &App) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let complaints = app.store.check().map_err(Failure::new)?;
    findings.push(match complaints.first() {
        None => Finding::good("database"),
        Some(first) => Finding::bad(format!("database: {first}"), "stop the server and restore a backup"),
    });
    let open = app.storage.too_open();
    findings.push(if open.is_empty() {
        Finding::good("permissions")
    } else {
        Finding::bad(format!("others can reach {}", open.join(", ")), "chmod go-rwx them")
    });
    findings.push(match app.storage.homes().sandbox() {
        Sandbox::Openat2 => Finding::good("sandbox: openat2"),
        Sandbox::Walk => Finding::good("sandbox: name by name, this kernel has no openat2 (slower, as safe)"),
    });
    for user in app.auth.users()? {
        if let Err(error) = app.storage.homes().open(&user.home) {
            let what = format!("home of {} ({}): {error}", user.name, shown_home(&user.home));
            findings.push(Finding::bad(what, "mount its disk, or put the folder back"));
        }
    }
    Ok(findings)
}
