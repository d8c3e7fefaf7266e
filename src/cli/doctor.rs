//! `latchkey doctor`: looks for what is wrong, and says what to do about it.

use serde::Serialize;

use super::user::shown_home;
use super::{Common, Failure, output};
use crate::auth::DirectoryOverview;
use crate::config::{CommonConfig, Config, PublicUrl};
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
        Ok(app) => {
            findings.extend(look(&app)?);
            findings.extend(directories(&app, &config)?);
        }
        Err(error) => findings.push(Finding::bad(format!("storage: {error}"), "see that the folder can be written")),
    }
    let bad = findings.iter().filter(|finding| !finding.ok).count();
    if common.json {
        output::print_json(&findings)?;
    } else {
        for finding in &findings {
            let mark = if finding.ok { "ok  " } else { "BAD " };
            let advice = if finding.advice.is_empty() { String::new() } else { format!(": {}", finding.advice) };
            // Directories are quoted, and may say anything.
            output::print(&output::safe(&format!("{mark}{}{advice}", finding.what)));
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

/// Company directories: what they say now, and what the server has noted of them and of their accounts.
fn directories(app: &App, config: &Config) -> Result<Vec<Finding>, Failure> {
    let all = app.auth.directories()?;
    let mut findings = ways_back(config);
    if !(config.oidc.is_empty() && config.ldap.is_empty()) {
        findings.extend(ask(app)?);
        findings.push(local_administrator(app)?);
    }
    findings.extend(all.iter().flat_map(noted));
    Ok(findings)
}

/// Where providers send browsers back to; each has to be registered there.
fn ways_back(config: &Config) -> Vec<Finding> {
    let mut urls: Vec<String> = config.server.public_urls.iter().map(PublicUrl::to_text).collect();
    let mut remark = "";
    if urls.is_empty() {
        // The pages are served on this machine alone then.
        urls.push(format!("http://localhost:{}", config.server.listen.port()));
        remark = ", on this machine alone (server.public_urls is empty)";
    }
    let ways = config.oidc.iter().flat_map(|oidc| {
        let CommonConfig { name, label, .. } = &oidc.common;
        urls.iter().map(move |url| format!("{label}: redirect address {url}/login/oidc/{name}/callback{remark}"))
    });
    ways.map(Finding::good).collect()
}

/// Asks all directories.
fn ask(app: &App) -> Result<Vec<Finding>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(Failure::new)?;
    let asked = runtime.block_on(app.auth.examine_directories());
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    let findings = asked.into_iter().flat_map(|(label, findings)| {
        findings.into_iter().map(move |finding| Finding {
            what: format!("{label}: {}", finding.what),
            ok: finding.advice.is_none(),
            advice: finding.advice.unwrap_or_default(),
        })
    });
    Ok(findings.collect())
}

/// For the day on which no directory answers.
fn local_administrator(app: &App) -> Result<Finding, Failure> {
    for user in app.auth.users()?.iter().filter(|user| user.is_admin && user.is_active()) {
        if app.auth.company_account(user)?.is_none() && app.auth.has_password(user)? {
            return Ok(Finding::good("an administrator whose account is kept on this server"));
        }
    }
    let advice = "make one for the day on which no directory answers: latchkey user add NAME --admin --password-stdin";
    Ok(Finding::bad("no administrator whose account is kept on this server", advice))
}

/// What the server has noted of a directory.
fn noted(one: &DirectoryOverview) -> Vec<Finding> {
    let label = &one.label;
    let mut findings = Vec::new();
    if !one.is_configured {
        let what = format!(
            "{label}: {} come from it, and the configuration has no [[{}]] with name = {:?}",
            accounts(one.accounts),
            one.kind.as_str(),
            one.name
        );
        let advice = "nobody looks whether they are alive: put it back under this name, or take each apart from it \
                      (Administration, Users, General), or disable it";
        return vec![Finding::bad(what, advice)];
    }
    if let Some((since, reason)) = &one.state.failing {
        let what = format!("{label}: the server gets no answer since {}: {reason}", output::time(Some(*since)));
        findings.push(Finding::bad(what, "its accounts go on; see above what it answers now"));
    }
    if let Some((since, told)) = &one.state.alarm {
        let what = format!("{label}: in disorder since {}", output::time(Some(*since)));
        findings.push(Finding::bad(what, told.as_str()));
    }
    findings.push(Finding::good(format!(
        "{label}: {}, {} unconfirmed, {} suspended, all looked at: {}",
        accounts(one.accounts),
        one.unconfirmed,
        one.suspended,
        output::time(one.state.passed_at)
    )));
    findings
}

fn accounts(count: u64) -> String {
    if count == 1 { "1 account".to_owned() } else { format!("{count} accounts") }
}
