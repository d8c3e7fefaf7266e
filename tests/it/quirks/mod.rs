//! What clients need beyond the standards, each by what it sends.

mod cors;
mod windows;
