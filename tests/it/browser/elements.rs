//! What a person does to a page's elements, each told by a CSS selector.

use std::path::Path;
use std::time::Duration;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use tokio::time::Instant;

use super::{Browser, PATIENCE};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

impl Browser {
    /// Clicks, as soon as the element is there, can be seen, and nothing lies over it.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.on(css, async |element| element.click().await);
    }

    /// Empties a field and types a text into it.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.on(css, async |element| {
            element.clear().await?;
            element.send_keys(text).await
        });
    }

    /// Types keys where the element is, as [`fantoccini::key::Key`] names them.
    #[track_caller]
    pub fn keys(&self, css: &str, keys: &str) {
        self.on(css, async |element| element.send_keys(keys).await);
    }

    /// Picks an option of a `<select>` by its value.
    #[track_caller]
    pub fn choose(&self, css: &str, value: &str) {
        self.on(css, async |element| element.select_by_value(value).await);
    }

    /// Picks a file for a file field; called again, one more where the field takes several.
    #[track_caller]
    pub fn attach(&self, css: &str, file: &Path) {
        let file = file.canonicalize().expect("the file is there");
        let file = file.to_str().expect("UTF-8");
        self.on(css, async |element| element.send_keys(file).await);
    }

    /// Presses a form's own button for sending.
    #[track_caller]
    pub fn submit(&self, css: &str) {
        self.click(&format!("{css} :is(button:not([type=button], [type=reset]), input[type=submit])"));
    }

    /// The element's text as it is shown.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.on(css, async |element| element.text().await)
    }

    /// What stands in a field now.
    #[track_caller]
    pub fn value(&self, css: &str) -> String {
        self.on(css, async |element| element.prop("value").await).unwrap_or_default()
    }

    /// An attribute, where the element has it.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.on(css, async |element| element.attr(name).await)
    }

    /// How many elements there are at this moment, shown or not.
    #[track_caller]
    pub fn count(&self, css: &str) -> usize {
        self.run(css, self.client.find_all(Locator::Css(css))).len()
    }

    /// Whether there is one at this moment, shown or not.
    #[track_caller]
    pub fn exists(&self, css: &str) -> bool {
        self.count(css) > 0
    }

    /// Whether one can be seen at this moment.
    #[track_caller]
    pub fn is_shown(&self, css: &str) -> bool {
        self.run(css, async { self.any_shown(css).await })
    }

    /// Waits until one can be seen.
    #[track_caller]
    pub fn wait_for(&self, css: &str) {
        self.until(&format!("{css} to be seen"), async || self.any_shown(css).await);
    }

    /// Waits until the element holds this text, maybe among other text.
    #[track_caller]
    pub fn wait_for_text(&self, css: &str, text: &str) {
        self.until(&format!("{text:?} in {css}"), async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if element.text().await?.contains(text) {
                    return Ok(true);
                }
            }
            Ok(false)
        });
    }

    /// Waits until none can be seen.
    #[track_caller]
    pub fn gone(&self, css: &str) {
        self.until(&format!("{css} to be gone"), async || Ok(!self.any_shown(css).await?));
    }

    async fn any_shown(&self, css: &str) -> Result<bool, CmdError> {
        for element in self.client.find_all(Locator::Css(css)).await? {
            if element.is_displayed().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds an element and does something with it, again and again until it works.
    #[track_caller]
    fn on<T>(&self, css: &str, deed: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        let give_up = Instant::now() + PATIENCE;
        self.run(css, async {
            loop {
                let done = match self.client.find(Locator::Css(css)).await {
                    Ok(element) => deed(element).await,
                    Err(error) => Err(error),
                };
                match done {
                    Err(error) if may_pass(&error) && Instant::now() < give_up => tokio::time::sleep(PAUSE).await,
                    done => return done,
                }
            }
        })
    }

    /// Looks until something holds.
    #[track_caller]
    fn until(&self, what: &str, holds: impl AsyncFn() -> Result<bool, CmdError>) {
        let give_up = Instant::now() + PATIENCE;
        let held = self.run(what, async {
            while Instant::now() < give_up {
                match holds().await {
                    Ok(true) => return Ok(true),
                    Err(error) if !may_pass(&error) => return Err(error),
                    _ => tokio::time::sleep(PAUSE).await,
                }
            }
            Ok(false)
        });
        assert!(held, "still waiting for {what}; at {}", self.place());
    }
}

/// Whether an error is one of a page that is still on its way.
fn may_pass(error: &CmdError) -> bool {
    use ErrorStatus::{ElementClickIntercepted, ElementNotInteractable, NoSuchElement, StaleElementReference};
    let passing = [NoSuchElement, StaleElementReference, ElementNotInteractable, ElementClickIntercepted];
    let CmdError::Standard(error) = error else {
        return false;
    };
    // Chromedriver's words for an element of a page that went away in the middle of the question.
    passing.contains(&error.error) || error.message.contains("does not belong to the document")
}
