//! Signing in by a provider, and what is there after that.

use serde_json::json;

use super::{Browser, Clocked, Company, Provider, come_back_to, prove};
use crate::browser::people::PASSWORD;
use crate::harness::CHEAP;
use crate::oidc::provider::{Options, Style};

use latchkey::auth::{Actor, LinkKind, NewAccount};

/// From a page that asks for a sign-in to a program that uses the drive.
fn from_the_sign_in_to_the_drive(company: &Company, pictures: bool) {
    company.hires("zoe", &json!({ "name": "Zoë Example", "email": "zoe@example.org", "email_verified": true }));
    let browser = Browser::start();
    browser.open(&company.url("/connect"));
    browser.wait_for_text("h1", "Sign in");
    if pictures {
        browser.look("company-sign-in");
    }
    company.enter(&browser, "zoe");
    browser.wait_for_text("h1", "Connect");
    assert_eq!(browser.url(), company.url("/connect"), "nothing of the provider's answer stays in the address");
    assert!(browser.text(".page-notice").contains("Your user name here is zoe."));
    browser.open(&company.url("/profile"));
    let account = browser.text("#account");
    assert!(account.contains("Zoë Example") && account.contains("Company, as zoe"), "{account}");
    assert!(account.contains("zoe@example.org"), "{account}");
    assert!(browser.text("#password").contains("Company keeps your password: change it there."));
    assert!(!browser.exists("#password form"));
    if pictures {
        browser.look("company-profile-first");
    }
    let key = browser.create_app_password("Notes");
    let program = company.server.stranger().with_basic("zoe", &key);
    assert_eq!(program.put("/dav/note.txt", b"hello").status, 201);
    assert_eq!(program.get("/dav/note.txt").text(), "hello");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn somebody_signs_in_by_a_provider_and_a_program_uses_the_drive() {
    from_the_sign_in_to_the_drive(&Company::start(""), true);
}

#[test]
fn the_same_with_a_tenant_of_entra_s_kind() {
    from_the_sign_in_to_the_drive(&Company::like(Style::Entra, "entra", ""), false);
}

#[test]
fn whom_the_provider_knows_still_is_in_by_one_click_and_without_scripts() {
    let company = Company::start("");
    let browser = company.visited_by("zoe");
    browser.javascript_off();
    browser.click("#user-menu summary");
    browser.click("#user-menu form button");
    browser.wait_for_text("h1", "Sign in");
    browser.click("a[href^='/login/oidc/company']");
    browser.wait_for_text("h1", "Profile");
}

#[test]
fn the_same_address_at_another_provider_is_somebody_else() {
    let (one, other) = (Provider::start(&Options::new(Style::Plain)), Provider::start(&Options::new(Style::Plain)));
    let second = other.config("generic", "").replace("\"company\"", "\"other\"").replace("\"Company\"", "\"Other\"");
    let server = Clocked::with_config(&format!("{CHEAP}{}{second}", one.config("generic", "")));
    come_back_to(&one, &server, "company");
    come_back_to(&other, &server, "other");
    for provider in [&one, &other] {
        provider.account("zoe", &json!({ "sub": "1", "email": "zoe@example.org", "email_verified": true }));
    }
    for (name, expected) in [("company", "zoe"), ("other", "zoe-2")] {
        let browser = Browser::start();
        browser.open(&format!("{}/login", server.url()));
        browser.click(&format!("a[href^='/login/oidc/{name}']"));
        prove(&browser, "zoe");
        browser.wait_for_text(".page-notice", &format!("Your user name here is {expected}."));
    }
    let email = |name: &str| server.auth().user(name).expect("an account").email;
    assert_eq!((email("zoe").as_deref(), email("zoe-2")), (Some("zoe@example.org"), None));
}

#[test]
fn a_name_that_climbs_out_of_folders_becomes_a_harmless_one_and_is_told() {
    let company = Company::start("");
    company.hires("mallory", &json!({ "preferred_username": "../../etc", "name": "<b>\u{202e}</b>" }));
    let browser = Browser::start();
    browser.open(&company.url("/login?next=%2Ffiles%2F"));
    company.enter(&browser, "mallory");
    browser.wait_for_text(".page-notice", "Your user name here is etc.");
    assert!(company.server.storage().join("files/etc").is_dir());
    assert!(!browser.exists("main b"));
}

#[test]
fn one_s_own_second_factor_is_asked_for_after_the_provider() {
    let company = Company::start("");
    let browser = company.visited_by("zoe");
    company.catch_up();
    let bound = browser.bind_totp(&company.server.url(), company.server.unix_time());
    browser.sign_out();
    browser.open(&company.url("/login?next=%2Fconnect"));
    company.server.advance(std::time::Duration::from_secs(30));
    browser.click("a[href^='/login/oidc/company']");
    browser.give_code(&bound.code(company.server.unix_time()));
    browser.wait_for_text("h1", "Connect");
    browser.open(&company.url("/profile"));
    assert!(browser.text("#second-factor").contains("This server asks for it after Company has let you in."));
}

#[test]
fn a_provider_s_second_factor_counts_where_the_configuration_says_so() {
    let company = Company::start("second_factor = \"provider\"\n");
    let browser = company.visited_by("zoe");
    company.catch_up();
    let bound = browser.bind_totp(&company.server.url(), company.server.unix_time());
    assert!(bound.codes.len() > 1);
    company.hires("zoe", &json!({ "amr": ["pwd", "mfa"] }));
    browser.delete_cookies();
    let fresh = Browser::start();
    fresh.open(&company.url("/login"));
    company.enter(&fresh, "zoe");
    fresh.wait_for_text("h1", "Profile");
    assert!(fresh.text("#second-factor").contains("It does not ask where Company says that it has asked you"));
    // Without it, ours is asked for.
    company.hires("zoe", &json!({ "amr": ["pwd"] }));
    let other = Browser::start();
    other.open(&company.url("/login"));
    company.enter(&other, "zoe");
    other.wait_for_text("h1", "Second factor");
}

#[test]
fn whoever_is_invited_joins_their_company_account_and_has_no_other_way_in() {
    let company = Company::start("provision = \"invited\"\n");
    company.hires("z.example", &json!({}));
    let stranger = Browser::start();
    stranger.open(&company.url("/login"));
    company.enter(&stranger, "z.example");
    stranger.wait_for_text("[role=alert]", "You have no account here.");
    stranger.look("company-no-account");

    let auth = company.server.auth();
    auth.add_user(&NewAccount::named("zoe"), &Actor::cli()).expect("added");
    let token = auth.password_link("zoe", LinkKind::Invitation, &Actor::cli()).expect("made");
    let browser = Browser::start();
    browser.open(&company.url(&format!("/welcome?token={}", token.expose())));
    browser.wait_for_text("h2", "Use your company account");
    browser.look("company-welcome");
    company.catch_up();
    browser.click("a[href^='/welcome/oidc/company']");
    prove(&browser, "z.example");
    browser.wait_for_text("h1", "Profile");
    assert!(browser.text("#account").contains("Company, as z.example"));
    let user = auth.user("zoe").expect("an account");
    assert!(!auth.has_password(&user).expect("read"));
    // The link is used up; the name alone opens nothing.
    browser.open(&company.url(&format!("/welcome?token={}", token.expose())));
    browser.wait_for_text("h1", "This link is good no more");
    browser.delete_cookies();
    browser.sign_in(&company.server.url(), "zoe", PASSWORD);
    browser.wait_for_text("[role=alert]", "The name or the password is not right.");
}

#[test]
fn a_provider_that_does_not_answer_is_told() {
    let company = Company::start("timeout = \"1s\"\n");
    company.provider.set_down(true);
    let browser = Browser::start();
    browser.open(&company.url("/login?next=%2Fconnect"));
    browser.click("a[href^='/login/oidc/company']");
    browser.wait_for_text("[role=alert]", "Company does not answer right now.");
    browser.look("company-silent");
    company.provider.set_down(false);
    company.hires("zoe", &json!({}));
    company.enter(&browser, "zoe");
    browser.wait_for_text("h1", "Connect");
}
