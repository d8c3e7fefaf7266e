//! axe-core looks for what keeps people out. `tests/run` installs it into `target/npm`; it is no part of the product.

use serde::Deserialize;
use serde_json::json;

use super::{Browser, target};

/// Runs in the page, and gives all that was found, as [`Violation`]s.
const RUN: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(\
    ({ id, impact, help, nodes }) => ({ id, impact: impact ?? 'minor', help, places: nodes.map(\
    ({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary.split('\\n').slice(1).join(' ').trim()}`) })))";

/// A rule that a page breaks.
#[derive(Debug, Clone, Deserialize)]
pub struct Violation {
    /// The rule, as `color-contrast`.
    pub id: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    help: String,
    places: Vec<String>,
}

impl Browser {
    /// All that axe-core finds on the page as it is now; needs JavaScript.
    #[track_caller]
    pub fn axe(&self) -> Vec<Violation> {
        if self.run_js("return typeof axe", Vec::new()) != json!("object") {
            let file = target().join("npm/node_modules/axe-core/axe.min.js");
            let source = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs what is needed", file.display()));
            self.run_js(&source, Vec::new());
        }
        serde_json::from_value(self.run_js(RUN, Vec::new())).expect("axe's findings")
    }

    /// axe-core finds nothing but trifles; headings out of order and missing landmarks are none.
    #[track_caller]
    pub fn assert_accessible(&self, page_name: &str) {
        let mut told = String::new();
        for found in self.axe().iter().filter(|found| found.impact != "minor") {
            told.push_str(&format!("\n  {} ({}): {}", found.id, found.impact, found.help));
            found.places.iter().for_each(|place| told.push_str(&format!("\n    {place}")));
        }
        assert!(told.is_empty(), "{page_name} keeps people out:{told}");
    }
}
