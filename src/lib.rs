//! Latchkey: a WebDAV server whose only key for a device is an application password.
//!
//! The map, in reading order. Arrows go down only: `cli` wires `server`, which wires all; `dav`, `web` and `api` use
//! `auth` and `files`; `auth` asks `directory`; those use `store`; everybody may use the leaves at the end. `tests/it/arrows.rs` holds it.

pub mod cli;
pub mod config;
pub mod server;

pub mod dav;

pub mod api;
pub mod web;

pub mod auth;
pub mod directory;
pub mod files;
pub mod store;

pub mod tasks;

pub mod clock;
pub mod error;
pub mod model;
pub mod secret;
