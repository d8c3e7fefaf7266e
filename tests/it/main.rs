//! Tests against the real binary, on ports that the system chooses.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a helper that cannot go on fails its test, and tests look at the disk by themselves"
)]

mod harness;
mod http;

mod api;
mod argon2;
mod arrows;
mod backup;
mod bad_input;
mod browser;
mod clients;
mod command_line;
mod company;
mod copy_move;
mod crash;
mod delete;
mod digests;
mod doctor;
mod extensions;
mod gate;
mod get;
mod ldap;
mod locks;
mod oidc;
mod pages;
mod partial;
mod preconditions;
mod propfind;
mod put;
mod quirks;
mod quota;
mod sandbox;
mod scopes;
mod server;
mod sync;
mod traces;
mod transfers;
