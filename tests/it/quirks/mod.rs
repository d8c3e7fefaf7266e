//! What clients need beyond the standards, each by what it sends.

mod cors;
mod times;
mod unicode;
mod windows;
