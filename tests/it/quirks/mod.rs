//! What clients need beyond the standards, each by what it sends.

mod apple;
mod cors;
mod times;
mod unicode;
mod windows;
mod windows_names;
