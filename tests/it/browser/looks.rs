//! How a page looks: sizes, colours, pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Browser, screenshots};

/// Lists what sticks out of the window at its sides.
const STICKING_OUT: &str = include_str!("sticking_out.js");

impl Browser {
    /// Gives the page a window of exactly this size, as a phone with 360 × 740.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Asks pages for their dark or their light colours.
    #[track_caller]
    pub fn dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.cdp("Emulation.setEmulatedMedia", &features);
    }

    /// Moves the reader to a time zone, as `Asia/Tokyo`.
    #[track_caller]
    pub fn time_zone(&self, name: &str) {
        self.cdp("Emulation.setTimezoneOverride", &json!({ "timezoneId": name }));
    }

    /// Keeps a picture of the whole page as `target/screenshots/NAME.png`.
    #[track_caller]
    pub fn screenshot(&self, name: &str) {
        let size = &self.cdp("Page.getLayoutMetrics", &json!({}))["cssContentSize"];
        // A picture as high as the page shows no scroll bar, and the page takes its place.
        let window = self.run_js("return innerWidth", Vec::new()).as_f64().expect("a number");
        let width = size["width"].as_f64().expect("a number").max(window);
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.cdp("Page.captureScreenshot", &wanted);
        let png = STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        std::fs::create_dir_all(screenshots()).expect("a folder for pictures");
        std::fs::write(screenshots().join(format!("{name}.png")), png).expect("the picture is written");
    }

    /// What is wider than the window, or sticks out of it at a side, though it is in no box that scrolls.
    #[track_caller]
    pub fn sticking_out(&self) -> Vec<String> {
        let found = self.run_js(STICKING_OUT, Vec::new());
        serde_json::from_value(found).expect("a list of texts")
    }

    /// Nothing of the page sticks out of the window at its sides, at the window's present size.
    #[track_caller]
    pub fn assert_fits(&self, name: &str) {
        let found = self.sticking_out();
        assert!(found.is_empty(), "{name} does not fit:\n  {}", found.join("\n  "));
    }
}
