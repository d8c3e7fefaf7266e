//! QR codes as an SVG path, drawn into the page: no picture to fetch, nothing inline that a policy would forbid.

use qrcode::{Color, EcLevel, QrCode};

use super::error::Error;

/// Modules of quiet zone around a code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// A QR code for a template.
pub(super) struct Square {
    /// Modules of a side, the quiet zone included.
    pub(super) side: usize,
    /// The dark modules, as data of an SVG path.
    pub(super) path: String,
}

impl Square {
    pub(super) fn of(text: &str) -> Result<Self, Error> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| Error::Internal(error.to_string()))?;
        let width = code.width();
        let mut path = String::new();
        for (place, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                path.push_str(&format!("M{} {}h1v1h-1z", place % width + QUIET, place / width + QUIET));
            }
        }
        Ok(Self { side: width + 2 * QUIET, path })
    }
}
